package terms

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// rules are what must hold between fields. A rule is asked only when every field that it speaks of is good, so that no
// fault is told twice.
type rules struct {
	r *document.Reader
	t *Terms

	accepted bool // the document was accepted before: what takes long is not asked again
}

func (c *rules) check() {
	c.lifetimes()
	c.restDays()
	c.dailyRates()
	c.buckets()
	c.pastDue()
	c.offers()
	c.points()
}

// fault is a fault of a field that is there.
func (c *rules) fault(path, format string, args ...any) {
	c.r.Fault(path, format, args...)
}

func (c *rules) lifetimes() {
	a := &c.t.Authorizations
	const group = "authorizations."
	if c.r.Good(group+"shortest_lifetime", group+"longest_lifetime") {
		if a.ShortestLifetime > a.LongestLifetime {
			c.fault(group+"shortest_lifetime", "is %s, longer than longest_lifetime of %s",
				document.WriteDuration(a.ShortestLifetime), document.WriteDuration(a.LongestLifetime))
		} else {
			c.holdLifetimes()
		}
	}
	if c.r.Good(group+"longest_lifetime", group+"longest_submitted", group+"late_capture", group+"requests_kept") {
		if least := a.LongestLifetime + a.LongestSubmitted + a.LateCapture; a.RequestsKept < least {
			c.fault(group+"requests_kept", "is %s, less than the %s of longest_lifetime, longest_submitted and late_capture together: a"+
				" capture that is sent again could count twice", document.WriteDuration(a.RequestsKept), document.WriteDuration(least))
		}
	}
}

func (c *rules) holdLifetimes() {
	a := &c.t.Authorizations
	for i, scene := range []string{"topup", "bill", "bundle"} {
		path := "authorizations.hold_lifetime." + scene
		if d := a.HoldLifetime[i]; c.r.Good(path) && (d < a.ShortestLifetime || d > a.LongestLifetime) {
			c.fault(path, "is %s, not within shortest_lifetime of %s and longest_lifetime of %s",
				document.WriteDuration(d), document.WriteDuration(a.ShortestLifetime), document.WriteDuration(a.LongestLifetime))
		}
	}
}

func (c *rules) restDays() {
	w := &c.t.Window
	if !c.r.Good("window.due_on_rest_day", "window.rest_weekdays", "window.rest_dates") || w.DueOnRestDay == Stays {
		return
	}
	switch {
	case len(w.RestWeekdays) == len(weekdays):
		c.fault("window.rest_weekdays", "all days are days of rest, and due_on_rest_day is %s: no day would be left", document.NameOf(restDayRules, w.DueOnRestDay))
	case len(w.RestWeekdays)+len(w.RestDates) == 0:
		c.fault("window.due_on_rest_day", "is %s, and there are no days of rest", document.NameOf(restDayRules, w.DueOnRestDay))
	case c.r.Good("window.days_until_due") && w.DueOnRestDay == DayBefore:
		// A window closes with its 31st day at the latest, and there must be a day after that.
		if most := w.DaysUntilDue - 32; w.longestRest() > most {
			c.fault("window.due_on_rest_day", "is day_before, and %d days of rest follow each other: a window of %d days could be due"+
				" before it is closed", w.longestRest(), w.DaysUntilDue)
		}
	}
}

// longestRest is how many days of rest follow each other at most.
func (w *Window) longestRest() int {
	longest := 0
	run := func(d calendar.Date) {
		n := 0
		for d = w.Due(d); w.Rests(d.AddDays(n + 1)); {
			n++
		}
		longest = max(longest, n)
	}
	for d := range calendar.Date(len(weekdays)) {
		run(d) // of every week
	}
	for _, d := range w.RestDates {
		run(d)
	}
	return longest
}

// dailyRates holds rates by the day against the cap.
func (c *rules) dailyRates() {
	m, p := &c.t.MinimumDue, &c.t.Penalty
	c.capped("minimum_due.daily_interest_rate", m.DailyInterestRate)
	c.capped("penalty.daily_rate", p.DailyRate)
	if c.r.Good("minimum_due.rate", "minimum_due.daily_interest_rate") && m.Rate == 0 && m.DailyInterestRate > 0 {
		c.fault("minimum_due.daily_interest_rate", "is %s, and minimum_due.rate is off: nothing is carried", m.DailyInterestRate)
	}
	if c.r.Good("minimum_due.rate", "repayment.collect") && m.Rate == 0 && c.t.Repayment.Collect == CollectMinimum {
		c.fault("repayment.collect", "is minimum, and minimum_due.rate is off: statements are paid in full")
	}
	if c.r.Good("penalty.daily_rate", "penalty.smallest_charge") && p.DailyRate == 0 && p.SmallestCharge > 0 {
		c.fault("penalty.smallest_charge", "is %s, and penalty.daily_rate is off", c.t.Money(p.SmallestCharge))
	}
}

