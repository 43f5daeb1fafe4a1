package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// MostSpends bounds the orders that an account remembers one by one.
const MostSpends = 256

// velocityKept is for how long an order counts: the longest window of velocity.
const velocityKept = 30 * 24 * time.Hour

var windowLengths = [feature.Windows]time.Duration{
	feature.TenMinutes: 10 * time.Minute, feature.Hour: time.Hour, feature.Day: 24 * time.Hour, feature.Month: velocityKept,
}

// Velocity is the orders of an account in the last 30 days, for decision rules to count. It is exact as long as there are no
// more than MostSpends of them. Of more, the oldest are counted together as of the time of the newest of them, so that it
// errs on the side of more.
//
// An order counts from its decision, with what was approved. When all of it is given back before anything was captured, it
// counts no more.
type Velocity struct {
	Spends   []Spend      // the oldest first
	Phones   []PhoneToken // that spends were for
	Carriers []CarrierID  // that spends were for
}

// Spend is an order that counts, or several that are counted together.
type Spend struct {
	Time     calendar.Instant
	Amount   money.Amount // approved; of a declined order, asked for
	N        uint32       // of the newest of the orders
	Orders   int32
	Phone    uint16 // place in Phones, from 1; 0 for an order without a phone
	Carrier  uint16 // place in Carriers, from 1
	Declined bool
	Returned bool // refunded or reversed since, all or some of it
}

// add counts an order.
func (v *Velocity) add(e *Entry, f *OrderDecided) {
	amount := f.Amount
	if f.Kind == OrderDeclined {
		amount = f.Requested
	}
	v.forget(e.Time)
	v.insert(Spend{Time: e.Time, Amount: amount, N: f.N, Orders: 1, Declined: f.Kind == OrderDeclined}, f.Phone, f.Carrier)
}

// insert puts a spend where it belongs in time, which nearly always is last.
func (v *Velocity) insert(s Spend, phone PhoneToken, carrier CarrierID) {
	if len(v.Spends) >= MostSpends {
		v.merge()
	}
	s.Phone, s.Carrier = place(&v.Phones, phone), place(&v.Carriers, carrier)
	at := len(v.Spends)
	for at > 0 && v.Spends[at-1].Time > s.Time {
		at--
	}
	v.Spends = slices.Insert(v.Spends, at, s)
}

// merge counts the oldest spend together with the next that is of the same phone, carrier and decision, or if there is none
// with the next of the same decision, and if there is none with the next.
func (v *Velocity) merge() {
	first, into, likeness := v.Spends[0], 1, 0
	for i := 1; i < len(v.Spends); i++ {
		s, like := &v.Spends[i], 0
		if s.Declined == first.Declined {
			if like = 1; s.Phone == first.Phone && s.Carrier == first.Carrier {
				like = 2
			}
		}
		if like > likeness {
			if into, likeness = i, like; like == 2 {
				break
			}
		}
	}
	v.Spends[into].Amount += first.Amount
	v.Spends[into].Orders += first.Orders
	v.Spends[into].Returned = v.Spends[into].Returned || first.Returned
	v.Spends = slices.Delete(v.Spends, 0, 1)
	v.tidy()
}

// forget takes off what counts in no window any more.
func (v *Velocity) forget(now calendar.Instant) {
	old := 0
	for old < len(v.Spends) && now >= v.Spends[old].Time.Add(velocityKept) {
		old++
	}
	if old > 0 {
		v.Spends = slices.Delete(v.Spends, 0, old)
		v.tidy()
	}
}

// mostPlaces bounds how many phones and carriers are listed.
const mostPlaces = 2*MostSpends + 16

// tidy forgets phones and carriers that no spend is for, once there may be many such.
func (v *Velocity) tidy() {
	if len(v.Spends) == 0 {
		v.Phones, v.Carriers = nil, nil
		return
	}
	if len(v.Phones)+len(v.Carriers) <= 2*len(v.Spends)+8 {
		return
	}
	phones, carriers := v.Phones, v.Carriers
	v.Phones, v.Carriers = nil, nil
	for i := range v.Spends {
		s := &v.Spends[i]
		if s.Phone != 0 {
			s.Phone = place(&v.Phones, phones[s.Phone-1])
		}
		s.Carrier = place(&v.Carriers, carriers[s.Carrier-1])
	}
}

// more adds to what an order counts with.
func (v *Velocity) more(n uint32, amount money.Amount) {
	if s := v.spend(n); s != nil {
		s.Amount += amount
	}
}

// giveBack takes off an order of which nothing came.
func (v *Velocity) giveBack(n uint32) {
	if s := v.spend(n); s != nil && s.Orders == 1 {
		at := slices.IndexFunc(v.Spends, func(s Spend) bool { return s.N == n })
		v.Spends = slices.Delete(v.Spends, at, at+1)
		v.tidy()
	}
}

