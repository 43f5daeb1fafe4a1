package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// Entry is one fact of the journal with the identity of the request that caused it, if one did.
type Entry struct {
	Sequence uint64
	Time     calendar.Instant
	Request  Request // zero when the clock asked
	Print    []byte  // fingerprint of the request's body
	Fact     Fact
}

// Fact is what happened, with every number needed to fold it again: a replay decides nothing, reads no terms and no
// zone. The set is closed; proto/holdfast/journal/v1 says how each is written.
type Fact interface{ fact() }

// HoldRef names an authorization, with what feeds and totals want to know of it.
type HoldRef struct {
	Account  AccountID
	N        uint32
	Scene    Scene
	Carrier  CarrierID
	Currency money.Currency
	Order    OrderID
}

// ID is the authorization's id.
func (h *HoldRef) ID() AuthorizationID { return AuthorizationID{h.Account, h.N} }

// Intake is what a capture does to what is owed. Nearly always it adds to the purchases of the window that is open; then
// Booking is nil. Window and Terms are of the window that it opens, if it opens one, which also moves the agenda.
type Intake struct {
	Window  calendar.Window
	Terms   TermsID
	Agenda  calendar.Instant
	Booking *Booking
}

// OrderKind says how an order was decided.
type OrderKind uint8

// The kinds. Their numbers are those of the journal.
const (
	OrderAuthorized OrderKind = iota + 1 // approved and held
	OrderCharged                         // approved and captured at once
	OrderAdvised                         // a sale that had taken place
	OrderDeclined                        // refused
)

