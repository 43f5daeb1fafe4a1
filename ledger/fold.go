package ledger

import (
	"fmt"

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
	s := l.book.Shard()
	if e.Sequence > s.Sequence {
		s.fold(e)
	}
	switch f := e.Fact.(type) {
	case *AccountOpened:
		return l.foldOpened(e, f)
	case *OrderClaimed:
		l.book.PutOrder(f.Caller, f.Order, Order{Account: f.Account})
		return Outcome{}
	case *SuspensionSet:
		out := Outcome{Shard: s.Clone()}
		l.remember(e, &out)
		return out
	case *ClockAdvanced:
		return Outcome{}
	}
	a := l.book.Account(accountOf(e.Fact))
	if a == nil {
		if l.book.Err() != nil {
			return Outcome{}
		}
		panic(fmt.Sprintf("ledger: entry %d is about account %s, which is not there", e.Sequence, accountOf(e.Fact)))
	}
	if a.Sequence >= e.Sequence {
		return Outcome{}
	}
	a.Sequence, a.Updated = e.Sequence, e.Time
	out, about := l.foldAccount(e, a)
	if !about {
		out = l.foldHold(e, a)
	}
	l.remember(e, &out)
	l.book.PutAccount(a)
	return out
}

// remember keeps the receipt of the request that caused the entry, if one did.
func (l *Ledger) remember(e *Entry, out *Outcome) {
	if e.Request.ID != "" {
		l.book.PutReceipt(e.Request, receipt(e, out))
	}
}

