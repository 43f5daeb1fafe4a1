package server

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// orderFor makes an order for a carrier, as a caller, and captures it.
func (b *book) orderFor(caller, carrier string, a *holdfastv1.Account, amount int64) *holdfastv1.Authorization {
	b.t.Helper()
	r := orderOf(a, b.fresh("r"), b.fresh("o"), amount)
	r.CarrierId = carrier
	resp, err := b.Authorize(as(b.t.Context(), caller), r)
	require.NoError(b.t, err)
	_, err = b.Capture(as(b.t.Context(), caller), &holdfastv1.CaptureRequest{
		RequestId: b.fresh("cap"), AuthorizationId: resp.GetAuthorization().GetAuthorizationId(), Currency: "CNY", Amount: amount,
	})
	require.NoError(b.t, err)
	return resp.GetAuthorization()
}

// watched is what a caller is told of the book until now.
func (b *book) watched(caller string, r *holdfastv1.WatchEventsRequest) (list []*holdfastv1.Event) {
	b.t.Helper()
	inner := *b
	inner.EventServiceClient = asCaller{b.EventServiceClient, caller}
	return inner.events(r)
}

// TestWatchFilters holds every filter to what is left of all events when it is applied afterwards.
func TestWatchFilters(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	var accounts []string
	for range 6 {
		a := b.account(1e6)
		accounts = append(accounts, a.GetAccountId())
		for i := range 4 {
			b.orderFor("local", fmt.Sprint("carrier-", i%3), a, 100)
		}
		b.repaid(a, 50)
	}
	b.putCarrier("carrier-1", agreedWith("one"))
	_, err := b.Suspend(t.Context(), &holdfastv1.SuspendRequest{RequestId: "s", Reason: "down", Scope: &holdfastv1.SuspendRequest_CarrierId{CarrierId: "carrier-2"}})
	require.NoError(t, err)
	all := b.events(&holdfastv1.WatchEventsRequest{})
	types := []holdfastv1.EventType{
		holdfastv1.EventType_EVENT_TYPE_CAPTURED, holdfastv1.EventType_EVENT_TYPE_REPAYMENT_POSTED, holdfastv1.EventType_EVENT_TYPE_CARRIER_PUT,
		holdfastv1.EventType_EVENT_TYPE_SUSPENDED, holdfastv1.EventType_EVENT_TYPE_ACCOUNT_OPENED,
	}
	places := func(list []*holdfastv1.Event) (p [][2]int64) {
		for _, e := range list {
			p = append(p, [2]int64{int64(e.GetShard()), int64(e.GetSequence())})
		}
		slices.SortFunc(p, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
		return p
	}
	for _, r := range []*holdfastv1.WatchEventsRequest{
		{Types: types}, {Types: types[:1]}, {AccountId: accounts[0]}, {AccountIds: accounts[1:4]}, {AccountId: accounts[0], AccountIds: accounts[3:4]},
		{CarrierId: "carrier-1"}, {CarrierIds: []string{"carrier-1", "carrier-2"}}, {CarrierId: "carrier-0", CarrierIds: []string{"carrier-2"}},
		{Types: types, CarrierIds: []string{"carrier-1"}, AccountIds: accounts[:2]}, {CarrierId: "nobody"},
	} {
		var want []*holdfastv1.Event
		for _, e := range all {
			byAccount := append(slices.Clone(r.GetAccountIds()), r.GetAccountId())
			byCarrier := append(slices.Clone(r.GetCarrierIds()), r.GetCarrierId())
			if (len(r.GetTypes()) == 0 || slices.Contains(r.GetTypes(), e.GetType())) &&
				(len(byAccount) == 1 && byAccount[0] == "" || e.GetAccountId() != "" && slices.Contains(byAccount, e.GetAccountId())) &&
				(len(byCarrier) == 1 && byCarrier[0] == "" || e.GetCarrierId() != "" && slices.Contains(byCarrier, e.GetCarrierId())) {
				want = append(want, e)
			}
		}
		require.Equal(t, places(want), places(b.events(proto.CloneOf(r))), "%v", r)
	}
}

// TestPrincipalsSeeTheirCarrier has a carrier's own caller watch: it sees what names its carriers, and sees no more and no less
// when the registry changes while it watches.
func TestPrincipalsSeeTheirCarrier(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	a := b.account(1e6)
	agreed := func(principals ...string) *holdfastv1.CarrierSettings {
		s := agreedWith("a carrier")
		s.Principals, s.PrincipalsOnly = principals, false
		return s
	}
	b.orderFor("shop", "cmcc", a, 100)
	b.orderFor("shop", "unicom", a, 100)
	b.repaid(a, 10)
	all := len(b.watched("shop", &holdfastv1.WatchEventsRequest{}))
	require.Len(t, b.watched("cmcc-gateway", &holdfastv1.WatchEventsRequest{}), all, "nobody has named it yet")
	b.putCarrier("cmcc", agreed("cmcc-gateway"))
	b.putCarrier("unicom", agreed("unicom-gateway"))

	only := func(caller, carrier string, want int) {
		t.Helper()
		list := b.watched(caller, &holdfastv1.WatchEventsRequest{})
		for _, e := range list {
			require.Equal(t, carrier, e.GetCarrierId(), "%v", e)
		}
		require.Len(t, list, want)
	}
	only("cmcc-gateway", "cmcc", 2+4) // authorized, captured, and the registration in each shard
	only("unicom-gateway", "unicom", 2+4)
	require.Empty(t, b.watched("cmcc-gateway", &holdfastv1.WatchEventsRequest{CarrierIds: []string{"unicom"}}))
	require.Empty(t, b.watched("cmcc-gateway", &holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{
		holdfastv1.EventType_EVENT_TYPE_ACCOUNT_OPENED, holdfastv1.EventType_EVENT_TYPE_REPAYMENT_POSTED, holdfastv1.EventType_EVENT_TYPE_ORDER_CLAIMED,
	}}))
	require.Len(t, b.watched("shop", &holdfastv1.WatchEventsRequest{}), all+8, "who is not a carrier's own sees everything")

	// While it watches, unicom names it too, and then cmcc no longer does.
	ctx, cancel := context.WithTimeout(as(t.Context(), "cmcc-gateway"), 20*time.Second)
	defer cancel()
	stream, err := b.WatchEvents(ctx, &holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_CAPTURED}})
	require.NoError(t, err)
	next := func() string {
		t.Helper()
		m, err := stream.Recv()
		require.NoError(t, err)
		return m.GetEvent().GetCarrierId()
	}
	require.Equal(t, "cmcc", next())
	in := b.accountIn(3, 1e6) // the shard that has the registry last, so that the order comes after it in the same journal
	b.orderFor("shop", "unicom", in, 100)
	b.putCarrier("unicom", agreed("unicom-gateway", "cmcc-gateway"))
	b.orderFor("shop", "unicom", in, 100)
	require.Equal(t, "unicom", next())
	b.putCarrier("cmcc", agreed("another"))
	b.orderFor("shop", "cmcc", in, 100)
	b.orderFor("shop", "unicom", in, 100)
	require.Equal(t, "unicom", next())
	b.putCarrier("unicom", agreed("another"))
	require.Empty(t, b.watched("cmcc-gateway", &holdfastv1.WatchEventsRequest{}), "who was a carrier's own is not the lender's the day after")
}

