package server

import (
	"context"
	"slices"
	"sync/atomic"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// sight is what a caller may see of the journals while it watches them. A carrier's own callers, who are its principals, see
// what is about the carrier: of a consumer who buys of two carriers, each sees what was bought of it. Everybody else works
// for the lender, and sees everything.
type sight struct {
	router *router
	caller ledger.Caller
	last   uint64                             // of the last shard's entries, those that the registry had when the watch began
	of     atomic.Pointer[[]ledger.CarrierID] // that name the caller; nil for everything
}

// sightOf is what the caller may see, who watches entries beyond those that are durable now.
func (r *router) sightOf(ctx context.Context, durable []uint64) (*sight, error) {
	s := &sight{router: r, caller: ledger.Caller(CallerOf(ctx).Name), last: durable[r.everybodys()]}
	return s, s.refresh(ctx)
}

// refresh reads the registry. A change of it reaches the last shard last.
func (s *sight) refresh(ctx context.Context) error {
	of, bound, err := s.router.speaksFor(ctx, s.caller)
	if err != nil {
		return err
	}
	if bound {
		s.of.Store(&of)
	} else {
		s.of.Store(nil)
	}
	return nil
}

// speaksFor is the carriers that name a caller. bound says that it is one of a carrier's own, even if none names it any more.
func (r *router) speaksFor(ctx context.Context, caller ledger.Caller) (of []ledger.CarrierID, bound bool, err error) {
	known, err := look(ctx, r.writers[r.everybodys()], &ledger.GetShard{})
	if err != nil {
		return nil, false, err
	}
	of, bound = known.Shard.SpeaksFor(caller)
	return of, bound, nil
}

// moved keeps sight in step with an entry that was read.
func (s *sight) moved(ctx context.Context, shard int, e *ledger.Entry) error {
	if _, put := e.Fact.(*ledger.CarrierPut); put && shard == s.router.everybodys() && e.Sequence > s.last {
		return s.refresh(ctx)
	}
	return nil
}

// sees says whether the caller may see an event. Alerts are the lender's own, whoever they are about.
func (s *sight) sees(a *abstract) bool {
	of := s.of.Load()
	return of == nil || a.kind != holdfastv1.EventType_EVENT_TYPE_ALERT_RAISED && slices.Contains(*of, a.carrier)
}
