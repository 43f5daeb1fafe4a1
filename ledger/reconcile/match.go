package reconcile

import (
	"errors"
	"fmt"
	"io"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// MostOfKey is how many records of one order, or reference, either side may have: they are in memory together.
const MostOfKey = 1_000

// ErrTooMany is told when a side has more.
var ErrTooMany = errors.New("too many records of one order or reference")

// Stream hands out items in order of their keys, those without a key first; io.EOF ends it.
type Stream func() (key string, item Item, err error)

// Sink takes what becomes of items. An error ends the matching.
type Sink interface {
	Break(*Break) error
	// What is left of either side, and may match otherwise.
	OursLeft(*Item) error
	TheirsLeft(*Item) error
}

// Matcher matches items of a business date. Its fields are set before its first use.
type Matcher struct {
	Date  calendar.Date
	Fees  bool // the carrier's records have fees
	Tally Tally

	sink         Sink
	err          error
	ours, theirs group
}

// ByOrder matches items that come in order of their order ids, and counts all of them.
func (m *Matcher) ByOrder(ours, theirs Stream, sink Sink) error {
	counted := func(s Stream, count func(*Item)) Stream {
		return func() (string, Item, error) {
			key, i, err := s()
			if err == nil {
				count(&i)
			}
			return key, i, err
		}
	}
	return m.match(counted(ours, m.countOurs), counted(theirs, m.countTheirs), sink)
}

// ByReference matches what was left over, in order of references.
func (m *Matcher) ByReference(ours, theirs Stream, sink Sink) error {
	return m.match(ours, theirs, sink)
}

func (m *Matcher) countOurs(i *Item) {
	if i.Date == m.Date {
		m.Tally.Ours.add(i, m.Fees)
	}
}

func (m *Matcher) countTheirs(i *Item) {
	if i.Status == Delivered {
		m.Tally.Theirs.add(i, m.Fees)
	} else {
		m.Tally.Silent++
	}
}

func (m *Matcher) match(ours, theirs Stream, sink Sink) error {
	m.sink, m.err = sink, nil
	m.ours, m.theirs = group{next: ours}, group{next: theirs}
	for m.err == nil {
		key, more, err := m.load()
		switch {
		case err != nil:
			return err
		case !more:
			return nil
		case key == "":
			m.leave(m.ours.items, m.theirs.items)
		default:
			m.one()
		}
	}
	return m.err
}

// load reads all items of the next key of both sides. Those without a key have nothing in common and come one by one.
func (m *Matcher) load() (key string, more bool, err error) {
	if err := errors.Join(m.ours.peek(), m.theirs.peek()); err != nil {
		return "", false, err
	}
	switch {
	case m.ours.ended && m.theirs.ended:
		return "", false, nil
	case m.ours.ended:
		key = m.theirs.key
	case m.theirs.ended:
		key = m.ours.key
	default:
		key = min(m.ours.key, m.theirs.key)
	}
	return key, true, errors.Join(m.ours.take(key), m.theirs.take(key))
}

// group is the items of one key, of one side.
type group struct {
	next   Stream
	items  []Item
	key    string // of the item that was read ahead
	ahead  Item
	loaded bool
	ended  bool
}

func (g *group) peek() error {
	if g.loaded || g.ended {
		return nil
	}
	key, i, err := g.next()
	switch {
	case errors.Is(err, io.EOF):
		g.ended = true
		return nil
	case err != nil:
		return err
	case key < g.key:
		panic(fmt.Sprintf("reconcile: key %q comes after %q", key, g.key))
	}
	g.key, g.ahead, g.loaded = key, i, true
	return nil
}

func (g *group) take(key string) error {
	g.items = g.items[:0]
	for g.loaded && g.key == key {
		if len(g.items) == MostOfKey {
			return fmt.Errorf("%w: %q has more than %d", ErrTooMany, key, MostOfKey)
		}
		g.items, g.loaded = append(g.items, g.ahead), false
		if key == "" {
			return nil
		}
		if err := g.peek(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Matcher) leave(ours, theirs []Item) {
	for i := range ours {
		if m.err == nil {
			m.err = m.sink.OursLeft(&ours[i])
		}
	}
	for i := range theirs {
		if m.err == nil {
			m.err = m.sink.TheirsLeft(&theirs[i])
		}
	}
}

// one matches the items of one key.
func (m *Matcher) one() {
	var sides [2]side // sales and returns
	for c := range sides {
		sides[c] = m.side(c == 1)
		sides[c].exactly(m)
	}
	m.cancel(&sides[0], &sides[1])
	for c := range sides {
		s := &sides[c]
		s.together(m)
		s.oneByOne(m)
		s.silently(m)
		s.doubly(m)
		m.leave(s.ours, s.theirs)
	}
}

// compare tells how two items that belong together do not agree, if they do not.
func (m *Matcher) compare(o, t *Item) {
	b := Break{Ours: *o, Theirs: *t}
	switch {
	case t.Status != Delivered:
		b.Kind = Outcome
	case o.Amount != t.Amount:
		b.Kind = Amount
	case o.Date != m.Date && o.Kind.returns():
		b.Kind = RefundCrossing
	case o.Date != m.Date:
		b.Kind = WrongDay
	case m.Fees && o.Fee != t.Fee:
		b.Kind = Fee
	default:
		m.Tally.Matched += t.count()
		return
	}
	m.breaks(&b)
}

// breaks counts a break and tells it.
func (m *Matcher) breaks(b *Break) {
	if b.Ours.Kind != 0 && b.Ours.Date == m.Date {
		b.Diff, b.FeeDiff = b.Ours.Net(), b.Ours.NetFee()
	}
	if b.Theirs.Kind != 0 && b.Theirs.Status == Delivered {
		b.Diff -= b.Theirs.Net()
		b.FeeDiff -= b.Theirs.NetFee()
	}
	if !m.Fees {
		b.FeeDiff = 0
	}
	s := m.Tally.Of(b.Kind)
	s.Count++
	s.Diff += b.Diff
	s.FeeDiff += b.FeeDiff
	if m.err == nil {
		m.err = m.sink.Break(b)
	}
}
