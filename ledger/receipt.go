package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Receipt remembers the outcome of a request: what cannot be read off the authorization any more when the request
// is sent again.
type Receipt struct {
	Sequence uint64 // of the entry
	Time     calendar.Instant
	Print    []byte

	Decision  Decision
	Reasons   Reasons
	ID        AuthorizationID // zero when it is about none
	Mark      Mark
	Headroom  Headroom
	Part      int
	Late      bool
	Tombstone bool
	Exceeded  bool
	Released  money.Amount
	Refunded  money.Amount
	Points    *PointsChange
	Item      uint32   // the number of the item that it added, or of the reconciliation; 0 when it added none
	Account   *Account // as it was then, holds left out; nil when the outcome is no account

	// What it was about of applications, which is told as it is now: what has been erased is not kept in receipts.
	Application ApplicationID
	Review      ReviewID
}

// Mark is what changes about an authorization: enough to see it as it was.
type Mark struct {
	State             State
	Requested         money.Amount
	Authorized        money.Amount
	Held              money.Amount
	Captured          money.Amount
	Refunded          money.Amount
	Expires           calendar.Instant
	Updated           calendar.Instant
	Captures, Refunds int // how many there were
	Reference         CarrierReference
	Points            *Redemption
	Stage             BundleStage
}

func (r *Receipt) fill(e *Entry, out *Outcome) {
	*r = Receipt{
		Sequence: e.Sequence, Time: e.Time, Print: e.Print,
		Decision: out.Decision, Reasons: out.Reasons, ID: out.ID, Headroom: out.Headroom, Part: out.Part,
		Late: out.Late, Tombstone: out.Tombstone, Exceeded: out.Exceeded,
		Released: out.Released, Refunded: out.Refunded, Account: out.Account, Points: out.Points,
	}
	if out.Billing != nil && out.Billing.Item != nil {
		r.Item = out.Billing.Item.N
	}
	if c := out.Reconciled; c != nil && c.Reconciliation != nil {
		r.Item = c.Reconciliation.N
	}
	if d := out.Dossier; d != nil {
		if d.Application != nil {
			r.Application = d.Application.ID
		}
		if d.Review != nil {
			r.Review = d.Review.ID
		}
	}
	if a := &out.Authorization; a.N != 0 {
		r.Mark = Mark{a.State, a.Requested, a.Authorized, a.Held, a.Captured, a.Refunded, a.Expires, a.Updated,
			len(a.Captures), len(a.Refunds), a.Reference, a.Points, a.Bundle.stage()}
	}
}

// outcome is the first outcome again. The authorization passed is as it is now; nil when the receipt names none.
func (r *Receipt) outcome(now *Authorization) Outcome {
	out := Outcome{
		Replayed: true, Decision: r.Decision, Reasons: r.Reasons, ID: r.ID, Headroom: r.Headroom, Part: r.Part,
		Late: r.Late, Tombstone: r.Tombstone, Exceeded: r.Exceeded,
		Released: r.Released, Refunded: r.Refunded, Account: r.Account, Points: r.Points,
	}
	if now != nil {
		a, m := now.clone(), &r.Mark
		a.State, a.Requested, a.Authorized, a.Held = m.State, m.Requested, m.Authorized, m.Held
		a.Captured, a.Refunded, a.Expires, a.Updated, a.Reference = m.Captured, m.Refunded, m.Expires, m.Updated, m.Reference
		a.Captures, a.Refunds = a.Captures[:m.Captures], a.Refunds[:m.Refunds]
		a.Points = m.Points
		a.Bundle = a.Bundle.at(m.Stage)
		out.Authorization = a
	}
	return out
}
