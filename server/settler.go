package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"

	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// SettlerName is who closes settlements, in the journal, that nobody asked for.
const SettlerName = "settler"

// How often the settler looks whether a business day has ended, and how long one look may take.
const (
	settleEvery  = time.Second
	settleWithin = 2 * time.Minute
)

// settler closes settlements, each at whoever decides for the carrier's home shard, when their last cut-off has passed. It
// remembers nothing: what it was interrupted in stands in the journals, and it goes on from there.
type settler struct {
	*router
	zone    calendar.Zone
	now     func() calendar.Instant
	metrics *Metrics
	logger  *slog.Logger
	stop    context.CancelFunc
	done    sync.WaitGroup

	// What the last look was about, and until when the same look would find nothing: owned by the goroutine that looks.
	about string
	until calendar.Instant
}

func (s *settler) start() {
	ctx, cancel := context.WithCancel(WithCaller(context.Background(), Caller{Name: SettlerName, Role: RoleAdmin}))
	s.stop = cancel
	s.done.Go(func() {
		tick := time.NewTicker(settleEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			within, cancel := context.WithTimeout(ctx, settleWithin)
			if err := s.pass(within); err != nil && ctx.Err() == nil {
				s.logger.Warn("carriers could not be settled; it is tried again", "error", err)
			}
			cancel()
		}
	})
}

func (s *settler) close() {
	s.stop()
	s.done.Wait()
}

// pass closes what is to be closed of the carriers whose home is decided here.
func (s *settler) pass(ctx context.Context) error {
	known, err := look(ctx, s.writers[s.everybodys()], &ledger.GetShard{})
	if err != nil {
		return err
	}
	var mine []*ledger.Carrier
	for i := range known.Shard.Carriers {
		c := &known.Shard.Carriers[i]
		if c == known.Shard.Carrier(c.ID) && s.writers[s.settlementHome(c.ID)].Stats().Leads {
			mine = append(mine, c)
		}
	}
	about := fmt.Sprint(len(known.Shard.Carriers))
	for _, c := range mine {
		about += " " + string(c.ID)
	}
	if now := s.now(); about == s.about && now < s.until {
		return nil
	}
	begun, next := s.now(), calendar.Instant(0)
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	var all []unsettledDay
	for _, c := range mine {
		err = errors.Join(err, s.carrier(ctx, c, shards))
		all = append(all, unsettled(shards, c.ID)...)
		if at := &c.Settlement; at.Cycle != ledger.NoCycle {
			if zone, failed := calendar.LoadZone(at.Zone); failed == nil {
				if end := at.EndOf(at.DayAt(begun, zone), zone); next == 0 || end < next {
					next = end
				}
			}
		}
	}
	s.metrics.unsettledOf(all)
	if err = errors.Join(err, s.strangers(ctx, known.Shard, shards)); err != nil {
		return err
	}
	// Figures for the metrics are looked at again every minute; nothing is due before the next cut-off.
	s.about, s.until = about, begun.Add(time.Minute)
	if next != 0 && next < s.until {
		s.until = next
	}
	return nil
}

// strangers goes on with what was begun by hand of carriers that are not registered: for those nothing is ever due.
func (s *settler) strangers(ctx context.Context, known *ledger.Shard, shards []*ledger.Shard) (err error) {
	for home, shard := range shards {
		for i := range shard.Payables {
			p := &shard.Payables[i]
			if p.Closing == 0 || known.Carrier(p.Carrier) != nil || s.settlementHome(p.Carrier) != home || !s.writers[home].Stats().Leads {
				continue
			}
			last, failed := s.last(ctx, p.Carrier, p.Currency)
			if failed == nil && last != nil && last.State == ledger.SettlementClosing {
				_, failed = s.finish(ctx, last)
			}
			err = errors.Join(err, failed)
		}
	}
	return err
}

// carrier closes what is to be closed of a carrier, in each currency.
func (s *settler) carrier(ctx context.Context, c *ledger.Carrier, shards []*ledger.Shard) (err error) {
	seen := map[money.Currency]bool{}
	for _, shard := range shards {
		for i := range shard.Payables {
			if p := &shard.Payables[i]; p.Carrier == c.ID && !seen[p.Currency] {
				seen[p.Currency] = true
				err = errors.Join(err, s.currency(ctx, c, p.Currency, shards))
			}
		}
	}
	return err
}

// currency closes one settlement after the other until none is due.
func (s *settler) currency(ctx context.Context, c *ledger.Carrier, currency money.Currency, shards []*ledger.Shard) error {
	for {
		last, err := s.last(ctx, c.ID, currency)
		if err != nil {
			return err
		}
		after := calendar.Date(0)
		if last != nil {
			after = last.Through
			if last.State == ledger.SettlementClosing { // whoever began it was interrupted
				if _, err := s.finish(ctx, last); err != nil {
					return err
				}
				if shards, err = s.shards(ctx); err != nil {
					return err
				}
			}
		}
		zone := s.zone
		if c.Settlement.Zone != "" {
			if zone, err = calendar.LoadZone(c.Settlement.Zone); err != nil {
				return err
			}
		}
		through := c.Settlement.DueThrough(shards, c.ID, currency, after, s.now(), zone)
		if through == 0 {
			return nil
		}
		begin := &ledger.BeginSettlement{Carrier: c.ID, Currency: currency, Through: through}
		begin.Request = ledger.Request{Caller: SettlerName, ID: ledger.RequestID(fmt.Sprintf("%s-%s-%s", c.ID, currency, through))}
		if _, _, err := s.settle(ctx, begin); err != nil {
			return err
		}
		if shards, err = s.shards(ctx); err != nil {
			return err
		}
	}
}

