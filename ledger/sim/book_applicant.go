package sim

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
)

// loans are rows of a kind, of which one at a time is handed out: a copy, good until another is asked for.
type loans[K comparable, V any] struct {
	kind  string
	clone func(*V) *V
	rows  map[K]*V
	lent  *V
	key   K
}

func newLoans[K comparable, V any](kind string, clone func(*V) *V) loans[K, V] {
	return loans[K, V]{kind: kind, clone: clone, rows: map[K]*V{}}
}

func (l *loans[K, V]) get(b *Book, key K) *V {
	if l.lent != nil && l.key == key {
		return l.lent
	}
	if l.lent != nil {
		b.broken = cmp.Or(b.broken, l.check())
		var none V
		*l.lent, l.lent = none, nil
	}
	row := l.rows[key]
	if b.unreadable() || row == nil {
		return nil
	}
	l.lent, l.key = l.clone(row), key
	return l.lent
}

func (l *loans[K, V]) put(key K, v *V) {
	l.rows[key] = l.clone(v)
	if l.key == key && v != l.lent {
		l.lent = nil
	}
}

func (l *loans[K, V]) check() error { return checkPut(l.kind, l.key, l.lent, l.rows[l.key]) }

// copied are the same rows, none of them lent.
func (l *loans[K, V]) copied() loans[K, V] {
	c := newLoans[K](l.kind, l.clone)
	for k, v := range l.rows {
		c.rows[k] = l.clone(v)
	}
	return c
}

func cloneApplicant(p *ledger.Applicant) *ledger.Applicant {
	c := *p
	c.Consents, c.Pending = slices.Clone(p.Consents), slices.Clone(p.Pending)
	return &c
}

func cloneApplication(a *ledger.Application) *ledger.Application {
	c := *a
	c.Needs, c.Points, c.Reasons, c.Inputs = slices.Clone(a.Needs), slices.Clone(a.Points), slices.Clone(a.Reasons), slices.Clone(a.Inputs)
	c.Offer.Lines = slices.Clone(a.Offer.Lines)
	return &c
}

func cloneReview(r *ledger.Review) *ledger.Review {
	c := *r
	return &c
}

// Applicant finds an applicant.
func (b *Book) Applicant(token ledger.ConsumerToken) *ledger.Applicant {
	return b.applicants.get(b, token)
}

// PutApplicant keeps an applicant.
func (b *Book) PutApplicant(p *ledger.Applicant) { b.applicants.put(p.Consumer, p) }

// Application finds an application.
func (b *Book) Application(id ledger.ApplicationID) *ledger.Application {
	return b.applications.get(b, id)
}

// PutApplication keeps an application.
func (b *Book) PutApplication(a *ledger.Application) { b.applications.put(a.ID, a) }

// Review finds a review.
func (b *Book) Review(id ledger.ReviewID) *ledger.Review { return b.reviews.get(b, id) }

// PutReview keeps a review.
func (b *Book) PutReview(r *ledger.Review) { b.reviews.put(r.ID, r) }

// checkApplicants checks every applicant with its applications and reviews, and that these are all there are.
func (b *Book) checkApplicants() error {
	var d ledger.DossierTally
	for token, p := range b.applicants.rows {
		if p.Consumer != token {
			return fmt.Errorf("applicant %q says that it is %q", token, p.Consumer)
		}
		err := d.Add(p, func(id ledger.ApplicationID) *ledger.Application { return b.applications.rows[id] },
			func(id ledger.ReviewID) *ledger.Review { return b.reviews.rows[id] })
		if err != nil {
			return err
		}
	}
	if len(b.applications.rows) != int(d.Applications) || len(b.reviews.rows) != int(d.Reviews) {
		return fmt.Errorf("there are %d applications and %d reviews, applicants have %+v", len(b.applications.rows), len(b.reviews.rows), d)
	}
	return d.Check(&b.shard)
}
