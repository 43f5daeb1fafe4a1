package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// Booking is what is done to what an account owes: what it was, what it moved, and the billing as it is afterwards. So
// whoever folds it reckons nothing and reads no terms.
type Booking struct {
	Kind      BookingKind
	Day       calendar.Date // that it belongs to: after downtime it is earlier than the entry's
	ValueDate calendar.Date // of a repayment; 0 when there is none
	Amount    money.Amount  // what was repaid, refunded, waived, collected, charged off or planned
	Opens     calendar.Date // of the window that it is about; 0 when it is about none
	Plan      uint32        // that it is about; 0 when it is about none
	Item      uint32        // number of the item that it adds; 0 when it adds none
	Undoes    uint32        // the item that it undoes or completes; 0 when there is none
	Attempt   uint8         // of a collection
	Channel   Channel       // of a collection
	Listed    Listed        // of a collection on a carrier's bill, and what tells of one
	Reference string        // of the world outside: a bank's reference, a channel
	Note      string        // why: an operator's reason, a bank's
	Status    AccountStatus // that the account has from now on; 0 leaves it as it is
	Moves     []Move
	Settled   []Debt // debts that it paid off, as they were but with nothing owed: a repayment that bounces needs them
	Statement *Statement
	Score     int32  // behaviour score of an account whose window closed
	ScoredBy  string // version of the risk policy that scored it; empty when none did
	Inputs    uint64 // hash of what it was scored on
	After     Billing
}

// BookingKind is what a booking is.
type BookingKind uint8

// The kinds. Their numbers are those of the journal.
const (
	NoBooking         BookingKind = iota
	WindowClosed                  // a window became a statement
	FellDue                       // a due date passed with something unpaid
	Carried                       // a due date passed, the minimum being paid: the rest is carried
	RepaymentPosted               // a payment
	RepaymentReversed             // a payment that bounced
	CreditRefunded                // the credit balance, or some of it, paid out
	ChargeWaived                  // a charge taken back by an operator
	PenaltyPaused                 // no penalty between two days
	CollectionIssued              // an amount to be collected
	CollectionFailed              // it could not be
	NoticeIssued                  // a collection notice
	NoticeDeferred                // one that waits for the end of quiet hours
	DelinquencyFroze              // the account frozen for being past due
	ChargedOff                    // written off
	DebtReaged                    // what is overdue spread over windows to come
	StatementPlanned              // a statement paid by installments
	PlanPaidOff                   // a plan's rest billed at once, because the consumer wants to pay it
	PlanAccelerated               // a plan's rest due at once, because of default
	TermsAccepted                 // by the consumer
	StatementDaySet               // from the next opening on
	ChannelSet                    // of collections
	PurchasePosted                // a capture, where it does more than add to the open window
	PurchaseRefunded              // a refund, or a reversal of what was captured
	PointsGranted                 // points given by a partner
	PointsExpired                 // points whose last day is over, or that lapsed with the account
	ContractCancelled             // the contract of a bundle, by its carrier
	DeviceReturned                // the device of a bundle, and all undone
	bookingEnd
)

var bookingNames = [bookingEnd]string{
	"NONE", "WINDOW_CLOSED", "FELL_DUE", "CARRIED", "REPAYMENT_POSTED", "REPAYMENT_REVERSED", "CREDIT_REFUNDED", "CHARGE_WAIVED",
	"PENALTY_PAUSED", "COLLECTION_ISSUED", "COLLECTION_FAILED", "NOTICE_ISSUED", "NOTICE_DEFERRED", "DELINQUENCY_FROZE",
	"CHARGED_OFF", "DEBT_REAGED", "STATEMENT_PLANNED", "PLAN_PAID_OFF", "PLAN_ACCELERATED", "TERMS_ACCEPTED",
	"STATEMENT_DAY_SET", "CHANNEL_SET", "PURCHASE_POSTED", "PURCHASE_REFUNDED",
	"POINTS_GRANTED", "POINTS_EXPIRED", "CONTRACT_CANCELLED", "DEVICE_RETURNED",
}

func (k BookingKind) String() string {
	if k < bookingEnd {
		return bookingNames[k]
	}
	return "UNKNOWN"
}

// Part is what an amount that moves is part of.
type Part uint8

// The parts. Their numbers are those of the API and of the journal.
const (
	NoPart         Part = iota
	PenaltyPart         // of a debt
	InterestPart        // of a debt
	FeePart             // of a debt or of the open window
	PrincipalPart       // of a debt, the open window or a plan
	CreditPart          // the credit balance
	WrittenOffPart      // what was charged off and is not recovered
	SubsidyPart         // what a carrier pays of a plan
	PointsCostPart      // what points pay of an order
	partEnd
)

var partNames = [partEnd]string{"NONE", "PENALTY", "INTEREST", "FEE", "PRINCIPAL", "CREDIT", "WRITTEN_OFF", "SUBSIDY", "POINTS_COST"}

func (p Part) String() string { return partNames[p] }

// Move is one amount that moves, and the book that it moves against: a double entry of its own. An amount that goes from
// one window to another, or from a plan to a window, moves between no books and is no Move.
type Move struct {
	Opens   calendar.Date // of the window; 0 when it is none's
	Plan    uint32        // of the plan; 0 when it is none's
	Part    Part
	Scene   Scene        // of principal
	Amount  money.Amount // above zero it adds to what the part is
	Against BookKind
	Carrier CarrierID     // of BookPayable, of BookCollected, of a subsidy and of what points pay
	Cleared calendar.Date // the carrier's business day; 0 where a fact on an order says it, and of one that has none
}

