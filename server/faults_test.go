package server

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// shaky is a book whose only shard has its journal in memory, where appends wait and fail as a test says, and the replay
// of a restart can be held up as that of a long tail is.
type shaky struct {
	*book
	disk
	replay *gate
}

// patience is what one may ask of a machine that does other things too, when it is not the time that is tested.
const patience = 30 * time.Second

// disk is what is left of a shard when its server is gone.
type disk struct {
	log   *mem.Log
	state string // path of the state file
}

func newDisk(t *testing.T) disk { return disk{mem.NewLog(), filepath.Join(t.TempDir(), "state.db")} }

// serveShaky starts a server on a disk; a queue of 0 is as long as usual.
func serveShaky(t *testing.T, d disk, queue int) *shaky {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	b := &shaky{disk: d, replay: &gate{Journal: d.log.Open()}, book: &book{t: t, config: Config{
		Data: filepath.Join(t.TempDir(), "book"), Listen: "127.0.0.1:0", Drain: 5 * time.Second, Logger: log,
	}}}
	var err error
	b.server, err = New(t.Context(), b.config)
	require.NoError(t, err)
	require.NoError(t, b.server.router.writers[0].Close())
	b.server.router.writers[0], err = writer.Open(t.Context(), writer.Config{
		Journal: b.replay, StatePath: d.state, MaxQueue: queue, Sweep: -1, Owner: "test", Logger: log,
		Terms: b.server.config.Terms, Zone: b.server.zone, Clock: b.server.now,
	}, nil)
	require.NoError(t, err)
	b.served = make(chan error, 1)
	go func() { b.served <- b.server.Serve() }()
	b.conn = b.dial()
	b.AuthorizationServiceClient = holdfastv1.NewAuthorizationServiceClient(b.conn)
	b.AccountServiceClient = holdfastv1.NewAccountServiceClient(b.conn)
	b.EventServiceClient = holdfastv1.NewEventServiceClient(b.conn)
	b.AdminServiceClient = holdfastv1.NewAdminServiceClient(b.conn)
	t.Cleanup(b.stop)
	return b
}

func (b *shaky) stop() {
	b.replay.open()
	_ = b.conn.Close()
	require.NoError(b.t, b.server.Shutdown())
}

// gate is a journal whose replays wait while it is shut.
type gate struct {
	journal.Journal
	shut atomic.Pointer[chan struct{}]
}

func (g *gate) close() { g.shut.Store(new(make(chan struct{}))) }

func (g *gate) open() {
	if shut := g.shut.Swap(nil); shut != nil {
		close(*shut)
	}
}

func (g *gate) Replay(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	if shut := g.shut.Load(); shut != nil {
		select {
		case <-*shut:
		case <-ctx.Done():
		}
	}
	return g.Journal.Replay(ctx, from)
}

// hold makes the next append wait until release is called, and then end as the fault says. Entered is closed once it
// waits.
func (b *shaky) hold(f mem.Fault) (entered <-chan struct{}, release func()) {
	in, out := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	b.log.Hook(func(journal.Head, journal.Batch) mem.Fault {
		if first.Swap(true) {
			return mem.Fault{}
		}
		close(in)
		<-out
		return f
	})
	release = sync.OnceFunc(func() { close(out) })
	b.t.Cleanup(release)
	return in, release
}

// asked is how requests of a test were answered, by request id.
type asked struct {
	mu      sync.Mutex
	answers map[string]*holdfastv1.AuthorizeResponse
	errs    map[string]error
	calls   sync.WaitGroup
}

// ask sends a request without waiting for the answer.
func (b *shaky) ask(to *asked, r *holdfastv1.AuthorizeRequest) {
	to.calls.Go(func() {
		resp, err := b.Authorize(b.t.Context(), r)
		to.note(r.GetRequestId(), resp, err)
	})
}

// askOnStream sends requests on one stream without waiting for the answers.
func (b *shaky) askOnStream(to *asked, requests ...*holdfastv1.AuthorizeRequest) {
	b.t.Helper()
	stream, err := b.AuthorizeStream(b.t.Context())
	require.NoError(b.t, err)
	for i, r := range requests {
		require.NoError(b.t, stream.Send(onStream(uint64(i), r)))
	}
	to.calls.Go(func() {
		for range requests {
			m, err := stream.Recv()
			if err == nil && m.GetFault() != nil {
				err = statusOf(m.GetFault())
			}
			to.note(requests[m.GetCorrelationId()].GetRequestId(), m.GetAuthorize(), err)
		}
		_ = stream.CloseSend()
	})
}

