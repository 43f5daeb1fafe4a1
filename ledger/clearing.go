package ledger

import (
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Clearing is what a fact that moves what is payable to a carrier says about it: on which of the carrier's business days it
// is, and what the carrier is charged. It is reckoned by the decision, so that a replay reads no zone and no settings.
type Clearing struct {
	Date calendar.Date // 0 of a carrier that is paid in no cycle: it goes into the first settlement that there is
	Fee  money.Amount  // below 0 when it is given back
}

// businessDay is a business day and when it is.
type businessDay struct {
	from, until calendar.Instant
	date        calendar.Date
}

// EndOf is when a business day ends, exclusive: at the cut-off of that day, or with a cut-off of 00:00 at the midnight that
// ends it.
func (s *SettlementTerms) EndOf(d calendar.Date, z calendar.Zone) calendar.Instant {
	if s.CutOff == 0 {
		return z.Start(d + 1)
	}
	return z.At(d, int(s.CutOff/time.Minute))
}

// DayAt is the business day that an instant is on.
func (s *SettlementTerms) DayAt(at calendar.Instant, z calendar.Zone) calendar.Date {
	d := z.DateAt(at)
	if at >= s.EndOf(d, z) {
		d++
	}
	return d
}

// clears is the business day of a carrier that an instant is on; 0 for one that is paid in no cycle.
func (l *Ledger) clears(id CarrierID, at calendar.Instant) calendar.Date {
	c := l.book.Shard().Carrier(id)
	if c == nil || c.Settlement.Cycle == NoCycle {
		return 0
	}
	s := &c.Settlement
	if at != l.now {
		return s.DayAt(at, l.zones.find(s.Zone, l.zone))
	}
	day, known := l.days[*s]
	if !known || at < day.from || at >= day.until {
		z := l.zones.find(s.Zone, l.zone)
		day.date = s.DayAt(at, z)
		day.from, day.until = s.EndOf(day.date-1, z), s.EndOf(day.date, z)
		key := *s
		key.Zone = clone(key.Zone)
		l.days[key] = day
	}
	return day.date
}

// zoneCache are the zones that were read, by name.
type zoneCache map[string]calendar.Zone

// find reads a zone. The registry takes no carrier whose zone cannot be read; where one is gone, the zone of the business has
// to do.
func (z zoneCache) find(name string, otherwise calendar.Zone) calendar.Zone {
	if zone, known := z[name]; known {
		return zone
	}
	zone, err := calendar.LoadZone(name)
	if err != nil {
		zone = otherwise
	}
	z[clone(name)] = zone
	return zone
}

// Fee is the first fee that fits what was sold; nil when there is none.
func (s *CarrierSettings) Fee(scene Scene, product ProductID, currency money.Currency) *CarrierFee {
	at := slices.IndexFunc(s.Fees, func(f CarrierFee) bool {
		return f.Currency == currency && (f.Scene == NoScene || f.Scene == scene) && (f.Product == "" || f.Product == product)
	})
	if at < 0 {
		return nil
	}
	return &s.Fees[at]
}

// feeOf is the fee that an order is charged by: of the version of its carrier that it was decided under.
func (l *Ledger) feeOf(id CarrierID, version uint32, scene Scene, product ProductID, currency money.Currency) *CarrierFee {
	if version == 0 {
		return nil
	}
	c := l.book.Shard().CarrierAt(id, version)
	if c == nil {
		return nil
	}
	return c.Fee(scene, product, currency)
}

// Captured is what a capture is charged, of an order of which so much was captured and not refunded before: so much more of
// the share as it adds, rounded as a whole, and the fixed part. So the share that an order is charged in the end does not
// depend on the parts that it was captured and refunded in.
func (f *CarrierFee) Captured(before, amount money.Amount) money.Amount {
	if f == nil {
		return 0
	}
	return (before + amount).Share(int64(f.Share)) - before.Share(int64(f.Share)) + f.Fixed
}

// Refunded is what a refund is charged, which is below 0: it gives back the share pro rata, and the fixed part is kept. Never
// more is given back than was charged: orders from before there were fees were charged nothing.
func (f *CarrierFee) Refunded(before, amount, charged money.Amount) money.Amount {
	if f == nil {
		return 0
	}
	return -min(before.Share(int64(f.Share))-(before-amount).Share(int64(f.Share)), charged)
}

// clearOrder fills in the clearing of an order that is captured at once.
func (l *Ledger) clearOrder(d *OrderDecided, at calendar.Instant) {
	fee := l.feeOf(d.Carrier, d.Settings, d.Scene, d.Product, d.Currency)
	d.Clearing = Clearing{l.clears(d.Carrier, at), fee.Captured(0, d.Amount)}
}

// clearCapture is the clearing of a capture.
func (l *Ledger) clearCapture(a *Account, h *Authorization, amount money.Amount) Clearing {
	fee := l.feeOf(h.Carrier, h.Settings, h.Scene, h.Product, a.Currency)
	return Clearing{l.clears(h.Carrier, l.now), fee.Captured(h.Captured-h.Refunded, amount)}
}

// clearRefund is the clearing of a refund.
func (l *Ledger) clearRefund(a *Account, h *Authorization, amount money.Amount) Clearing {
	fee := l.feeOf(h.Carrier, h.Settings, h.Scene, h.Product, a.Currency)
	return Clearing{l.clears(h.Carrier, l.now), fee.Refunded(h.Captured-h.Refunded, amount, h.Fees)}
}

// clearReversal is the clearing of a reversal, which gives back all that was charged.
func (l *Ledger) clearReversal(h *Authorization, refunded money.Amount) Clearing {
	if refunded == 0 && h.Fees == 0 {
		return Clearing{}
	}
	return Clearing{l.clears(h.Carrier, l.now), -h.Fees}
}

// clearMoves says on which day the moves of a booking clear that are about a carrier. What an order moves by itself clears as
// the fact says that the booking is part of.
func (l *Ledger) clearMoves(b *Booking) {
	ofOrder := b.Kind == PurchasePosted || b.Kind == PurchaseRefunded || b.Kind == DeviceReturned
	for i := range b.Moves {
		if m := &b.Moves[i]; m.Carrier != "" && !(ofOrder && m.Against == BookPayable) {
			m.Cleared = l.clears(m.Carrier, l.now)
		}
	}
}

// ClearingOf is what a fact on an order says about its carrier's business day and fee; zero for another fact.
func ClearingOf(f Fact) Clearing {
	switch f := f.(type) {
	case *OrderDecided:
		return f.Clearing
	case *HoldCaptured:
		return f.Clearing
	case *OrderReversed:
		return f.Clearing
	case *CaptureRefunded:
		return f.Clearing
	}
	return Clearing{}
}