// paid says whether it moves what was paid, or was paid back.
func (m *Move) paid() bool { return m.Against == BookCash || m.Against == BookCollected }

// Item is a line in an account's history that is not an order: it is kept for ever, and a statement lists those of its window.
type Item struct {
	N             uint32
	Kind          BookingKind
	Time          calendar.Instant
	Day           calendar.Date
	ValueDate     calendar.Date
	Amount        money.Amount
	Opens         calendar.Date // of the window that was open
	About         calendar.Date // of the window that it is about; 0 when it is about none or several
	Plan          uint32
	Authorization uint32 // that was refunded or reversed
	Undoes        uint32
	Attempt       uint8
	Channel       Channel
	Listed        Listed
	Outcome       ItemOutcome
	Reference     string
	Note          string
	Caller        Caller
	Moves         []Move
	Settled       []Debt
	Points        *PointsChange // what it did to points; nil when nothing
}

// ItemOutcome is what became of an item.
type ItemOutcome uint8

// The outcomes. Their numbers are one less than those of the API, which has none for what is not told.
const (
	Pending   ItemOutcome = iota // a collection whose outcome is not known
	Succeeded                    // it stands
	Failed                       // a collection that failed
	Undone                       // a repayment that was reversed
	Partly                       // a collection of which some was collected
)

// Statement is a window that has closed: it never changes. What happens to its debt later is items.
type Statement struct {
	N uint32 // of the account's statements
	calendar.Window
	Terms     TermsID
	Closed    calendar.Instant
	Opening   money.Amount // the balance with which the window opened
	Flows     Flows        // what changed it
	Closing   money.Amount // the balance: what is owed of all windows, less the credit balance
	Bill      Owed         // what is billed with this statement
	Earlier   money.Amount // owed of earlier windows
	Credit    money.Amount // the credit balance
	Minimum   money.Amount // due at least by the due date; the whole when there is no choice
	Unbilled  money.Amount // principal of plans that is still to come
	FirstN    uint32       // authorizations captured in the window have numbers from this one
	LastN     uint32       // to this one
	FirstItem uint32       // items of the window
	LastItem  uint32
	Charges   []StatementCharge // installments, interest and penalty, billed as the window closed
	Previous  calendar.Date     // opening date of the statement before; 0 when this is the first
	Points    *StatedPoints     // nil when the account never had any
}

// Total is what is to be paid of this statement and all before it.
func (s *Statement) Total() money.Amount { return max(0, s.Closing) }

// StatementCharge is something billed as a window closed.
type StatementCharge struct {
	Opens       calendar.Date // of the window whose debt has it
	Plan        uint32        // of an installment
	Number      int32         // of the installment: 1, 2, 3, ...
	Of          int32         // how many the plan has
	Principal   money.Amount
	Fee         money.Amount
	Interest    money.Amount
	Penalty     money.Amount
	Subsidy     money.Amount // that the carrier pays
	Outstanding money.Amount // principal of the plan that is still to come
	Terms       TermsID      // of the debt or of the plan: its daily rates, and when installments were due
	Agreed      Agreed       // of an installment
}

// Agreed is what a plan was to come to when it began, which is what it costs a year: refunds, early payoff and acceleration change
// the plan and not the rate that the consumer was told. A statement keeps it, because the plan is gone when all is billed.
type Agreed struct {
	Offer   plan.Offer
	Lent    money.Amount
	Spread  money.Amount // charges that were owed before and that re-aging spread, as the fees of the installments
	Started calendar.Date
}

// Agreed is what the plan was to come to when it began.
func (p *Plan) Agreed() Agreed {
	g := Agreed{Offer: p.Plan.Offer, Lent: p.Plan.Lent, Started: p.Started}
	if p.reaged() {
		g.Spread = p.Plan.Schedule.Total().Fee
	}
	return g
}

// reaged says whether a plan is of an overdue debt that was re-aged.
func (p *Plan) reaged() bool { return p.Authorization == 0 && p.Opens == 0 }

// Schedule is the installments that were agreed.
func (g *Agreed) Schedule() (plan.Schedule, error) {
	s, err := g.Offer.Schedule(g.Lent)
	if err != nil || g.Spread == 0 {
		return s, err
	}
	fees, err := plan.Split(g.Spread, len(s))
	if err != nil {
		return nil, err
	}
	for i := range s {
		s[i].Fee = fees[i]
	}
	return s, nil
}

// item is the item that a booking adds.
func (b *Booking) item(e *Entry, authorization uint32) *Item {
	i := &Item{
		N: b.Item, Kind: b.Kind, Time: e.Time, Day: b.Day, ValueDate: b.ValueDate, Amount: b.Amount, Opens: b.After.Open.Opens,
		About: b.Opens, Plan: b.Plan, Authorization: authorization, Undoes: b.Undoes, Attempt: b.Attempt, Channel: b.Channel, Listed: b.Listed,
		Outcome: Succeeded, Reference: b.Reference, Note: b.Note, Caller: e.Request.Caller, Moves: b.Moves, Settled: b.Settled,
	}
	if b.Kind == CollectionIssued {
		i.Outcome = Pending
	}
	if p := PointsOf(e.Fact); p != nil && p.Flows != (PointsFlows{}) {
		i.Points = p.change()
	}
	return i
}
