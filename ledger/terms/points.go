package terms

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Points say what points are worth, for how long, and what they are earned for. The zero Points are terms without any.
type Points struct {
	Worth         money.Amount // that Per points pay
	Per           int
	Fewest        int  // that an order may be paid with
	MostShare     Rate // of an order that they may pay; whole hundredths of a percent
	ValidMonths   int
	ExpireWith    ExpireWith
	GraceDays     int // of those that come back after their last day
	EarnedOn      EarnedOn
	EarnedPerUnit int // for each major unit
}

// ExpireWith says with what points expire.
type ExpireWith uint8

// What points can expire with.
const (
	ExpireWithDay   ExpireWith = iota + 1 // the day, so many months on
	ExpireWithMonth                       // the last day of that month: few lots, and one date to tell the consumer
)

var expireWiths = []string{"day", "month"}

// EarnedOn says what points are earned on.
type EarnedOn uint8

// What points can be earned on.
const (
	EarnedNever EarnedOn = iota + 1
	EarnedOnCapture
	EarnedOnRepayment
)

var earnedOns = []string{"never", "capture", "repayment"}

// Offered says whether there are points at all.
func (p *Points) Offered() bool { return p.Per > 0 }

// Until is the last day of points that are given on a day.
func (p *Points) Until(day calendar.Date) calendar.Date {
	month := day.Month() + calendar.Month(p.ValidMonths)
	end := (month + 1).First() - 1
	if p.ExpireWith == ExpireWithMonth {
		return end
	}
	return min(month.First().AddDays(day.DayOfMonth()-1), end)
}

// mostPoints bounds numbers of points in a document.
const mostPoints = 1_000_000

func pointsFields(t *Terms) []document.Field {
	p := &t.Points
	return []document.Field{
		{Key: "worth", Leaf: amount(t, &p.Worth, 1, 1_000_000_000),
			About: "What so many points pay of an order. What they pay is not lent, and the carrier has it from us all the same."},
		{Key: "per", Leaf: document.Number(&p.Per, 1, mostPoints), About: "How many points that is."},
		{Key: "fewest", Leaf: document.Number(&p.Fewest, 1, mostPoints),
			About: "The fewest that an order can be paid with, if with any."},
		{Key: "most_share", Leaf: document.Share(&p.MostShare, basisPoint, 100*percent, basisPoint, false),
			About: "The most of an order that points may pay."},
		{Key: "valid_months", Leaf: document.Number(&p.ValidMonths, 1, 120),
			About: "How long points can be spent that are earned, or granted without a date."},
		{Key: "expire_with", Leaf: document.Choice(&p.ExpireWith, expireWiths),
			About: "day: they expire when that day of the month is over; month: with the last day of that month."},
		{Key: "grace_days", Leaf: document.Number(&p.GraceDays, 0, mostDays),
			About: "Days from the day on which points come back, by a refund or because a hold ends, when their own last day is over by then."},
		{Key: "earned_on", Leaf: document.Choice(&p.EarnedOn, earnedOns),
			About: "What points are earned on: never; capture: what is lent of an order; repayment: principal that is repaid."},
		{Key: "earned_per_unit", Leaf: document.Number(&p.EarnedPerUnit, 0, 10_000),
			About: "Points for each whole unit of the currency, such as 1 CNY; fractions of a point are dropped."},
	}
}

func (c *rules) points() {
	const on, per = "points.earned_on", "points.earned_per_unit"
	if p := &c.t.Points; c.r.Good(on, per) && (p.EarnedOn == EarnedNever) != (p.EarnedPerUnit == 0) {
		c.fault(per, "is %d, and earned_on is %s", p.EarnedPerUnit, document.NameOf(earnedOns, p.EarnedOn))
	}
}

// Earned is how many points are earned for an amount, if it is what they are earned on.
func (t *Terms) Earned(on EarnedOn, a money.Amount) int64 {
	if t.Points.EarnedOn != on || a <= 0 {
		return 0
	}
	unit := int64(1)
	for range t.MinorDigits {
		unit *= 10
	}
	return int64(a.Times(int64(t.Points.EarnedPerUnit), unit))
}