func (a *asked) note(id string, resp *holdfastv1.AuthorizeResponse, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answers == nil {
		a.answers, a.errs = map[string]*holdfastv1.AuthorizeResponse{}, map[string]error{}
	}
	a.answers[id], a.errs[id] = resp, err
}

// queued waits until so many calls wait.
func (b *shaky) queued(n int) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return b.server.Stats()[0].Queued == n }, patience, time.Millisecond)
}

// back waits until the shard takes commands.
func (b *shaky) back() {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return b.server.Ready() == nil }, patience, time.Millisecond)
}

// requireRetry checks a reason, and that the error says when to try again.
func requireRetry(t testing.TB, err error, code codes.Code, reason string) {
	t.Helper()
	requireReason(t, err, code, reason)
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			require.Positive(t, info.GetRetryDelay().AsDuration())
			return
		}
	}
	t.Errorf("%v: no RetryInfo", err)
}

// TestFullQueueRefuses lets a queue fill up behind a slow disk. What does not fit is refused, on a stream too, and
// nothing is done for it; what waits is carried out.
func TestFullQueueRefuses(t *testing.T) {
	const queue = 6
	b := serveShaky(t, newDisk(t), queue)
	a := b.account(1e6)
	entered, release := b.hold(mem.Fault{})
	var waiting, refused asked
	b.ask(&waiting, orderOf(a, "w-0", "wo-0", 10))
	<-entered
	for i := 1; i < queue; i++ {
		b.ask(&waiting, orderOf(a, fmt.Sprintf("w-%d", i), fmt.Sprintf("wo-%d", i), 10))
	}
	b.queued(queue)

	b.ask(&refused, orderOf(a, "r-0", "ro-0", 10))
	b.askOnStream(&refused, orderOf(a, "r-1", "ro-1", 10), orderOf(a, "r-2", "ro-2", 10))
	refused.calls.Wait()
	require.Len(t, refused.errs, 3)
	for _, err := range refused.errs {
		requireRetry(t, err, codes.ResourceExhausted, "QUEUE_FULL")
	}
	_, err := b.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
	requireRetry(t, err, codes.ResourceExhausted, "QUEUE_FULL")
	require.NoError(t, b.server.Ready(), "a full queue is load, not a shard that is down")

	release()
	waiting.calls.Wait()
	require.Len(t, waiting.answers, queue)
	for id := range waiting.answers {
		require.NoError(t, waiting.errs[id])
		require.False(t, waiting.answers[id].GetReplayed())
	}
	for i := range 3 {
		order := fmt.Sprintf("ro-%d", i)
		_, err := b.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: order})
		requireReason(t, err, codes.NotFound, "ORDER_NOT_FOUND")
		resp, err := b.Authorize(t.Context(), orderOf(a, fmt.Sprintf("r-%d", i), order, 10))
		require.NoError(t, err)
		require.False(t, resp.GetReplayed())
	}
	require.Equal(t, "4", sample(t, scrape(t, b.server.metrics), `holdfast_faults_total{reason="QUEUE_FULL"}`))
	b.sound()
}

// TestUnknownOutcomeIsSaidAndSettled has an append end without anybody knowing how. Everybody whose request was in it, or
// behind it, is told that the outcome is unknown; the same requests sent again are carried out once, and say whether they
// had been.
func TestUnknownOutcomeIsSaidAndSettled(t *testing.T) {
	for name, c := range map[string]struct {
		kind    mem.Kind
		written bool
	}{
		"nothing was written": {mem.FailBefore, false},
		"half was written":    {mem.Torn, false},
		"all was written":     {mem.FailAfter, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := serveShaky(t, newDisk(t), 0)
			a := b.account(1e6)
			entered, release := b.hold(mem.Fault{Kind: c.kind})
			var told asked
			requests := []*holdfastv1.AuthorizeRequest{orderOf(a, "first", "o-first", 10)}
			for i := range 8 {
				requests = append(requests, orderOf(a, fmt.Sprintf("r-%d", i), fmt.Sprintf("o-%d", i), 10))
			}
			b.ask(&told, requests[0])
			<-entered
			for _, r := range requests[1:5] {
				b.ask(&told, r)
			}
			b.askOnStream(&told, requests[5:]...)
			b.queued(len(requests))
			release()
			told.calls.Wait()
			require.Len(t, told.errs, len(requests))
			for _, err := range told.errs {
				requireRetry(t, err, codes.Unavailable, "OUTCOME_UNKNOWN")
			}

			b.back()
			for _, r := range requests {
				resp, err := b.Authorize(t.Context(), r)
				require.NoError(t, err)
				require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, resp.GetDecision())
				require.Equal(t, c.written && r == requests[0], resp.GetReplayed(), r.GetRequestId())
			}
			got, err := b.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
			require.NoError(t, err)
			require.EqualValues(t, 10*len(requests), got.GetAccount().GetHeld())
			require.Equal(t, strconv.Itoa(len(requests)), sample(t, scrape(t, b.server.metrics), `holdfast_faults_total{reason="OUTCOME_UNKNOWN"}`))
			b.sound()
		})
	}
}