// The facts.
type (
	// AccountOpened is an account's first entry.
	AccountOpened struct {
		Account  AccountID
		Consumer ConsumerToken
		Currency money.Currency
		Limit    money.Amount
		Lines    []LineOpening
		Terms    TermsID
		Day      calendar.StatementDay
		Channel  Channel
		Risk     Risk // how the consumer was assessed, if there was an application
	}
	// LimitsSet has new limits; those not named stay.
	LimitsSet struct {
		Account    AccountID
		SetAccount bool
		Limit      money.Amount
		Lines      []LimitOfLine
		Risk       Risk   // how the consumer was assessed, if that is why
		Reason     string // codes of the policy's, commas between, of a limit that it lowered
	}
	// TemporaryLimitSet has a raise of a line, or of the account for NoScene; a limit of 0 takes it back.
	TemporaryLimitSet struct {
		Account AccountID
		Scene   Scene
		Raise   TemporaryLimit
	}
	// StatusSet is a freeze, its end, or the end of an account.
	StatusSet struct {
		Account AccountID
		Status  AccountStatus
		Reason  string
	}
	// LineOpened is a line opened, or opened again.
	LineOpened struct {
		Account AccountID
		Line    LineOpening
	}
	// LineEnded is a line closed.
	LineEnded struct {
		Account AccountID
		Scene   Scene
		Reason  string
	}
	// AgreementSet is an acceptance.
	AgreementSet struct {
		Account AccountID
		Scene   Scene
		Version string
	}
	// ControlsSet has a line's new controls.
	ControlsSet struct {
		Account  AccountID
		Scene    Scene
		Controls Controls
	}
	// TermsPut is a version of the terms.
	TermsPut struct {
		Document string
	}
	// PolicyPut is a version of the risk policy.
	PolicyPut struct {
		Version  string
		Document string
	}
	// PolicyActivated says from when on a version of the risk policy is in force, or is the shadow. An empty version ends
	// the shadow.
	PolicyActivated struct {
		Version string
		From    calendar.Instant
		Shadow  bool
	}
	// CarrierPut is a version of what was agreed with a carrier.
	CarrierPut struct {
		ID       CarrierID
		Version  uint32
		Settings CarrierSettings
		Shares   []money.Amount // that the shard has of each exposure limit
	}
	// SliceGiven is a part of an exposure limit that the shard has given to another.
	SliceGiven struct{ Gift }
	// SliceTaken is a part of an exposure limit that the shard has from another.
	SliceTaken struct {
		From uint16
		Gift Gift
	}
	// AlertRaised is what a monitoring rule has to say of an account, or of the portfolio when that is 0. What was done about
	// it are facts of their own, after it.
	AlertRaised struct {
		Account     AccountID
		Rule        string
		Severity    Severity
		Reason      string // code
		Inputs      string // what the rule looked at
		Policy      string // version
		Currency    money.Currency
		Limit       money.Amount // that it was lowered to; 0 when it was not
		LimitBefore money.Amount
		Froze       bool
		ClosedLine  Scene

		// Of the portfolio: what it concerns, and whether that was suspended.
		Scene     Scene
		Carrier   CarrierID
		Suspended bool
	}
	// Booked is something done to what an account owes.
	Booked struct {
		Account  AccountID
		Currency money.Currency
		Booking  Booking
		Points   *PointsBooking
	}
	// MandateSet is a mandate made or changed.
	MandateSet struct {
		Account AccountID
		Mandate Mandate
	}
	// MandateEnded is a mandate ended.
	MandateEnded struct {
		Account AccountID
		N       uint32
		Reason  string
		Day     calendar.Date
	}
	// OrderDecided is a decision on an order: it makes an authorization.
	OrderDecided struct {
		HoldRef
		Kind      OrderKind
		Phone     PhoneToken
		Requested money.Amount
		Amount    money.Amount     // approved; 0 when declined
		Reasons   Reasons          // why declined; for an advice, what it exceeded
		Day       calendar.Date    // civil day of the decision
		Expires   calendar.Instant // of the hold
		SaleTime  calendar.Instant // for an advice
		Product   ProductID        // of its carrier; empty when none was named
		Terms     string           // version that was used
		Plan      plan.Offer       // that it is to be paid by; the zero Offer when it is billed as a whole
		Bill      BillID           // the bill that it pays
		Mandate   uint32           // by which
		Intake
		Verdict  Verdict // of the risk policy
		Shadow   Verdict // of the shadow policy
		Settings uint32  // version of its carrier's; 0 when it has none
		Bundle   BundleOrder
		Clearing // of what was captured at once

		Reference CarrierReference // of an order that was captured
		Points    *PointsBooking
	}
	// HoldIncremented is an amount added to a hold, or refused when there are reasons.
	HoldIncremented struct {
		HoldRef
		Amount  money.Amount
		Reasons Reasons
		Day     calendar.Date
		State   State
		Verdict Verdict // of the risk policy
		Shadow  Verdict // of the shadow policy
	}
	// HoldExtended is an expiry moved.
	HoldExtended struct {
		HoldRef
		Expires calendar.Instant
		State   State
	}
	// HoldSubmitted says that the carrier has the order; Expires is the end of the longest submitted time.
	HoldSubmitted struct {
		HoldRef
		Expires   calendar.Instant
		Reference CarrierReference // as it is now
	}
	// HoldCaptured is an amount posted.
	HoldCaptured struct {
		HoldRef
		Amount   money.Amount
		FromHold money.Amount // how much of it was held
		Released money.Amount // what was left of the hold and is released; when late, what can be captured no more
		Late     bool
		State    State
		Intake
		Clearing
		Began                      // of the contract of a bundle
		Reference CarrierReference // as it is now
		Points    *PointsBooking
	}
	// HoldReleased is an amount released without a sale, by the caller or by time.
	HoldReleased struct {
		HoldRef
		Amount       money.Amount
		Expired      bool // by time
		WasSubmitted bool // the outcome at the carrier is not known: look into it
		State        State
		Points       *PointsBooking
	}
	// OrderReversed is an order undone, or a tombstone when N is 0.
	OrderReversed struct {
		HoldRef
		Released money.Amount
		Refunded money.Amount
		Booking  *Booking // what the refund does; nil when nothing is refunded
		Clearing

		Reference CarrierReference // of the order
		Points    *PointsBooking
	}
	// CaptureRefunded is a captured amount given back.
	CaptureRefunded struct {
		HoldRef
		Amount  money.Amount
		State   State
		Booking *Booking
		Return  BundleReturn // of a device
		Clearing
		Reference CarrierReference // of the order
		Points    *PointsBooking
	}
	// OrderClaimed is an order id taken for an account of another shard.
	OrderClaimed struct {
		Caller  Caller
		Order   OrderID
		Account AccountID
	}
	// SuspensionSet is a suspension made or taken back.
	SuspensionSet struct {
		Scope   Scope
		Reason  string
		Resumed bool
	}
	// ApplicationDecided is an application with what the policy said of it: an offer, or why there is none.
	ApplicationDecided struct {
		ID       ApplicationID
		Consumer ConsumerToken
		Kind     ApplicationKind
		Account  AccountID // of a limit review
		Currency money.Currency
		Consents []Consenting
		Needs    []Purpose    // whose consent it was assessed by
		Before   money.Amount // limit of the account before a limit review
		State    ApplicationState
		Assessment
		Offer Offer
	}
	// OfferAccepted is an acceptance. The entry before it opened the account, or raised its limits.
	OfferAccepted struct {
		ID        ApplicationID
		Consumer  ConsumerToken
		Account   AccountID
		Agreement string
		Consents  []Consenting
	}
	// OfferEnded is an offer taken back before its time was over.
	OfferEnded struct {
		ID       ApplicationID
		Consumer ConsumerToken
		Reason   string
	}
	// ConsentWithdrawn is the end of a consent, and of the open offer that was made with it, if there was one.
	ConsentWithdrawn struct {
		Consumer ConsumerToken
		Purpose  Purpose
		Offer    ApplicationID
	}
	// ReviewRequested asks that a person look at a decision.
	ReviewRequested struct {
		ID        ReviewID
		Consumer  ConsumerToken
		Subject   Subject
		Statement string
	}
	// ReviewResolved is what the person found, and for an application whose decline was wrong what is offered instead.
	ReviewResolved struct {
		ID          ReviewID
		Consumer    ConsumerToken
		Outcome     ReviewOutcome
		Note        string
		Application ApplicationID
		Offer       Offer
	}
	// ConsumerErased takes away of applications and reviews what law does not oblige to keep. Bound says that there is an
	// account that is open or owes, and that consents therefore stay.
	ConsumerErased struct {
		Consumer     ConsumerToken
		Bound        bool
		Applications []ApplicationID
		Reviews      []ReviewID
	}
	// ClockAdvanced is a virtual clock moved to the entry's time.
	ClockAdvanced struct{}
)

func (*MandateSet) fact()        {}
func (*MandateEnded) fact()      {}
func (*TermsPut) fact()          {}
func (*PolicyPut) fact()         {}
func (*PolicyActivated) fact()   {}
func (*CarrierPut) fact()        {}
func (*SliceGiven) fact()        {}
func (*SliceTaken) fact()        {}
func (*AlertRaised) fact()       {}
func (*Booked) fact()            {}
func (*AccountOpened) fact()     {}
func (*LimitsSet) fact()         {}
func (*TemporaryLimitSet) fact() {}
func (*StatusSet) fact()         {}
func (*LineOpened) fact()        {}
func (*LineEnded) fact()         {}
func (*AgreementSet) fact()      {}
func (*ControlsSet) fact()       {}
func (*OrderDecided) fact()      {}
func (*HoldIncremented) fact()   {}
func (*HoldExtended) fact()      {}
func (*HoldSubmitted) fact()     {}
func (*HoldCaptured) fact()      {}
func (*HoldReleased) fact()      {}
func (*OrderReversed) fact()     {}
func (*CaptureRefunded) fact()   {}
func (*OrderClaimed) fact()      {}
func (*SuspensionSet) fact()     {}
func (*ClockAdvanced) fact()     {}
