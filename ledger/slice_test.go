package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// spread is several shards that share a carrier's exposure limit, each with an account of its own.
type spread struct {
	t        *rapid.T
	now      calendar.Instant
	cores    []*sim.Core
	accounts []ledger.AccountID
	open     [][]ledger.AuthorizationID
	captured [][]ledger.AuthorizationID
	stale    []*ledger.Shard // as they were some time ago
	requests int
}

func newSpread(t *rapid.T, shards int) *spread {
	s := &spread{t: t, now: calendar.Instant(1e18), open: make([][]ledger.AuthorizationID, shards), captured: make([][]ledger.AuthorizationID, shards)}
	for n := range shards {
		s.cores = append(s.cores, sim.NewCore(uint16(n), terms.Default(), calendar.UTC))
		out := s.do(n, &ledger.OpenAccount{Request: s.next(), Consumer: "c", Currency: "CNY", Limit: 1e9, Lines: []ledger.LineOpening{
			{Scene: ledger.TopUp, Limit: 1e9, Agreement: "v1", Accepted: "v1"},
		}})
		s.accounts = append(s.accounts, out.Account.ID)
	}
	return s
}

func (s *spread) next() ledger.Request {
	s.requests++
	return ledger.Request{Caller: "test", ID: ledger.RequestID(fmt.Sprint("r", s.requests))}
}

func (s *spread) do(shard int, c ledger.Command) ledger.Outcome {
	out, _, err := s.cores[shard].Apply(s.now, c)
	require.NoError(s.t, err)
	require.Nil(s.t, out.Fault)
	return out
}

func (s *spread) shards() (all []*ledger.Shard) {
	for _, c := range s.cores {
		all = append(all, c.Book.Shard().Clone())
	}
	return all
}

// put puts a limit in one shard.
func (s *spread) put(shard int, version uint32, limit money.Amount) {
	settings := ledger.CarrierSettings{Settlement: ledger.SettlementTerms{Cycle: ledger.Daily}}
	if limit > 0 {
		settings.ExposureLimits = []ledger.Sum{{Currency: "CNY", Amount: limit}}
	}
	s.do(shard, &ledger.PutCarrier{Request: s.next(), ID: "cmcc", Version: version, Settings: settings, Shards: len(s.cores)})
}

// check adds up: the slices and what is under way are the shares that limits gave, no gift is taken twice or lost, and the
// reference model of what is committed agrees.
func (s *spread) check() (slices, shares, committed money.Amount) {
	all := s.shards()
	for _, shard := range all {
		for _, v := range shard.Slices {
			slices, shares = slices+v.Amount, shares+v.Share
		}
		held, unpaid := shard.Committed("cmcc", "CNY", s.now)
		committed += held + unpaid
		for _, g := range shard.Gifts {
			require.LessOrEqual(s.t, all[g.To].TakenFrom(shard.Number), g.N)
			require.GreaterOrEqual(s.t, all[g.To].TakenFrom(shard.Number)+1, g.N, "at most one is under way")
		}
	}
	for _, g := range ledger.UnderWay(all) {
		slices += g.Gift.Amount
	}
	require.Equal(s.t, shares, slices, "slices and what is under way")
	return slices, shares, committed
}

// sell does something about an order in a shard.
func (s *spread) sell(shard int) {
	p := ledger.Purchase{Account: s.accounts[shard], Scene: ledger.TopUp, Order: ledger.OrderID(fmt.Sprint("o", s.requests)), Carrier: "cmcc",
		Phone: "p", Currency: "CNY", Amount: money.Amount(rapid.IntRange(1, 400).Draw(s.t, "amount")), Partial: rapid.Bool().Draw(s.t, "partial")}
	take := func(list *[]ledger.AuthorizationID) (id ledger.AuthorizationID) {
		at := rapid.IntRange(0, len(*list)-1).Draw(s.t, "which")
		id = (*list)[at]
		*list = append((*list)[:at:at], (*list)[at+1:]...)
		return id
	}
	switch what := rapid.IntRange(0, 5).Draw(s.t, "deed"); {
	case what == 0 && len(s.open[shard]) > 0:
		s.do(shard, &ledger.Void{Request: s.next(), Authorization: take(&s.open[shard])})
	case what == 1 && len(s.open[shard]) > 0:
		id := take(&s.open[shard])
		s.do(shard, &ledger.CaptureHold{Request: s.next(), Authorization: id, Currency: "CNY"})
		s.captured[shard] = append(s.captured[shard], id)
	case what == 2 && len(s.captured[shard]) > 0:
		s.do(shard, &ledger.RefundCapture{Request: s.next(), Authorization: take(&s.captured[shard]), Currency: "CNY", Amount: 1})
	case what == 3 && len(s.open[shard]) > 0:
		s.do(shard, &ledger.Increment{Request: s.next(), Authorization: s.open[shard][0], Currency: "CNY", Amount: p.Amount})
	case what == 4:
		p.Partial = false
		s.do(shard, &ledger.Charge{Request: s.next(), Purchase: p})
	default:
		if out := s.do(shard, &ledger.Authorize{Request: s.next(), Purchase: p, Lifetime: 2 * time.Minute * 5}); out.Decision == ledger.Approve {
			s.open[shard] = append(s.open[shard], out.ID)
		}
	}
}

