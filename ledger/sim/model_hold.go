package sim

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// holdCall predicts the calls on an authorization.
func (q *asking) holdCall(c ledger.Command) (p Prediction, happen func(), mine bool) {
	switch c := c.(type) {
	case *ledger.Increment:
		p, happen = q.onHold(c.Authorization, &c.Currency, true, func(a *customer, s *story, t standing) (Prediction, *event) {
			return q.increment(a, s, t, c.Amount)
		})
	case *ledger.Extend:
		p, happen = q.onHold(c.Authorization, nil, true, func(a *customer, s *story, t standing) (Prediction, *event) {
			until := q.now.Add(c.Lifetime)
			if until < t.expires || until > s.created.Add(q.terms.Authorizations.LongestLifetime) {
				return Prediction{Fault: "HOLD_LIFETIME_OUT_OF_RANGE"}, nil
			}
			return Prediction{}, &event{what: extended, until: until}
		})
	case *ledger.MarkSubmitted:
		p, happen = q.onHold(c.Authorization, nil, true, func(a *customer, s *story, t standing) (Prediction, *event) {
			return Prediction{}, &event{what: submitted, until: q.submittedUntil(t), reference: c.Reference}
		})
	case *ledger.CaptureHold:
		p, happen = q.onHold(c.Authorization, &c.Currency, false, func(a *customer, s *story, t standing) (Prediction, *event) {
			return q.capture(t, c)
		})
	case *ledger.Void:
		currency := &c.Currency
		if c.Amount == 0 && c.Currency == "" {
			currency = nil
		}
		p, happen = q.onHold(c.Authorization, currency, true, func(a *customer, s *story, t standing) (Prediction, *event) {
			return void(t, c.Amount)
		})
	case *ledger.RefundCapture:
		p, happen = q.onHold(c.Authorization, &c.Currency, false, func(a *customer, s *story, t standing) (Prediction, *event) {
			return q.refund(t, c.Amount)
		})
	default:
		return p, nil, false
	}
	return p, happen, true
}

// onHold predicts a call on one authorization: the call says what it wants to tell beside the authorization, and what
// happens to it, if anything.
func (q *asking) onHold(id ledger.AuthorizationID, currency *money.Currency, open bool,
	call func(*customer, *story, standing) (Prediction, *event)) (Prediction, func()) {
	a, s := q.find(id.Account), q.story(id)
	if s == nil {
		return refuse("AUTHORIZATION_NOT_FOUND")
	}
	t := s.at(q.now)
	if open && t.held == 0 {
		return refuse("AUTHORIZATION_NOT_OPEN")
	}
	if currency != nil && *currency != a.currency {
		return refuse("CURRENCY_MISMATCH")
	}
	want, e := call(a, s, t)
	if want.Fault != "" {
		return want, nil
	}
	var p Prediction
	if e != nil {
		p = q.done(a, s, *e)
	} else {
		p = q.told(s)
		p.Headroom = a.headroom(s.scene, q.now, q.today)
	}
	p.Decision = ledger.Approve
	if len(want.Reasons) > 0 {
		p.Decision, p.Reasons = ledger.Decline, want.Reasons
	}
	p.Part, p.Late, p.GivenBack, p.PaidBack = want.Part, want.Late, want.GivenBack, want.PaidBack
	return p, func() {
		if e != nil {
			q.do(s, *e)
		}
	}
}

func (q *asking) increment(a *customer, s *story, t standing, amount money.Amount) (Prediction, *event) {
	reasons := q.against(a, wish{scene: s.scene, carrier: s.carrier, phone: s.phone, amount: amount, already: t.authorized})
	if len(reasons) > 0 {
		return Prediction{Reasons: reasons}, nil
	}
	return Prediction{}, &event{what: added, amount: amount}
}

func (q *asking) submittedUntil(t standing) calendar.Instant {
	if t.submitted {
		return t.expires
	}
	return max(t.expires, q.now.Add(q.terms.Authorizations.LongestSubmitted))
}

func (q *asking) capture(t standing, c *ledger.CaptureHold) (Prediction, *event) {
	left := t.held + t.lapsed // one of them is zero
	amount := c.Amount
	if amount == 0 {
		amount = left
	}
	most := left
	if t.held > 0 {
		most += t.authorized * money.Amount(q.terms.Authorizations.Tolerance) / 1_000_000
	}
	switch {
	case t.captures >= q.terms.Authorizations.MostParts:
		return Prediction{Fault: "TOO_MANY_PARTS"}, nil
	case left == 0:
		return Prediction{Fault: "AUTHORIZATION_NOT_OPEN"}, nil
	case t.lapsed > 0 && q.now >= t.expires.Add(q.terms.Authorizations.LateCapture):
		return Prediction{Fault: "LATE_CAPTURE_CLOSED"}, nil
	case amount > most:
		return Prediction{Fault: "CAPTURE_EXCEEDS_HOLD"}, nil
	}
	return Prediction{Part: t.captures + 1, Late: t.lapsed > 0}, &event{what: captured, amount: amount, final: c.Final, reference: c.Reference}
}

func void(t standing, amount money.Amount) (Prediction, *event) {
	if amount == 0 {
		amount = t.held
	}
	if amount > t.held {
		return Prediction{Fault: "VOID_EXCEEDS_HOLD"}, nil
	}
	return Prediction{GivenBack: amount}, &event{what: voided, amount: amount}
}

func (q *asking) refund(t standing, amount money.Amount) (Prediction, *event) {
	switch {
	case t.captured == 0:
		return Prediction{Fault: "NOTHING_CAPTURED"}, nil
	case t.refunds >= q.terms.Authorizations.MostParts:
		return Prediction{Fault: "TOO_MANY_PARTS"}, nil
	case amount > t.captured-t.refunded:
		return Prediction{Fault: "REFUND_EXCEEDS_CAPTURED"}, nil
	}
	return Prediction{Part: t.refunds + 1, PaidBack: amount}, &event{what: refunded, amount: amount}
}
