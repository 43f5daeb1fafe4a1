package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/risk/rule"
)

// checker finds what is wrong between fields, and compiles the rules on the way. What depends on a field that has a fault
// of its own is not asked, so that no fault is told twice.
type checker struct {
	r *document.Reader
	d *Document
	p *Policy
}

func (c *checker) check() {
	c.features()
	c.p.applicants = rule.NewEnv(c.applicants())
	c.admission()
	c.scorecard()
	c.grades()
	c.decisions()
	c.behaviour()
	c.p.accounts = c.watches("monitoring.accounts", accounts, c.d.Accounts)
	c.p.portfolio = c.watches("monitoring.portfolio", portfolio, c.d.Portfolio)
}

func (c *checker) fault(path, format string, args ...any) { c.r.Fault(path, format, args...) }

// twice finds names that an item before has already.
func (c *checker) twice(path, key string, names []string) {
	for i, name := range names {
		at := fmt.Sprintf("%s[%d].%s", path, i, key)
		if before := slices.Index(names, name); before < i && c.r.Good(at) {
			c.fault(at, "%s is the name of %s[%d] already", name, path, before)
		}
	}
}

// compiled is a condition of a list of rules.
type compiled struct {
	path string // of the condition
	name string
	rule *rule.Rule // nil when it has a fault
}

// conditions compiles the conditions of a list of rules, and finds those that nothing meets, that everything meets, and that
// are there already.
func (c *checker) conditions(path string, env *rule.Env, names, texts []string) []compiled {
	list := make([]compiled, len(texts))
	for i, text := range texts {
		list[i] = compiled{path: fmt.Sprintf("%s[%d].when", path, i), name: names[i]}
		if !c.r.Good(list[i].path) {
			continue
		}
		r, err := env.Compile(text)
		if err != nil {
			c.expression(list[i].path, err)
			continue
		}
		switch {
		case r.Never():
			c.fault(list[i].path, "never holds: nothing can meet it")
			continue
		case r.Always():
			c.fault(list[i].path, "always holds: it says nothing about what it is asked of")
			continue
		}
		for _, before := range list[:i] {
			if before.rule != nil && before.rule.Same(r) {
				c.fault(list[i].path, "is the condition of the rule %s already", before.name)
				break
			}
		}
		list[i].rule = r
	}
	return list
}

// expression tells the faults of an expression where they are.
func (c *checker) expression(path string, err error) {
	var faults rule.Faults
	if !errors.As(err, &faults) {
		c.fault(path, "%s", err)
		return
	}
	for _, f := range faults {
		c.r.FaultIn(path, f.Line, f.Column, "%s", f.Text)
	}
}

// decisions compiles the decision rules, and finds those that no order reaches.
func (c *checker) decisions() {
	const path = "decisions"
	var names, texts []string
	for i := range c.d.Decisions {
		names, texts = append(names, c.d.Decisions[i].Name), append(texts, c.d.Decisions[i].When)
	}
	c.twice(path, "name", names)
	list := c.conditions(path, orders, names, texts)
	var approved []*rule.Rule
	for i := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !c.r.Good(at) || list[i].rule == nil {
			continue
		}
		if list[i].rule.Covered(approved) {
			c.fault(list[i].path, "is never reached: whatever meets it is approved by a rule before")
		}
		d := decision{when: list[i].rule, action: c.d.Decisions[i].Action, reason: c.d.Decisions[i].Reason}
		if d.action == ledger.ActionApprove {
			approved = append(approved, d.when)
		}
		if d.action == ledger.ActionCap {
			c.cap(at+".cap", c.d.Decisions[i].Cap, &d)
		}
		d.reads = c.reads(&d)
		c.p.decisions = append(c.p.decisions, d)
	}
}

// cap reads an amount, or a sum.
func (c *checker) cap(path, text string, d *decision) {
	if a, ok := c.d.Coin().Parse(document.Unbroken(text)); ok && c.r.Good("currency", "minor_digits") {
		d.cap, d.currency = a, string(c.d.Currency)
		return
	}
	sum, err := orders.CompileSum(text)
	if err != nil {
		c.expression(path, err)
		return
	}
	d.sum = sum
}

// reads are the features that a rule looks at, by their places among the variables of orders.
func (c *checker) reads(d *decision) (places []int) {
	names := d.when.Reads()
	if d.sum != nil {
		names = append(names, d.sum.Reads()...)
	}
	for _, name := range names {
		n, t, text, _ := feature.Find(name)
		if text {
			n = feature.Numbers + feature.Number(t)
		}
		places = append(places, int(n))
	}
	return places
}

// watches compiles the rules of early warning.
func (c *checker) watches(path string, env *rule.Env, list []Watch) (rules []*rule.Rule) {
	var names, texts []string
	for i := range list {
		names, texts = append(names, list[i].Name), append(texts, list[i].When)
	}
	c.twice(path, "name", names)
	for _, r := range c.conditions(path, env, names, texts) {
		rules = append(rules, r.rule)
	}
	return rules
}