// TestStartingShardRefuses holds up the replay after a fault. Until it is over every call is refused, with nothing done,
// and health says that the server does not serve; afterwards everything is there.
func TestStartingShardRefuses(t *testing.T) {
	b := serveShaky(t, newDisk(t), 0)
	a := b.account(1e6)
	b.held(a, 10)
	b.replay.close()
	b.log.Script(mem.Fault{Kind: mem.FailAfter})
	_, err := b.Authorize(t.Context(), orderOf(a, "r", "o", 10))
	requireRetry(t, err, codes.Unavailable, "OUTCOME_UNKNOWN")

	b.refuses(a, codes.Unavailable, "STARTING")
	_, err = b.Authorize(t.Context(), orderOf(a, "early", "early", 10))
	requireRetry(t, err, codes.Unavailable, "STARTING")
	require.ErrorContains(t, b.server.Ready(), "starting")
	health := grpc_health_v1.NewHealthClient(b.conn)
	serving := func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		require.Eventually(t, func() bool {
			got, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
			return err == nil && got.GetStatus() == want
		}, patience, 5*time.Millisecond)
	}
	serving(grpc_health_v1.HealthCheckResponse_NOT_SERVING)

	b.replay.open()
	serving(grpc_health_v1.HealthCheckResponse_SERVING)
	b.back()
	_, err = b.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: "early"})
	requireReason(t, err, codes.NotFound, "ORDER_NOT_FOUND")
	resp, err := b.Authorize(t.Context(), orderOf(a, "r", "o", 10))
	require.NoError(t, err)
	require.True(t, resp.GetReplayed())
	b.sound()
}

// refuses makes a call of every kind, each of which must be refused for one reason.
func (b *shaky) refuses(a *holdfastv1.Account, code codes.Code, reason string) {
	b.t.Helper()
	var writes asked
	b.ask(&writes, orderOf(a, b.fresh("refused"), b.fresh("o"), 10))
	b.askOnStream(&writes, orderOf(a, b.fresh("refused"), b.fresh("o"), 10), orderOf(a, b.fresh("refused"), b.fresh("o"), 10))
	writes.calls.Wait()
	require.Len(b.t, writes.errs, 3)
	for _, err := range writes.errs {
		requireReason(b.t, err, code, reason)
	}
	ctx := b.t.Context()
	_, err := b.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
	requireReason(b.t, err, code, reason)
	_, err = b.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: "o"})
	requireReason(b.t, err, code, reason)
	_, err = b.ListAccounts(ctx, &holdfastv1.ListAccountsRequest{})
	requireReason(b.t, err, code, reason)
	_, err = b.GetStats(ctx, &holdfastv1.GetStatsRequest{})
	requireReason(b.t, err, code, reason)
	watch, err := b.WatchEvents(ctx, &holdfastv1.WatchEventsRequest{UntilNow: true})
	require.NoError(b.t, err)
	_, err = watch.Recv()
	requireReason(b.t, err, code, reason)
	backup, err := b.Backup(ctx, &holdfastv1.BackupRequest{})
	require.NoError(b.t, err)
	_, err = backup.Recv()
	requireReason(b.t, err, code, reason)
	verify, err := b.Verify(ctx, &holdfastv1.VerifyRequest{})
	require.NoError(b.t, err)
	_, err = verify.Recv()
	requireReason(b.t, err, code, reason)
}

