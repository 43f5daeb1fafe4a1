package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// AccountStatus is the life cycle of an account.
type AccountStatus uint8

// The statuses of an account. Their numbers are those of the API and of the journal.
const (
	NoAccountStatus AccountStatus = iota
	AccountActive
	AccountFrozen
	AccountClosed
)

// LineStatus is the life cycle of a line.
type LineStatus uint8

// The statuses of a line. NoLine is a line that was never opened.
const (
	NoLine LineStatus = iota
	LineOpen
	LineClosed
)

// Account is one consumer's credit: the aggregate that a decision loads.
type Account struct {
	ID           AccountID
	Sequence     uint64 // of the last entry absorbed
	Consumer     ConsumerToken
	Status       AccountStatus
	StatusReason string
	Currency     money.Currency
	Limit        money.Amount
	Temporary    TemporaryLimit
	Created      calendar.Instant
	Updated      calendar.Instant
	LastN        uint32 // number of the newest authorization
	Lines        [Scenes]Line
	Holds        []Authorization // open ones, oldest first
	Billing      Billing
	Mandates     []Mandate  // in order of their numbers
	LastMandate  uint32     // number of the newest mandate
	Bills        []PaidBill // the newest last, at most MostPaidBills
	Velocity     Velocity
	Conduct      Conduct
	Risk         Risk
	Wallet       *Wallet // nil until there have been points; nobody changes it in place
}

// Line is a scene's share of the account's limit. Held is the sum of its open holds, Posted what was captured and
// not yet refunded or repaid, both but for what points pay.
type Line struct {
	Status    LineStatus
	Limit     money.Amount
	Temporary TemporaryLimit
	Held      money.Amount
	Posted    money.Amount
	Holds     int32 // how many open holds
	Agreement string
	Accepted  string
	Controls  Controls
	Use       Use
}

// TemporaryLimit is a raised limit that ends with a civil day. The zero value is no raise.
type TemporaryLimit struct {
	Limit   money.Amount
	LastDay calendar.Date
}

// at is the limit on a day: the raised one while it lasts, if it is above the ordinary one.
func (t TemporaryLimit) at(ordinary money.Amount, today calendar.Date) money.Amount {
	if t.Limit > ordinary && today <= t.LastDay {
		return t.Limit
	}
	return ordinary
}

// Active says whether the raise still lasts on the day.
func (t TemporaryLimit) Active(today calendar.Date) bool { return t.Limit > 0 && today <= t.LastDay }

// Line is the line of a scene, which must be valid.
func (a *Account) Line(s Scene) *Line { return &a.Lines[s-1] }

// Held is the sum of all open holds.
func (a *Account) Held() (sum money.Amount) {
	for i := range a.Lines {
		sum += a.Lines[i].Held
	}
	return sum
}

// Posted is the sum of what is posted on all lines.
func (a *Account) Posted() (sum money.Amount) {
	for i := range a.Lines {
		sum += a.Lines[i].Posted
	}
	return sum
}

// Headroom is what a line and its account have left on a day.
type Headroom struct {
	Limit, Held, Posted, Available           money.Amount // of the line
	AccountLimit, AccountHeld, AccountPosted money.Amount
}

// AccountAvailable is what the account has left, whatever its lines say.
func (h Headroom) AccountAvailable() money.Amount {
	return h.AccountLimit - h.AccountHeld - h.AccountPosted
}

// OverLimit says that more is used than there is.
func (h Headroom) OverLimit() bool { return h.Available < 0 }

// Headroom is what the line of a scene has left on the day. For NoScene the line's figures are the account's.
func (a *Account) Headroom(s Scene, today calendar.Date) Headroom {
	h := Headroom{
		AccountLimit:  a.Temporary.at(a.Limit, today),
		AccountHeld:   a.Held(),
		AccountPosted: a.Posted(),
	}
	if !s.Valid() {
		h.Limit, h.Held, h.Posted, h.Available = h.AccountLimit, h.AccountHeld, h.AccountPosted, h.AccountAvailable()
		return h
	}
	l := a.Line(s)
	h.Limit, h.Held, h.Posted = l.Temporary.at(l.Limit, today), l.Held, l.Posted
	h.Available = min(h.Limit-h.Held-h.Posted, h.AccountAvailable())
	return h
}

// NextDeadline is when time next does something to the account: the first open hold expires, a window closes, points expire. 0
// when never.
func (a *Account) NextDeadline() calendar.Instant {
	next := a.Billing.Agenda
	for i := range a.Holds {
		if at := a.Holds[i].Expires; next == 0 || at < next {
			next = at
		}
	}
	if w := a.Wallet; w != nil && w.Due != 0 && (next == 0 || w.Due < next) {
		next = w.Due
	}
	return next
}

// hold finds an open hold by its number; nil when it is not open.
func (a *Account) hold(n uint32) *Authorization {
	for i := range a.Holds {
		if a.Holds[i].N == n {
			return &a.Holds[i]
		}
	}
	return nil
}

// Open is the open authorization with the number, and whether there is one.
func (a *Account) Open(n uint32) (Authorization, bool) {
	if h := a.hold(n); h != nil {
		return h.clone(), true
	}
	return Authorization{}, false
}

// Clone is a copy that shares no memory that can change.
func (a *Account) Clone() *Account {
	c := *a
	c.Holds = make([]Authorization, len(a.Holds))
	for i := range a.Holds {
		c.Holds[i] = a.Holds[i].clone()
	}
	for i := range c.Lines {
		c.Lines[i].Controls = a.Lines[i].Controls.clone()
	}
	c.Billing = a.Billing.clone()
	c.Mandates, c.Bills = slices.Clone(a.Mandates), slices.Clone(a.Bills)
	c.Velocity = a.Velocity.clone()
	c.Conduct.Warnings = slices.Clone(a.Conduct.Warnings)
	return &c
}
