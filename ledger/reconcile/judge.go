package reconcile

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// MissingThere makes a break of an item of ours that nothing of theirs matched, if it is of the business date.
func (m *Matcher) MissingThere(o *Item, sink Sink) error {
	if o.Date != m.Date {
		return nil
	}
	m.sink, m.err = sink, nil
	m.breaks(&Break{Kind: MissingThere, Ours: *o})
	return m.err
}

// Here is what is known of the order of an item of theirs that nothing of ours matched.
type Here struct {
	Known    bool
	Captured money.Amount
	Refunded money.Amount
	Sold     calendar.Date // business date of its first capture
	Left     Item          // the order itself: order, reference, time and state, with nothing captured
	Unseen   []Item        // its captures and refunds that were not among ours
}

// Judge makes a break of an item of theirs that nothing of ours matched, or finds that it agrees.
func (m *Matcher) Judge(t *Item, here *Here, sink Sink) error {
	m.sink, m.err = sink, nil
	if at := m.likeliest(t, here.Unseen); at >= 0 {
		o := here.Unseen[at]
		if o.NoFee {
			o.Fee = t.Fee
		}
		m.countOurs(&o)
		m.compare(&o, t)
		return m.err
	}
	switch {
	case t.Status != Delivered:
	case here.Known && here.Captured == 0:
		m.breaks(&Break{Kind: Outcome, Ours: here.Left, Theirs: *t})
	case here.Known && t.Kind == Reversal && here.Captured > here.Refunded && here.Sold < m.Date:
		m.breaks(&Break{Kind: LateReversal, Ours: here.Left, Theirs: *t})
	default:
		m.breaks(&Break{Kind: MissingHere, Theirs: *t})
	}
	return m.err
}

// likeliest is the item that one of theirs belongs to: of its class, of its amount and of the business date, as far as there
// is one.
func (m *Matcher) likeliest(t *Item, items []Item) int {
	best, at := 0, -1
	for i := range items {
		o := &items[i]
		if o.Kind.returns() != t.Kind.returns() || t.Status != Delivered && o.Date > m.Date {
			continue
		}
		score := 1
		if o.Amount == t.Amount {
			score += 2
		}
		if o.Date == m.Date {
			score++
		}
		if score > best {
			best, at = score, i
		}
	}
	return at
}
