package server

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// months has orders and moves the clock, so that debts begin, fall due and are not paid.
func months(t *testing.T, b *book, n int) {
	t.Helper()
	for range n {
		for c := range 4 {
			_, err := b.Charge(t.Context(), &holdfastv1.ChargeRequest{
				RequestId: b.fresh("request"), AccountId: b.account(50_000).GetAccountId(), OrderId: b.fresh("order"),
				Scene: holdfastv1.Scene_SCENE_TOPUP, CarrierId: "cmcc", PhoneToken: "phone", Currency: "CNY", Amount: int64(1_000 + c),
			})
			require.NoError(t, err)
		}
		_, err := b.AdvanceClock(t.Context(), &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Duration{Duration: durationpb.New(31 * 24 * time.Hour)}})
		require.NoError(t, err)
	}
}

// fromTheJournals folds the journals here, each up to an entry.
func fromTheJournals(t *testing.T, b *book, upto map[int]uint64) *portfolio.Portfolio {
	t.Helper()
	var all []*portfolio.Portfolio
	for shard, w := range b.server.router.writers {
		f := portfolio.New(uint16(shard), b.server.config.Terms, b.server.zone)
		last, err := w.Durable()
		require.NoError(t, err)
		if given, ok := upto[shard]; ok {
			last = given
		}
		require.NoError(t, replayInto(t.Context(), w.Journal(), 0, func(e *ledger.Entry) (bool, error) {
			return e.Sequence < last, f.Add(e)
		}))
		all = append(all, f.Portfolio())
	}
	return portfolio.Merge(all...)
}

// TestThePortfolioIsThatOfTheJournals, now, as of an earlier entry, after a restart, and with a damaged checkpoint.
func TestThePortfolioIsThatOfTheJournals(t *testing.T) {
	clock := VirtualClock(time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC))
	b := serveBook(t, Config{Shards: 2, Clock: clock})
	ask := func(r *holdfastv1.GetPortfolioRequest) *portfolio.Portfolio {
		t.Helper()
		resp, err := holdfastv1.NewPortfolioServiceClient(b.conn).GetPortfolio(t.Context(), r)
		require.NoError(t, err)
		p, losses, err := PortfolioOf(resp.GetPortfolio())
		require.NoError(t, err)
		require.True(t, proto.Equal(resp.GetPortfolio(), PortfolioProto(p, losses)), "what is told is not what is read of it")
		return p
	}
	months(t, b, 6)
	now := ask(&holdfastv1.GetPortfolioRequest{})
	require.Equal(t, fromTheJournals(t, b, nil), now)
	require.EqualValues(t, 24, now.Opened)
	owed := map[portfolio.Bucket]bool{}
	for _, s := range now.Standing {
		owed[s.Bucket] = true
	}
	require.True(t, owed["M4"] && owed["M2"] && owed[portfolio.Current], "%v", owed)

	early := &holdfastv1.GetPortfolioRequest{AsOf: []*holdfastv1.ShardSequence{{Shard: 0, Sequence: now.Marks[0].Sequence / 2}, {Shard: 1, Sequence: 1}}}
	require.Equal(t, fromTheJournals(t, b, map[int]uint64{0: now.Marks[0].Sequence / 2, 1: 1}), ask(early))

	require.NoError(t, b.server.Shutdown())
	b.start()
	require.Equal(t, now, ask(&holdfastv1.GetPortfolioRequest{}))
	for i, f := range b.server.watched.folds {
		require.Equal(t, now.Marks[i].Sequence, f.from, "the checkpoint was not used")
	}
	require.NoError(t, b.server.Shutdown())
	for i, damage := range []func([]byte) []byte{
		func(file []byte) []byte { file[len(file)/2] ^= 1; return file },                        // a byte that changed
		func(file []byte) []byte { return append(bytes.Repeat([]byte("0"), 64), file[64:]...) }, // of another journal
	} {
		path := b.server.data.PortfolioPath(i)
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, damage(file), 0o600))
	}
	b.start()
	require.Equal(t, now, ask(&holdfastv1.GetPortfolioRequest{}))
	for _, f := range b.server.watched.folds {
		require.Zero(t, f.from, "a damaged checkpoint was used")
	}
}