// TestDamagedRowIsDataLoss spoils a row of the state file under a server that has opened it. Whoever asks for it is told; the file is
// set aside and built anew, which is a start like any other; and then the row is there again.
func TestDamagedRowIsDataLoss(t *testing.T) {
	d := newDisk(t)
	b := serveShaky(t, d, 0)
	a := b.account(1e6)
	r := orderOf(a, "r", "o", 10)
	r.PhoneToken = "phone-of-the-damaged-row"
	resp, err := b.Authorize(t.Context(), r)
	require.NoError(t, err)
	id := resp.GetAuthorization().GetAuthorizationId()
	_, err = b.Void(t.Context(), &holdfastv1.VoidRequest{RequestId: "v", AuthorizationId: id})
	require.NoError(t, err)
	b.stop()
	b = serveShaky(t, d, 0)
	b.replay.close()
	image, err := os.ReadFile(d.state)
	require.NoError(t, err)
	file, err := os.OpenFile(d.state, os.O_WRONLY, 0)
	require.NoError(t, err)
	spoiled := 0
	for at := 0; ; spoiled++ {
		next := bytes.Index(image[at:], []byte(r.PhoneToken))
		if next < 0 {
			break
		}
		_, err := file.WriteAt([]byte("phone-of-the-spoiled-row"), int64(at+next))
		require.NoError(t, err)
		at += next + len(r.PhoneToken)
	}
	require.NoError(t, file.Close())
	require.Positive(t, spoiled)
	get := func() (*holdfastv1.GetAuthorizationResponse, error) {
		return b.GetAuthorization(t.Context(), &holdfastv1.GetAuthorizationRequest{AuthorizationId: id})
	}
	_, err = get()
	requireReason(t, err, codes.DataLoss, "DATA_LOSS")
	b.refuses(a, codes.Unavailable, "STARTING")
	_, err = get()
	requireRetry(t, err, codes.Unavailable, "STARTING")
	require.Eventually(t, func() bool { // when who had it open has let go of it
		_, err := os.Stat(d.state + ".corrupt")
		return err == nil
	}, patience, time.Millisecond)
	b.replay.open()
	b.back()
	got, err := get()
	require.NoError(t, err)
	require.Equal(t, r.PhoneToken, got.GetAuthorization().GetPhoneToken())
	require.Equal(t, "1", sample(t, scrape(t, b.server.metrics), `holdfast_faults_total{reason="DATA_LOSS"}`))
	b.sound()
}

// TestDamagedJournalIsDataLoss spoils an entry of the journal. A running server goes on, and tells those who read that
// far: a watcher, a backup, a check. A shard that has to start over it does not, and says so until it is mended.
func TestDamagedJournalIsDataLoss(t *testing.T) {
	b := serveShaky(t, newDisk(t), 0)
	a := b.account(1e6)
	b.held(a, 10)
	last := b.server.Stats()[0].Durable
	b.held(a, 10)
	spoil := func() { require.True(t, b.log.Corrupt(last, 100, 1)) }
	spoil()

	watch, err := b.WatchEvents(t.Context(), &holdfastv1.WatchEventsRequest{UntilNow: true})
	require.NoError(t, err)
	told := uint64(0)
	for err == nil {
		var m *holdfastv1.WatchEventsResponse
		if m, err = watch.Recv(); err == nil {
			told = m.GetEvent().GetSequence()
		}
	}
	requireReason(t, err, codes.DataLoss, "DATA_LOSS")
	require.ErrorContains(t, err, fmt.Sprintf("sequence %d", last))
	require.Equal(t, last-1, told, "what comes before the damage is told")
	backup, err := b.Backup(t.Context(), &holdfastv1.BackupRequest{})
	require.NoError(t, err)
	for err == nil {
		_, err = backup.Recv()
	}
	requireReason(t, err, codes.Internal, "BACKUP_FAILED")
	require.ErrorContains(t, err, fmt.Sprintf("sequence %d", last))
	verify, err := b.Verify(t.Context(), &holdfastv1.VerifyRequest{})
	require.NoError(t, err)
	verdict, err := verify.Recv()
	require.NoError(t, err)
	require.Contains(t, verdict.GetFaults(), fmt.Sprintf("shard 0: journal: first bad sequence %d: hash does not match", last))
	b.held(a, 10)

	require.NoError(t, os.Remove(b.state)) // so that the shard has to read the whole journal
	b.log.Script(mem.Fault{Kind: mem.FailBefore})
	_, err = b.Authorize(t.Context(), orderOf(a, "r", "o", 10))
	requireRetry(t, err, codes.Unavailable, "OUTCOME_UNKNOWN")
	require.Eventually(t, func() bool {
		_, err := b.Authorize(t.Context(), orderOf(a, "r", "o", 10))
		return status.Code(err) == codes.DataLoss
	}, patience, time.Millisecond)
	b.refuses(a, codes.DataLoss, "DATA_LOSS")
	require.ErrorContains(t, b.server.Ready(), "corrupt")
	spoil() // it flips the bit back
	b.back()
	resp, err := b.Authorize(t.Context(), orderOf(a, "r", "o", 10))
	require.NoError(t, err)
	require.False(t, resp.GetReplayed())
	b.sound()
}