// last is the newest settlement of a carrier in a currency; nil when there is none.
func (s *settler) last(ctx context.Context, id ledger.CarrierID, currency money.Currency) (*ledger.Settlement, error) {
	out, err := submit(ctx, s.writers[s.settlementHome(id)], &ledger.ListSettlements{Carrier: id, Currency: currency, Limit: 1})
	if err != nil || len(out.Settlement.Settlements) == 0 {
		return nil, err
	}
	return out.Settlement.Settlements[0], nil
}

// settle closes a settlement: the intent first, then a cut of every shard, then the whole. Whatever it is interrupted in,
// asked again it goes on from there.
func (s *settler) settle(ctx context.Context, begin *ledger.BeginSettlement) (closed *ledger.Settlement, replayed bool, err error) {
	out, err := submit(ctx, s.writers[s.settlementHome(begin.Carrier)], begin)
	if err != nil {
		return nil, false, err
	}
	if closed = out.Settlement.Settlement; closed.State == ledger.SettlementClosing {
		closed, err = s.finish(ctx, closed)
	}
	return closed, out.Replayed, err
}

// finish cuts every shard for a settlement that was begun, and closes it.
func (s *settler) finish(ctx context.Context, v *ledger.Settlement) (*ledger.Settlement, error) {
	end := &ledger.EndSettlement{SettlementID: v.SettlementID}
	for shard := range s.writers {
		cut, err := s.cut(ctx, shard, v)
		if err != nil {
			return nil, fmt.Errorf("cut shard %d for settlement %s: %w", shard, v.SettlementID, err)
		}
		if cut.First != 0 {
			end.Parts = append(end.Parts, ledger.SettlementPart{Shard: uint16(shard), Cut: cut})
		}
	}
	out, err := submit(ctx, s.writers[s.settlementHome(v.Carrier)], end)
	if err != nil {
		return nil, err
	}
	s.metrics.settled(ledger.SettlementClosed)
	return out.Settlement.Settlement, nil
}

// cut makes a shard's part of a settlement, wherever that is decided.
func (s *settler) cut(ctx context.Context, shard int, v *ledger.Settlement) (cut ledger.Cut, err error) {
	r := &peerv1.CutSettlementRequest{
		Shard: int32(shard), CarrierId: string(v.Carrier), Currency: string(v.Currency), N: v.N, Through: int32(v.Through),
	}
	here := func() error {
		out, err := submit(ctx, s.writers[shard], cutCommand(r))
		if err == nil {
			cut = out.Settlement.Cut
		}
		return err
	}
	if s.node == nil {
		err = here()
		return cut, err
	}
	err = s.node.at(ctx, shard, here, func(ctx context.Context, _ cluster.Node, conn *grpc.ClientConn) error {
		answer, err := peerv1.NewPeerServiceClient(conn).CutSettlement(s.node.asPeer(ctx), r)
		s.node.metrics.sent(peerv1.PeerService_CutSettlement_FullMethodName, err)
		if err != nil {
			return err
		}
		cut = ledger.Cut{
			N: v.N, Through: v.Through, Sequence: answer.GetSequence(), First: answer.GetFirst(),
			Before: answer.GetBefore(), BeforeThrough: calendar.Date(answer.GetBeforeThrough()),
		}
		return errors.Join(readSums(answer.GetSums(), &cut.Sums), readSums(answer.GetLate(), &cut.Late))
	})
	return cut, err
}

// cutCommand is what a shard is asked to do.
func cutCommand(r *peerv1.CutSettlementRequest) ledger.Command {
	return &ledger.CutSettlement{
		SettlementID: ledger.SettlementID{Carrier: ledger.CarrierID(r.GetCarrierId()), Currency: money.Currency(r.GetCurrency()), N: r.GetN()},
		Through:      calendar.Date(r.GetThrough()),
	}
}

// writeSums are sums as nodes tell each other: the fees, and then count and amount of each kind.
func writeSums(s *ledger.Sums) []int64 {
	list := []int64{int64(s.Fees)}
	for _, k := range s.Kinds {
		list = append(list, k.Count, int64(k.Amount))
	}
	return list
}

func readSums(list []int64, s *ledger.Sums) error {
	if len(list) != 1+2*len(s.Kinds) {
		return fmt.Errorf("the peer tells %d sums of a settlement, not %d", len(list), 1+2*len(s.Kinds))
	}
	s.Fees = money.Amount(list[0])
	for i := range s.Kinds {
		s.Kinds[i] = ledger.LineSum{Count: list[1+2*i], Amount: money.Amount(list[2+2*i])}
	}
	return nil
}

// CutSettlement makes a shard's part of a settlement.
func (s *peerService) CutSettlement(ctx context.Context, r *peerv1.CutSettlementRequest) (*peerv1.CutSettlementResponse, error) {
	shard, err := s.shard(r.GetShard())
	if err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.writers[shard], cutCommand(r))
	if err != nil {
		return nil, err
	}
	cut := &out.Settlement.Cut
	return &peerv1.CutSettlementResponse{
		Sequence: cut.Sequence, First: cut.First, Sums: writeSums(&cut.Sums), Late: writeSums(&cut.Late),
		Before: cut.Before, BeforeThrough: int32(cut.BeforeThrough),
	}, nil
}

// compare orders what is unsettled by carrier, currency and business day.
func (d unsettledDay) compare(o unsettledDay) int {
	return cmp.Or(cmp.Compare(d.carrier, o.carrier), cmp.Compare(d.currency, o.currency), cmp.Compare(d.date, o.date))
}