func accountOf(f Fact) AccountID {
	switch f := f.(type) {
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
	}
	if h := HoldOf(f); h != nil {
		return h.Account
	}
	panic(fmt.Sprintf("ledger: fact %T has no account", f))
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
func (l *Ledger) foldAccount(e *Entry, a *Account) (Outcome, bool) {
	switch f := e.Fact.(type) {
	case *LimitsSet:
		if f.SetAccount {
			a.Limit = f.Limit
		}
		for _, line := range f.Lines {
			a.Line(line.Scene).Limit = line.Limit
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
	case *LineOpened:
		a.openLine(&f.Line)
	case *LineEnded:
		a.Line(f.Scene).Status = LineClosed
	case *AgreementSet:
		a.Line(f.Scene).Accepted = f.Version
	case *ControlsSet:
		a.Line(f.Scene).Controls = f.Controls.clone()
	default:
		return Outcome{}, false
	}
	image := a.Clone()
	image.Holds = nil
	return Outcome{Account: image}, true
}

// foldHold absorbs what is about an order or a hold.
func (l *Ledger) foldHold(e *Entry, a *Account) (out Outcome) {
	ref := HoldOf(e.Fact)
	out = Outcome{Decision: Approve, Currency: a.Currency}
	switch f := e.Fact.(type) {
	case *OrderDecided:
		l.foldOrder(e, a, f, &out)
	case *OrderReversed:
		l.foldReversed(e, a, f, &out)
	default:
		h := l.authorization(a, ref.N)
		wasOpen := h.State.Open()
		a.foldChange(e, h, &out)
		out.Authorization = h.clone()
		l.settle(a, h, wasOpen)
	}
	out.ID = ref.ID()
	if out.Authorization.N != 0 {
		out.Headroom = a.Headroom(ref.Scene, l.zone.DateAt(e.Time))
	}
	return out
}

// settle moves an authorization that ended into history, and puts one that had ended before back there.
func (l *Ledger) settle(a *Account, h *Authorization, wasOpen bool) {
	if h.State.Open() {
		return
	}
	l.book.PutEnded(AuthorizationID{a.ID, h.N}, h)
	if wasOpen {
		a.drop(h.N)
	}
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

func (l *Ledger) foldOrder(e *Entry, a *Account, f *OrderDecided, out *Outcome) {
	h := Authorization{
		N: f.N, Scene: f.Scene, Caller: e.Request.Caller, Order: f.Order, Carrier: f.Carrier, Phone: f.Phone,
		Requested: f.Requested, Authorized: f.Amount, Reasons: f.Reasons, Created: e.Time, Day: f.Day,
		Expires: f.Expires, Updated: e.Time,
	}
	a.LastN = f.N
	line := a.Line(f.Scene)
	if f.Kind != OrderDeclined {
		line.Use.add(f.Day, f.Amount, 1)
	}
	switch f.Kind {
	case OrderAuthorized:
		h.State, h.Held = Held, f.Amount
		line.Held += f.Amount
		line.Holds++
		a.Holds = append(a.Holds, h)
	case OrderCharged, OrderAdvised:
		h.State, h.Captured = Captured, f.Amount
		h.Captures = []Capture{{Amount: f.Amount, Time: e.Time}}
		h.Advised, h.SaleTime = f.Kind == OrderAdvised, f.SaleTime
		line.Posted += f.Amount
		out.Part, out.Exceeded = 1, f.Reasons != 0
	case OrderDeclined:
		h.State = Declined
		out.Decision = Decline
	}
	l.book.PutOrder(e.Request.Caller, f.Order, Order{Account: a.ID, N: f.N})
	if !h.State.Open() {
		l.book.PutEnded(AuthorizationID{a.ID, f.N}, &h)
	}
	out.Reasons, out.Authorization = f.Reasons, h
}

// foldChange absorbs a change to an authorization that is there.
func (a *Account) foldChange(e *Entry, h *Authorization, out *Outcome) {
	line := a.Line(h.Scene)
	h.Updated = e.Time
	switch f := e.Fact.(type) {
	case *HoldIncremented:
		h.Requested += f.Amount
		if out.Reasons = f.Reasons; f.Reasons != 0 {
			out.Decision = Decline
			return
		}
		h.Authorized += f.Amount
		h.Held += f.Amount
		line.Held += f.Amount
		line.Use.add(f.Day, f.Amount, 0)
	case *HoldExtended:
		h.Expires = f.Expires
	case *HoldSubmitted:
		h.Expires = f.Expires
		if h.State == Held {
			h.State = Submitted
		}
	case *HoldCaptured:
		a.foldCaptured(e, h, f)
		out.Part, out.Late = len(h.Captures), f.Late
	case *HoldReleased:
		a.release(h, f.Amount, e.Time, f.Expired)
		out.Released = f.Amount
	case *CaptureRefunded:
		h.Refunded += f.Amount
		h.Refunds = append(h.Refunds, Refund{f.Amount, e.Time})
		line.Posted -= f.Amount
		out.Part, out.Refunded = len(h.Refunds), f.Amount
	}
}

func (a *Account) foldCaptured(e *Entry, h *Authorization, f *HoldCaptured) {
	line := a.Line(h.Scene)
	h.Captured += f.Amount
	h.Captures = append(h.Captures, Capture{f.Amount, e.Time, f.Late})
	line.Posted += f.Amount
	if f.Late {
		h.Lapsed -= f.Amount
	}
	h.Held -= f.FromHold + f.Released
	line.Held -= f.FromHold + f.Released
	line.Use.release(h.Day, f.Released, 0)
	h.State = f.State
}

// release gives back an amount of a hold to its line, and ends the hold when nothing is left of it.
func (a *Account) release(h *Authorization, amount money.Amount, now calendar.Instant, expired bool) {
	line := a.Line(h.Scene)
	line.Held -= amount
	orders := int32(0)
	if amount == h.Held && h.Captured == 0 {
		orders = 1
	}
	line.Use.release(h.Day, amount, orders)
	if amount == h.Held {
		h.end(expired, now)
		return
	}
	h.Held, h.Updated = h.Held-amount, now
}

func (l *Ledger) foldReversed(e *Entry, a *Account, f *OrderReversed, out *Outcome) {
	l.book.PutOrder(e.Request.Caller, f.Order, Order{Account: a.ID, N: f.N, Reversed: true})
	out.Decision = NoDecision
	if f.N == 0 {
		out.Tombstone = true
		return
	}
	h := l.authorization(a, f.N)
	wasOpen, line := h.State.Open(), a.Line(h.Scene)
	if f.Released > 0 {
		a.release(h, f.Released, e.Time, false)
	}
	if f.Refunded > 0 {
		h.Refunded += f.Refunded
		h.Refunds = append(h.Refunds, Refund{f.Refunded, e.Time})
		line.Posted -= f.Refunded
	}
	h.Lapsed, h.Updated = 0, e.Time
	if h.State != Declined {
		h.State = Reversed
	}
	out.Released, out.Refunded = f.Released, f.Refunded
	out.Authorization = h.clone()
	l.settle(a, h, wasOpen)
}
