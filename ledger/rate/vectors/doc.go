// Package vectors holds packages rate and plan to published cases of interest, annual rates and schedules.
//
// A file of cases is JSON: {"vectors": [CASE, ...]}. A Case names its method, its inputs and what was published; Check
// computes the same and answers with Figures, each what was expected, what came out, the difference and the tolerance.
// Amounts are in major units, rates in percent. Numbers are read as the decimals that they are written as, and may be in
// quotes. Fields that a method does not know are notes.
//
//	regz_actuarial  unit_periods_per_year; advances and payments, each [{amount, t, f}]; t whole unit periods, f a fraction
//	eu_effective    flows [{amount, years}], above zero to the consumer
//	irr_periodic    flows [{amount, period}]; the rate is that of a period
//	pmt             inputs {rate, nper, pv}; rate of a period, a fraction of 1, which may be written a/b; expected_payment
//	schedule        inputs {principal, annual_pct, n}: plan.Annuity; expected_rows, expected_totals
//	split           inputs {amount, parts}: plan.Split; expected
//	flat_fee        inputs {principal, n, fee_pct_per_month}: equal parts and fees, not rounded; effective_pct, if it is there
//
// What a rate should be is expected_apr_pct, within tolerance_pct; null stands for flows that have no rate. Where flows have
// several rates, it is enough that one of them was published, and all are shown.
//
// A case that is malformed is an error that names the case and the field.
package vectors
