package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/document"
)

func behaviourField(d *Document) document.Field {
	b := d.Behaviour
	if b == nil {
		b = &Behaviour{}
	}
	return document.Field{Key: "behaviour", There: func() { d.Behaviour = b }, Empty: func() bool { return d.Behaviour == nil },
		About: "How accounts are scored from the core's own record when a window closes.",
		Fields: []document.Field{
			{Key: "scorecard", Fields: scorecardFields(&b.Scorecard),
				About: "Points over the features of behaviour, none of which is ever missing."},
			{Key: "bands", Items: document.ItemsOf(&b.Bands, "band", 1, bandsMost, bandFields, func(b Band) string { return b.Name }, nil),
				About: "What scores mean, the best first. The last begins at the least score that there can be, or below."},
		}}
}

func bandFields(b *Band) []document.Field {
	return []document.Field{
		{Key: "band", Leaf: document.Token(&b.Name), About: "Its name."},
		{Key: "from_score", Leaf: document.Number(&b.FromScore, -scoreMost, scoreMost), About: "The least score of the band."},
		{Key: "offer_raise", Leaf: percent(&b.Raise, 100),
			About: "What may be offered on top of the limit; off for none. Nothing is raised that the consumer has not" +
				" accepted."},
		{Key: "lower_to", Leaf: percent(&b.Lower, 99),
			About: "What the limit is lowered to when an account falls into the band, never below what is used; off leaves" +
				" it."},
		{Key: "reason", Leaf: reason(&b.Reason), Empty: empty(&b.Reason),
			About: "The code that is told when the limit is lowered."},
	}
}

func watches(key string, p *[]Watch, most int, allowed []Deed, about string) document.Field {
	return document.Field{Key: key, About: about, Empty: func() bool { return len(*p) == 0 },
		Items: document.ItemsOf(p, "rule", 0, most, func(w *Watch) []document.Field { return watchFields(w, allowed) },
			func(w Watch) string { return w.Name }, nil).Written()}
}

// What the two sorts of rules may do.
var (
	accountDeeds   = []Deed{LowerLimit, FreezeAccount, CloseLine}
	portfolioDeeds = []Deed{SuspendScene, SuspendCarrier}
)

func watchFields(w *Watch, allowed []Deed) []document.Field {
	return []document.Field{
		{Key: "name", Leaf: name(&w.Name), About: "What the rule is called."},
		{Key: "when", Leaf: condition(&w.When), About: "What it warns of."},
		{Key: "severity", Leaf: document.Choice(&w.Severity, severities),
			About: "How soon somebody should look: info in the next report, warning today, critical now."},
		{Key: "reason", Leaf: reason(&w.Reason), About: "The code of the alert. A consumer who is affected is told it."},
		{Key: "actions", Leaf: acts(&w.Actions, allowed), Empty: func() bool { return len(w.Actions) == 0 },
			About: "What is done besides, without waiting for a person."},
		{Key: "cooldown_days", Leaf: document.Number(&w.CooldownDays, 0, 365),
			About: "For so many days after an alert the rule is silent about the same account, or about the portfolio."},
	}
}

// actForms are how deeds are written.
var actForms = map[Deed]string{
	LowerLimit: "lower_limit to 50 %", FreezeAccount: "freeze_account", CloseLine: "close_line topup",
	SuspendScene: "suspend_scene bundle", SuspendCarrier: "suspend_carrier",
}

func (a Act) String() string {
	switch a.Deed {
	case LowerLimit:
		return fmt.Sprintf("%s to %d %%", a.Deed, a.To)
	case CloseLine, SuspendScene:
		return a.Deed.String() + " " + scenes[a.Scene-1]
	default:
		return a.Deed.String()
	}
}

// parseAct reads what String writes.
func parseAct(text string) (a Act, ok bool) {
	word, rest, _ := strings.Cut(text, " ")
	if a.Deed, ok = document.Named[Deed](deeds, word); !ok {
		return Act{}, false
	}
	switch a.Deed {
	case LowerLimit:
		share, found := strings.CutPrefix(rest, "to ")
		a.To, ok = parsePercent(share, 99)
		ok = ok && found
	case CloseLine, SuspendScene:
		a.Scene, ok = sceneNamed(rest)
	default:
		ok = rest == ""
	}
	return a, ok
}

// acts are what a rule does, each once.
func acts(p *[]Act, allowed []Deed) *document.Leaf {
	examples := make([]string, len(allowed))
	for i, deed := range allowed {
		examples[i] = actForms[deed]
	}
	form := fmt.Sprintf("a list of actions such as %s", words(examples))
	return listOf(p, form, 8, func(v document.Value) (Act, bool) {
		text, ok := v.Text(form)
		if !ok {
			return Act{}, false
		}
		a, ok := parseAct(text)
		switch {
		case !ok || !slices.Contains(allowed, a.Deed):
			v.Want("an action such as " + document.Either(examples))
		case slices.ContainsFunc(*p, func(before Act) bool { return before.Deed == a.Deed }):
			v.Fault("%s is there already", a.Deed)
		default:
			return a, true
		}
		return Act{}, false
	}, Act.String)
}

// percent is a whole percentage, or off.
func percent(p *int, most int) *document.Leaf {
	form := fmt.Sprintf("off, or a whole percentage from 1 %% to %d %%", most)
	write := func() string {
		if *p == 0 {
			return "off"
		}
		return fmt.Sprintf("%d %%", *p)
	}
	return &document.Leaf{Form: form, Write: write, Read: func(v document.Value) {
		text, ok := v.Text(form)
		if !ok || text == "off" {
			return
		}
		if n, ok := parsePercent(text, most); ok {
			*p = n
		} else {
			v.Want(form)
		}
	}}
}

// parsePercent reads a whole percentage of 1 at least.
func parsePercent(text string, most int) (n int, ok bool) {
	r, err := document.ParseRate(text)
	n = int(r / document.Percent)
	return n, err == nil && r%document.Percent == 0 && n >= 1 && n <= most
}