// returned notes that an order was refunded or reversed.
func (v *Velocity) returned(n uint32) {
	if s := v.spend(n); s != nil {
		s.Returned = true
	}
}

// again counts an order that had been taken off, because it was captured late.
func (v *Velocity) again(h *Authorization, amount money.Amount, now calendar.Instant) {
	if v.spend(h.N) != nil || now >= h.Created.Add(velocityKept) {
		return
	}
	v.insert(Spend{Time: h.Created, Amount: amount, N: h.N, Orders: 1}, h.Phone, h.Carrier)
}

func (v *Velocity) spend(n uint32) *Spend {
	for i := len(v.Spends) - 1; i >= 0; i-- {
		if v.Spends[i].N == n {
			return &v.Spends[i]
		}
	}
	return nil
}

// place is where a text is in a list, from 1, and puts it there; 0 for the empty text.
func place[T ~string](list *[]T, text T) uint16 {
	if text == "" {
		return 0
	}
	at := slices.Index(*list, text)
	if at < 0 {
		at = len(*list)
		*list = append(*list, T(clone(string(text))))
	}
	return uint16(at + 1)
}

// count fills in the features of velocity as of an instant, for an order for a phone and a carrier. Spends are walked from the
// newest, so the windows that they are in only grow: each counts in the shortest, which the longer ones then include.
func (v *Velocity) count(set *feature.Set, now calendar.Instant, phone PhoneToken, carrier CarrierID) {
	thePhone, theCarrier := find(v.Phones, phone), find(v.Carriers, carrier)
	var counts [feature.Groups][feature.Windows]int64
	var sums [feature.Groups][feature.Windows]int64
	var counted [mostPlaces]bool // by phone
	w := 0
	for i := len(v.Spends) - 1; i >= 0; i-- {
		s := &v.Spends[i]
		for w < feature.Windows && now >= s.Time.Add(windowLengths[w]) {
			w++
		}
		if w == feature.Windows {
			break
		}
		orders, amount := int64(s.Orders), int64(s.Amount)
		if s.Declined {
			counts[feature.OfDeclined][w] += orders
			continue
		}
		counts[feature.OfAccount][w] += orders
		sums[feature.OfAccount][w] += amount
		if s.Phone == thePhone {
			counts[feature.OfPhone][w] += orders
			sums[feature.OfPhone][w] += amount
		}
		if s.Phone != 0 && !counted[s.Phone] {
			counted[s.Phone] = true
			counts[feature.OfPhones][w]++
		}
		if s.Returned {
			counts[feature.OfReturned][w]++
		}
		if s.Carrier == theCarrier {
			counts[feature.OfCarrier][w] += orders
			sums[feature.OfCarrier][w] += amount
		}
	}
	for g := range feature.Groups {
		count, sum := int64(0), int64(0)
		for w := range feature.Window(feature.Windows) {
			count += counts[g][w]
			set.Numbers[feature.CountOf(g, w)] = count
			if sum += sums[g][w]; g.HasSums() {
				set.Numbers[feature.SumOf(g, w)] = sum
			}
		}
	}
	set.SetFlag(feature.PhoneKnown, set.Numbers[feature.CountOf(feature.OfPhone, feature.Month)] > 0)
	set.SetFlag(feature.CarrierKnown, set.Numbers[feature.CountOf(feature.OfCarrier, feature.Month)] > 0)
}

// find is where a text is in a list, from 1; a place that nothing has when it is not there.
func find[T ~string](list []T, text T) uint16 {
	if text == "" {
		return 1<<16 - 1
	}
	if at := slices.Index(list, text); at >= 0 {
		return uint16(at + 1)
	}
	return 1<<16 - 1
}

func (v *Velocity) clone() Velocity {
	return Velocity{slices.Clone(v.Spends), slices.Clone(v.Phones), slices.Clone(v.Carriers)}
}

// check says what does not hold of velocity by itself.
func (v *Velocity) check() error {
	for i := range v.Spends {
		s := &v.Spends[i]
		switch {
		case i > 0 && s.Time < v.Spends[i-1].Time:
			return fmt.Errorf("spend %d is older than the one before", i)
		case s.Orders < 1 || s.Amount < 0 || s.N == 0:
			return fmt.Errorf("spend %d is %+v", i, *s)
		case int(s.Phone) > len(v.Phones) || s.Carrier == 0 || int(s.Carrier) > len(v.Carriers):
			return fmt.Errorf("spend %d is for phone %d of %d, carrier %d of %d", i, s.Phone, len(v.Phones), s.Carrier, len(v.Carriers))
		}
	}
	if len(v.Spends) > MostSpends || len(v.Phones)+len(v.Carriers) >= mostPlaces {
		return fmt.Errorf("%d spends are remembered, for %d phones and %d carriers", len(v.Spends), len(v.Phones), len(v.Carriers))
	}
	return nil
}
