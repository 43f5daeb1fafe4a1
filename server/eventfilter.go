package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// abstract is what an event is chosen by. Of nearly all entries it is told without making the event, which is most of what
// telling one costs.
type abstract struct {
	kind    holdfastv1.EventType
	account ledger.AccountID
	carrier ledger.CarrierID
}

// about is the abstract of the event that tells an entry.
func about(shard int, e *ledger.Entry) abstract {
	if h := ledger.HoldOf(e.Fact); h != nil {
		return abstract{holdType(e.Fact), h.Account, h.Carrier}
	}
	switch f := e.Fact.(type) {
	case *ledger.Booked:
		return abstract{bookingType(&f.Booking), f.Account, f.Booking.Listed.Carrier}
	case *ledger.AccountOpened:
		return abstract{kind: holdfastv1.EventType_EVENT_TYPE_ACCOUNT_OPENED, account: f.Account}
	case *ledger.OrderClaimed:
		return abstract{kind: holdfastv1.EventType_EVENT_TYPE_ORDER_CLAIMED, account: f.Account}
	}
	p := eventProto(shard, e)
	a := abstract{kind: p.GetType(), carrier: ledger.CarrierID(p.GetCarrierId())}
	if p.GetAccountId() != "" {
		a.account, _ = ledger.ParseAccountID(p.GetAccountId()) // it was just written
	}
	return a
}

// eventFilter chooses events. The zero value chooses all.
type eventFilter struct {
	types    set[holdfastv1.EventType]
	accounts set[ledger.AccountID]
	carriers set[ledger.CarrierID]
}

func (f *eventFilter) has(a *abstract) bool {
	return f.types.has(a.kind) && f.accounts.has(a.account) && f.carriers.has(a.carrier)
}

// set is what one field of an event may be; nil is a set of everything.
type set[T comparable] map[T]struct{}

func (s *set[T]) add(v T) {
	if *s == nil {
		*s = set[T]{}
	}
	(*s)[v] = struct{}{}
}

func (s set[T]) has(v T) bool {
	if s == nil {
		return true
	}
	_, ok := s[v]
	return ok
}
