package usage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// mostCarriers is how many carriers are told apart: anybody may order of a carrier that nobody knows.
const mostCarriers = 4_096

// Fold is the usage of one shard, as of the last entry that it absorbed. It belongs to one goroutine.
type Fold struct {
	shard    uint16
	sequence uint64
	time     calendar.Instant

	carriers []carrier // the first is of all those for whom there is no room
	places   map[ledger.CarrierID]uint16
	series   []series // in order of carrier's place and currency
	visits   visits
	rows     int64 // days
}

// carrier is what is known of a carrier's clock.
type carrier struct {
	id         ledger.CarrierID
	settlement ledger.SettlementTerms
	zone       calendar.Zone
	today      calendar.Date // the business day that was asked for last
	from       calendar.Instant
	until      calendar.Instant
}

// series are the days of a carrier in a currency.
type series struct {
	carrier  uint16
	currency money.Currency
	days     []*Day
}

// New is the usage of a shard without entries.
func New(shard uint16) *Fold {
	f := &Fold{shard: shard, places: map[ledger.CarrierID]uint16{}, visits: visits{more: map[uint64][]visit{}}}
	f.carrierOf("")
	return f
}

// Sequence is the last entry that was absorbed.
func (f *Fold) Sequence() uint64 { return f.sequence }

// Bytes is about how much memory the fold takes.
func (f *Fold) Bytes() int64 {
	const aRow, aMore = 900, 64
	return f.rows*aRow + int64(len(f.visits.chunks))*chunkSize*visitBytes + int64(len(f.visits.more))*aMore
}

// Add absorbs the next entry of the shard's journal. An entry that was absorbed before is left alone; one that does not come next
// is an error.
func (f *Fold) Add(e *ledger.Entry) error {
	switch {
	case e.Sequence <= f.sequence:
		return nil
	case e.Sequence != f.sequence+1:
		return fmt.Errorf("usage: entry %d comes after entry %d", e.Sequence, f.sequence)
	}
	f.sequence, f.time = e.Sequence, e.Time
	switch fact := e.Fact.(type) {
	case *ledger.CarrierPut:
		c := &f.carriers[f.carrierOf(fact.ID)]
		if c.id == fact.ID {
			c.keep(fact.Settings.Settlement)
		}
	case *ledger.OrderDecided:
		f.decided(fact)
	case *ledger.HoldIncremented:
		if fact.Reasons == 0 {
			f.now(&fact.HoldRef).Approved.Amount += fact.Amount
		}
	case *ledger.HoldCaptured:
		f.on(&fact.HoldRef, fact.Clearing.Date).Captured.add(fact.Amount)
	case *ledger.HoldReleased:
		f.now(&fact.HoldRef).Released.add(fact.Amount)
	case *ledger.OrderReversed:
		if fact.Released > 0 {
			f.now(&fact.HoldRef).Released.add(fact.Released)
		}
		if fact.Refunded > 0 {
			f.on(&fact.HoldRef, fact.Clearing.Date).Refunded.add(fact.Refunded)
		}
	case *ledger.CaptureRefunded:
		f.on(&fact.HoldRef, fact.Clearing.Date).Refunded.add(fact.Amount)
	}
	return nil
}

// decided absorbs a decision on an order.
func (f *Fold) decided(o *ledger.OrderDecided) {
	place := f.carrierOf(o.Carrier)
	c, at := &f.carriers[place], f.time
	if o.Kind == ledger.OrderAdvised && o.SaleTime != 0 {
		at = o.SaleTime
	}
	date := c.dayAt(at)
	d := f.day(place, o.Currency, date)
	switch o.Kind {
	case ledger.OrderDeclined:
		d.Declined.add(o.Requested)
		return
	case ledger.OrderAdvised:
		d.Advised.add(o.Amount)
	default:
		d.Approved.add(o.Amount)
	}
	d.Hours[c.zone.Minute(at)/60]++
	d.Denominations.add(o.Amount)
	if date+lateDays >= c.dayAt(f.time) {
		f.visit(o, place, d)
	}
	if o.Kind != ledger.OrderAuthorized {
		f.on(&o.HoldRef, cmp.Or(o.Clearing.Date, date)).Captured.add(o.Amount)
	}
}