func (c *rules) capped(path string, daily Rate) {
	if c.r.Good(path, "annual_cap") && daily*YearDays > c.t.AnnualCap {
		c.fault(path, "is %s a day, %s in %d days: more than annual_cap of %s", daily, daily*YearDays, YearDays, c.t.AnnualCap)
	}
}

func (c *rules) buckets() {
	d := &c.t.Delinquency
	const group = "delinquency.buckets"
	next, sound := 1, true
	for i, b := range d.Buckets {
		path := fmt.Sprintf("%s[%d]", group, i)
		if same := slices.IndexFunc(d.Buckets[:i], func(o Bucket) bool { return o.Name == b.Name }); same >= 0 && c.r.Good(path+".name") {
			c.fault(path+".name", "is %s, as that of %s[%d]", b.Name, group, same)
		}
		if !c.r.Good(path+".from_day", path+".to_day") {
			next, sound = b.ToDay+1, false // what follows is compared where it can be
			continue
		}
		switch {
		case next > 1 && b.FromDay > next:
			c.fault(path+".from_day", "is %d, and the bucket before ends with day %d: a gap", b.FromDay, next-1)
		case next > 1 && b.FromDay < next:
			c.fault(path+".from_day", "is %d, and the bucket before ends with day %d: they overlap", b.FromDay, next-1)
		case i == 0 && b.FromDay != 1:
			c.fault(path+".from_day", "is %d: the first bucket begins with day 1", b.FromDay)
		}
		if b.ToDay < b.FromDay {
			c.fault(path+".to_day", "is %d, before from_day, %d", b.ToDay, b.FromDay)
		}
		next = b.ToDay + 1
	}
	if sound && len(d.Buckets) > 0 && c.r.Good("delinquency.charge_off_after_day") && next-1 != d.ChargeOffAfterDay {
		c.fault(fmt.Sprintf("%s[%d].to_day", group, len(d.Buckets)-1), "is %d: the last bucket ends with charge_off_after_day, %d", next-1, d.ChargeOffAfterDay)
	}
}

// pastDue is the order of what happens to who does not pay: nothing comes after the charge-off.
func (c *rules) pastDue() {
	d := &c.t.Delinquency
	const stop, freeze = "delinquency.stop_authorizations_from_day", "delinquency.freeze_from_day"
	if c.r.Good(stop, freeze) && d.FreezeFromDay != Never && d.FreezeFromDay < d.StopAuthorizationsFromDay {
		c.fault(freeze, "is %d, before stop_authorizations_from_day, %d: a frozen account has no new authorizations",
			d.FreezeFromDay, d.StopAuthorizationsFromDay)
	}
	last := func(days []int) int { return append([]int{0}, days...)[len(days)] }
	for _, f := range []struct {
		path string
		day  int
	}{
		{"repayment.principal_first_from_day", c.t.Repayment.PrincipalFirstFromDay},
		{"repayment.retry_days", last(c.t.Repayment.RetryDays)},
		{stop, d.StopAuthorizationsFromDay},
		{freeze, d.FreezeFromDay},
		{"delinquency.notice_days", last(d.NoticeDays)},
		{"installments.accelerate_from_day", c.t.Installments.AccelerateFromDay},
	} {
		if c.r.Good(f.path, "delinquency.charge_off_after_day") && f.day > d.ChargeOffAfterDay {
			c.fault(f.path, "has day %d, which is after charge_off_after_day, %d", f.day, d.ChargeOffAfterDay)
		}
	}
}

func (c *rules) offers() {
	for i, o := range c.t.Installments.Offers {
		path := fmt.Sprintf("installments.offers[%d]", i)
		good := c.r.Good(path+".method", path+".months")
		if same := c.sameOffer(i); good && same >= 0 {
			c.fault(path+".months", "is %d, and %s over so many months is installments.offers[%d] already", o.Months, o.Method, same)
		}
		payer := Consumer
		if o.Method == plan.MethodInterestFree {
			payer = Carrier
		}
		if c.r.Good(path+".method", path+".paid_by") && o.PaidBy != payer {
			c.fault(path+".paid_by", "is %s: %s is paid by the %s", o.PaidBy, o.Method, payer)
		}
		price := path + ".fee_per_month"
		if o.Method == plan.MethodAnnuity {
			price = path + ".annual_rate"
		}
		if !c.accepted && good && c.r.Good(price, path+".smallest_principal", "currency", "minor_digits", "annual_cap") {
			c.offerCapped(price, o)
		}
	}
}

// sameOffer is an offer before the i-th with the same method and months, or -1.
func (c *rules) sameOffer(i int) int {
	offers := c.t.Installments.Offers
	return slices.IndexFunc(offers[:i], func(o Offer) bool { return o.Method == offers[i].Method && o.Months == offers[i].Months })
}
