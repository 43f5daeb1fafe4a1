package ledger

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Fold absorbs an entry into the book, live or replayed, and answers with the outcome it stands for.
//
// It is idempotent row by row: an account, and the shard, remember the last entry they absorbed, and an entry that
// is not newer leaves them alone. The rows that depend on an entry (receipt, order, ended authorization) are put
// before its account, and a Book must keep that order on disk; then an account that has absorbed an entry proves
// that the rows which depend on it are there.
func (l *Ledger) Fold(e *Entry) Outcome {
	l.FoldShard(e)
	return l.FoldRows(e)
}

// FoldShard is the part of Fold that is about the shard's own row. Entries are folded in their order.
func (l *Ledger) FoldShard(e *Entry) {
	if s := l.book.Shard(); e.Sequence > s.Sequence {
		s.fold(e)
	}
}

// FoldRows is the part of Fold that is about all other rows.
//
// Accounts do not know of each other. As long as the entries of each account (AccountOf) are folded in their order, they
// may be folded before and after those of others, and meanwhile by another Ledger over the same rows. But a request id
// that is used again, when its receipt has outlived its keeping, may come with another account: entries that are so far
// apart must be folded in their order, whatever they are about.
func (l *Ledger) FoldRows(e *Entry) (out Outcome) {
	switch f := e.Fact.(type) {
	case *AccountOpened:
		return l.foldOpened(e, f)
	case *OrderClaimed:
		// No row remembers this entry, but the first to take an order id is the only one: a row that is there is this
		// claim's, or a newer one of the same account.
		if _, known := l.book.Order(f.Caller, f.Order); !known {
			l.book.PutOrder(f.Caller, f.Order, Order{Account: f.Account})
		}
		return out
	case *SuspensionSet:
		out.Shard = l.book.Shard().Clone()
		l.remember(e, &out)
		return out
	case *PolicyPut, *PolicyActivated, *CarrierPut, *CarrierAdjusted, *BundleOfferPut:
		l.remember(e, &out)
		return out
	case *AlertRaised:
		if f.Account == 0 {
			l.remember(e, &out)
			return out
		}
	case *TermsPut:
		out.TermsPut = slices.Clone(l.book.Shard().Terms)
		l.remember(e, &out)
		return out
	case *SettlementBegun, *SettlementEnded, *SettlementPaid:
		return l.foldSettlement(e)
	case *SettlementCut:
		return Outcome{Settlement: &SettlementAnswer{Cut: f.cut(e.Sequence)}}
	case *ClockAdvanced, *SliceGiven, *SliceTaken:
		return out
	case *ApplicationDecided, *OfferAccepted, *OfferEnded, *ConsentWithdrawn, *ReviewRequested, *ReviewResolved, *ConsumerErased:
		return l.foldApplicant(e, ConsumerOf(f))
	case *ReconciliationBegun, *BreaksFound, *ReconciliationEnded, *BreakResolved:
		return l.foldReconciliation(e)
	}
	id := AccountOf(e.Fact)
	a := l.book.Account(id)
	if a == nil {
		if l.book.Err() != nil {
			return out
		}
		panic(fmt.Sprintf("ledger: entry %d is about account %s, which is not there", e.Sequence, id))
	}
	if a.Sequence >= e.Sequence {
		return out
	}
	a.Sequence, a.Updated = e.Sequence, e.Time
	if a.foldAccount(e, &out) {
		l.remember(e, &out)
		l.book.PutAccount(a)
		return out
	}
	if f, ok := e.Fact.(*Booked); ok {
		a.foldPoints(f.Points)
		l.foldBooked(e, a, f, &out)
		l.remember(e, &out)
		l.book.PutAccount(a)
		return out
	}
	effect := l.foldHold(e, a, &out)
	if !effect.absorbed {
		l.remember(e, &out)
		if effect.reorder {
			l.book.PutOrder(e.Request.Caller, HoldOf(e.Fact).Order, effect.order)
		}
		if effect.ended != nil {
			l.book.PutEnded(out.ID, effect.ended)
		}
	}
	l.book.PutAccount(a)
	return out
}

// effect is what an entry changes beside its account. It is put in a fixed order, receipt, order, ended
// authorization, account, and a Book writes in that order too: then an authorization that has absorbed an entry
// proves that the receipt and the order are there, as an account does for all three.
type effect struct {
	absorbed bool // the ended authorization had absorbed the entry before: only the account had not
	reorder  bool // order changes
	order    Order
	ended    *Authorization
}

// remember keeps the receipt of the request that caused the entry, if one did.
func (l *Ledger) remember(e *Entry, out *Outcome) {
	if e.Request.ID != "" {
		l.receipt.fill(e, out)
		l.book.PutReceipt(e.Request, &l.receipt)
	}
}

