package policy

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/rule"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

func (c *checker) features() {
	const path = "features"
	var names []string
	for i := range c.d.Features {
		f, at := &c.d.Features[i], fmt.Sprintf("%s[%d]", path, i)
		names = append(names, f.Name)
		if f.Least != nil && f.Most != nil && *f.Least > *f.Most {
			c.fault(at+".least", "is %s, above most, %s", writeDecimal(*f.Least), writeDecimal(*f.Most))
		}
		if strings.HasPrefix(f.Name, "has_") {
			c.fault(at+".name", "begins with has_, which asks whether a feature is there")
		}
	}
	c.twice(path, "name", names)
}

// applicants are the features as the variables of rules, those with faults left out.
func (c *checker) applicants() (list []rule.Variable) {
	seen := map[string]bool{}
	for i := range c.d.Features {
		f := &c.d.Features[i]
		if seen[f.Name] || !c.r.Good(fmt.Sprintf("features[%d]", i)) {
			continue
		}
		seen[f.Name] = true
		list = append(list, f.variable())
	}
	return list
}

var kinds = map[Type]rule.Kind{Whole: rule.Whole, Decimal: rule.Decimal, Category: rule.Text, Flag: rule.Flag}

func (f *Feature) variable() rule.Variable {
	v := rule.Variable{Name: f.Name, Kind: kinds[f.Type], Texts: f.Values, MayMiss: f.Missing == Allowed}
	v.Least, v.Most = f.bounds()
	return v
}

// numberMost is how large a number is at most, either way, where a feature has no bound of its own.
const numberMost = 1e15

// bounds are what a number is between.
func (f *Feature) bounds() (least, most float64) {
	least, most = -numberMost, numberMost
	if f.Least != nil {
		least = *f.Least
	}
	if f.Most != nil {
		most = *f.Most
	}
	return least, most
}

func (c *checker) admission() {
	const path = "admission"
	var names, texts []string
	for i := range c.d.Admission {
		names, texts = append(names, c.d.Admission[i].Name), append(texts, c.d.Admission[i].When)
	}
	c.twice(path, "name", names)
	if !c.goodIfThere("features") {
		return // what the rules read is not known
	}
	for _, r := range c.conditions(path, c.p.applicants, names, texts) {
		if r.rule != nil {
			for _, name := range r.rule.Unguarded() {
				c.fault(r.path, "reads %s, which may be missing: ask %s first, as in %s && ...", name, rule.Presence(name), rule.Presence(name))
			}
		}
		c.p.admission = append(c.p.admission, r.rule)
	}
}

// goodIfThere says that a field has no fault, be it there or not.
func (c *checker) goodIfThere(path string) bool { return !c.r.Has(path) || c.r.Good(path) }

var scoreKinds = map[Type]scorecard.Kind{
	Whole: scorecard.KindNumber, Decimal: scorecard.KindNumber, Category: scorecard.KindCategory, Flag: scorecard.KindFlag,
}

// scorecard asks the scorecard for its own faults, and finds protected attributes among what is scored.
func (c *checker) scorecard() {
	const path = "scorecard"
	if c.d.Scorecard == nil || !c.r.Good(path) || !c.goodIfThere("features") {
		return
	}
	declared := map[string]scorecard.Feature{}
	for i := range c.d.Features {
		f := &c.d.Features[i]
		declared[f.Name] = scorecard.Feature{Kind: scoreKinds[f.Type], Missing: f.Missing == Allowed}
	}
	c.scored(path, c.d.Scorecard, declared)
	c.unprotected(path, c.d.Scorecard)
}

func (c *checker) scored(path string, s *scorecard.Scorecard, declared map[string]scorecard.Feature) {
	if n := len(s.Characteristics) + len(s.Grids); n > partsMost {
		c.fault(path, "has %d characteristics and grids, more than %d", n, partsMost)
	}
	for _, f := range s.Faults(declared) {
		c.fault(strings.TrimSuffix(path+"."+f.Path.String(), "."), "%s", f.Text)
	}
}

// unprotected finds protected attributes among what applicants are scored by. What the core knows of an account is none.
func (c *checker) unprotected(path string, s *scorecard.Scorecard) {
	refuse := func(path, name string) {
		if attribute := scorecard.Protected(name); attribute != "" {
			c.fault(path, "%s tells %s: nobody is scored by it", name, attribute)
		}
	}
	for i := range s.Characteristics {
		refuse(fmt.Sprintf("%s.characteristics[%d].feature", path, i), s.Characteristics[i].Feature)
	}
	for i := range s.Grids {
		refuse(fmt.Sprintf("%s.grids[%d].rows.feature", path, i), s.Grids[i].Rows.Feature)
		refuse(fmt.Sprintf("%s.grids[%d].columns.feature", path, i), s.Grids[i].Columns.Feature)
	}
}

// grades finds bands that are out of order, limits that contradict themselves, and grades that no score reaches.
func (c *checker) grades() {
	const path = "grades"
	var names []string
	for i := range c.d.Grades {
		names = append(names, c.d.Grades[i].Name)
	}
	c.twice(path, "grade", names)
	c.limits()
	switch {
	case c.d.Scorecard != nil && len(c.d.Grades) == 0 && c.goodIfThere(path):
		c.fault(path, "is missing: a score without grades is of no use")
	case c.d.Scorecard == nil && len(c.d.Grades) > 0 && !c.r.Has("scorecard"):
		c.fault(path, "there is no scorecard: no score reaches a grade")
	}
	if len(c.d.Grades) > 0 && c.d.Declined == (Declined{}) && !c.r.Has("declined") {
		c.fault("declined", "is missing: want what is told of a score below all grades")
	}
	if c.d.Scorecard != nil && c.r.Good("scorecard") {
		least, most := c.d.Scorecard.Range()
		c.bandsReached(path, "grade", c.bands(path), least, most)
	}
	for i := range c.d.Grades {
		c.grade(fmt.Sprintf("%s[%d]", path, i), &c.d.Grades[i])
	}
}

