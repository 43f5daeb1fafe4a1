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
			{Key: "scorecard", Fields: scorecardFields(&b.Scorecard), About: "Points over the features of behaviour, none of which is ever missing."},
			{Key: "bands", Items: document.ItemsOf(&b.Bands, "band", 1, bandsMost, bandFields, func(b Band) string { return b.Name }, nil),
				About: "What scores mean, the best first. The last begins at the least score that there can be, or below."},
		}}
}

func bandFields(b *Band) []document.Field {
	share := func(p *Share) *document.Leaf {
		return document.Share(p, document.BasisPoint, 100*document.Percent, document.BasisPoint, true)
	}
	return []document.Field{
		{Key: "band", Leaf: document.Token(&b.Name), About: "Its name."},
		{Key: "from_score", Leaf: document.Number(&b.FromScore, -scoreMost, scoreMost), About: "The least score of the band."},
		{Key: "offer_raise", Leaf: share(&b.Raise), About: "Share of the limit that may be offered on top of it; off for none. Nothing is raised that the consumer has not accepted."},
		{Key: "lower_to", Leaf: share(&b.Lower), About: "Share of the limit that it is lowered to, never below what is used; off leaves it."},
		{Key: "reason", Leaf: reason(&b.Reason), Empty: empty(&b.Reason), About: "The code that is told when the limit is lowered."},
	}
}

func watches(key string, p *[]Watch, allowed []Deed, about string) document.Field {
	return document.Field{Key: key, About: about, Empty: func() bool { return len(*p) == 0 },
		Items: document.ItemsOf(p, "rule", 0, watchesMost, func(w *Watch) []document.Field { return watchFields(w, allowed) },
			func(w Watch) string { return w.Name }, nil).Written()}
}

// What the two sorts of rules may do.
var (
	accountDeeds   = []Deed{LowerLimit, FreezeAccount, FreezeLine, CloseLine}
	portfolioDeeds = []Deed{SuspendScene, SuspendCarrier}
)

func watchFields(w *Watch, allowed []Deed) []document.Field {
	return []document.Field{
		{Key: "name", Leaf: name(&w.Name), About: "What the rule is called."},
		{Key: "when", Leaf: condition(&w.When), About: "What it warns of."},
		{Key: "severity", Leaf: document.Choice(&w.Severity, severities), About: "How soon somebody should look: info in the next report, warning today, critical now."},
		{Key: "reason", Leaf: reason(&w.Reason), About: "The code of the alert. A consumer who is affected is told it."},
		{Key: "actions", Leaf: acts(&w.Actions, allowed), Empty: func() bool { return len(w.Actions) == 0 }, About: "What is done besides, without waiting for a person."},
		{Key: "cooldown_days", Leaf: document.Number(&w.CooldownDays, 0, 365), About: "For so many days after an alert the rule is silent about the same account, or about the portfolio."},
	}
}

// actForms are how deeds are written.
var actForms = map[Deed]string{
	LowerLimit: "lower_limit to 50 %", FreezeAccount: "freeze_account", FreezeLine: "freeze_line topup", CloseLine: "close_line bill",
	SuspendScene: "suspend_scene bundle", SuspendCarrier: "suspend_carrier",
}

func (a Act) String() string {
	switch a.Deed {
	case LowerLimit:
		return a.Deed.String() + " to " + a.To.String()
	case FreezeLine, CloseLine, SuspendScene:
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
		to, err := document.ParseRate(share)
		a.To, ok = to, found && err == nil && to > 0 && to < 100*document.Percent && to%document.BasisPoint == 0
	case FreezeLine, CloseLine, SuspendScene:
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
		case slices.Contains(*p, a):
			v.Fault("%s is there already", a)
		default:
			return a, true
		}
		return Act{}, false
	}, Act.String)
}