// TestWatchTellsProgress watches for what never happens: the cursor that it is told spares the next watch all that was read.
func TestWatchTellsProgress(t *testing.T) {
	b := serveBook(t, Config{Shards: 3, TellProgress: 5 * time.Millisecond})
	for range 20 {
		b.held(b.account(1e6), 10)
	}
	never := &holdfastv1.WatchEventsRequest{CarrierId: "nobody", TellProgress: true}
	list := b.events(never)
	require.NotEmpty(t, list)
	last := list[len(list)-1]
	require.True(t, proto.Equal(&holdfastv1.Event{Cursor: last.GetCursor()}, last), "%v", last)
	durable, err := b.server.router.durable()
	require.NoError(t, err)
	require.Equal(t, cursor(durable).String(), last.GetCursor())
	require.Empty(t, b.events(&holdfastv1.WatchEventsRequest{Cursor: last.GetCursor()}), "and after it nothing is left")
	require.Empty(t, b.events(&holdfastv1.WatchEventsRequest{CarrierId: "nobody"}), "nobody is told who did not ask")

	stream, err := b.WatchEvents(t.Context(), &holdfastv1.WatchEventsRequest{Cursor: last.GetCursor(), CarrierId: "nobody", TellProgress: true})
	require.NoError(t, err)
	b.held(b.account(1e6), 10)
	durable, err = b.server.router.durable()
	require.NoError(t, err)
	for at := last; at.GetCursor() != cursor(durable).String(); {
		m, err := stream.Recv()
		require.NoError(t, err)
		at = m.GetEvent()
	}

	// Alerts are told with the same reading.
	alerts, err := b.WatchAlerts(t.Context(), &holdfastv1.WatchAlertsRequest{UntilNow: true, TellProgress: true})
	require.NoError(t, err)
	m, err := alerts.Recv()
	require.NoError(t, err)
	require.Nil(t, m.GetAlert())
	require.NotEmpty(t, m.GetCursor())
}

