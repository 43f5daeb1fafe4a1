package policy

import (
	"math"
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

// Named is something that a monitoring rule or the behaviour scorecard may ask about.
type Named struct {
	Name string
	Kind rule.Kind
	Unit string // in the plural; empty when there is none
	Doc  string

	// What its values are between; unbounded when both are 0.
	Least, Most float64
}

// AccountVariables are what rules about an account may ask, at an event of its own: a window that closed, a due date that
// passed, a collection that failed, an order. A value that speaks of before is the one at the last close.
func AccountVariables() []Named { return accountNames }

// PortfolioVariables are what rules about the portfolio may ask, once a day. Shares are percentages with a fraction. What cannot be told yet
// (no account old enough, nobody in a bucket) is 0.
func PortfolioVariables() []Named { return portfolioNames }

// BehaviourFeatures are what the behaviour scorecard may score, as of the close of a window.
func BehaviourFeatures() []Named { return behaviourNames }

const most = math.MaxInt64

var behaviourNames = []Named{
	{"months_on_book", rule.Whole, "months", "whole ones since the account was opened", 0, most},
	{"statements", rule.Whole, "statements", "that have been made, ever", 0, most},
	{"utilisation", rule.Whole, "percent", "held and posted of the limit at the close, rounded down", 0, most},
	{"utilisation_before", rule.Whole, "percent", "the same a window earlier; 0 in the first", 0, most},
	{"days_past_due", rule.Whole, "days", "that the oldest unpaid due date is over", 0, most},
	{"worst_days_past_due", rule.Whole, "days", "the most that the account was ever past due", 0, most},
	{"late_statements", rule.Whole, "statements", "of the last twelve that were not settled by their due date", 0, 12},
	{"failed_collections", rule.Whole, "collections", "that failed since the last one that succeeded", 0, most},
	{"paid_percent", rule.Whole, "percent", "of what the last twelve statements asked for that was paid by its due date; 100 when they asked for nothing", 0, 100},
	{"orders", rule.Whole, "orders", "that were approved in the window", 0, most},
	{"declined_orders", rule.Whole, "orders", "that were declined in the window", 0, most},
	{"distinct_phones", rule.Whole, "phones", "that orders of the window were for", 0, most},
	{"spent_percent", rule.Whole, "percent", "captured in the window of the limit", 0, most},
	{"disputed_orders", rule.Whole, "orders", "that were refunded or reversed in the window", 0, most},
}

var accountNames = append([]Named{
	{"event", rule.Text, "", "what happened: window_closed, due_passed, collection_failed, order_decided or order_returned", 0, 0},
	{"limit", rule.Whole, "minor units", "the credit limit", 0, most},
	{"owed", rule.Whole, "minor units", "the balance; below zero for credit", 0, 0},
	{"overdue", rule.Whole, "minor units", "owed of windows whose due date is over", 0, most},
	{"first_payment_missed", rule.Flag, "", "the first statement that asked for anything was not settled by its due date", 0, 0},
	{"distinct_phones_24h", rule.Whole, "phones", "that approved orders of the last 24 hours were for", 0, most},
	{"orders_24h", rule.Whole, "orders", "that were approved in the last 24 hours", 0, most},
	{"declined_24h", rule.Whole, "orders", "that were declined in the last 24 hours", 0, most},
	{"returned_30d", rule.Whole, "orders", "that a carrier reversed or refunded in the last 30 days", 0, most},
	{"behaviour_score", rule.Whole, "points", "of the last window that closed; 0 when there is none", 0, 0},
	{"behaviour_score_before", rule.Whole, "points", "of the window before that; 0 when there is none", 0, 0},
	{"grade", rule.Text, "", "that the account was given; empty when it was opened without", 0, 0},
}, behaviourNames[:8]...)

var portfolioNames = []Named{
	{"accounts", rule.Whole, "accounts", "that are open", 0, most},
	{"exposure", rule.Whole, "minor units", "limits that are not used, and what is owed", 0, most},
	{"receivables", rule.Whole, "minor units", "that are owed", 0, most},
	{"utilisation_percent", rule.Decimal, "percent", "owed and held of all limits", 0, math.MaxFloat64},
	{"applications_7d", rule.Whole, "applications", "that were decided in the last 7 days", 0, most},
	{"approval_rate_percent", rule.Decimal, "percent", "of the applications of the last 7 days that were approved", 0, 100},
	{"approval_rate_before_percent", rule.Decimal, "percent", "the same, of the 28 days before those", 0, 100},
	{"order_decline_rate_percent", rule.Decimal, "percent", "of the orders of the last 24 hours that were declined", 0, 100},
	{"risk_decline_rate_percent", rule.Decimal, "percent", "of the orders of the last 24 hours that a decision rule declined", 0, 100},
	{"first_payment_default_percent", rule.Decimal, "percent", "of the accounts whose first due date was in the last 30 days and that missed it", 0, 100},
	{"roll_m0_m1_percent", rule.Decimal, "percent", "of what was not past due a month ago that is in M1 now", 0, 100},
	{"roll_m1_m2_percent", rule.Decimal, "percent", "of what was in M1 a month ago that is in M2 now", 0, 100},
	{"roll_m2_m3_percent", rule.Decimal, "percent", "of what was in M2 a month ago that is in M3 now", 0, 100},
	{"past_due_percent", rule.Decimal, "percent", "of the receivables that are past due", 0, 100},
	{"past_due_30_percent", rule.Decimal, "percent", "of the receivables that are past due for more than 30 days", 0, 100},
	{"charged_off_30d_percent", rule.Decimal, "percent", "of the receivables of 30 days ago that were charged off since", 0, 100},
	{"expected_loss_percent", rule.Decimal, "percent", "of the exposure, by the default rates of the grades", 0, 100},
	{"carrier_share_percent", rule.Decimal, "percent", "of the exposure that is owed for the carrier with the most", 0, 100},
	{"carrier_returned_percent", rule.Decimal, "percent", "of the captures of the last 7 days that a carrier reversed or refunded, of the worst carrier with 100 captures", 0, 100},
	{"psi_max", rule.Decimal, "", "the largest population stability index of a feature against the training window", 0, math.MaxFloat64},
}

// environment is a closed list as the variables of rules.
func environment(names []Named) *rule.Env {
	list := make([]rule.Variable, len(names))
	for i, n := range names {
		list[i] = rule.Variable{Name: n.Name, Kind: n.Kind, Least: n.Least, Most: n.Most}
		if n.Name == "event" {
			list[i].Texts = accountEvents
		}
	}
	return rule.NewEnv(list)
}

// accountEvents are what rules about an account are asked at.
var accountEvents = []string{"collection_failed", "due_passed", "order_decided", "order_returned", "window_closed"}

var (
	accounts  = environment(accountNames)
	portfolio = environment(portfolioNames)
)

// Protected says which protected attribute a name gives away, or "". No score may depend on one.
func Protected(name string) string {
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '.' }) {
		for _, p := range protected {
			for _, w := range p.words {
				if word == w {
					return p.attribute
				}
			}
		}
	}
	return ""
}

var protected = []struct {
	attribute string
	words     []string
}{
	{"sex", []string{"sex", "gender", "male", "female"}},
	{"marital status", []string{"marital", "married", "marriage", "single", "divorced", "spouse"}},
	{"exact age", []string{"age", "birth", "birthday", "birthdate", "dob"}},
	{"origin", []string{"race", "ethnicity", "ethnic", "nationality", "religion", "hukou"}},
	{"health", []string{"health", "disability", "disabled", "pregnant", "pregnancy"}},
}
