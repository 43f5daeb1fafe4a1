package terms_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

func TestRandomTermsSurviveTheRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTerms(t)
		requireStable(t, want)
		other := drawTerms(t)
		changes := terms.Compare(want, other)
		require.Equal(t, len(changes) == 0, string(terms.Format(want)) == string(terms.Format(other)))
		for i, back := range terms.Compare(other, want) {
			if len(want.Installments.Offers)+len(other.Installments.Offers) > 0 {
				break // offers that are gone come before those that are new, whichever way one looks
			}
			require.Equal(t, terms.Change{Path: changes[i].Path, Old: changes[i].New, New: changes[i].Old}, back)
		}
	})
}

// drawTerms makes terms that keep every rule.
func drawTerms(t *rapid.T) *terms.Terms {
	within := func(low, high int, what string) int { return rapid.IntRange(low, high).Draw(t, what) }
	d := &terms.Terms{
		Version:     rapid.StringMatching(`[A-Za-z0-9._:-]{1,10}`).Draw(t, "version"),
		Currency:    money.Currency(rapid.StringMatching(`[A-Z]{3}`).Draw(t, "currency")),
		MinorDigits: within(0, 4, "digits"),
		AnnualCap:   terms.Rate(within(2000, 10_000, "cap")) * 100,
	}
	d.Authorizations = drawAuthorizations(t, within)
	d.Window = drawWindow(t, within)
	last := within(40, 3660, "charge off")
	day := func(what string) int { return within(0, last, what) }
	ascending := func(most int, what string) []int {
		list := rapid.SliceOfNDistinct(rapid.IntRange(1, most), 0, 24, rapid.ID).Draw(t, what)
		slices.Sort(list)
		return orNil(list)
	}
	d.Repayment = terms.Repayment{
		Allocation:            rapid.Permutation([]terms.Part{1, 2, 3, 4}).Draw(t, "allocation"),
		PrincipalFirstFromDay: day("principal first"),
		RetryDays:             ascending(last, "retries"),
		Collect:               terms.CollectStatement,
		CarrierReportDays:     within(1, 120, "carrier reports"),
	}
	daily := func(what string) terms.Rate {
		return terms.Rate(within(0, min(int(d.AnnualCap/terms.YearDays), 10_000), what))
	}
	if rapid.Bool().Draw(t, "minimum") {
		d.Repayment.Collect = terms.Collect(within(1, 2, "collect"))
		d.MinimumDue = terms.MinimumDue{Rate: terms.Rate(within(1, 1_000_000, "minimum rate")), DailyInterestRate: daily("interest")}
	}
	if d.Penalty.DailyRate = daily("penalty"); d.Penalty.DailyRate > 0 {
		d.Penalty.SmallestCharge = money.Amount(within(0, 1_000_000, "charge"))
	}
	stop := within(1, last, "stop")
	freeze := within(stop, last, "freeze")
	d.Delinquency = terms.Delinquency{
		StopAuthorizationsFromDay: stop,
		FreezeFromDay:             rapid.SampledFrom([]int{terms.Never, freeze}).Draw(t, "frozen"),
		NoticeDays:                ascending(last, "notices"),
		ChargeOffAfterDay:         last,
		CuringRestores:            some[terms.Restored](t, 3, "restores"),
	}
	if from, until := within(0, 1439, "from"), within(0, 1439, "until"); from != until {
		d.Delinquency.QuietHours = terms.Hours{From: terms.TimeOfDay(from), Until: terms.TimeOfDay(until)}
	}
	for next := 1; next <= last; {
		b := terms.Bucket{Name: "M" + string(rune('A'+len(d.Delinquency.Buckets))), FromDay: next, ToDay: last}
		if len(d.Delinquency.Buckets) < 5 {
			b.ToDay = within(next, last, "bucket")
		}
		d.Delinquency.Buckets, next = append(d.Delinquency.Buckets, b), b.ToDay+1
	}
	d.Installments = terms.Installments{
		Offers: drawOffers(t, within), EarlyPayoffFees: plan.Share(within(0, 1_000_000, "payoff")), Refunds: terms.SpreadEqually,
		AccelerateFromDay: day("accelerate"),
	}
	return d
}

func drawAuthorizations(_ *rapid.T, within func(low, high int, what string) int) (a terms.Authorizations) {
	seconds := func(low, high time.Duration, what string) time.Duration {
		return time.Duration(within(int(low/time.Second), int(high/time.Second), what)) * time.Second
	}
	const day = 24 * time.Hour
	a.ShortestLifetime = seconds(time.Second, day, "shortest")
	a.LongestLifetime = seconds(a.ShortestLifetime, 1000*day, "longest")
	for i := range a.HoldLifetime {
		a.HoldLifetime[i] = seconds(a.ShortestLifetime, a.LongestLifetime, "lifetime")
	}
	a.LongestSubmitted = time.Duration(within(1, 1000, "submitted")) * day
	a.LateCapture = seconds(0, 1000*day, "late")
	a.MostOpenHolds, a.MostParts = within(1, 1000, "holds"), within(1, 1000, "parts")
	a.Tolerance = terms.Rate(within(0, 10_000, "tolerance")) * 100
	a.RequestsKept = seconds(a.LongestLifetime+a.LongestSubmitted+a.LateCapture, 3660*day, "kept")
	return a
}

