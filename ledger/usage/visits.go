package usage

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// visits are the days on which accounts last ordered of carriers, as far as that may matter: of each account one, and others
// beside it while they are young. They are by the accounts' numbers in the shard, which are dense.
type visits struct {
	chunks [][]visit
	more   map[uint64][]visit
}

// visit is the last order of an account of a carrier.
type visit struct {
	carrier uint16 // its place in the fold's list; hasMore is set where there are others
	day     uint16 // days since 1970-01-01; 0 for none
}

const (
	chunkSize  = 8_192
	visitBytes = 4
	hasMore    = 1 << 15
)

// What is told of who returned is exact because a visit is kept for as long as an order may come that ReturnDays are counted
// from: an order is of a day at most lateDays ago, and what is today for one carrier is at most two days from what it is for
// another.
const (
	lateDays = 3
	keptDays = ReturnDays + 8
)

// at is the place of an account.
func (v *visits) at(account uint64) *visit {
	n := account / chunkSize
	for uint64(len(v.chunks)) <= n {
		v.chunks = append(v.chunks, nil)
	}
	if v.chunks[n] == nil {
		v.chunks[n] = make([]visit, chunkSize)
	}
	return &v.chunks[n][account%chunkSize]
}

// saw says whether an order is the first of its account and carrier on a day, and since which day not ordered it comes, if that
// is not longer ago than ReturnDays; 0 otherwise. One of an earlier day than the last is neither.
func (v *visits) saw(account uint64, carrier uint16, d calendar.Date) (first bool, since calendar.Date) {
	if d <= 0 || d > 1<<16-1 {
		return false, 0
	}
	own, day := v.at(account), uint16(d)
	last := v.find(own, account, carrier)
	switch {
	case last == nil:
		v.put(own, account, visit{carrier, day})
		return true, 0
	case last.day >= day:
		return false, 0
	}
	if since = calendar.Date(last.day); d-since > ReturnDays {
		since = 0
	}
	last.day = day
	return true, since
}

// find is the visit of a carrier, of an account whose own place is known; nil when there is none.
func (v *visits) find(own *visit, account uint64, carrier uint16) *visit {
	if own.day != 0 && own.carrier&^hasMore == carrier {
		return own
	}
	if own.carrier&hasMore == 0 {
		return nil
	}
	others := v.more[account]
	if at := slices.IndexFunc(others, func(o visit) bool { return o.carrier == carrier }); at >= 0 {
		return &others[at]
	}
	return nil
}

// put keeps the first visit of a carrier, and lets go of those that do not matter any more.
func (v *visits) put(own *visit, account uint64, fresh visit) {
	old := func(o visit) bool { return int(fresh.day)-int(o.day) > keptDays }
	others := v.more[account]
	if own.day == 0 || old(*own) {
		own.carrier, own.day = fresh.carrier|own.carrier&hasMore, fresh.day
	} else {
		others = append(others, fresh)
	}
	if others = slices.DeleteFunc(others, old); len(others) == 0 {
		own.carrier &^= hasMore
		delete(v.more, account)
		return
	}
	own.carrier |= hasMore
	v.more[account] = others
}
