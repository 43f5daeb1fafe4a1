package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// Decision is the answer to a question about credit.
type Decision uint8

// The decisions. Their numbers are those of the API and of the journal.
const (
	NoDecision Decision = iota
	Approve
	Decline
)

// Outcome is what the caller is told. Which fields are set depends on the command.
type Outcome struct {
	Fault    *Fault // the request could not be carried out; nothing else is set
	Replayed bool   // this is the first outcome of the same request again

	Decision      Decision
	Reasons       Reasons
	ID            AuthorizationID
	Authorization Authorization // N is 0 when there is none
	Currency      money.Currency
	Headroom      Headroom
	Amount        money.Amount // what Check would approve
	Redeems       PointsPart   // what points would pay of that
	Part          int          // number of the capture or refund made
	Late          bool
	Tombstone     bool
	Exceeded      bool
	Released      money.Amount
	Refunded      money.Amount
	Points        *PointsChange // what it did to points; nil when nothing

	Billing        *BillingAnswer // of commands on what is owed
	Dossier        *Dossier       // of commands on applications
	Settlement     *SettlementAnswer
	TermsPut       []TermsVersion
	Policies       *PolicyAnswer // of GetPolicies
	BatchLine      *BatchLine    // that ReportBatchLine reported
	BatchLines     []BatchLine
	Raised         bool     // of RaiseAlert: the rule was not silent
	Verdict        Verdict  // of the risk policy, on what Check asked
	Account        *Account // a copy
	Accounts       []*Account
	Authorizations []Authorization
	More           bool // a list goes on
	Shard          *Shard
	Reconciled     *ReconciliationAnswer // of commands on reconciliations
	Expired        int                   // holds that a Tick let expire
	Booked         int                   // bookings that a Tick made: windows that closed, due dates that passed
	Today          calendar.Date         // civil day on which a read was answered
}

// BillingAnswer is what is told of what an account owes. Which fields are set depends on the command.
type BillingAnswer struct {
	Account    *Account // a copy, with charges reckoned as of today
	Terms      string   // version that the account has, or that the statement, payoff or quote is by
	Item       *Item    // that the command added, or completed
	Items      []*Item
	Statement  *Statement
	Statements []*Statement
	Orders     []OrderLine // of Statement
	Next       LinePlace   // of its lines, when there are more
	Payoff     *Payoff
	Quote      *Quoted
	Bundle     *BundleOffer // of a contract
}

// PolicyAnswer is what is told of the risk policy.
type PolicyAnswer struct {
	Versions    []PolicyVersion // that were put
	Made        string          // version that is in force while no other is; empty when there is none
	InForce     string          // version that decides now; empty when none does
	Shadow      string          // version that decides alongside; empty when none does
	Activations []Activation    // in force and to come
}

// OrderLine is a capture of an order, in the window of a statement.
type OrderLine struct {
	Authorization AuthorizationID
	Scene         Scene
	Order         OrderID
	Carrier       CarrierID
	Part          int // number of the capture
	Amount        money.Amount
	Time          calendar.Instant
	Planned       bool       // it is paid by a plan
	Bill          BillID     // the bill that it paid
	Points        PointsPart // what points paid of it
}

// Payoff is what pays everything off on a day.
type Payoff struct {
	Day    calendar.Date
	Billed Owed // of windows that have closed, with charges up to and including the day
	Open   Owed // of the window that is open
	Plans  Owed // principal to come, and the share of fees that the terms ask for
	Credit money.Amount
}

// Total is what there is to pay.
func (p *Payoff) Total() money.Amount {
	return max(0, p.Billed.Total()+p.Open.Total()+p.Plans.Total()-p.Credit)
}

// Quoted is what a purchase would cost.
type Quoted struct {
	Window   calendar.Window // that it would be billed with
	Today    calendar.Date
	Schedule plan.Schedule // of a plan; nil without one
	Offer    plan.Offer
	Bundle   *BundleOffer // that was asked for; nil without one
}

func refused(f *Fault) Outcome { return Outcome{Fault: f} }
