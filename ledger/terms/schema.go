package terms

import (
	"fmt"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
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
func schema(t *Terms) []field {
	return []field{
		{key: "version", leaf: token(&t.Version),
			about: "The name of this version. What is decided under it says so; a name is never used for anything else again."},
		{key: "currency", leaf: currency(&t.Currency),
			about: "The currency of every amount below, by ISO 4217."},
		{key: "minor_digits", leaf: number(&t.MinorDigits, 0, 4),
			about: "Digits of an amount after the point: 2 for CNY, 0 for JPY and UGX, 3 for KWD."},
		{key: "annual_cap", leaf: share(&t.AnnualCap, basisPoint, 100*percent, basisPoint, false),
			about: "The most that anything may cost in a year, all charges together. Installment offers are held against it by their" +
				" nominal annual rate, daily rates by 365 days."},
		{key: "authorizations", fields: authorizationFields(&t.Authorizations), about: "Holds, captures and requests."},
		{key: "window", fields: windowFields(&t.Window), about: "Billing windows: what is captured from one statement day to the next is" +
			" one statement."},
		{key: "repayment", fields: repaymentFields(&t.Repayment), about: "What a payment pays, and when it is collected."},
		{key: "minimum_due", fields: minimumDueFields(&t.MinimumDue), about: "The choice of paying part of a statement and carrying the" +
			" rest at interest."},
		{key: "penalty", fields: penaltyFields(t), about: "What overdue principal costs: simple, never on penalty, from the day after the" +
			" due date up to and including the value date of the payment."},
		{key: "delinquency", fields: delinquencyFields(&t.Delinquency), about: "What happens on which day past due. Days past due are" +
			" counted from the oldest due date that is unpaid: the day after it is day 1."},
		{key: "installments", fields: installmentFields(t), about: "Plans that a consumer may choose for an order or a statement, and" +
			" what becomes of them."},
	}
}

func authorizationFields(a *Authorizations) []field {
	return []field{
		{key: "hold_lifetime", about: "How long a hold lasts when the caller does not say, by scene.", fields: []field{
			{key: "topup", leaf: duration(&a.HoldLifetime[0], shortest, longest), about: "Of a prepaid top-up."},
			{key: "bill", leaf: duration(&a.HoldLifetime[1], shortest, longest), about: "Of a postpaid bill payment."},
			{key: "bundle", leaf: duration(&a.HoldLifetime[2], shortest, longest), about: "Of a contract bundle."},
		}},
		{key: "shortest_lifetime", leaf: duration(&a.ShortestLifetime, shortest, longest),
			about: "The shortest that a caller may ask for."},
		{key: "longest_lifetime", leaf: duration(&a.LongestLifetime, shortest, longest),
			about: "The longest that a hold may last from its creation, extensions included."},
		{key: "longest_submitted", leaf: duration(&a.LongestSubmitted, shortest, longest),
			about: "How long a hold stays when the carrier has the order and has not said what became of it."},
		{key: "late_capture", leaf: duration(&a.LateCapture, 0, longest),
			about: "How long after a hold has expired a capture is still accepted."},
		{key: "most_open_holds", leaf: number(&a.MostOpenHolds, 1, 1000),
			about: "Open holds that an account may have; one more is declined."},
		{key: "most_parts", leaf: number(&a.MostParts, 1, 1000),
			about: "Captures that an authorization may have, and as many refunds."},
		{key: "tolerance", leaf: share(&a.Tolerance, 0, 100*percent, basisPoint, false),
			about: "How much more than was authorized may be captured."},
		{key: "requests_kept", leaf: duration(&a.RequestsKept, 24*time.Hour, longest),
			about: "How long the outcome of a request is kept, so that the same request gets the same answer. At least as long as an" +
				" order can be captured: longest_lifetime, longest_submitted and late_capture together."},
	}
}

func windowFields(w *Window) []field {
	return []field{
		{key: "days_until_due", leaf: number(&w.DaysUntilDue, calendar.MinDeferralDays, calendar.MaxDeferralDays),
			about: "Days from the opening of a window to its due date: the longest that any purchase is deferred."},
		{key: "default_statement_day", leaf: number(&w.DefaultStatementDay, 1, 28),
			about: "Day of the month on which windows open, for accounts that chose none."},
		{key: "due_on_rest_day", leaf: choice(&w.DueOnRestDay, restDayRules),
			about: "What becomes of a due date on a day of rest. With day_after, the longest deferral grows by it."},
		{key: "rest_weekdays", leaf: choices(&w.RestWeekdays, weekdays),
			about: "Days of rest of every week."},
		{key: "rest_dates", leaf: dates(&w.RestDates),
			about: "Other days of rest, such as holidays."},
	}
}

func repaymentFields(r *Repayment) []field {
	return []field{
		{key: "allocation", leaf: order(&r.Allocation, parts),
			about: "What a payment pays first inside a window. Windows are paid oldest first, and principal that is due before" +
				" principal that is not."},
		{key: "principal_first_from_day", leaf: dayOrNever(&r.PrincipalFirstFromDay),
			about: "From this day past due on, principal is paid before everything else."},
		{key: "retry_days", leaf: days(&r.RetryDays),
			about: "Auto-debit collects on the due date, and again so many days after it while something is owed."},
		{key: "collect", leaf: choice(&r.Collect, collects), absent: func() { r.Collect = CollectStatement },
			about: "What is collected on the first due date of a statement: all that is owed of it, or what is left of its minimum, so that" +
				" the rest is carried. What is overdue is collected whole. Left out it is statement."},
	}
}

func minimumDueFields(m *MinimumDue) []field {
	return []field{
		{key: "rate", leaf: share(&m.Rate, 1, 100*percent, 1, true),
			about: "Share of the revolving principal that must be paid, besides all installments, fees and what was carried before. Off:" +
				" statements are paid in full."},
		{key: "daily_interest_rate", leaf: share(&m.DailyInterestRate, 1, percent, 1, true),
			about: "Interest a day on what is carried by who paid the minimum in time."},
	}
}

func penaltyFields(t *Terms) []field {
	return []field{
		{key: "daily_rate", leaf: share(&t.Penalty.DailyRate, 1, percent, 1, true),
			about: "Penalty a day on overdue principal."},
		{key: "smallest_charge", leaf: amount(t, &t.Penalty.SmallestCharge, 0, 1_000_000),
			about: "What is charged at least when any penalty has accrued."},
	}
}

func delinquencyFields(d *Delinquency) []field {
	return []field{
		{key: "buckets", about: "Ranges of days past due, from day 1 to the charge-off without a gap.",
			items: itemsOf(&d.Buckets, "bucket", 1, 36, bucketFields,
				func(b Bucket) string { return b.Name },
				func(b Bucket) string { return fmt.Sprintf("day %d to %d", b.FromDay, b.ToDay) })},
		{key: "stop_authorizations_from_day", leaf: number(&d.StopAuthorizationsFromDay, 1, mostDays),
			about: "From this day past due on, new authorizations are declined."},
		{key: "freeze_from_day", leaf: dayOrNever(&d.FreezeFromDay),
			about: "From this day past due on, the account is frozen."},
		{key: "notice_days", leaf: days(&d.NoticeDays),
			about: "Days past due on which a collection notice is issued."},
		{key: "quiet_hours", leaf: hours(&d.QuietHours),
			about: "Hours of the business zone in which no notice is issued; it waits until they are over."},
		{key: "charge_off_after_day", leaf: number(&d.ChargeOffAfterDay, 1, mostDays),
			about: "When this day past due is over and something is still unpaid, the account is charged off. It is the last day of the" +
				" last bucket."},
		{key: "curing_restores", leaf: choices(&d.CuringRestores, restored),
			about: "What is as before once nothing is past due any more: new authorizations; an account that delinquency froze;" +
				" plans that were accelerated, which go on with the principal that is left."},
	}
}

func bucketFields(b *Bucket) []field {
	return []field{
		{key: "name", leaf: token(&b.Name), about: "What reports call it."},
		{key: "from_day", leaf: number(&b.FromDay, 1, mostDays), about: "Its first day past due."},
		{key: "to_day", leaf: number(&b.ToDay, 1, mostDays), about: "Its last day past due, which is in it."},
	}
}

func installmentFields(t *Terms) []field {
	i := &t.Installments
	return []field{
		{key: "offers", about: "The plans on offer, each with a method and a number of months that no other has together.",
			items: itemsOf(&i.Offers, "offer", 0, len(methods)*len(tenors), func(o *Offer) []field { return offerFields(t, o) }, Offer.Name, t.offerWords)},
		{key: "early_payoff_fees", leaf: share(&i.EarlyPayoffFees, 0, 100*percent, 1, false),
			about: "Share of the fees not yet billed that is charged when a plan is paid off early."},
		{key: "refunds", leaf: choice(&i.Refunds, refundRules),
			about: "How a refund changes a plan: it lowers the principal that is not yet billed, what is left is spread equally over the" +
				" months that are left, and fees are reckoned anew."},
		{key: "accelerate_from_day", leaf: dayOrNever(&i.AccelerateFromDay),
			about: "From this day past due on, all that is left of a plan is due at once."},
	}
}

func offerFields(t *Terms, o *Offer) []field {
	forMethods := func(of ...plan.Method) func() belonging {
		return func() belonging {
			if o.Method == 0 {
				return unclear
			}
			for _, m := range of {
				if o.Method == m {
					return belongs
				}
			}
			return doesNot
		}
	}
	return []field{
		{key: "method", leaf: choice(&o.Method, methods),
			about: "flat_fee: equal parts of the principal, and a fee a month on the original principal. annuity: equal payments at a" +
				" nominal annual rate. interest_free: equal parts of the principal; the fee is the carrier's."},
		{key: "months", leaf: oneOf(&o.Months, tenors), about: "In how many monthly installments."},
		{key: "fee_per_month", leaf: share(&o.Fee, 0, Rate(plan.MaxMonthlyRate), 1, false), when: forMethods(plan.MethodFlatFee, plan.MethodInterestFree),
			about: "Of flat_fee and interest_free: the fee a month, of the original principal."},
		{key: "annual_rate", leaf: share(&o.Interest, 0, Rate(plan.MaxAnnualRate), 1, false), when: forMethods(plan.MethodAnnuity),
			about: "Of annuity: the nominal interest a year."},
		{key: "paid_by", leaf: choice(&o.PaidBy, payers), about: "Who pays fee or interest: the carrier for interest_free, else the consumer."},
		{key: "smallest_principal", leaf: amount(t, &o.SmallestPrincipal, 1, money.Max), about: "The smallest amount that it is offered for."},
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