func drawWindow(t *rapid.T, within func(low, high int, what string) int) terms.Window {
	w := terms.Window{
		DaysUntilDue: within(calendar.MinDeferralDays, calendar.MaxDeferralDays, "until due"), DefaultStatementDay: within(1, 28, "day"),
		DueOnRestDay: terms.RestDayRule(within(1, 3, "rest day rule")), RestWeekdays: some[terms.Weekday](t, 2, "weekdays"),
	}
	for _, at := range rapid.SliceOfNDistinct(rapid.IntRange(0, 400), 0, 9, rapid.ID).Draw(t, "dates") {
		w.RestDates = append(w.RestDates, calendar.Date(20_000+10*at)) // too far apart to make a long rest
	}
	slices.Sort(w.RestDates)
	if len(w.RestDates)+len(w.RestWeekdays) == 0 {
		w.DueOnRestDay = terms.Stays
	}
	return w
}

// drawOffers makes offers that cost less than a cap of 20 %, rounding included.
func drawOffers(t *rapid.T, within func(low, high int, what string) int) (offers []terms.Offer) {
	for _, months := range []int{3, 6, 12, 24} {
		for _, method := range []plan.Method{plan.MethodFlatFee, plan.MethodAnnuity, plan.MethodInterestFree} {
			if !rapid.Bool().Draw(t, "offered") {
				continue
			}
			o := terms.Offer{Offer: plan.Offer{Method: method, Months: months}, PaidBy: terms.Consumer}
			o.SmallestPrincipal = money.Amount(within(100_000, 1e15, "smallest"))
			switch method {
			case plan.MethodFlatFee:
				o.Fee = plan.MonthlyRate(within(0, 8_000, "fee"))
			case plan.MethodAnnuity:
				o.Interest = plan.AnnualRate(within(0, 190_000, "interest"))
			case plan.MethodInterestFree:
				o.Fee, o.PaidBy = plan.MonthlyRate(within(0, 100_000, "subsidy")), terms.Carrier
			}
			offers = append(offers, o)
		}
	}
	return offers
}

// some of 1 to n, ascending.
func some[T ~uint8](t *rapid.T, n int, what string) []T {
	list := rapid.SliceOfNDistinct(rapid.IntRange(1, n), 0, n, rapid.ID).Draw(t, what)
	slices.Sort(list)
	var chosen []T
	for _, v := range list {
		chosen = append(chosen, T(v))
	}
	return chosen
}

func orNil(list []int) []int {
	if len(list) == 0 {
		return nil
	}
	return list
}

func TestCompare(t *testing.T) {
	old, changed := terms.Default(), terms.Default()
	require.Nil(t, terms.Compare(old, changed))
	changed.Version = "winter"
	changed.Authorizations.LateCapture = 36 * time.Hour
	changed.MinimumDue.Rate = 100_000
	changed.Penalty.SmallestCharge = 5
	changed.Delinquency.QuietHours = terms.Hours{}
	changed.Delinquency.Buckets = changed.Delinquency.Buckets[:5]
	changed.Delinquency.FreezeFromDay = terms.Never
	changed.Installments.Offers[0].Fee = 7_500
	changed.Installments.Offers[1].Months = 6
	text, err := json.MarshalIndent(terms.Compare(old, changed), "", " ")
	require.NoError(t, err)
	require.JSONEq(t, `[
		{"path": "version", "old": "default-1", "new": "winter"},
		{"path": "authorizations.late_capture", "old": "7 days", "new": "36 hours"},
		{"path": "minimum_due.rate", "old": "off", "new": "10 %"},
		{"path": "penalty.smallest_charge", "old": "0.01 CNY", "new": "0.05 CNY"},
		{"path": "delinquency.buckets[M6]", "old": "day 151 to 180", "new": ""},
		{"path": "delinquency.freeze_from_day", "old": "31", "new": "never"},
		{"path": "delinquency.quiet_hours", "old": "22:00 to 08:00", "new": "none"},
		{"path": "installments.offers[flat_fee 3].fee_per_month", "old": "0.8 %", "new": "0.75 %"},
		{"path": "installments.offers[interest_free 3]", "old": "interest_free over 3 months at 0.6 % a month, paid by the carrier, from 100.00 CNY", "new": ""},
		{"path": "installments.offers[interest_free 6]", "old": "", "new": "interest_free over 6 months at 0.6 % a month, paid by the carrier, from 100.00 CNY"}
	]`, string(text))
}
