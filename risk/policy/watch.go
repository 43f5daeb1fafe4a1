package policy

import (
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/risk/rule"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

const day = 24 * time.Hour

// Behaviour scores how an account has been kept; false when the policy has no such score.
func (p *Policy) Behaviour(s *feature.Set) (score int32, scored bool) {
	b := p.doc.Behaviour
	if b == nil {
		return 0, false
	}
	values := map[string]scorecard.Value{}
	for _, name := range b.Scorecard.Features() {
		n, _, _, _ := feature.Find(name)
		values[name] = scorecard.Number(float64(s.Numbers[n]))
	}
	result, err := b.Scorecard.Score(values)
	if err != nil {
		return 0, false // none is missing and all are numbers, so there is a score
	}
	return int32(result.Score), true
}

// Band is the band of a behaviour score; nil when the policy has none.
func (p *Policy) Band(score int32) *Band {
	if p.doc.Behaviour == nil {
		return nil
	}
	for i := range p.doc.Behaviour.Bands {
		if b := &p.doc.Behaviour.Bands[i]; int(score) >= b.FromScore {
			return b
		}
	}
	return nil
}

// Watches says whether there is anything to watch accounts for.
func (p *Policy) Watches() bool {
	return len(p.accounts) > 0 || p.doc.Behaviour != nil && slices.ContainsFunc(p.doc.Behaviour.Bands, func(b Band) bool { return b.Lower > 0 })
}

// fallen is for how long nothing more is said of an account that fell into a band: until the next window has closed.
const fallen = 35 * day

// Watch finds what is to be warned of: the rules about accounts that hold, and that an account has fallen into a band of
// behaviour that lowers its limit. A rule that has no value says nothing: nothing is done to a consumer by mistake.
func (p *Policy) Watch(s *feature.Set) (warnings []ledger.Warning) {
	in := rule.Input{Ints: s.Numbers[:], Texts: s.Texts[:]}
	for i, r := range p.accounts {
		if holds, ok := r.Holds(&in); ok && holds {
			warnings = append(warnings, p.doc.Accounts[i].warning(written(r.Reads(), s)))
		}
	}
	now, before := s.Numbers[feature.AccountBehaviourScore], s.Numbers[feature.AccountBehaviourScoreBefore]
	if now == 0 {
		return warnings
	}
	if b := p.Band(int32(now)); b != nil && b.Lower > 0 && (before == 0 || b != p.Band(int32(before))) {
		warnings = append(warnings, ledger.Warning{Rule: "behaviour_" + b.Name, Severity: ledger.Caution, Reason: b.Reason, Cooldown: fallen, LowerLimit: b.Lower,
			Inputs: written([]string{feature.AccountBehaviourScore.String(), feature.AccountBehaviourScoreBefore.String()}, s)})
	}
	return warnings
}

func (w *Watch) warning(inputs string) ledger.Warning {
	out := ledger.Warning{Rule: w.Name, Severity: ledger.Severity(w.Severity), Reason: w.Reason, Inputs: inputs, Cooldown: time.Duration(w.CooldownDays) * day}
	for _, a := range w.Actions {
		switch a.Deed {
		case LowerLimit:
			out.LowerLimit = a.To
		case FreezeAccount:
			out.Freeze = true
		case CloseLine:
			out.CloseLine = a.Scene
		}
	}
	return out
}

// written are the values of features as name=value, a space between.
func written(names []string, s *feature.Set) string {
	var b []byte
	for _, name := range names {
		n, t, text, _ := feature.Find(name)
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(append(b, name...), '=')
		if text {
			b = append(b, s.Texts[t]...)
		} else {
			b = strconv.AppendInt(b, s.Numbers[n], 10)
		}
	}
	return string(b)
}

// PortfolioWarning is a rule about the portfolio that holds.
type PortfolioWarning struct {
	*Watch
	Inputs string // what it looked at, as name=value, a space between
}

// WatchPortfolio finds the rules about the portfolio that hold, given the figures by their names. A figure that is not there is 0.
func (p *Policy) WatchPortfolio(figures map[string]float64) (warnings []PortfolioWarning) {
	in := portfolio.NewInput()
	for _, f := range Figures() {
		if place, kind, _ := portfolio.Place(f.Name); kind == rule.Decimal {
			in.Decimals[place] = figures[f.Name]
		} else {
			in.Ints[place] = int64(figures[f.Name])
		}
	}
	for i, r := range p.portfolio {
		if holds, ok := r.Holds(in); !ok || !holds {
			continue
		}
		var b []byte
		for _, name := range r.Reads() {
			if len(b) > 0 {
				b = append(b, ' ')
			}
			b = append(append(b, name...), '=')
			b = append(b, writeDecimal(figures[name])...)
		}
		warnings = append(warnings, PortfolioWarning{&p.doc.Portfolio[i], string(b)})
	}
	return warnings
}
