package ledger

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// MaxCarriers is how many versions of carriers may be put, of all carriers together.
const MaxCarriers = 2_000

// Carrier is the version of a carrier that is in force; nil for one that was never put.
func (s *Shard) Carrier(id CarrierID) *Carrier {
	at := sort.Search(len(s.Carriers), func(i int) bool { return s.Carriers[i].ID > id })
	if at == 0 || s.Carriers[at-1].ID != id {
		return nil
	}
	return &s.Carriers[at-1]
}

// CarrierAt is a version of a carrier; nil when there is none.
func (s *Shard) CarrierAt(id CarrierID, version uint32) *Carrier {
	at := sort.Search(len(s.Carriers), func(i int) bool {
		c := &s.Carriers[i]
		return cmp.Or(cmp.Compare(c.ID, id), cmp.Compare(c.Version, version)) >= 0
	})
	if at == len(s.Carriers) || s.Carriers[at].ID != id || s.Carriers[at].Version != version {
		return nil
	}
	return &s.Carriers[at]
}

// putCarrier adds a version behind those of the same carrier.
func (s *Shard) putCarrier(e *Entry, f *CarrierPut) {
	at := sort.Search(len(s.Carriers), func(i int) bool { return s.Carriers[i].ID > f.ID })
	s.Carriers = slices.Insert(slices.Clip(s.Carriers), at, Carrier{
		ID: CarrierID(clone(string(f.ID))), Version: f.Version, Put: e.Time,
		Request:         Request{Caller(clone(string(e.Request.Caller))), RequestID(clone(string(e.Request.ID)))},
		CarrierSettings: f.Settings.clone(),
	})
}

// putCarrier puts a version of a carrier. The same again changes nothing.
func (l *Ledger) putCarrier(c *PutCarrier) Outcome {
	s := l.book.Shard()
	if old := s.CarrierAt(c.ID, c.Version); old != nil && old.Agreed(&c.Settings) {
		return Outcome{}
	}
	if last := s.Carrier(c.ID); last != nil && c.Version <= last.Version {
		return refused(fault(Exists, "CARRIER_VERSION_EXISTS", "carrier %q has version %d already", c.ID, last.Version).on("version").named(string(c.ID)))
	}
	if len(s.Carriers) == MaxCarriers {
		return refused(fault(FailedPrecondition, "TOO_MANY_CARRIERS", "there are %d versions of carriers already", MaxCarriers))
	}
	f := &CarrierPut{ID: c.ID, Version: c.Version, Settings: c.Settings}
	for _, limit := range c.Settings.ExposureLimits {
		f.Shares = append(f.Shares, ShareOf(limit.Amount, int(s.Number), c.Shards))
	}
	return l.post(f)
}

// speaks says what stands against a caller's making calls for a carrier: nothing, or a fault. Who is named as a principal
// may only do so for carriers that name it, and for some carriers nobody else may.
func (l *Ledger) speaks(caller Caller, id CarrierID) *Fault {
	s := l.book.Shard()
	if len(s.Carriers) == 0 {
		return nil
	}
	c := s.Carrier(id)
	if c != nil && slices.Contains(c.Principals, caller) {
		return nil
	}
	if c != nil && c.Closed || l.isPrincipal(s, caller) {
		return fault(Denied, "NOT_OF_CARRIER", "caller %q may not speak for carrier %q", caller, id).on("carrier_id").named(string(id))
	}
	return nil
}

// SpeaksFor is the carriers that name a caller as a principal. named says that a version of some carrier does or did: who was a
// carrier's own is not the lender's the day after.
func (s *Shard) SpeaksFor(caller Caller) (of []CarrierID, named bool) {
	for i := range s.Carriers {
		c := &s.Carriers[i]
		if !slices.Contains(c.Principals, caller) {
			continue
		}
		if named = true; c == s.Carrier(c.ID) {
			of = append(of, c.ID)
		}
	}
	return of, named
}

// isPrincipal says whether any carrier names a caller. Versions are only ever added, so their number says whether those
// who are named are still known.
func (l *Ledger) isPrincipal(s *Shard, caller Caller) bool {
	if l.principalsOf != len(s.Carriers) {
		l.principals = make(map[Caller]struct{})
		for i := range s.Carriers {
			if i+1 < len(s.Carriers) && s.Carriers[i+1].ID == s.Carriers[i].ID {
				continue // it has been succeeded
			}
			for _, p := range s.Carriers[i].Principals {
				l.principals[p] = struct{}{}
			}
		}
		l.principalsOf = len(s.Carriers)
	}
	_, named := l.principals[caller]
	return named
}

// holdLifetime is how long a hold lasts that nobody said more about: as long as its carrier's settings say, within the
// bounds of the terms, or else as long as the terms say.
func (l *Ledger) holdLifetime(t *terms.Authorizations, id CarrierID, s Scene) time.Duration {
	if c := l.book.Shard().Carrier(id); c != nil && c.HoldLifetime != 0 {
		return min(max(c.HoldLifetime, t.ShortestLifetime), t.LongestLifetime)
	}
	return t.HoldLifetime[s-1]
}

// carrierVersion is the version of a carrier that is in force; 0 for one that was never put.
func (l *Ledger) carrierVersion(id CarrierID) uint32 {
	if c := l.book.Shard().Carrier(id); c != nil {
		return c.Version
	}
	return 0
}