// TestAPortfolioToComeIsWaitedFor, exactly that of the entry, and not beyond the deadline.
func TestAPortfolioToComeIsWaitedFor(t *testing.T) {
	b := serveBook(t, Config{})
	client := holdfastv1.NewPortfolioServiceClient(b.conn)
	b.account(1_000)
	have, err := client.GetPortfolio(t.Context(), &holdfastv1.GetPortfolioRequest{})
	require.NoError(t, err)
	next := have.GetPortfolio().GetMarks()[0].GetSequence() + 1
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	later := &holdfastv1.GetPortfolioRequest{AsOf: []*holdfastv1.ShardSequence{{Sequence: next}}}
	_, err = client.GetPortfolio(short, later)
	require.Equal(t, codes.DeadlineExceeded, status.Code(err))
	got := make(chan *holdfastv1.GetPortfolioResponse, 1)
	go func() {
		resp, _ := client.GetPortfolio(t.Context(), later)
		got <- resp
	}()
	require.Eventually(t, func() bool {
		f := b.server.watched.folds[0]
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.wants) > 0
	}, 5*time.Second, time.Millisecond)
	for range 5 {
		b.account(1_000)
	}
	resp := <-got
	require.Equal(t, next, resp.GetPortfolio().GetMarks()[0].GetSequence())
	require.EqualValues(t, 2, resp.GetPortfolio().GetAccountsOpened())
}

func TestPortfolioRequestsAreChecked(t *testing.T) {
	b := serveBook(t, Config{})
	client := holdfastv1.NewPortfolioServiceClient(b.conn)
	_, err := client.GetPortfolio(t.Context(), &holdfastv1.GetPortfolioRequest{
		AsOf: []*holdfastv1.ShardSequence{{Shard: 1}, {Shard: 0}, {Shard: 0}}, LossGivenDefault: 2_000_000,
		Grades: []*holdfastv1.GradeProbability{{Grade: "A", DefaultProbability: -1}, {Grade: "A"}},
	})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	for _, what := range []string{"shard 1 is not within 0 and 0", "names shard 0 twice", "loss_given_default", "name grade", "within 0 and 1,000,000"} {
		require.ErrorContains(t, err, what)
	}
	without := serveBook(t, Config{NoPortfolio: true})
	_, err = holdfastv1.NewPortfolioServiceClient(without.conn).GetPortfolio(t.Context(), &holdfastv1.GetPortfolioRequest{})
	requireReason(t, err, codes.FailedPrecondition, "NO_PORTFOLIO")
}

// TestEveryNodeTellsTheSamePortfolio as of the same entries, waiting for those that it has not followed yet, whoever decides.
func TestEveryNodeTellsTheSamePortfolio(t *testing.T) {
	const shards = 2
	ns := serveNodes(t, 2, shards, nil)
	for shard := range shards {
		for i := range 10 {
			b := ns.list[i%2]
			a := ns.list[0].accountIn(shard, 1e6)
			_, err := b.Authorize(t.Context(), orderOf(a, b.fresh("node-"+b.config.Cluster.Node), b.fresh("node-"+b.config.Cluster.Node), 100))
			require.NoError(t, err)
		}
	}
	owner, others := ns.owner(0)
	told, err := holdfastv1.NewPortfolioServiceClient(owner.conn).GetPortfolio(t.Context(), &holdfastv1.GetPortfolioRequest{})
	require.NoError(t, err)
	asOf := &holdfastv1.GetPortfolioRequest{}
	for _, m := range told.GetPortfolio().GetMarks() {
		asOf.AsOf = append(asOf.AsOf, &holdfastv1.ShardSequence{Shard: m.GetShard(), Sequence: m.GetSequence()})
	}
	for _, b := range others {
		same, err := holdfastv1.NewPortfolioServiceClient(b.conn).GetPortfolio(t.Context(), asOf)
		require.NoError(t, err)
		require.True(t, proto.Equal(told, same), "%v\n%v", told, same)
	}
	require.NotZero(t, told.GetPortfolio().GetAccountsOpened())
}

// TestOneAtATimeReadsTheJournalForAnEarlierEntry: whoever comes second is told to try again, and who has no time is told so.
func TestOneAtATimeReadsTheJournalForAnEarlierEntry(t *testing.T) {
	b := serveBook(t, Config{})
	client := holdfastv1.NewPortfolioServiceClient(b.conn)
	for range 5 {
		b.account(1_000)
	}
	_, err := client.GetPortfolio(t.Context(), &holdfastv1.GetPortfolioRequest{})
	require.NoError(t, err)
	earlier := &holdfastv1.GetPortfolioRequest{AsOf: []*holdfastv1.ShardSequence{{Sequence: 2}}}
	b.server.watched.past <- struct{}{} // somebody does
	_, err = client.GetPortfolio(t.Context(), earlier)
	requireReason(t, err, codes.ResourceExhausted, "PORTFOLIO_BUSY")
	<-b.server.watched.past
	resp, err := client.GetPortfolio(t.Context(), earlier)
	require.NoError(t, err)
	require.EqualValues(t, 2, resp.GetPortfolio().GetAccountsOpened())
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.server.watched.asOf(over, 0, 2)
	require.ErrorIs(t, err, context.Canceled)
}

// TestThePortfolioIsForOperators: it tells of everybody.
func TestThePortfolioIsForOperators(t *testing.T) {
	name := "/" + holdfastv1.PortfolioService_ServiceDesc.ServiceName
	require.Equal(t, accessOperators, accessOf(name[1:], "GetPortfolio"))
}
