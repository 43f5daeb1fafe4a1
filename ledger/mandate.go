package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Mandate lets the bill of a phone be paid on credit each month, up to a cap, as the carrier presents it. Whether a bill is
// paid is decided like any order; the mandate only adds what it allows.
type Mandate struct {
	N       uint32
	Carrier CarrierID
	Phone   PhoneToken
	Cap     money.Amount // that a bill may come to
	Since   calendar.Date
	Month   calendar.Month // of the last bill that was approved by it; 0 when there is none
	Last    uint32         // the authorization of that bill

	// What the consumer has to be told of: bills that were declined since the last that was approved.
	Declined uint32 // the authorization of the newest; 0 when there is none
	Declines uint32 // how many

	Ended  calendar.Date // 0 while it lasts
	Reason string        // why it ended
}

// MaxMandates is how many mandates an account may have, and of how many that have ended it remembers the newest.
const MaxMandates = 16

// mandate finds a mandate that lasts by its number.
func (a *Account) mandate(n uint32) *Mandate {
	for i := range a.Mandates {
		if a.Mandates[i].N == n && a.Mandates[i].Ended == 0 {
			return &a.Mandates[i]
		}
	}
	return nil
}

// setMandate makes a mandate, or gives the one of the same phone and carrier another cap.
func (l *Ledger) setMandate(c *SetMandate) Outcome {
	a, f := l.changeable(c.Account)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	if f != nil {
		return refused(f)
	}
	if a.Line(Bill).Status != LineOpen {
		return lineNotOpen(a.ID, Bill)
	}
	at := slices.IndexFunc(a.Mandates, func(m Mandate) bool { return m.Ended == 0 && m.Carrier == c.Carrier && m.Phone == c.Phone })
	m := Mandate{N: a.LastMandate + 1, Carrier: c.Carrier, Phone: c.Phone, Cap: c.Cap, Since: l.today}
	switch {
	case at >= 0:
		m = a.Mandates[at]
		m.Cap = c.Cap
	case len(a.Mandates)-a.mandatesEnded() == MaxMandates:
		return refused(fault(FailedPrecondition, "TOO_MANY_MANDATES", "account %s has %d mandates already", a.ID, MaxMandates).named(a.ID.String()))
	}
	return l.post(&MandateSet{Account: a.ID, Mandate: m})
}

// endMandate ends a mandate.
func (l *Ledger) endMandate(c *EndMandate) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	if a.mandate(c.Mandate) == nil {
		return refused(fault(NotFound, "MANDATE_NOT_FOUND", "account %s has no such mandate", a.ID).on("mandate_id").named(a.ID.String()))
	}
	return l.post(&MandateEnded{Account: a.ID, N: c.Mandate, Reason: c.Reason, Day: l.today})
}

// endMandates ends all mandates of an account, because what they pay from ends.
func (l *Ledger) endMandates(a *Account, reason string) {
	for _, f := range l.mandatesOf(a, reason) {
		l.lapse(f)
	}
}

// mandatesOf are the ends of all mandates of an account that last.
func (l *Ledger) mandatesOf(a *Account, reason string) (ends []Fact) {
	for i := range a.Mandates {
		if m := &a.Mandates[i]; m.Ended == 0 {
			ends = append(ends, &MandateEnded{Account: a.ID, N: m.N, Reason: reason, Day: l.today})
		}
	}
	return ends
}

func (a *Account) mandatesEnded() (n int) {
	for i := range a.Mandates {
		if a.Mandates[i].Ended != 0 {
			n++
		}
	}
	return n
}

// judgeMandate finds what a mandate has against a bill, and how much of it the mandate leaves.
func (l *Ledger) judgeMandate(a *Account, q question, reasons *Reasons) (room money.Amount) {
	m := a.mandate(q.Mandate)
	if m == nil || q.Scene != Bill || m.Carrier != q.Carrier || m.Phone != q.Phone {
		reasons.Add(MandateNotActive)
		return 0
	}
	room = m.Cap - q.already
	if q.already == 0 && m.Month == l.today.Month() {
		if last := l.viewed(a, m.Last); last.paysBill() {
			room = 0 // this month's has been paid, or is being paid
		}
	}
	if q.Amount > room {
		reasons.Add(MandateLimit)
	}
	return room
}

// foldMandate absorbs what is about mandates; false when the fact is about something else.
func (a *Account) foldMandate(f Fact) bool {
	switch f := f.(type) {
	case *MandateSet:
		if m := a.mandate(f.Mandate.N); m != nil {
			*m = f.Mandate
			break
		}
		a.Mandates = append(a.Mandates, f.Mandate)
		a.LastMandate = f.Mandate.N
	case *MandateEnded:
		a.endMandate(f)
	default:
		return false
	}
	return true
}

// endMandate marks a mandate as ended, and forgets the oldest of those that have when there are too many. Entries from before
// mandates were remembered say no day: these were dropped.
func (a *Account) endMandate(f *MandateEnded) {
	a.Mandates = slices.Clone(a.Mandates)
	if m := a.mandate(f.N); m != nil {
		m.Ended, m.Reason = f.Day, f.Reason
	}
	oldest := a.mandatesEnded() > MaxMandates
	a.Mandates = slices.DeleteFunc(a.Mandates, func(m Mandate) bool {
		if m.N == f.N && f.Day == 0 {
			return true
		}
		if oldest && m.Ended != 0 {
			oldest = false
			return true
		}
		return false
	})
}

// billed notes the authorization of a bill on its mandate.
func (a *Account) billed(f *OrderDecided) {
	m := a.mandate(f.Mandate)
	switch {
	case m == nil || f.Reasons.Has(MandateNotActive): // it is no bill of the mandate's
	case f.Kind == OrderDeclined:
		m.Declined = f.N
		m.Declines++
	default:
		m.Month, m.Last, m.Declined, m.Declines = f.Day.Month(), f.N, 0, 0
	}
}

func (c *SetMandate) fields(f *fingerprint) {
	f.kind(36)
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	f.str("carrier_id", string(c.Carrier))
	f.str("phone_token", string(c.Phone))
	f.int("monthly_cap", int64(c.Cap))
}

func (c *EndMandate) fields(f *fingerprint) {
	f.kind(37)
	f.int("account_id", int64(c.Account))
	f.int("mandate_id", int64(c.Mandate))
	f.str("reason", c.Reason)
}
