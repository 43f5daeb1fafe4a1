package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Commands on points.
type (
	// GrantPoints gives points to a consumer, on behalf of a partner. A last day of 0 is as the terms say.
	GrantPoints struct {
		Request
		Account   AccountID
		Points    Points
		LastDay   calendar.Date
		Reference string // the partner's own
		Reason    string
	}
	// GetPoints reads the points of an account.
	GetPoints struct{ Account AccountID }
	// ListPointsItems reads up to Limit items that changed points, with numbers below Before, newest first; 0 begins at the newest.
	ListPointsItems struct {
		Account AccountID
		Before  uint32
		Limit   int
	}
)

func (c *GrantPoints) fields(f *fingerprint) {
	f.kind(90)
	f.int("account_id", int64(c.Account))
	f.int("points", int64(c.Points))
	f.int("last_day", int64(c.LastDay))
	f.str("reference", c.Reference)
	f.str("reason", c.Reason)
}

func (*GetPoints) fields(*fingerprint)       {}
func (*ListPointsItems) fields(*fingerprint) {}

// mostGrantYears is how far ahead granted points may expire.
const mostGrantYears = 10

// mostGranted bounds what an account has ever been granted, so that no sum of points can overflow.
const mostGranted = Points(money.Max) * 1000

func pointsNotOffered(version string) *Fault {
	return fault(FailedPrecondition, "POINTS_NOT_OFFERED", "there are no points by terms %q", version)
}

func (l *Ledger) grantPoints(c *GrantPoints) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	t := l.termsOf(a.Billing.Terms)
	lot := Lot{c.LastDay, c.Points}
	if lot.Expires == 0 {
		lot.Expires = t.Points.Until(l.today)
	}
	switch {
	case !t.Points.Offered():
		return refused(pointsNotOffered(t.Version))
	case lot.Expires < l.today:
		return refused(fault(Invalid, "DAY_PASSED", "last_day %s has passed: today is %s", c.LastDay, l.today).on("last_day"))
	case lot.Expires > l.today.AddDays(366*mostGrantYears):
		return refused(fault(Invalid, "DAY_OUT_OF_RANGE", "last_day %s is more than %d years ahead", c.LastDay, mostGrantYears).on("last_day"))
	case a.Points().Ever.Granted > mostGranted:
		return refused(fault(FailedPrecondition, "TOO_MANY_POINTS", "account %s has been granted %d points", a.ID, a.Points().Ever.Granted).named(a.ID.String()))
	}
	p := l.purse(a, nil)
	p.grant(lot)
	d := l.desk(a, PointsGranted, l.today)
	d.booking.Reference, d.booking.Note = c.Reference, c.Reason
	d.numbered()
	return l.post(d.pointsFact(p))
}

// pointsFact is the desk's booking with what is done to points.
func (d *desk) pointsFact(p *purse) *Booked {
	f := d.fact()
	f.Points = p.done()
	return f
}

// expirePoints lets the points go whose last day is over first.
func (l *Ledger) expirePoints(a *Account) *Booked {
	p := l.purse(a, nil)
	p.expire()
	d := l.desk(a, PointsExpired, p.Expires+1)
	d.numbered()
	return d.pointsFact(p)
}

// lapsePoints lets the points go of an account that is closed; nil when it has none and owes none.
func (l *Ledger) lapsePoints(a *Account) Fact {
	w := a.Points()
	if w.Balance() == 0 {
		return nil
	}
	p := l.purse(a, nil)
	p.lapse()
	d := l.desk(a, PointsExpired, l.today)
	d.booking.Note = "account closed"
	d.numbered()
	return d.pointsFact(p)
}

// redemption is what points are to pay of a purchase: those that are asked for, but not more than what they pay takes.
func (l *Ledger) redemption(a *Account, q *Purchase) (part PointsPart, f *Fault) {
	if q.Points == 0 {
		return part, nil
	}
	t := l.termsOf(a.Billing.Terms)
	p := &t.Points
	if !p.Offered() {
		return part, pointsNotOffered(t.Version).on("points_to_redeem")
	}
	part = worth(p, q.Points)
	switch most := mostPaid(p, q.Amount); {
	case q.Points < Points(p.Fewest) || part.Worth == 0:
		f = fault(Invalid, "POINTS_OUT_OF_RANGE", "points_to_redeem is %d, fewer than %d or worth nothing", q.Points, p.Fewest)
	case part.Worth > most:
		f = fault(Invalid, "POINTS_OUT_OF_RANGE", "points_to_redeem would pay %d of an order of %d: at most %d", part.Worth, q.Amount, most)
	}
	if f != nil {
		return PointsPart{}, f.on("points_to_redeem")
	}
	return part, nil
}

