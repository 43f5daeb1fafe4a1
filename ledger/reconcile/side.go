package reconcile

import "slices"

// side is the items of one class that have not been matched yet, of both sides, in order of byAmount.
type side struct {
	ours, theirs []Item
	silent       []Item // of theirs, that were not delivered
	matched      []Item // of theirs
	told         bool   // theirs had something that was delivered
}

func (m *Matcher) side(returns bool) (s side) {
	for _, i := range m.ours.items {
		if i.Kind.returns() == returns {
			s.ours = append(s.ours, i)
		}
	}
	for _, i := range m.theirs.items {
		switch {
		case i.Kind.returns() != returns:
		case i.Status == Delivered:
			s.theirs = append(s.theirs, i)
		default:
			s.silent = append(s.silent, i)
		}
	}
	slices.SortStableFunc(s.ours, byAmount)
	slices.SortStableFunc(s.theirs, byAmount)
	slices.SortStableFunc(s.silent, byAmount)
	s.told = len(s.theirs) > 0
	return s
}

// exactly matches equal amounts: of the business date first, and of one reference before others.
func (s *side) exactly(m *Matcher) {
	tests := []func(o, t *Item) bool{
		func(o, t *Item) bool { return o.Date == m.Date && o.Reference == t.Reference },
		func(o, _ *Item) bool { return o.Date == m.Date },
		func(o, t *Item) bool { return o.Reference == t.Reference },
		func(*Item, *Item) bool { return true },
	}
	for _, fits := range tests {
		for at := 0; at < len(s.theirs); {
			t := &s.theirs[at]
			with := slices.IndexFunc(s.ours, func(o Item) bool { return o.Amount == t.Amount && fits(&o, t) })
			if with < 0 {
				at++
				continue
			}
			s.pair(m, with, at)
		}
	}
}

// pair matches two items and takes them off.
func (s *side) pair(m *Matcher, ours, theirs int) {
	o, t := s.ours[ours], s.theirs[theirs]
	s.ours, s.theirs = slices.Delete(s.ours, ours, ours+1), slices.Delete(s.theirs, theirs, theirs+1)
	s.matched = append(s.matched, t)
	m.compare(&o, &t)
}

// together matches all that is left of the business date, if it adds up.
func (s *side) together(m *Matcher) {
	var ours, others []Item
	for _, o := range s.ours {
		if o.Date == m.Date {
			ours = append(ours, o)
		} else {
			others = append(others, o)
		}
	}
	if len(ours) == 0 || len(s.theirs) == 0 {
		return
	}
	o, t := sum(ours), sum(s.theirs)
	if o.Amount != t.Amount {
		return
	}
	s.matched, s.theirs, s.ours = append(s.matched, s.theirs...), nil, others
	m.compare(&o, &t)
}

// oneByOne matches different amounts.
func (s *side) oneByOne(m *Matcher) {
	for len(s.theirs) > 0 && len(s.ours) > 0 {
		with := slices.IndexFunc(s.ours, func(o Item) bool { return o.Date == m.Date })
		s.pair(m, max(0, with), 0)
	}
}

// silently matches what is left of ours with what theirs says did not take place, unless theirs says elsewhere that it did. What
// ours has of a later day came of another try.
func (s *side) silently(m *Matcher) {
	if s.told || len(s.silent) == 0 {
		return
	}
	for _, fits := range []func(o Item) bool{
		func(o Item) bool { return o.Date == m.Date },
		func(o Item) bool { return o.Date < m.Date },
	} {
		var ours, others []Item
		for _, o := range s.ours {
			if fits(o) {
				ours = append(ours, o)
			} else {
				others = append(others, o)
			}
		}
		if len(ours) > 0 {
			m.breaks(&Break{Kind: Outcome, Ours: sum(ours), Theirs: s.silent[0]})
			s.ours = others
			return
		}
	}
	m.leave(nil, s.silent[:1])
}

// doubly finds what theirs has more often than ours.
func (s *side) doubly(m *Matcher) {
	var first []Item
	for _, t := range s.theirs {
		same := func(i Item) bool { return i.Amount == t.Amount }
		if slices.ContainsFunc(s.matched, same) || slices.ContainsFunc(first, same) {
			m.breaks(&Break{Kind: Duplicate, Theirs: t})
		} else {
			first = append(first, t)
		}
	}
	s.theirs = first
}

// cancel takes off sales and returns that only one side has.
func (m *Matcher) cancel(sales, returns *side) {
	if len(sales.ours)+len(returns.ours) == 0 {
		n := cancel(&sales.theirs, &returns.theirs, m.Fees)
		m.Tally.Cancelled += int64(n)
	}
	if len(sales.theirs)+len(returns.theirs) == 0 {
		cancel(&sales.ours, &returns.ours, m.Fees)
	}
}

func cancel(sales, returns *[]Item, fees bool) (n int) {
	for at := 0; at < len(*sales); {
		s := &(*sales)[at]
		with := slices.IndexFunc(*returns, func(r Item) bool {
			return r.Amount == s.Amount && r.Date == s.Date && (!fees || r.Fee == s.Fee)
		})
		if with < 0 {
			at++
			continue
		}
		*sales, *returns = slices.Delete(*sales, at, at+1), slices.Delete(*returns, with, with+1)
		n += 2
	}
	return n
}