// AccountOf is the account that a fact is about; 0 when it is about none.
func AccountOf(f Fact) AccountID {
	if h := HoldOf(f); h != nil {
		return h.Account
	}
	switch f := f.(type) {
	case *AccountOpened:
		return f.Account
	case *LimitsSet:
		return f.Account
	case *TemporaryLimitSet:
		return f.Account
	case *StatusSet:
		return f.Account
	case *LineOpened:
		return f.Account
	case *LineEnded:
		return f.Account
	case *AgreementSet:
		return f.Account
	case *ControlsSet:
		return f.Account
	case *OrderClaimed:
		return f.Account
	case *Booked:
		return f.Account
	case *MandateSet:
		return f.Account
	case *MandateEnded:
		return f.Account
	case *AlertRaised:
		return f.Account
	}
	return 0
}

// HoldOf is the authorization, or order, that a fact is about; nil when it is about none.
func HoldOf(f Fact) *HoldRef {
	switch f := f.(type) {
	case *OrderDecided:
		return &f.HoldRef
	case *HoldIncremented:
		return &f.HoldRef
	case *HoldExtended:
		return &f.HoldRef
	case *HoldSubmitted:
		return &f.HoldRef
	case *HoldCaptured:
		return &f.HoldRef
	case *HoldReleased:
		return &f.HoldRef
	case *OrderReversed:
		return &f.HoldRef
	case *CaptureRefunded:
		return &f.HoldRef
	case *BundleCancelled:
		return &f.HoldRef
	}
	return nil
}

func (l *Ledger) foldOpened(e *Entry, f *AccountOpened) Outcome {
	if a := l.book.Account(f.Account); a != nil && a.Sequence >= e.Sequence {
		return Outcome{}
	}
	a := &Account{
		ID: f.Account, Sequence: e.Sequence, Consumer: f.Consumer, Status: AccountActive, Currency: f.Currency,
		Limit: f.Limit, Created: e.Time, Updated: e.Time,
		Billing: Billing{Terms: f.Terms, Day: f.Day, Channel: f.Channel}, Risk: f.Risk,
	}
	if f.Day == 0 { // from before accounts had one
		a.Billing.Day, a.Billing.Channel = firstStatementDay, DirectDebit
	}
	for i := range f.Lines {
		a.openLine(&f.Lines[i])
	}
	l.book.PutConsumer(f.Consumer, a.ID)
	out := Outcome{Account: a.Clone()}
	l.remember(e, &out)
	l.book.PutAccount(a)
	return out
}

// firstStatementDay is the statement day of accounts that were opened before accounts had one.
const firstStatementDay = 5

func (a *Account) openLine(o *LineOpening) {
	line := a.Line(o.Scene)
	line.Status, line.Limit, line.Agreement = LineOpen, o.Limit, o.Agreement
	line.Temporary = TemporaryLimit{}
	line.Controls = o.Controls.clone()
	if o.Accepted != "" {
		line.Accepted = o.Accepted
	}
}

// foldAccount absorbs what is about the account itself; false when the entry is about an order or a hold.
func (a *Account) foldAccount(e *Entry, out *Outcome) bool {
	switch f := e.Fact.(type) {
	case *LimitsSet:
		if f.SetAccount {
			a.Limit = f.Limit
		}
		for _, line := range f.Lines {
			a.Line(line.Scene).Limit = line.Limit
		}
		if f.Risk.Application != 0 {
			a.Risk = f.Risk
		}
	case *TemporaryLimitSet:
		raise := f.Raise
		if raise.Limit == 0 {
			raise = TemporaryLimit{}
		}
		if f.Scene == NoScene {
			a.Temporary = raise
		} else {
			a.Line(f.Scene).Temporary = raise
		}
	case *StatusSet:
		a.Status, a.StatusReason = f.Status, f.Reason
		if f.Status == AccountActive {
			late := &a.Billing.Late                    // an operator has looked at it
			late.Stopped, late.WroteOff = false, false // and lets it begin anew
		}
	case *LineOpened:
		a.openLine(&f.Line)
	case *LineEnded:
		a.Line(f.Scene).Status = LineClosed
	case *AgreementSet:
		a.Line(f.Scene).Accepted = f.Version
	case *ControlsSet:
		a.Line(f.Scene).Controls = f.Controls.clone()
	case *AlertRaised:
		a.Conduct.Warnings = warned(a.Conduct.Warnings, f.Rule, e.Time)
	default:
		if !a.foldMandate(f) {
			return false
		}
	}
	out.Account = a.Clone()
	out.Account.Holds, out.Account.Velocity = nil, Velocity{}
	return true
}