// rebalance is a pass that a crash may end after any step, and that may have seen the shards as they were before.
func (s *spread) rebalance() {
	seen := s.shards()
	if s.stale != nil && rapid.IntRange(0, 3).Draw(s.t, "stale") == 0 {
		seen = s.stale
	}
	s.stale = s.shards()
	crash := rapid.IntRange(0, 6).Draw(s.t, "crash after")
	step := func() bool { crash--; return crash >= 0 }
	takeAll := func(under []ledger.TakeSlice) bool {
		for _, g := range under {
			if !step() {
				return false
			}
			s.do(int(g.Gift.To), &g)
			s.check()
		}
		return true
	}
	if !takeAll(ledger.UnderWay(seen)) {
		return
	}
	for _, m := range ledger.Rebalance(seen, s.now) {
		if !step() {
			return
		}
		s.do(int(m.From), &ledger.GiveSlice{To: m.To, Taken: seen[m.To].TakenFrom(m.From), Carrier: m.Carrier, Currency: m.Currency, Amount: m.Amount})
		s.check()
	}
	takeAll(ledger.UnderWay(s.shards()))
}

// drop lets the holds that ran out be forgotten.
func (s *spread) drop() {
	for n := range s.cores {
		s.do(n, &ledger.Tick{Accounts: []ledger.AccountID{s.accounts[n]}})
		s.open[n] = nil
		for _, h := range s.cores[n].Book.Account(s.accounts[n]).Holds {
			s.open[n] = append(s.open[n], ledger.AuthorizationID{Account: s.accounts[n], N: h.N})
		}
	}
}

// TestSlicesNeverAddUpToMore sells, moves and crashes under one limit: what is committed never exceeds it.
func TestSlicesNeverAddUpToMore(t *testing.T) {
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		shards := rapid.IntRange(1, 5).Draw(t, "shards")
		limit := money.Amount(rapid.IntRange(1, 3000).Draw(t, "limit"))
		s := newSpread(t, shards)
		for n := range shards {
			s.put(n, 1, limit)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				s.rebalance()
			case 2:
				s.now = s.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours")) * time.Hour)
				s.drop()
			default:
				s.sell(rapid.IntRange(0, shards-1).Draw(t, "shard"))
			}
			slices, _, committed := s.check()
			require.Equal(t, limit, slices)
			require.LessOrEqual(t, committed, limit)
		}
		for n := range shards {
			moved += len(s.cores[n].Book.Shard().Gifts)
			require.NoError(t, s.cores[n].Refold(nil, nil))
		}
	})
	require.Positive(t, moved, "nothing was ever moved")
}

// TestALimitMayChangeWhileSlicesMove puts limits shard by shard while others go on: slices always add up to the shares, a
// raise is never overspent, and a limit that was lowered is kept to as soon as all has been evened out.
func TestALimitMayChangeWhileSlicesMove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shards := rapid.IntRange(1, 4).Draw(t, "shards")
		s := newSpread(t, shards)
		putting, version := 0, uint32(0)
		limit, most := money.Amount(0), money.Amount(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				s.rebalance()
			case 2:
				if putting == 0 {
					version++
					limit = money.Amount(rapid.IntRange(1, 3000).Draw(t, "limit"))
					most = max(most, limit)
				}
				s.put(putting, version, limit)
				putting = (putting + 1) % shards
			default:
				if version > 1 || version == 1 && putting == 0 { // there is a limit in every shard
					s.sell(rapid.IntRange(0, shards-1).Draw(t, "shard"))
				}
			}
			_, _, committed := s.check()
			require.LessOrEqual(t, committed, most, "no more than the largest limit that there was")
		}
		for ; putting != 0; putting = (putting + 1) % shards {
			s.put(putting, version, limit)
		}
		if version == 0 {
			return
		}
		for range 4 * shards { // without crashes: all that can be evened out is
			for _, g := range ledger.UnderWay(s.shards()) {
				s.do(int(g.Gift.To), &g)
			}
			for _, m := range ledger.Rebalance(s.shards(), s.now) {
				s.do(int(m.From), &ledger.GiveSlice{To: m.To, Taken: s.shards()[m.To].TakenFrom(m.From), Carrier: m.Carrier, Currency: m.Currency, Amount: m.Amount})
			}
		}
		for _, g := range ledger.UnderWay(s.shards()) {
			s.do(int(g.Gift.To), &g)
		}
		slices, _, committed := s.check()
		require.Equal(t, limit, slices)
		for _, shard := range s.shards() {
			room, _ := shard.Room("cmcc", "CNY", s.now)
			require.LessOrEqual(t, room, max(0, limit-committed), "nobody can commit more than there is")
		}
	})
}

// TestTheRoomOfASliceCostsNothing holds the hot path to what it was: the lookup allocates nothing.
func TestTheRoomOfASliceCostsNothing(t *testing.T) {
	var s ledger.Shard
	for n := range 50 {
		s.Slices = append(s.Slices, ledger.Slice{Carrier: ledger.CarrierID(fmt.Sprintf("carrier-%02d", n)), Currency: "CNY", Limit: 100, Amount: 100})
		s.Totals = append(s.Totals, ledger.Totals{Carrier: s.Slices[n].Carrier, Currency: "CNY", Held: 30})
	}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if room, limited := s.Room("carrier-31", "CNY", 0); !limited || room != 70 {
			t.Fatal(room)
		}
	}))
}
