package server

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"

	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// How often exposure limits are evened out between shards, and how long that may take.
const (
	rebalanceEvery  = time.Second
	rebalanceWithin = 30 * time.Second
)

// rebalancer evens out the exposure limits of carriers between the shards, at whoever decides for the first of them. It
// remembers nothing: what was given and not taken when it was interrupted stands in the shard that gave it.
type rebalancer struct {
	*router
	now     func() calendar.Instant
	metrics *Metrics
	logger  *slog.Logger
	stop    context.CancelFunc
	done    sync.WaitGroup
}

func newRebalancer(r *router, now func() calendar.Instant, m *Metrics, logger *slog.Logger) *rebalancer {
	return &rebalancer{router: r, now: now, metrics: m, logger: logger}
}

func (b *rebalancer) start() {
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	b.done.Go(func() {
		tick := time.NewTicker(rebalanceEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if !b.writers[0].Stats().Leads {
				b.metrics.exposures(nil) // another node tells
				continue
			}
			within, cancel := context.WithTimeout(ctx, rebalanceWithin)
			if err := b.pass(within); err != nil && ctx.Err() == nil {
				b.logger.Warn("exposure limits could not be evened out; it is tried again", "error", err)
			}
			cancel()
		}
	})
}

func (b *rebalancer) close() {
	b.stop()
	b.done.Wait()
}

// pass has taken what is under way, and then gives what is to be given.
func (b *rebalancer) pass(ctx context.Context) error {
	first, err := look(ctx, b.writers[0], &ledger.GetShard{})
	if err != nil || len(first.Shard.Slices) == 0 {
		return err // there is no limit: the others need not be asked
	}
	shards, err := b.shards(ctx)
	if err != nil {
		return err
	}
	b.metrics.exposures(exposures(shards, b.now()))
	if under := ledger.UnderWay(shards); len(under) > 0 {
		if err := b.takeAll(ctx, under); err != nil {
			return err
		}
		if shards, err = b.shards(ctx); err != nil {
			return err
		}
	}
	moves := ledger.Rebalance(shards, b.now())
	for _, m := range moves {
		gift := ledger.Gift{To: m.To, N: shards[m.To].TakenFrom(m.From) + 1, Carrier: m.Carrier, Currency: m.Currency, Amount: m.Amount}
		if err := b.move(ctx, int(m.From), int(m.To), false, &gift); err != nil {
			return err
		}
	}
	if len(moves) == 0 {
		return nil
	}
	if shards, err = b.shards(ctx); err != nil {
		return err
	}
	return b.takeAll(ctx, ledger.UnderWay(shards)) // as it was given, which may be less than was asked for
}

func (b *rebalancer) takeAll(ctx context.Context, under []ledger.TakeSlice) error {
	for i := range under {
		if err := b.move(ctx, int(under[i].Gift.To), int(under[i].From), true, &under[i].Gift); err != nil {
			return err
		}
	}
	return nil
}

// move has a shard give, or take, wherever it is decided.
func (b *rebalancer) move(ctx context.Context, shard, other int, take bool, g *ledger.Gift) error {
	r := &peerv1.MoveExposureRequest{
		Shard: int32(shard), Other: int32(other), Take: take, N: g.N, CarrierId: string(g.Carrier), Currency: string(g.Currency), Amount: int64(g.Amount),
	}
	here := func() error {
		_, err := submit(ctx, b.writers[shard], exposureCommand(r))
		return err
	}
	if b.node == nil {
		return here()
	}
	return b.node.at(ctx, shard, here, func(ctx context.Context, _ cluster.Node, conn *grpc.ClientConn) error {
		_, err := peerv1.NewPeerServiceClient(conn).MoveExposure(b.node.asPeer(ctx), r)
		b.node.metrics.sent(peerv1.PeerService_MoveExposure_FullMethodName, err)
		return err
	})
}

// exposureCommand is what a shard is asked to do.
func exposureCommand(r *peerv1.MoveExposureRequest) ledger.Command {
	carrier, currency, amount := ledger.CarrierID(r.GetCarrierId()), money.Currency(r.GetCurrency()), money.Amount(r.GetAmount())
	if r.GetTake() {
		return &ledger.TakeSlice{From: uint16(r.GetOther()), Gift: ledger.Gift{
			To: uint16(r.GetShard()), N: r.GetN(), Carrier: carrier, Currency: currency, Amount: amount,
		}}
	}
	return &ledger.GiveSlice{To: uint16(r.GetOther()), Taken: r.GetN() - 1, Carrier: carrier, Currency: currency, Amount: amount}
}

// shards are the rows of all shards, as this server knows them. Where another node decides they may be of a moment ago, and
// what is made of them comes to nothing when they have moved on.
func (r *router) shards(ctx context.Context) ([]*ledger.Shard, error) {
	all := make([]*ledger.Shard, len(r.writers))
	for i, w := range r.writers {
		out, err := look(ctx, w, &ledger.GetShard{})
		if err != nil {
			return nil, err
		}
		all[i] = out.Shard
	}
	return all, nil
}

// exposure is what all shards have committed to a carrier in a currency.
type exposure struct {
	carrier                       ledger.CarrierID
	currency                      money.Currency
	limit, held, unpaid, underWay money.Amount
}

// exposures are those of all carriers that have a limit, in order of carrier and currency.
func exposures(shards []*ledger.Shard, now calendar.Instant) (all []exposure) {
	find := func(id ledger.CarrierID, c money.Currency) *exposure {
		at, found := slices.BinarySearchFunc(all, exposure{carrier: id, currency: c}, func(a, b exposure) int {
			return cmp.Or(cmp.Compare(a.carrier, b.carrier), cmp.Compare(a.currency, b.currency))
		})
		if !found {
			all = slices.Insert(all, at, exposure{carrier: id, currency: c})
		}
		return &all[at]
	}
	for _, s := range shards {
		for i := range s.Slices {
			v := &s.Slices[i]
			e := find(v.Carrier, v.Currency)
			held, unpaid := s.Committed(v.Carrier, v.Currency, now)
			e.limit, e.held, e.unpaid = v.Limit, e.held+held, e.unpaid+unpaid // the last shard has the limit last
		}
	}
	for _, g := range ledger.UnderWay(shards) {
		find(g.Gift.Carrier, g.Gift.Currency).underWay += g.Gift.Amount
	}
	return all
}

func (e *exposure) proto() *holdfastv1.CarrierExposure {
	return &holdfastv1.CarrierExposure{
		Currency: string(e.currency), Limit: int64(e.limit), HeldAmount: int64(e.held), UnpaidAmount: int64(e.unpaid), UnderWayAmount: int64(e.underWay),
	}
}
