package ledger

import (
	"math"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// judgeRisk asks the risk policy that is in force, and its shadow, about a purchase. It finds what the policy has against
// it, and how much of it the policy leaves. What they said is kept for the fact.
func (l *Ledger) judgeRisk(a *Account, q question, reasons *Reasons) (room money.Amount) {
	room = math.MaxInt64
	p := l.inForce()
	if p == nil {
		return room
	}
	l.featuresOf(a, q)
	l.verdict = p.Decide(&l.set)
	l.verdict.Policy, l.verdict.Hash = p.Version(), l.set.Hash()
	if shadow := l.shadow(); shadow != nil {
		l.shadowed = shadow.Decide(&l.set)
		l.shadowed.Policy = shadow.Version()
	}
	switch v := &l.verdict; v.Action {
	case ActionDecline:
		reasons.Add(RiskPolicy)
		room = 0 // a smaller amount is not asked about
	case ActionCap:
		if room = max(0, v.Cap-q.already); q.Amount > room {
			reasons.Add(RiskPolicy)
		}
	}
	return room
}

// featuresOf fills in what a policy may ask about a purchase, as things stand before it; or, for the zero Purchase, about an
// account.
func (l *Ledger) featuresOf(a *Account, q question) {
	clear(l.set.Numbers[:])
	n, b := &l.set.Numbers, &a.Billing
	n[feature.OrderAmount] = int64(q.already + q.Amount)
	n[feature.OrderMonths] = int64(q.Plan.Months)
	n[feature.OrderHour] = int64(l.minute() / 60)
	n[feature.OrderWeekday] = int64((l.today+3)%7 + 1) // day 0, 1970-01-01, was a Thursday
	l.set.SetFlag(feature.OrderByMandate, q.Mandate != 0)
	l.set.SetFlag(feature.OrderPaysBill, q.Bill != "")
	n[feature.AccountAgeDays] = int64(l.now-a.Created) / int64(24*time.Hour)
	h := a.Headroom(q.Scene, l.today)
	n[feature.AccountLimit], n[feature.AccountHeld], n[feature.AccountPosted] = int64(h.AccountLimit), int64(h.AccountHeld), int64(h.AccountPosted)
	n[feature.AccountAvailable] = int64(h.AccountAvailable())
	n[feature.AccountUtilisation] = percentOf(h.AccountHeld+h.AccountPosted, h.AccountLimit)
	n[feature.AccountOpenHolds] = int64(len(a.Holds))
	n[feature.AccountDaysPastDue] = int64(b.DaysPastDue(l.today))
	n[feature.AccountOwed] = int64(b.Balance())
	n[feature.AccountOverdue] = int64(b.Overdue(l.today))
	n[feature.AccountStatements] = int64(b.Statements)
	a.Conduct.features(&l.set, b.DaysPastDue(l.today))
	n[feature.LineLimit], n[feature.LineAvailable] = int64(h.Limit), int64(h.Available)
	n[feature.LineUtilisation] = percentOf(h.Held+h.Posted, h.Limit)
	a.Velocity.count(&l.set, l.now, q.Phone, q.Carrier)
	l.set.Texts = [feature.Texts]string{
		feature.OrderScene: q.Scene.String(), feature.OrderCarrier: string(q.Carrier), feature.OrderPhone: string(q.Phone),
		feature.OrderCurrency: string(a.Currency), feature.AccountGrade: a.Risk.Grade,
	}
}

// FeaturesBefore are what decision rules may ask about an order that a fact decides, as things stood before it. The
// account must not have absorbed the fact. For what was decided once to be decided again.
func (l *Ledger) FeaturesBefore(e *Entry, a *Account, f *OrderDecided) *feature.Set {
	l.now, l.today = e.Time, l.zone.DateAt(e.Time)
	p := Purchase{
		Account: a.ID, Scene: f.Scene, Carrier: f.Carrier, Phone: f.Phone, Amount: f.Requested, Bill: f.Bill, Mandate: f.Mandate,
		Currency: f.Currency, Order: f.Order,
	}
	p.Plan.Months = f.Plan.Months
	l.featuresOf(a, question{Purchase: &p})
	return &l.set
}

// minute is the minute of the day, reckoned once for all that is decided at an instant.
func (l *Ledger) minute() int {
	if l.minuteAt != l.now {
		l.minuteAt, l.minuteOf = l.now, l.zone.Minute(l.now)
	}
	return l.minuteOf
}

// percentOf is a part of a whole in percent, rounded down; 100 of a whole that is nothing.
func percentOf(part, whole money.Amount) int64 {
	if whole <= 0 {
		return 100
	}
	if part > math.MaxInt64/100 {
		return int64(part / (whole/100 + 1))
	}
	return int64(part) * 100 / int64(whole)
}

// Overdue is what is owed of windows whose due date is over on a day.
func (b *Billing) Overdue(today calendar.Date) (sum money.Amount) {
	for i := range b.Debts {
		if x := &b.Debts[i]; x.Overdue && x.PayBy() < today {
			sum += x.Total()
		}
	}
	return sum
}
