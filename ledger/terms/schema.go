package terms

import (
	"fmt"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// The durations between which those of authorizations may be.
const (
	shortest = time.Second
	longest  = 3660 * 24 * time.Hour
)

// schema is every field of a document, in canonical order, bound to terms. Fields that others need to be read come before
// them: amounts come after the currency, and what an offer has comes after its method.
func schema(t *Terms) []document.Field {
	return []document.Field{
		{Key: "version", Leaf: document.Token(&t.Version),
			About: "The name of this version. What is decided under it says so; a name is never used for anything else again."},
		{Key: "currency", Leaf: document.Currency(&t.Currency),
			About: "The currency of every amount below, by ISO 4217."},
		{Key: "minor_digits", Leaf: document.Number(&t.MinorDigits, 0, 4),
			About: "Digits of an amount after the point: 2 for CNY, 0 for JPY and UGX, 3 for KWD."},
		{Key: "annual_cap", Leaf: document.Share(&t.AnnualCap, basisPoint, 100*percent, basisPoint, false),
			About: "The most that anything may cost in a year, all charges together. Installment offers are held against it by their" +
				" nominal annual rate, daily rates by 365 days."},
		{Key: "authorizations", Fields: authorizationFields(&t.Authorizations), About: "Holds, captures and requests."},
		{Key: "window", Fields: windowFields(&t.Window), About: "Billing windows: what is captured from one statement day to the next is" +
			" one statement."},
		{Key: "repayment", Fields: repaymentFields(&t.Repayment), About: "What a payment pays, and when it is collected."},
		{Key: "minimum_due", Fields: minimumDueFields(&t.MinimumDue), About: "The choice of paying part of a statement and carrying the" +
			" rest at interest."},
		{Key: "penalty", Fields: penaltyFields(t), About: "What overdue principal costs: simple, never on penalty, from the day after the" +
			" due date up to and including the value date of the payment."},
		{Key: "delinquency", Fields: delinquencyFields(&t.Delinquency), About: "What happens on which day past due. Days past due are" +
			" counted from the oldest due date that is unpaid: the day after it is day 1."},
		{Key: "installments", Fields: installmentFields(t), About: "Plans that a consumer may choose for an order or a statement, and" +
			" what becomes of them."},
		{Key: "points", Fields: pointsFields(t), Empty: func() bool { return !t.Points.Offered() },
			About: "Points that a consumer may pay with: what they are worth, for how long, and what they are earned for. Left out there are" +
				" none: they cannot be granted or spent."},
	}
}

func authorizationFields(a *Authorizations) []document.Field {
	return []document.Field{
		{Key: "hold_lifetime", About: "How long a hold lasts when the caller does not say, by scene.", Fields: []document.Field{
			{Key: "topup", Leaf: document.Duration(&a.HoldLifetime[0], shortest, longest), About: "Of a prepaid top-up."},
			{Key: "bill", Leaf: document.Duration(&a.HoldLifetime[1], shortest, longest), About: "Of a postpaid bill payment."},
			{Key: "bundle", Leaf: document.Duration(&a.HoldLifetime[2], shortest, longest), About: "Of a contract bundle."},
		}},
		{Key: "shortest_lifetime", Leaf: document.Duration(&a.ShortestLifetime, shortest, longest),
			About: "The shortest that a caller may ask for."},
		{Key: "longest_lifetime", Leaf: document.Duration(&a.LongestLifetime, shortest, longest),
			About: "The longest that a hold may last from its creation, extensions included."},
		{Key: "longest_submitted", Leaf: document.Duration(&a.LongestSubmitted, shortest, longest),
			About: "How long a hold stays when the carrier has the order and has not said what became of it."},
		{Key: "late_capture", Leaf: document.Duration(&a.LateCapture, 0, longest),
			About: "How long after a hold has expired a capture is still accepted."},
		{Key: "most_open_holds", Leaf: document.Number(&a.MostOpenHolds, 1, 1000),
			About: "Open holds that an account may have; one more is declined."},
		{Key: "most_parts", Leaf: document.Number(&a.MostParts, 1, 1000),
			About: "Captures that an authorization may have, and as many refunds."},
		{Key: "tolerance", Leaf: document.Share(&a.Tolerance, 0, 100*percent, basisPoint, false),
			About: "How much more than was authorized may be captured."},
		{Key: "requests_kept", Leaf: document.Duration(&a.RequestsKept, 24*time.Hour, longest),
			About: "How long the outcome of a request is kept, so that the same request gets the same answer. At least as long as an" +
				" order can be captured: longest_lifetime, longest_submitted and late_capture together."},
	}
}

func windowFields(w *Window) []document.Field {
	return []document.Field{
		{Key: "days_until_due", Leaf: document.Number(&w.DaysUntilDue, calendar.MinDeferralDays, calendar.MaxDeferralDays),
			About: "Days from the opening of a window to its due date: the longest that any purchase is deferred."},
		{Key: "default_statement_day", Leaf: document.Number(&w.DefaultStatementDay, 1, 28),
			About: "Day of the month on which windows open, for accounts that chose none."},
		{Key: "due_on_rest_day", Leaf: document.Choice(&w.DueOnRestDay, restDayRules),
			About: "What becomes of a due date on a day of rest. With day_after, the longest deferral grows by it."},
		{Key: "rest_weekdays", Leaf: document.Choices(&w.RestWeekdays, weekdays),
			About: "Days of rest of every week."},
		{Key: "rest_dates", Leaf: dates(&w.RestDates),
			About: "Other days of rest, such as holidays."},
	}
}

func repaymentFields(r *Repayment) []document.Field {
	return []document.Field{
		{Key: "allocation", Leaf: document.Order(&r.Allocation, parts),
			About: "What a payment pays first inside a window. Windows are paid oldest first, and principal that is due before" +
				" principal that is not."},
		{Key: "principal_first_from_day", Leaf: dayOrNever(&r.PrincipalFirstFromDay),
			About: "From this day past due on, principal is paid before everything else."},
		{Key: "retry_days", Leaf: days(&r.RetryDays),
			About: "Auto-debit collects on the due date, and again so many days after it while something is owed."},
		{Key: "collect", Leaf: document.Choice(&r.Collect, collects), Absent: func() { r.Collect = CollectStatement },
			About: "What is collected on the first due date of a statement: all that is owed of it, or what is left of its minimum, so that" +
				" the rest is carried. What is overdue is collected whole. Left out it is statement."},
		{Key: "carrier_report_days", Leaf: document.Number(&r.CarrierReportDays, 1, 120), Absent: func() { r.CarrierReportDays = defaultReportDays },
			About: "How many days a carrier that collects on its own bill has to report what it brought, from the end of the month that" +
				" the collection was issued in. What it has not reported then is collected by direct debit. Left out it is 35: a month's" +
				" bill is written at the beginning of the next and paid within it."},
	}
}

func minimumDueFields(m *MinimumDue) []document.Field {
	return []document.Field{
		{Key: "rate", Leaf: document.Share(&m.Rate, 1, 100*percent, 1, true),
			About: "Share of the revolving principal that must be paid, besides all installments, fees and what was carried before. Off:" +
				" statements are paid in full."},
		{Key: "daily_interest_rate", Leaf: document.Share(&m.DailyInterestRate, 1, percent, 1, true),
			About: "Interest a day on what is carried by who paid the minimum in time."},
	}
}

func penaltyFields(t *Terms) []document.Field {
	return []document.Field{
		{Key: "daily_rate", Leaf: document.Share(&t.Penalty.DailyRate, 1, percent, 1, true),
			About: "Penalty a day on overdue principal."},
		{Key: "smallest_charge", Leaf: amount(t, &t.Penalty.SmallestCharge, 0, 1_000_000),
			About: "What is charged at least when any penalty has accrued."},
	}
}

func delinquencyFields(d *Delinquency) []document.Field {
	return []document.Field{
		{Key: "buckets", About: "Ranges of days past due, from day 1 to the charge-off without a gap.",
			Items: document.ItemsOf(&d.Buckets, "bucket", 1, 36, bucketFields,
				func(b Bucket) string { return b.Name },
				func(b Bucket) string { return fmt.Sprintf("day %d to %d", b.FromDay, b.ToDay) })},
		{Key: "stop_authorizations_from_day", Leaf: document.Number(&d.StopAuthorizationsFromDay, 1, mostDays),
			About: "From this day past due on, new authorizations are declined."},
		{Key: "freeze_from_day", Leaf: dayOrNever(&d.FreezeFromDay),
			About: "From this day past due on, the account is frozen."},
		{Key: "notice_days", Leaf: days(&d.NoticeDays),
			About: "Days past due on which a collection notice is issued."},
		{Key: "quiet_hours", Leaf: hours(&d.QuietHours),
			About: "Hours of the business zone in which no notice is issued; it waits until they are over."},
		{Key: "charge_off_after_day", Leaf: document.Number(&d.ChargeOffAfterDay, 1, mostDays),
			About: "When this day past due is over and something is still unpaid, the account is charged off. It is the last day of the" +
				" last bucket."},
		{Key: "curing_restores", Leaf: document.Choices(&d.CuringRestores, restored),
			About: "What is as before once nothing is past due any more: new authorizations; an account that delinquency froze;" +
				" plans that were accelerated, which go on with the principal that is left."},
	}
}

func bucketFields(b *Bucket) []document.Field {
	return []document.Field{
		{Key: "name", Leaf: document.Token(&b.Name), About: "What reports call it."},
		{Key: "from_day", Leaf: document.Number(&b.FromDay, 1, mostDays), About: "Its first day past due."},
		{Key: "to_day", Leaf: document.Number(&b.ToDay, 1, mostDays), About: "Its last day past due, which is in it."},
	}
}

func installmentFields(t *Terms) []document.Field {
	i := &t.Installments
	return []document.Field{
		{Key: "offers", About: "The plans on offer, each with a method and a number of months that no other has together.",
			Items: document.ItemsOf(&i.Offers, "offer", 0, len(methods)*len(tenors), func(o *Offer) []document.Field { return offerFields(t, o) }, Offer.Name, t.offerWords)},
		{Key: "early_payoff_fees", Leaf: document.Share(&i.EarlyPayoffFees, 0, 100*percent, 1, false),
			About: "Share of the fees not yet billed that is charged when a plan is paid off early."},
		{Key: "refunds", Leaf: document.Choice(&i.Refunds, refundRules),
			About: "How a refund changes a plan: it lowers the principal that is not yet billed, what is left is spread equally over the" +
				" months that are left, and fees are reckoned anew."},
		{Key: "accelerate_from_day", Leaf: dayOrNever(&i.AccelerateFromDay),
			About: "From this day past due on, all that is left of a plan is due at once."},
	}
}

func offerFields(t *Terms, o *Offer) []document.Field {
	forMethods := func(of ...plan.Method) func() document.Belonging {
		return func() document.Belonging {
			if o.Method == 0 {
				return document.Unclear
			}
			for _, m := range of {
				if o.Method == m {
					return document.Belongs
				}
			}
			return document.Foreign
		}
	}
	return []document.Field{
		{Key: "method", Leaf: document.Choice(&o.Method, methods),
			About: "flat_fee: equal parts of the principal, and a fee a month on the original principal. annuity: equal payments at a" +
				" nominal annual rate. interest_free: equal parts of the principal; the fee is the carrier's."},
		{Key: "months", Leaf: document.OneOf(&o.Months, tenors), About: "In how many monthly installments."},
		{Key: "fee_per_month", Leaf: document.Share(&o.Fee, 0, Rate(plan.MaxMonthlyRate), 1, false), When: forMethods(plan.MethodFlatFee, plan.MethodInterestFree),
			About: "Of flat_fee and interest_free: the fee a month, of the original principal."},
		{Key: "annual_rate", Leaf: document.Share(&o.Interest, 0, Rate(plan.MaxAnnualRate), 1, false), When: forMethods(plan.MethodAnnuity),
			About: "Of annuity: the nominal interest a year."},
		{Key: "paid_by", Leaf: document.Choice(&o.PaidBy, payers), About: "Who pays fee or interest: the carrier for interest_free, else the consumer."},
		{Key: "smallest_principal", Leaf: amount(t, &o.SmallestPrincipal, 1, money.Max), About: "The smallest amount that it is offered for."},
	}
}

// offerWords is an offer in words.
func (t *Terms) offerWords(o Offer) string {
	price := fmt.Sprintf("%s a month", Rate(o.Fee))
	if o.Method == plan.MethodAnnuity {
		price = fmt.Sprintf("%s a year", Rate(o.Interest))
	}
	return fmt.Sprintf("%s over %d months at %s, paid by the %s, from %s", o.Method, o.Months, price, o.PaidBy, t.Money(o.SmallestPrincipal))
}