// worth is what points pay, and how many that takes.
func worth(p *terms.Points, points Points) PointsPart {
	pays := money.Amount(points).Times(int64(p.Worth), int64(p.Per))
	return PointsPart{Points(pays.TimesUp(int64(p.Per), int64(p.Worth))), pays}
}

// mostPaid is what points may pay of an amount.
func mostPaid(p *terms.Points, amount money.Amount) money.Amount {
	const all = 1_000_000
	return amount.Times(int64(p.MostShare), all)
}

// advisedPart is what points pay of a sale that took place. They cannot be refused any more than the sale: what cannot be
// redeemed of what was asked for is lent.
func (l *Ledger) advisedPart(a *Account, q *Purchase) PointsPart {
	p := &l.termsOf(a.Billing.Terms).Points
	w := a.Points()
	if q.Points == 0 || !p.Offered() {
		return PointsPart{}
	}
	points := min(q.Points, w.Lots.Sum())
	if most := mostPaid(p, q.Amount); worth(p, points).Worth > most {
		points = Points((most+1).TimesUp(int64(p.Per), int64(p.Worth))) - 1 // one more would pay more
	}
	part := worth(p, points)
	if part.Worth == 0 || points < Points(p.Fewest) {
		return PointsPart{}
	}
	return part
}

// undone books what is released and refunded of an authorization, with what that does to points.
func (l *Ledger) undone(a *Account, h *Authorization, released, refunded money.Amount) (b *Booking, points *PointsBooking) {
	if a.Wallet == nil {
		if refunded > 0 {
			b = l.refunded(a, h, refunded, 0)
		}
		return b, nil
	}
	p := l.purse(a, h)
	p.release(released, h.Held)
	if refunded > 0 {
		p.refund(h, refunded)
		b = l.refunded(a, h, refunded, -p.Paid)
		p.unearn(b)
	}
	return b, p.ofOrder()
}

// rewarded is a repayment as a fact, with the points that are earned on the principal that it repays.
func (l *Ledger) rewarded(a *Account, d *desk) *Booked {
	f := d.fact()
	var repaid money.Amount
	for i := range f.Booking.Moves {
		if m := &f.Booking.Moves[i]; m.Part == PrincipalPart && (m.Against == BookCash || m.Against == BookCollected) {
			repaid -= m.Amount
		}
	}
	p := l.purse(a, nil)
	p.earn(terms.EarnedOnRepayment, repaid)
	f.Points = p.done()
	return f
}

// pointsCommand decides the commands on points; false when it is another command.
func (l *Ledger) pointsCommand(c Command) (Outcome, bool) {
	switch c := c.(type) {
	case *GrantPoints:
		return l.grantPoints(c), true
	case *GetPoints:
		a, f := l.account(c.Account)
		if f != nil {
			return refused(f), true
		}
		return Outcome{Today: l.today, ID: AuthorizationID{Account: a.ID}, Account: a.Clone()}, true
	case *ListPointsItems:
		return l.listPointsItems(c), true
	}
	return Outcome{}, false
}

// listPointsItems looks at a bounded number of items: a page may be short, and goes on where it ended.
func (l *Ledger) listPointsItems(c *ListPointsItems) Outcome {
	a, f := l.account(c.Account)
	if f != nil {
		return refused(f)
	}
	out := Outcome{Today: l.today, Currency: a.Currency, ID: AuthorizationID{Account: a.ID}, Billing: &BillingAnswer{}}
	n := a.Billing.Items
	if c.Before != 0 {
		n = min(n, c.Before-1)
	}
	for looked := 0; n > 0 && len(out.Billing.Items) < c.Limit && looked < mostLooked; n-- {
		looked++
		if i := l.book.Item(a.ID, n); i != nil && i.Points != nil {
			out.Billing.Items = append(out.Billing.Items, i.clone())
		}
	}
	if out.More = n > 0; out.More {
		out.Billing.Next.Item = n + 1 // those below it are next
	}
	return out
}