// foldHold absorbs what is about an order or a hold.
func (l *Ledger) foldHold(e *Entry, a *Account, out *Outcome) (fx effect) {
	ref := HoldOf(e.Fact)
	out.Decision, out.Currency, out.ID = Approve, a.Currency, ref.ID()
	switch f := e.Fact.(type) {
	case *OrderDecided:
		fx = l.foldOrder(e, a, f, out)
	case *OrderReversed:
		out.Decision = NoDecision
		fx = l.foldReversed(e, a, f, out)
	default:
		h := l.authorization(a, ref.N)
		wasOpen := h.State.Open()
		fx.absorbed = l.foldChange(e, a, h, out)
		out.Authorization = h.clone()
		fx.ended = l.settle(a, h, wasOpen)
	}
	if out.Authorization.N != 0 {
		out.Headroom = a.Headroom(ref.Scene, l.zone.DateAt(e.Time))
	}
	return fx
}

// settle takes an authorization that ended off the open ones, and answers with what has to be put into history.
func (l *Ledger) settle(a *Account, h *Authorization, wasOpen bool) *Authorization {
	switch {
	case h.State.Open():
		return nil
	case !wasOpen:
		return h
	}
	l.ended = *h // its place is another's from now on
	a.drop(h.N)
	return &l.ended
}

// drop takes a hold off the list of open ones.
func (a *Account) drop(n uint32) {
	for i := range a.Holds {
		if a.Holds[i].N == n {
			a.Line(a.Holds[i].Scene).Holds--
			a.Holds = append(a.Holds[:i], a.Holds[i+1:]...)
			return
		}
	}
}

func (l *Ledger) foldOrder(e *Entry, a *Account, f *OrderDecided, out *Outcome) effect {
	h := &l.ended
	*h = Authorization{
		N: f.N, Sequence: e.Sequence, Scene: f.Scene, Caller: e.Request.Caller, Order: f.Order, Carrier: f.Carrier,
		Phone: f.Phone, Requested: f.Requested, Authorized: f.Amount, Reasons: f.Reasons, Created: e.Time, Day: f.Day,
		Expires: f.Expires, Updated: e.Time, Plan: f.Plan, Bill: f.Bill, Mandate: f.Mandate, Verdict: f.Verdict, Settings: f.Settings,
		Product: f.Product, Fees: f.Clearing.Fee,
	}
	h.Bundle.BundleOrder = f.Bundle
	a.LastN = f.N
	h.foldPoints(f.Points)
	a.foldPoints(f.Points)
	out.Points = f.Points.change()
	if f.Mandate != 0 {
		a.billed(f)
	}
	if f.Bill != "" && f.Kind != OrderDeclined {
		a.pays(f.N, f.Carrier, f.Bill, f.Kind != OrderAdvised)
	}
	a.Velocity.add(e, f)
	line := a.Line(f.Scene)
	if f.Kind != OrderDeclined {
		line.Use.add(f.Day, f.Amount, 1)
	}
	switch f.Kind {
	case OrderAuthorized:
		h.State, h.Held = Held, f.Amount
		line.Held += f.Amount - h.pledged()
		line.Holds++
		a.Holds = append(a.Holds, *h)
	case OrderCharged, OrderAdvised:
		h.State, h.Captured = Captured, f.Amount
		h.Captures = []Capture{{Amount: f.Amount, Time: e.Time}}
		h.Advised, h.SaleTime, h.Reference = f.Kind == OrderAdvised, f.SaleTime, f.Reference
		l.foldIntake(e, a, &f.Intake, f.N, f.Scene, f.Amount)
		h.Bundle.planned(f.Booking)
		out.Part, out.Exceeded = 1, f.Reasons != 0
		h.Captures[0].Points = h.redeemed()
	case OrderDeclined:
		h.State = Declined
		out.Decision = Decline
	}
	out.Reasons, out.Authorization = f.Reasons, *h
	fx := effect{reorder: true, order: Order{Account: a.ID, N: f.N}}
	if !h.State.Open() {
		fx.ended = h
	}
	return fx
}

