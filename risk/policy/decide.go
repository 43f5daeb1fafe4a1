package policy

import (
	"strconv"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/rule"
)

// RuleError is the reason of a rule that has no value: a sum that overflows, a division by zero.
const RuleError = "RULE_ERROR"

// decision is a rule that is asked about orders.
type decision struct {
	when     *rule.Rule
	action   ledger.Action
	reason   string
	cap      money.Amount // a constant, which is for orders in a currency only
	currency string       // that currency; empty when the rule is for all
	sum      *rule.Sum    // or what is reckoned; nil when it is constant
	reads    []int        // the features that when and sum read, by their places in the list of orders' variables
}

// Decide judges an order by the decision rules, in their order. One that approves ends it. Of the others the strictest action
// that holds is that of the verdict, and the smallest cap. A rule that has no value declines, whatever its action: what
// cannot be reckoned is not approved. It allocates only when something beyond approve holds.
func (p *Policy) Decide(s *feature.Set) ledger.Verdict {
	v := ledger.Verdict{Policy: p.doc.Version, Action: ledger.ActionApprove}
	capped := false
	in := rule.Input{Ints: s.Numbers[:], Texts: s.Texts[:]}
	for i := range p.decisions {
		d := &p.decisions[i]
		if d.currency != "" && d.currency != s.Texts[feature.OrderCurrency] {
			continue
		}
		switch holds, ok := d.when.Holds(&in); {
		case !ok:
			v.Rules |= 1 << i
			stricter(&v, ledger.ActionDecline, RuleError)
		case !holds:
		case d.action == ledger.ActionApprove:
			v.Rules |= 1 << i
			return p.explained(v, s)
		default:
			v.Rules |= 1 << i
			d.apply(&v, &capped, &in)
		}
	}
	return p.explained(v, s)
}

// apply adds what a rule that holds does.
func (d *decision) apply(v *ledger.Verdict, capped *bool, in *rule.Input) {
	if d.action == ledger.ActionCap {
		most := d.cap
		if d.sum != nil {
			sum, ok := d.sum.Value(in)
			if !ok {
				stricter(v, ledger.ActionDecline, RuleError)
				return
			}
			most = money.Amount(max(sum, 0))
		}
		if !*capped || most < v.Cap {
			v.Cap, *capped = most, true
		}
	}
	stricter(v, d.action, d.reason)
}

// stricter raises the action, and adds a reason that is not there yet.
func stricter(v *ledger.Verdict, action ledger.Action, reason string) {
	v.Action = max(v.Action, action)
	for have := range strings.SplitSeq(v.Reasons, ",") {
		if have == reason {
			return
		}
	}
	if v.Reasons != "" {
		reason = v.Reasons + "," + reason
	}
	v.Reasons = reason
}

// explained adds what the rules that hold looked at, when they do more than approve.
func (p *Policy) explained(v ledger.Verdict, s *feature.Set) ledger.Verdict {
	if v.Action == ledger.ActionApprove {
		return v
	}
	var read [feature.Numbers + feature.Number(feature.Texts)]bool
	for i := range p.decisions {
		if v.Rules&(1<<i) != 0 {
			for _, at := range p.decisions[i].reads {
				read[at] = true
			}
		}
	}
	b := make([]byte, 0, 128)
	for at, is := range read {
		if !is {
			continue
		}
		if len(b) > 0 {
			b = append(b, ' ')
		}
		if n := feature.Number(at); n < feature.Numbers {
			b = append(append(b, n.String()...), '=')
			b = strconv.AppendInt(b, s.Numbers[n], 10)
		} else {
			t := feature.Text(n - feature.Numbers)
			b = append(append(b, t.String()...), '=')
			b = append(b, s.Texts[t]...)
		}
	}
	v.Inputs = string(b)
	return v
}
