package policy

import (
	"math"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/risk/rule"
)

// orders are the variables of decision rules: the numbers of a feature.Set first, in its order, then its texts, so that a set
// is an input without being copied.
var orders = rule.NewEnv(orderVariables())

func orderVariables() []rule.Variable {
	list := make([]rule.Variable, 0, int(feature.Numbers)+int(feature.Texts))
	for n := range feature.Numbers {
		info := n.Info()
		v := rule.Variable{Name: info.Name, Kind: rule.Whole}
		switch {
		case info.Kind == feature.Flag:
			v.Kind = rule.Flag
		case n == feature.OrderHour:
			v.Least, v.Most = 0, 23
		case n == feature.OrderWeekday:
			v.Least, v.Most = 1, 7
		case n.OfVelocity() || info.Kind == feature.Count && n != feature.AccountBehaviourScore || n == feature.OrderAmount || n == feature.AccountLimit:
			v.Least, v.Most = 0, math.MaxInt64
		}
		list = append(list, v)
	}
	for t := range feature.Texts {
		v := rule.Variable{Name: t.Info().Name, Kind: rule.Text}
		if t == feature.OrderScene {
			v.Texts = []string{ledger.TopUp.String(), ledger.Bill.String(), ledger.Bundle.String()}
		}
		list = append(list, v)
	}
	return list
}

// scenes are how documents call the scenes.
var scenes = []string{"topup", "bill", "bundle"}

func sceneNamed(name string) (ledger.Scene, bool) {
	for i, scene := range scenes {
		if scene == name {
			return ledger.Scene(i + 1), true
		}
	}
	return ledger.NoScene, false
}

// accounts are the variables of rules about accounts: the same set, without what is about an order.
var accounts = rule.NewEnv(accountVariables())

func accountVariables() []rule.Variable {
	list := orderVariables()
	for i := range list {
		list[i].Hidden = !OfAccounts(list[i].Name)
	}
	return list
}

// OfAccounts says whether a feature of package ledger/feature is about an account and not about an order, a line, a phone or a
// carrier. Rules about accounts and the behaviour scorecard may read these.
func OfAccounts(name string) bool {
	for _, prefix := range []string{"account.", "velocity.account.", "velocity.declined.", "velocity.phones.", "velocity.returned."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Figure is something that rules about the portfolio may ask.
type Figure struct {
	Name string
	Kind rule.Kind // Whole or Decimal
	Unit string    // in the plural; empty when there is none
	Doc  string
	Most float64
}

// Figures are what rules about the portfolio may ask, once a day, for each currency by itself. Shares are percentages with a
// fraction. What cannot be told yet (no account old enough, nobody in a bucket) is 0.
func Figures() []Figure { return slices.Clone(figures) }

const most = math.MaxInt64

var figures = []Figure{
	{"accounts", rule.Whole, "accounts", "that are open", most},
	{"exposure", rule.Whole, "minor units", "the limits of open accounts, or what is owed and held where that is more", most},
	{"receivables", rule.Whole, "minor units", "that are owed", most},
	{"utilisation_percent", rule.Decimal, "percent", "owed and held of all limits", math.MaxFloat64},
	{"applications_7d", rule.Whole, "applications", "that were decided in the last 7 days", most},
	{"approval_rate_percent", rule.Decimal, "percent", "of the applications of the last 7 days that were approved", 100},
	{"approval_rate_before_percent", rule.Decimal, "percent", "the same, of the 28 days before those", 100},
	{"order_decline_rate_percent", rule.Decimal, "percent", "of the orders of yesterday that were declined", 100},
	{"risk_decline_rate_percent", rule.Decimal, "percent", "of the orders of yesterday that a decision rule declined", 100},
	{"first_payment_default_percent", rule.Decimal, "percent", "of the accounts whose first debt fell due in the last month of which that is known of all, those that came to be 30 days past due on it", 100},
	{"roll_m0_m1_percent", rule.Decimal, "percent", "of the accounts that were current at the end of the month before last, those in the first bucket past due at the end of the last", 100},
	{"roll_m1_m2_percent", rule.Decimal, "percent", "the same, from the first bucket past due to the second", 100},
	{"roll_m2_m3_percent", rule.Decimal, "percent", "the same, from the second to the third", 100},
	{"past_due_percent", rule.Decimal, "percent", "of the receivables that are past due", 100},
	{"past_due_30_percent", rule.Decimal, "percent", "of the receivables that are past due for more than 30 days", 100},
	{"charged_off_percent", rule.Decimal, "percent", "of the accounts that owed at the end of the month before last, those charged off by the end of the last", 100},
	{"expected_loss_percent", rule.Decimal, "percent", "of what is owed and held, by how accounts have rolled, with a loss given default of 75 %", 100},
	{"carrier_share_percent", rule.Decimal, "percent", "of what was captured in the last 30 days that was for the carrier with the most", 100},
	{"carrier_returned_percent", rule.Decimal, "percent", "of the captures of the last 7 days that a carrier reversed or refunded, of the worst carrier with 100 captures", 100},
	{"psi_max", rule.Decimal, "", "the largest population stability index of a characteristic of the scorecard: applicants of this month and the last against the shares of the training part; 0 where the document has no shares, or under 100 applied", math.MaxFloat64},
}

// portfolio are the figures as the variables of rules.
var portfolio = rule.NewEnv(figureVariables())

func figureVariables() []rule.Variable {
	list := make([]rule.Variable, len(figures))
	for i, f := range figures {
		list[i] = rule.Variable{Name: f.Name, Kind: f.Kind, Most: f.Most}
	}
	return list
}