func (c *checker) bands(path string) (from []int) {
	for i := range c.d.Grades {
		from = append(from, c.d.Grades[i].FromScore)
	}
	return from
}

// bandsReached finds bands that do not descend, and that no score from least to most is in.
func (c *checker) bandsReached(path, what string, from []int, least, most int) {
	for i := range from {
		at := fmt.Sprintf("%s[%d].from_score", path, i)
		if !c.r.Good(at) {
			continue
		}
		switch {
		case i > 0 && from[i] >= from[i-1]:
			c.fault(at, "is %d, not below that of the %s before, %d: the best comes first", from[i], what, from[i-1])
		case from[i] > most:
			c.fault(at, "is %d, and no score is above %d: nobody reaches the %s", from[i], most, what)
		case i > 0 && from[i-1] <= least:
			c.fault(at, "is %d, and all scores, the least being %d, are in a better %s", from[i], least, what)
		}
	}
}

// limits finds what limits cannot be reckoned from.
func (c *checker) limits() {
	for _, x := range []struct{ path, name string }{{"limits.income", c.d.Limits.Income}, {"limits.spend", c.d.Limits.Spend}} {
		if x.name == "" || !c.r.Good(x.path) {
			continue
		}
		f := c.d.feature(x.name)
		switch {
		case f == nil:
			c.fault(x.path, "there is no feature %s", x.name)
		case f.Type != Whole && f.Type != 0:
			c.fault(x.path, "%s is %s: want a whole number of minor units", x.name, f.Type)
		}
	}
}

func (d *Document) feature(name string) *Feature {
	for i := range d.Features {
		if d.Features[i].Name == name {
			return &d.Features[i]
		}
	}
	return nil
}

func (c *checker) grade(at string, g *Grade) {
	coin := c.d.Coin()
	if c.r.Good(at+".floor", at+".ceiling") && g.Floor > g.Ceiling {
		c.fault(at+".floor", "is %s, above the ceiling, %s", coin.Write(g.Floor), coin.Write(g.Ceiling))
	}
	step := func(key string, a money.Amount) {
		if c.r.Good(at+"."+key, at+".step") && a%g.Step != 0 {
			c.fault(at+"."+key, "is no multiple of the step, %s: no limit could be it", coin.Write(g.Step))
		}
	}
	step("floor", g.Floor)
	step("ceiling", g.Ceiling)
	if c.r.Good(at+".income_share") && g.IncomeShare > 0 && c.d.Limits.Income == "" && c.goodIfThere("limits") {
		c.fault(at+".income_share", "limits.income does not say which feature is the income")
	}
	if c.r.Good(at+".spend_share") && g.SpendShare > 0 && c.d.Limits.Spend == "" && c.goodIfThere("limits") {
		c.fault(at+".spend_share", "limits.spend does not say which feature is the spend")
	}
	c.lines(at+".lines", g)
}

func (c *checker) lines(at string, g *Grade) {
	sum := Share(0)
	for i, share := range g.Lines {
		sum += share
		if path := at + "." + scenes[i]; c.r.Good(path) && share > 100*document.Percent {
			c.fault(path, "is %s: a line is no more than its account's limit", share)
		}
	}
	if c.r.Good(at) && sum == 0 {
		c.fault(at, "no line is opened: want a share of one scene at least")
	}
}

// behaviour checks the scorecard and the bands of behaviour.
func (c *checker) behaviour() {
	b := c.d.Behaviour
	if b == nil {
		return
	}
	if c.r.Good("behaviour.scorecard") {
		declared := map[string]scorecard.Feature{}
		for n := range feature.Numbers {
			if OfAccounts(n.String()) {
				declared[n.String()] = scorecard.Feature{Kind: scorecard.KindNumber}
			}
		}
		c.scored("behaviour.scorecard", &b.Scorecard, declared)
	}
	const path = "behaviour.bands"
	var names []string
	var from []int
	for i := range b.Bands {
		names, from = append(names, b.Bands[i].Name), append(from, b.Bands[i].FromScore)
	}
	c.twice(path, "band", names)
	lowering := 0
	for i := range b.Bands {
		if b.Bands[i].Lower > 0 {
			lowering++
		}
	}
	if n := lowering + len(c.d.Accounts); n > ledger.MostWarned {
		c.fault(path, "%d bands lower limits, and with the rules of monitoring.accounts that is %d: an account remembers %d",
			lowering, n, ledger.MostWarned)
	}
	for i := range b.Bands {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch x := &b.Bands[i]; {
		case !c.r.Good(at):
		case x.Raise > 0 && x.Lower > 0:
			c.fault(at, "offers a raise and lowers the limit: want one of them off")
		case x.Lower > 0 && x.Reason == "":
			c.fault(at, "reason is missing: no limit is lowered without one")
		}
	}
	if c.r.Good("behaviour.scorecard", path) && len(from) > 0 {
		least, most := b.Scorecard.Range()
		c.bandsReached(path, "band", from, least, most)
		if last := len(from) - 1; from[last] > least {
			c.fault(fmt.Sprintf("%s[%d].from_score", path, last), "is %d, and scores go down to %d: they have no band", from[last], least)
		}
	}
}
