package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// State is where an authorization stands.
type State uint8

// The states. Their numbers are those of the API and of the journal.
const (
	NoState State = iota
	Held
	Submitted
	PartiallyCaptured
	Captured
	Voided
	Expired
	Reversed
	Declined
)

var stateNames = [...]string{"NONE", "HELD", "SUBMITTED", "PARTIALLY_CAPTURED", "CAPTURED", "VOIDED", "EXPIRED", "REVERSED", "DECLINED"}

func (s State) String() string { return stateNames[s] }

// Open says whether something is held.
func (s State) Open() bool { return s == Held || s == Submitted || s == PartiallyCaptured }

// Authorization is a decision on an order and what became of it.
//
// Always: Refunded <= Captured, and Captured + Held <= Authorized, but for what a carrier's tolerance allows.
type Authorization struct {
	N          uint32 // its number on the account
	Sequence   uint64 // of the last entry absorbed
	Scene      Scene
	State      State
	Caller     Caller
	Order      OrderID
	Carrier    CarrierID
	Phone      PhoneToken
	Requested  money.Amount
	Authorized money.Amount
	Held       money.Amount
	Captured   money.Amount
	Refunded   money.Amount
	Lapsed     money.Amount // released by expiry, can be captured late
	Plan       plan.Offer   // that captures are paid by; the zero Offer when they are billed as a whole
	Bill       BillID       // the carrier's reference of the bill that it pays
	Mandate    uint32       // by which it is paid
	Bundle     Bundled      // contract that it finances
	Reasons    Reasons      // why declined; for an advice, what it exceeded
	Verdict    Verdict      // of the risk policy, on the order
	Settings   uint32       // version of its carrier's that it was decided under; 0 when there were none
	Product    ProductID    // of its carrier; empty when none was named
	Fees       money.Amount // charged to its carrier, less what was given back
	Created    calendar.Instant
	Day        calendar.Date    // civil day of Created: what controls count it on
	Expires    calendar.Instant // of the hold; 0 when nothing was ever held
	Updated    calendar.Instant
	Advised    bool
	SaleTime   calendar.Instant // for an advice
	Reference  CarrierReference // the carrier's own id of the sale, as it was last told
	Captures   []Capture
	Refunds    []Refund
	Points     *Redemption // what points pay of it, and what it earned; nil when nothing to do with points
}

// Capture is one capture of an authorization.
type Capture struct {
	Amount money.Amount
	Time   calendar.Instant
	Late   bool
	Points PointsPart // what points paid of it
}

// Refund is one refund of an authorization.
type Refund struct {
	Amount money.Amount
	Time   calendar.Instant
	Points PointsPart // what came back of it as points
}

func (a *Authorization) clone() Authorization {
	c := *a
	c.Captures, c.Refunds = slices.Clone(a.Captures), slices.Clone(a.Refunds)
	return c
}

// due says whether the hold has run out at an instant. A hold lasts until its expiry and not at it.
func (a *Authorization) due(now calendar.Instant) bool { return a.State.Open() && now >= a.Expires }

// LateUntil is the last instant at which a capture after expiry is accepted, exclusive.
func (a *Authorization) lateUntil(t *terms.Terms) calendar.Instant {
	return a.Expires.Add(t.Authorizations.LateCapture)
}

// takesOrder says whether the order id is taken by this authorization: no other may use it now. A declined or voided
// order may be tried again; an expired one only when it can no longer be captured late.
func (a *Authorization) takesOrder(now calendar.Instant, t *terms.Terms) bool {
	switch a.State {
	case Declined, Voided:
		return false
	case Expired:
		return now < a.lateUntil(t)
	default:
		return true
	}
}
