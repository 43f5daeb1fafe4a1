package terms

import (
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// YearDays is how many times a daily rate counts in a year, where it is held against the annual cap.
const YearDays = 365

// Never is a day past due that does not come.
const Never = 0

// Terms are the product's parameters. What Parse answers with keeps every rule of the package.
type Terms struct {
	Version        string
	Currency       money.Currency
	MinorDigits    int  // digits of an amount after the point
	AnnualCap      Rate // a year, of all charges together; whole hundredths of a percent
	Authorizations Authorizations
	Window         Window
	Repayment      Repayment
	MinimumDue     MinimumDue
	Penalty        Penalty
	Delinquency    Delinquency
	Installments   Installments
	Points         Points
}

// Authorizations are the parameters of holds, captures and requests. Durations are whole seconds.
type Authorizations struct {
	HoldLifetime     [3]time.Duration // of a top-up, a bill and a bundle
	ShortestLifetime time.Duration
	LongestLifetime  time.Duration // from creation, extensions included
	LongestSubmitted time.Duration
	LateCapture      time.Duration // after expiry
	MostOpenHolds    int           // of one account
	MostParts        int           // captures, and refunds, of one authorization
	Tolerance        Rate          // of what was authorized; whole hundredths of a percent
	RequestsKept     time.Duration
}

// Window says when what was captured is billed and due.
type Window struct {
	DaysUntilDue        int // from the day on which a window opens
	DefaultStatementDay int // of the month, 1 to 28
	DueOnRestDay        RestDayRule
	RestWeekdays        []Weekday       // ascending
	RestDates           []calendar.Date // ascending
}

// RestDayRule says what becomes of a due date on a day of rest.
type RestDayRule uint8

// The rules of due dates on days of rest.
const (
	Stays RestDayRule = iota + 1
	DayBefore
	DayAfter
)

var restDayRules = []string{"stays", "day_before", "day_after"}

// Weekday is a day of the week by ISO 8601: 1 is Monday, 7 is Sunday.
type Weekday uint8

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func (d Weekday) String() string { return document.NameOf(weekdays, d) }

// WeekdayOf is the day of the week of a date.
func WeekdayOf(d calendar.Date) Weekday { return Weekday((int(d)%7+7+3)%7 + 1) } // day 0 was a Thursday

// Rests says whether a date is a day of rest.
func (w *Window) Rests(d calendar.Date) bool {
	_, listed := slices.BinarySearch(w.RestDates, d)
	return listed || slices.Contains(w.RestWeekdays, WeekdayOf(d))
}

// Due is the date on which a window is due that would be due on a date, if that is no day of rest.
func (w *Window) Due(d calendar.Date) calendar.Date {
	step := 0
	switch w.DueOnRestDay {
	case DayBefore:
		step = -1
	case DayAfter:
		step = 1
	case Stays:
		return d
	}
	for w.Rests(d) {
		d = d.AddDays(step)
	}
	return d
}

// Repayment says what a payment pays, and when it is collected.
type Repayment struct {
	Allocation            []Part // all of them, in the order in which they are paid inside a window
	PrincipalFirstFromDay int    // past due; Never
	RetryDays             []int  // after the due date, ascending
	Collect               Collect
	CarrierReportDays     int // after the month of a collection, in which a carrier reports what its bill brought
}

// defaultReportDays is what documents mean that are older than carrier_report_days.
const defaultReportDays = 35

// Collect says what is collected of a debt on its first due date.
type Collect uint8

// What can be collected.
const (
	CollectStatement Collect = iota + 1 // all that is owed of it
	CollectMinimum                      // what is left of its minimum
)

var collects = []string{"statement", "minimum"}

// Part is a part of what is owed.
type Part uint8

// The parts of what is owed.
const (
	PenaltyPart Part = iota + 1
	InterestPart
	FeePart
	PrincipalPart
)

var parts = []string{"penalty", "interest", "fee", "principal"}

// MinimumDue is the choice of paying a part of a statement and carrying the rest.
type MinimumDue struct {
	Rate              Rate // of the revolving principal that is due; 0 when statements are paid in full
	DailyInterestRate Rate // a day, on what is carried
}

// Penalty is what overdue principal costs.
type Penalty struct {
	DailyRate      Rate         // a day
	SmallestCharge money.Amount // when any has accrued
}

// Delinquency says what happens on which day past due.
type Delinquency struct {
	Buckets                   []Bucket // without gaps, from day 1 to ChargeOffAfterDay
	StopAuthorizationsFromDay int
	FreezeFromDay             int // Never
	NoticeDays                []int
	QuietHours                Hours // of the business zone, in which no notice is issued
	ChargeOffAfterDay         int
	CuringRestores            []Restored // ascending
}

// Bucket is a range of days past due, with both ends.
type Bucket struct {
	Name    string
	FromDay int
	ToDay   int
}

// Restored is something that is as before once nothing is past due.
type Restored uint8

// What curing can restore.
const (
	RestoresAuthorizations Restored = iota + 1 // new ones are decided again
	RestoresAccount                            // it is no longer frozen, where delinquency had frozen it
	RestoresPlans                              // an accelerated plan is billed by its schedule again
)

var restored = []string{"authorizations", "account", "plans"}

// Installments are the plans that a consumer may choose, and what becomes of them.
type Installments struct {
	Offers            []Offer    // by months, then by method; no two have both in common
	EarlyPayoffFees   plan.Share // of the fees not yet billed, which an early payoff pays
	Refunds           RefundRule
	AccelerateFromDay int // past due; Never
}

// Payer is who pays for a plan.
type Payer uint8

// Who can pay for a plan.
const (
	Consumer Payer = iota + 1
	Carrier
)

var payers = []string{"consumer", "carrier"}

func (p Payer) String() string { return document.NameOf(payers, p) }

// RefundRule says how a refund changes a plan's installments that are not yet billed.
type RefundRule uint8

// SpreadEqually is the rule of plan.Refund: what is left is spread again over the same months. There is no other yet.
const SpreadEqually RefundRule = 1

var refundRules = []string{"spread_equally"}

// Offer is a plan that may be chosen.
type Offer struct {
	plan.Offer
	PaidBy            Payer
	SmallestPrincipal money.Amount
}

// tenors are the months that an offer may have.
var tenors = []int{3, 6, 12, 24}

// methods are named as plan.Method names them.
var methods = []string{plan.MethodFlatFee.String(), plan.MethodAnnuity.String(), plan.MethodInterestFree.String()}

// Name tells an offer from the others of its terms.
func (o Offer) Name() string { return o.Method.String() + " " + document.WriteNumber(o.Months) }

// Offer is the offer of a method and a number of months, if there is one.
func (t *Terms) Offer(method plan.Method, months int) (Offer, bool) {
	for _, o := range t.Installments.Offers {
		if o.Method == method && o.Months == months {
			return o, true
		}
	}
	return Offer{}, false
}

// Bucket is the bucket of a number of days past due, if there is one: there is none for 0, nor after the charge-off.
func (t *Terms) Bucket(daysPastDue int) (Bucket, bool) {
	for _, b := range t.Delinquency.Buckets {
		if daysPastDue >= b.FromDay && daysPastDue <= b.ToDay {
			return b, true
		}
	}
	return Bucket{}, false
}

// Clone is a copy that shares nothing.
func (t *Terms) Clone() *Terms {
	c := *t
	c.Window.RestWeekdays, c.Window.RestDates = slices.Clone(t.Window.RestWeekdays), slices.Clone(t.Window.RestDates)
	c.Repayment.Allocation, c.Repayment.RetryDays = slices.Clone(t.Repayment.Allocation), slices.Clone(t.Repayment.RetryDays)
	c.Delinquency.Buckets, c.Delinquency.NoticeDays = slices.Clone(t.Delinquency.Buckets), slices.Clone(t.Delinquency.NoticeDays)
	c.Delinquency.CuringRestores = slices.Clone(t.Delinquency.CuringRestores)
	c.Installments.Offers = slices.Clone(t.Installments.Offers)
	return &c
}