// TestProgressNeverPassesAnEvent has a busy watcher told of progress all the time: no cursor is beyond an event that was not
// told before it.
func TestProgressNeverPassesAnEvent(t *testing.T) {
	b := serveBook(t, Config{Shards: 2, TellProgress: time.Microsecond, NoPortfolio: true})
	wanted := [2]map[uint64]bool{{}, {}} // by shard
	for shard := range wanted {
		a := b.accountIn(shard, 1e9)
		for i := range 150 {
			r := orderOf(a, b.fresh("r"), b.fresh("o"), 10)
			r.CarrierId = []string{"one", "other"}[i/7%2]
			_, err := b.Authorize(t.Context(), r)
			require.NoError(t, err)
		}
	}
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{CarrierId: "one"}) {
		wanted[e.GetShard()][e.GetSequence()] = true
	}
	progress := 0
	for range 20 {
		told, before := [2]map[uint64]bool{{}, {}}, 0
		for _, e := range b.events(&holdfastv1.WatchEventsRequest{CarrierId: "one", TellProgress: true}) {
			if e.GetSequence() != 0 {
				told[e.GetShard()][e.GetSequence()] = true
				continue
			}
			progress++
			at, err := parseCursor(e.GetCursor(), 2)
			require.NoError(t, err)
			for shard := range wanted {
				for sequence := range wanted[shard] {
					require.True(t, sequence > at[shard] || told[shard][sequence], "cursor %v passes event %d of shard %d", at, sequence, shard)
				}
			}
			now := int(at[0] + at[1])
			require.Greater(t, now, before, "a message that tells no progress")
			before = now
		}
		require.Equal(t, wanted, told)
	}
	require.Greater(t, progress, 20)
}

// TestAbstracts holds what events are chosen by to the events themselves.
func TestAbstracts(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	a := b.account(1e6)
	b.orderFor("local", "cmcc", a, 100)
	b.repaid(a, 10)
	b.putCarrier("cmcc", agreedWith("one"))
	b.on("2026-03-20")
	n := 0
	for shard, w := range b.server.router.writers {
		for j, err := range w.Journal().Replay(t.Context(), 1) {
			require.NoError(t, err)
			var e ledger.Entry
			require.NoError(t, decode(record.DecodeEntry, slices.Clone(j.Payload), &j, &e))
			p, got := eventProto(shard, &e), about(shard, &e)
			require.Equal(t, p.GetType(), got.kind)
			require.Equal(t, p.GetCarrierId(), string(got.carrier))
			require.Equal(t, p.GetAccountId(), accountID(got.account))
			n++
		}
	}
	require.Greater(t, n, 15)
}

// asCaller watches as somebody.
type asCaller struct {
	holdfastv1.EventServiceClient
	caller string
}

func (c asCaller) WatchEvents(ctx context.Context, r *holdfastv1.WatchEventsRequest, opts ...grpc.CallOption) (holdfastv1.EventService_WatchEventsClient, error) {
	return c.EventServiceClient.WatchEvents(as(ctx, c.caller), r, opts...)
}