// visit absorbs that an account ordered on a day.
func (f *Fold) visit(o *ledger.OrderDecided, place uint16, d *Day) {
	first, since := f.visits.saw(o.Account.Number(), place, d.Date)
	if first {
		d.Accounts++
	}
	if since != 0 {
		f.day(place, o.Currency, since).Returned++
	}
}

// now is the day of what happens to an order.
func (f *Fold) now(h *ledger.HoldRef) *Day { return f.on(h, 0) }

// on is a day of an order's carrier, 0 being that of the entry.
func (f *Fold) on(h *ledger.HoldRef, date calendar.Date) *Day {
	place := f.carrierOf(h.Carrier)
	if date == 0 {
		date = f.carriers[place].dayAt(f.time)
	}
	return f.day(place, h.Currency, date)
}

// carrierOf is the place of a carrier.
func (f *Fold) carrierOf(id ledger.CarrierID) uint16 {
	if place, known := f.places[id]; known {
		return place
	}
	if len(f.carriers) == mostCarriers {
		return 0
	}
	id = ledger.CarrierID([]byte(id)) // of its own memory: an entry's goes
	f.carriers = append(f.carriers, carrier{id: id, zone: calendar.UTC})
	f.places[id] = uint16(len(f.carriers) - 1)
	return f.places[id]
}

// day finds a day of a carrier, and makes it when it is not there.
func (f *Fold) day(place uint16, currency money.Currency, date calendar.Date) *Day {
	at, found := slices.BinarySearchFunc(f.series, series{carrier: place, currency: currency}, func(a, b series) int {
		return cmp.Or(cmp.Compare(a.carrier, b.carrier), cmp.Compare(a.currency, b.currency))
	})
	if !found {
		f.series = slices.Insert(f.series, at, series{carrier: place, currency: money.Currency([]byte(currency))})
	}
	s := &f.series[at]
	if n := len(s.days); n > 0 && s.days[n-1].Date == date { // the newest, as a rule
		return s.days[n-1]
	}
	at, found = slices.BinarySearchFunc(s.days, date, func(d *Day, date calendar.Date) int { return int(d.Date) - int(date) })
	if !found {
		f.rows++
		s.days = slices.Insert(s.days, at, &Day{Date: date})
	}
	return s.days[at]
}

// keep takes over when the carrier's days are. A zone that cannot be read is that of no carrier of the registry.
func (c *carrier) keep(s ledger.SettlementTerms) {
	s.Zone = string([]byte(s.Zone))
	c.settlement, c.from, c.until = s, 0, 0
	zone, err := calendar.LoadZone(s.Zone)
	if s.Zone == "" || err != nil {
		zone, c.settlement = calendar.UTC, ledger.SettlementTerms{}
	}
	c.zone = zone
}

// dayAt is the business day that an instant is on, which is mostly that of the one before.
func (c *carrier) dayAt(at calendar.Instant) calendar.Date {
	if c.settlement.Zone == "" {
		return calendar.UTC.DateAt(at)
	}
	if at < c.from || at >= c.until {
		c.today = c.settlement.DayAt(at, c.zone)
		c.from, c.until = c.settlement.EndOf(c.today-1, c.zone), c.settlement.EndOf(c.today, c.zone)
	}
	return c.today
}

// Usage is what there was of a carrier between two days, both included, in every currency in order; 0 is no bound.
func (f *Fold) Usage(id ledger.CarrierID, from, to calendar.Date) (list []Usage) {
	place, known := f.places[id]
	if !known {
		return nil
	}
	c := &f.carriers[place]
	for i := range f.series {
		s := &f.series[i]
		if s.carrier != place {
			continue
		}
		u := Usage{Carrier: id, Currency: s.currency, Zone: c.zone.String(), Today: c.dayAt(f.time)}
		for _, d := range s.days {
			if d.Date >= from && (to == 0 || d.Date <= to) {
				day := *d
				day.Denominations.Listed = slices.Clone(d.Denominations.Listed)
				u.Days = append(u.Days, day)
			}
		}
		list = append(list, u)
	}
	return list
}
