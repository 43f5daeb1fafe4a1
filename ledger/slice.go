package ledger

import (
	"cmp"
	"slices"
	"sort"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Slice is what this shard may have committed to a carrier in a currency: its part of the carrier's exposure limit. It
// begins as an equal share, and grows and shrinks by what shards give each other. Whatever is under way between them is in
// neither, so that the slices never add up to more than the limit.
//
// Committed is what is held, and what was captured, less what was refunded, on days that the carrier need not have been paid
// for yet: the day of a capture and the next, or 32 more where it is paid monthly. Days are of UTC: a replay has no other. See
// Committed for a refund of a sale of earlier days.
type Slice struct {
	Carrier  CarrierID
	Currency money.Currency
	Limit    money.Amount // of all shards together; 0 when there is none (any more)
	Share    money.Amount // what the limit gave this shard
	Amount   money.Amount // what is left of it after all giving and taking; below 0 after a limit was lowered
	Window   int32        // how many days after its own a capture counts
	Days     []UnpaidDay  // ascending
}

// UnpaidDay is what was captured on a day, less what was refunded on it.
type UnpaidDay struct {
	Day    calendar.Date
	Amount money.Amount
}

// How many days after its own a capture counts.
const (
	dailyWindow   = 1
	monthlyWindow = 32
)

// Gift is the last part of a slice that a shard gave to another. Gifts between two shards are numbered 1, 2, 3, ...; one is
// under way until the other has taken it, and until then no other is made.
type Gift struct {
	To       uint16
	N        uint64
	Carrier  CarrierID
	Currency money.Currency
	Amount   money.Amount
}

// Taken is the number of the last gift that a shard took from another.
type Taken struct {
	From uint16
	N    uint64
}

// ShareOf is a shard's equal share of a limit; the shares add up to it.
func ShareOf(limit money.Amount, shard, shards int) money.Amount {
	n := money.Amount(shards)
	share := limit / n
	if money.Amount(shard) < limit%n {
		share++
	}
	return share
}

// slice finds the place of a slice.
func (s *Shard) slice(id CarrierID, c money.Currency) (int, bool) {
	at := sort.Search(len(s.Slices), func(i int) bool {
		v := &s.Slices[i]
		return cmp.Or(cmp.Compare(v.Carrier, id), cmp.Compare(v.Currency, c)) >= 0
	})
	return at, at < len(s.Slices) && s.Slices[at].Carrier == id && s.Slices[at].Currency == c
}

// sliceOf finds a slice, and makes it when it is not there.
func (s *Shard) sliceOf(id CarrierID, c money.Currency) *Slice {
	at, found := s.slice(id, c)
	if !found {
		s.Slices = slices.Insert(s.Slices, at, Slice{Carrier: CarrierID(clone(string(id))), Currency: money.Currency(clone(string(c)))})
	}
	return &s.Slices[at]
}

// Room is how much more a shard may commit to a carrier in a currency, and whether there is a limit at all.
func (s *Shard) Room(id CarrierID, c money.Currency, now calendar.Instant) (money.Amount, bool) {
	if len(s.Slices) == 0 {
		return 0, false
	}
	at, found := s.slice(id, c)
	if !found || s.Slices[at].Limit == 0 {
		return 0, false
	}
	held, unpaid := s.Committed(id, c, now)
	return s.Slices[at].Amount - held - unpaid, true
}

// Committed is what is committed to a carrier that has a limit in a currency, or had one: held, and captured and not paid yet. It
// never grows by itself: where a refund is of a sale of days that count no more, what it makes less is soon nobody's, and so it is
// counted as it will be when the days of the refund are over.
func (s *Shard) Committed(id CarrierID, c money.Currency, now calendar.Instant) (held, unpaid money.Amount) {
	at := sort.Search(len(s.Totals), func(i int) bool {
		t := &s.Totals[i]
		return cmp.Or(cmp.Compare(t.Carrier, id), cmp.Compare(t.Currency, c)) >= 0
	})
	if at < len(s.Totals) && s.Totals[at].Carrier == id && s.Totals[at].Currency == c {
		held = s.Totals[at].Held
	}
	if at, found := s.slice(id, c); found {
		v := &s.Slices[at]
		since, from := calendar.UTC.DateAt(now).AddDays(-int(v.Window)), money.Amount(0)
		for n := len(v.Days) - 1; n >= 0 && v.Days[n].Day >= since; n-- {
			from += v.Days[n].Amount
			unpaid = max(unpaid, from)
		}
	}
	return held, unpaid
}

// unpaid counts a capture, or a refund below 0, where the carrier has a limit.
func (s *Shard) unpaid(h *HoldRef, now calendar.Instant, amount money.Amount) {
	at, found := s.slice(h.Carrier, h.Currency)
	if !found || amount == 0 {
		return
	}
	v, today := &s.Slices[at], calendar.UTC.DateAt(now)
	if n := len(v.Days); n > 0 && v.Days[n-1].Day == today {
		v.Days[n-1].Amount += amount
		return
	}
	v.Days = slices.DeleteFunc(slices.Clone(v.Days), func(d UnpaidDay) bool { return d.Day < today.AddDays(-monthlyWindow) })
	v.Days = append(v.Days, UnpaidDay{today, amount})
}

// putLimits gives a carrier's slices the shares of its limits. What was given and taken before stays so.
func (s *Shard) putLimits(f *CarrierPut) {
	window := int32(dailyWindow)
	if f.Settings.Settlement.Cycle == Monthly {
		window = monthlyWindow
	}
	for i := range s.Slices {
		if v := &s.Slices[i]; v.Carrier == f.ID {
			v.Window = window
			if !slices.ContainsFunc(f.Settings.ExposureLimits, func(l Sum) bool { return l.Currency == v.Currency }) {
				v.Amount -= v.Share
				v.Share, v.Limit = 0, 0
			}
		}
	}
	for i, l := range f.Settings.ExposureLimits {
		v := s.sliceOf(f.ID, l.Currency)
		v.Amount += f.Shares[i] - v.Share
		v.Limit, v.Share, v.Window = l.Amount, f.Shares[i], window
	}
}

// GiftTo is the last gift to a shard; that with the number 0 when there was none.
func (s *Shard) GiftTo(to uint16) Gift {
	if at, found := slices.BinarySearchFunc(s.Gifts, to, func(g Gift, to uint16) int { return cmp.Compare(g.To, to) }); found {
		return s.Gifts[at]
	}
	return Gift{To: to}
}

// TakenFrom is the number of the last gift taken from a shard.
func (s *Shard) TakenFrom(from uint16) uint64 {
	if at, found := slices.BinarySearchFunc(s.Taken, from, func(t Taken, from uint16) int { return cmp.Compare(t.From, from) }); found {
		return s.Taken[at].N
	}
	return 0
}

func (s *Shard) give(f *SliceGiven) {
	s.sliceOf(f.Carrier, f.Currency).Amount -= f.Amount
	g := f.Gift
	g.Carrier, g.Currency = CarrierID(clone(string(g.Carrier))), money.Currency(clone(string(g.Currency)))
	at, found := slices.BinarySearchFunc(s.Gifts, g.To, func(g Gift, to uint16) int { return cmp.Compare(g.To, to) })
	if !found {
		s.Gifts = slices.Insert(s.Gifts, at, g)
	}
	s.Gifts[at] = g
}

func (s *Shard) take(f *SliceTaken) {
	s.sliceOf(f.Gift.Carrier, f.Gift.Currency).Amount += f.Gift.Amount
	at, found := slices.BinarySearchFunc(s.Taken, f.From, func(t Taken, from uint16) int { return cmp.Compare(t.From, from) })
	if !found {
		s.Taken = slices.Insert(s.Taken, at, Taken{From: f.From})
	}
	s.Taken[at].N = f.Gift.N
}

// giveSlice gives another shard a part of what is not committed here. It does nothing unless the other has taken what it was
// given before, so that no gift is forgotten while it is under way.
func (l *Ledger) giveSlice(c *GiveSlice) Outcome {
	s := l.book.Shard()
	if last := s.GiftTo(c.To).N; c.To == s.Number || c.Taken != last {
		return Outcome{}
	}
	room, limited := s.Room(c.Carrier, c.Currency, l.now)
	amount := min(c.Amount, room)
	if !limited || amount <= 0 {
		return Outcome{}
	}
	return l.post(&SliceGiven{Gift{To: c.To, N: c.Taken + 1, Carrier: c.Carrier, Currency: c.Currency, Amount: amount}})
}

// takeSlice takes what another shard gave, once.
func (l *Ledger) takeSlice(c *TakeSlice) Outcome {
	s := l.book.Shard()
	if c.Gift.To != s.Number || c.Gift.N != s.TakenFrom(c.From)+1 {
		return Outcome{}
	}
	return l.post(&SliceTaken{From: c.From, Gift: c.Gift})
}

// SliceMove is what one shard is to give another.
type SliceMove struct {
	From, To uint16
	Carrier  CarrierID
	Currency money.Currency
	Amount   money.Amount
}

// UnderWay are the gifts that the shards given have not taken, each from the shard that gave it.
func UnderWay(shards []*Shard) (gifts []TakeSlice) {
	for _, from := range shards {
		for _, g := range from.Gifts {
			if int(g.To) < len(shards) && shards[g.To].TakenFrom(from.Number) < g.N {
				gifts = append(gifts, TakeSlice{From: from.Number, Gift: g})
			}
		}
	}
	return gifts
}

// Rebalance says what shards are to give each other: to one that has less than half of an even part of the room that there
// is, or has gone beyond its slice, whoever has most, at most once each.
func Rebalance(shards []*Shard, now calendar.Instant) (moves []SliceMove) {
	for i := range shards[0].Slices {
		v := &shards[0].Slices[i]
		rooms, all := make([]money.Amount, len(shards)), money.Amount(0)
		limited := v.Limit > 0
		for n, s := range shards {
			room, has := s.Room(v.Carrier, v.Currency, now)
			rooms[n], limited = room, limited && has
			all += room
		}
		if !limited {
			continue
		}
		even := max(0, all/money.Amount(len(shards)))
		for range shards {
			most, least := largest(rooms), smallest(rooms)
			amount := min(rooms[most]-even, even-rooms[least])
			if amount <= 0 || rooms[least] >= 0 && rooms[least] >= even/2 {
				break
			}
			moves = append(moves, SliceMove{uint16(most), uint16(least), v.Carrier, v.Currency, amount})
			rooms[most] -= amount
			rooms[least] += amount
		}
	}
	return moves
}

func largest(list []money.Amount) (at int) {
	for i := range list {
		if list[i] > list[at] {
			at = i
		}
	}
	return at
}

func smallest(list []money.Amount) (at int) {
	for i := range list {
		if list[i] < list[at] {
			at = i
		}
	}
	return at
}
