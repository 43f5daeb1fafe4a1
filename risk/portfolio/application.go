package portfolio

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Applied is the applications of a kind that were decided in a month.
type Applied struct {
	Month    calendar.Month
	Currency money.Currency
	Kind     ledger.ApplicationKind
	Offered  int64 // limit reviews that kept or lowered a limit included
	Limit    money.Amount
	Declined int64
	Accepted int64 // in the month, whenever it was offered
}

// Decided is how many were decided.
func (a *Applied) Decided() int64 { return a.Offered + a.Declined }

// AppliedGrade is the offers of a month with a grade.
type AppliedGrade struct {
	Month    calendar.Month
	Currency money.Currency
	Grade    string
	Offered  int64
	Limit    money.Amount
}

// AppliedReason is the applications of a month that were declined for a reason code of the policy's.
type AppliedReason struct {
	Month    calendar.Month
	Currency money.Currency
	Code     string
	First    int64 // of which it was the first reason: each declined application is in one
	Any      int64
}

func (a Applied) compare(o Applied) int {
	return cmp.Or(cmp.Compare(a.Month, o.Month), cmp.Compare(a.Currency, o.Currency), cmp.Compare(a.Kind, o.Kind))
}

func (g AppliedGrade) compare(o AppliedGrade) int {
	return cmp.Or(cmp.Compare(g.Month, o.Month), cmp.Compare(g.Currency, o.Currency), cmp.Compare(g.Grade, o.Grade))
}

func (r AppliedReason) compare(o AppliedReason) int {
	return cmp.Or(cmp.Compare(r.Month, o.Month), cmp.Compare(r.Currency, o.Currency), cmp.Compare(r.Code, o.Code))
}

// assessed absorbs an application with what the policy said of it.
func (f *Fold) assessed(a *ledger.ApplicationDecided) {
	month, currency := f.today.Month(), f.currencies[f.currencyOf(a.Currency)]
	row := placed(&f.applications, Applied{Month: month, Currency: currency, Kind: a.Kind}, Applied.compare)
	if a.State == ledger.ApplicationDeclined {
		row.Declined++
		for i, r := range a.Reasons {
			if slices.ContainsFunc(a.Reasons[:i], func(o ledger.Explanation) bool { return o.Code == r.Code }) {
				continue
			}
			reason := placed(&f.appliedReasons, AppliedReason{Month: month, Currency: currency, Code: string([]byte(r.Code))}, AppliedReason.compare)
			if reason.Any++; i == 0 {
				reason.First++
			}
		}
		return
	}
	row.Offered++
	row.Limit += a.Offer.Limit
	grade := placed(&f.appliedGrades, AppliedGrade{Month: month, Currency: currency, Grade: string([]byte(a.Grade))}, AppliedGrade.compare)
	grade.Offered++
	grade.Limit += a.Offer.Limit
}

// accepted absorbs the acceptance of an offer. The entry before it opened the account, or set its limits.
func (f *Fold) accepted(o *ledger.OfferAccepted) {
	a := f.accounts.at(o.Account.Number())
	if a == nil {
		return
	}
	kind := ledger.LimitReview
	if f.openedBy+1 == f.mark.Sequence {
		kind = ledger.NewLine
	}
	placed(&f.applications, Applied{Month: f.today.Month(), Currency: f.currencies[a.currency], Kind: kind}, Applied.compare).Accepted++
}

func (a *Applied) add(o *Applied) {
	a.Month, a.Currency, a.Kind = o.Month, o.Currency, o.Kind
	a.Offered += o.Offered
	a.Limit += o.Limit
	a.Declined += o.Declined
	a.Accepted += o.Accepted
}

func (g *AppliedGrade) add(o *AppliedGrade) {
	g.Month, g.Currency, g.Grade = o.Month, o.Currency, o.Grade
	g.Offered += o.Offered
	g.Limit += o.Limit
}

func (r *AppliedReason) add(o *AppliedReason) {
	r.Month, r.Currency, r.Code = o.Month, o.Currency, o.Code
	r.First += o.First
	r.Any += o.Any
}
