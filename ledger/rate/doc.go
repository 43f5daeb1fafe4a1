// Package rate has annual percentage rates: what credit costs a year, all fees included, on the principal that is
// actually outstanding.
//
// A rate is found from flows: what the consumer gets (above zero) and gives (below zero), and when. It is the rate at
// which the one is worth as much as the other. Which rate, is a convention:
//
//	Nominal    12 x the rate of a month, installments on equal months    12 CFR 1026, Appendix J, whole unit periods
//	Effective  the compound rate of a year, by civil dates               Directive (EU) 2023/2225, Annex III
//	Periodic, EffectiveByYears, Actuarial                                the same for decimals, to hold to published cases
//
// Percent is a rate as it is shown, in hundredths of a percent. The decimals behind it are good for 20 places.
//
// # How a rate is found
//
// Balance is a sum of exponentials: f(s) = sum of amount x exp(-s x time), where s = ln(1 + rate). By Descartes' rule of
// signs, which holds for any exponents, f has no more zeros than its amounts have changes of sign in order of time, and
// the derivative of f(s) x exp(s x c), with c between two amounts of different sign, is such a sum with a change of sign
// less. So the zeros of that one cut the line into pieces with one zero of f at most, and each piece is decided by the
// signs at its ends: no rate is missed, none is guessed. Credit that is drawn and then repaid has one change of sign, and
// one rate. A zero is closed in by Newton's steps, and by halves where those do not shrink; as there is a halving after
// twelve of Newton's steps at the latest, the end is reached within a bounded number of steps, whatever the flows.
//
// # Precision
//
// Everything is decimal, of 60 significant digits, and made of additions, multiplications and divisions only, so that
// every machine has the same digits. Of the 60, at most 17 are lost to amounts of very different size (10^15 and less)
// and 7 to powers (an exponential is squared 12 times, and multiplied up to 1,200 months): a zero is known to 34 places,
// and the rate is cut to 20. Only then is it rounded to what is shown, so that a rate that is 1.005 % by construction is
// shown as 1.01, and not as the 1.00 of 1.00499999.... Two rates that differ by less than 10^-17 of a percent are taken
// for one.
//
// # Limits
//
// Rates are looked for above -100 % and up to 10^12 % a month or a year; flows are within 100 years and change sign at
// most 24 times. What is outside, and flows without a rate (ErrNoRate) or with more than one (SeveralError), are errors.
//
// Nothing here knows a currency, a product or a clock. A rate takes one to four milliseconds, and up to half a second
// where flows change sign as often as they may: it is computed where a price is shown or terms are checked, and not where a
// writer decides.
package rate