// foldChange absorbs a change to an authorization that is there. An ended one may have absorbed it before, when a
// crash fell between its row and its account's: then only the account changes.
func (l *Ledger) foldChange(e *Entry, a *Account, h *Authorization, out *Outcome) (absorbed bool) {
	line := a.Line(h.Scene)
	absorbed = h.Sequence >= e.Sequence
	switch f := e.Fact.(type) {
	case *HoldIncremented:
		if out.Reasons = f.Reasons; f.Reasons != 0 {
			out.Decision = Decline
			break
		}
		h.Requested += f.Amount
		h.Authorized += f.Amount
		h.Held += f.Amount
		line.Held += f.Amount
		line.Use.add(f.Day, f.Amount, 0)
		a.Velocity.more(h.N, f.Amount)
	case *HoldExtended:
		h.Expires = f.Expires
	case *HoldSubmitted:
		h.Expires, h.State, h.Reference = f.Expires, Submitted, f.Reference
	case *HoldCaptured:
		l.foldIntake(e, a, &f.Intake, h.N, h.Scene, f.Amount)
		if f.Late && h.Bill != "" {
			a.pays(h.N, h.Carrier, h.Bill, false)
		}
		if f.Late {
			a.Velocity.again(h, f.Amount, e.Time)
		} else {
			line.Held -= f.FromHold + f.Released + f.Points.pledges()
			line.Use.release(h.Day, f.Released, 0)
		}
		a.foldPoints(f.Points)
		if !absorbed {
			h.foldCaptured(e, f)
		}
		out.Part, out.Late, out.Points = len(h.Captures), f.Late, f.Points.change()
	case *HoldReleased:
		a.release(h, f.Amount, e.Time, f.Expired, f.Points)
		out.Released, out.Points = f.Amount, f.Points.change()
	case *CaptureRefunded:
		a.Velocity.returned(h.N)
		l.foldBooking(e, a, f.Booking, h.N)
		a.foldPoints(f.Points)
		if !absorbed {
			h.Fees += f.Clearing.Fee
			h.refund(f.Amount, e.Time, f.Points)
			h.Bundle.returned(f)
		}
		out.Part, out.Refunded, out.Points = len(h.Refunds), f.Amount, f.Points.change()
	case *BundleCancelled:
		l.foldBooking(e, a, f.Booking, h.N)
		if !absorbed {
			h.Bundle.cancelled(f)
		}
	}
	if !absorbed {
		h.Sequence, h.Updated = e.Sequence, e.Time
	}
	return absorbed
}

func (a *Authorization) foldCaptured(e *Entry, f *HoldCaptured) {
	a.Captured += f.Amount
	a.Fees += f.Clearing.Fee
	before := a.redeemed()
	a.foldPoints(f.Points)
	a.Captures = append(a.Captures, Capture{Amount: f.Amount, Time: e.Time, Late: f.Late, Points: a.redeemed().minus(before)})
	if f.Late {
		a.Lapsed -= f.Amount + f.Released
	} else {
		a.Held -= f.FromHold + f.Released
	}
	a.State, a.Reference = f.State, f.Reference
	if f.Began.Day != 0 {
		a.Bundle.Began = f.Began
		a.Bundle.planned(f.Booking)
	}
}

func (a *Authorization) refund(amount money.Amount, at calendar.Instant, p *PointsBooking) {
	a.foldPoints(p)
	if amount == 0 {
		return // a device was returned whose price had been given back
	}
	r := Refund{Amount: amount, Time: at}
	if p != nil {
		r.Points = PointsPart{p.Flows.Restored, -p.Paid}
	}
	a.Refunded += amount
	a.Refunds = append(a.Refunds, r)
}

// redeemed is what points paid of what was captured.
func (a *Authorization) redeemed() PointsPart {
	if a.Points == nil {
		return PointsPart{}
	}
	return a.Points.Redeemed
}

// release gives back an amount of a hold to its line, and ends the hold when nothing is left of it.
func (a *Account) release(h *Authorization, amount money.Amount, now calendar.Instant, expired bool, p *PointsBooking) {
	line := a.Line(h.Scene)
	line.Held -= amount + p.pledges()
	a.foldPoints(p)
	h.foldPoints(p)
	orders := int32(0)
	if amount == h.Held && h.Captured == 0 {
		orders = 1
		a.Velocity.giveBack(h.N)
	}
	line.Use.release(h.Day, amount, orders)
	if amount == h.Held {
		h.end(expired, now)
		return
	}
	h.Held, h.Updated = h.Held-amount, now
}

func (l *Ledger) foldReversed(e *Entry, a *Account, f *OrderReversed, out *Outcome) effect {
	fx := effect{reorder: true, order: Order{Account: a.ID, N: f.N, Reversed: true}}
	if f.N == 0 {
		out.Tombstone = true
		return fx
	}
	h := l.authorization(a, f.N)
	wasOpen := h.State.Open()
	fx.absorbed = h.Sequence >= e.Sequence
	a.foldPoints(f.Points)
	if f.Released > 0 {
		a.release(h, f.Released, e.Time, false, f.Points)
	}
	if f.Refunded > 0 {
		a.Velocity.returned(h.N)
	}
	if f.Booking != nil {
		l.foldBooking(e, a, f.Booking, h.N)
	}
	if !fx.absorbed {
		if f.Refunded > 0 {
			h.refund(f.Refunded, e.Time, f.Points)
		}
		h.Fees += f.Clearing.Fee
		h.Lapsed, h.Sequence, h.Updated = 0, e.Sequence, e.Time
		if h.State != Declined {
			h.State = Reversed
		}
	}
	out.Released, out.Refunded, out.Points = f.Released, f.Refunded, f.Points.change()
	out.Authorization = h.clone()
	fx.ended = l.settle(a, h, wasOpen)
	return fx
}
