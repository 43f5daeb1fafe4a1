package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/archive"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
)

const fourShards = 4

// TestOrderBelongsToOneAccountInAllShards has accounts of two shards race for an order id, whatever shard is its home.
func TestOrderBelongsToOneAccountInAllShards(t *testing.T) {
	b := serveBook(t, Config{Shards: fourShards})
	one, two := b.accountIn(0, 1e9), b.accountIn(1, 1e9)
	for round := range 40 {
		id := b.orderAt(round % fourShards)
		var won []string
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, a := range []*holdfastv1.Account{one, two, one, two} {
			wg.Go(func() {
				resp, err := b.Authorize(t.Context(), orderOf(a, fmt.Sprintf("race-%d-%d", round, i), id, 10))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won = append(won, resp.GetAuthorization().GetAuthorizationId())
					return
				}
				_, reason := reasonFrom(t, err)
				require.Contains(t, []string{"ORDER_OF_ANOTHER_ACCOUNT", "ORDER_EXISTS"}, reason)
			})
		}
		wg.Wait()
		require.Len(t, won, 1)
		found, err := b.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: id})
		require.NoError(t, err)
		require.Equal(t, won[0], found.GetAuthorization().GetAuthorizationId())
	}
	b.restart()
	b.sound()
}

// TestReversedOrderStaysReversedInAllShards reverses orders that nobody has seen; they are refused when they arrive.
func TestReversedOrderStaysReversedInAllShards(t *testing.T) {
	b := serveBook(t, Config{Shards: fourShards})
	a, other := b.accountIn(2, 1e9), b.accountIn(3, 1e9)
	for home := range fourShards {
		id := b.orderAt(home)
		_, err := b.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: id})
		requireReason(t, err, codes.NotFound, "ORDER_NOT_FOUND")
		gone, err := b.Reverse(t.Context(), &holdfastv1.ReverseRequest{RequestId: b.fresh("rev"), AccountId: a.GetAccountId(), OrderId: id})
		require.NoError(t, err)
		require.True(t, gone.GetTombstone())
		_, err = b.Authorize(t.Context(), orderOf(a, b.fresh("r"), id, 10))
		requireReason(t, err, codes.FailedPrecondition, "ORDER_REVERSED")
		_, err = b.Authorize(t.Context(), orderOf(other, b.fresh("r"), id, 10))
		requireReason(t, err, codes.FailedPrecondition, "ORDER_OF_ANOTHER_ACCOUNT")
		found, err := b.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: id})
		require.NoError(t, err)
		require.True(t, found.GetTombstone())
	}
}

// TestMissingAccountUsesNoOrderUp asks for an account that is not there first, by mistake.
func TestMissingAccountUsesNoOrderUp(t *testing.T) {
	for _, shards := range []int{1, fourShards} {
		b := serveBook(t, Config{Shards: shards})
		a := b.account(1000)
		for home := range shards {
			id := b.orderAt(home)
			missing := &holdfastv1.Account{AccountId: a.GetAccountId()[:len("acc_")+8] + "zzzzz"}
			_, err := b.Authorize(t.Context(), orderOf(missing, b.fresh("r"), id, 10))
			requireReason(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
			_, err = b.Authorize(t.Context(), orderOf(a, b.fresh("r"), id, 10))
			require.NoError(t, err)
		}
	}
}

// TestAccountsAreListedFromAllShards pages through them in pages of every size.
func TestAccountsAreListedFromAllShards(t *testing.T) {
	b := serveBook(t, Config{Shards: fourShards})
	var opened []string
	for range 23 {
		opened = append(opened, b.account(100).GetAccountId())
	}
	slices.Sort(opened)
	for size := range int32(12) {
		var listed []string
		for token, more := "", true; more; more = token != "" {
			page, err := b.ListAccounts(t.Context(), &holdfastv1.ListAccountsRequest{PageSize: size + 1, PageToken: token})
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.GetAccounts()), int(size)+1)
			for _, a := range page.GetAccounts() {
				listed = append(listed, a.GetAccountId())
			}
			token = page.GetNextPageToken()
		}
		require.Equal(t, opened, listed, "page size %d", size+1)
	}
}

// TestSuspensionsAreTheSameInAllShards has operators suspend and resume the same carrier at once: afterwards either all
// shards decline its orders or none does.
func TestSuspensionsAreTheSameInAllShards(t *testing.T) {
	b := serveBook(t, Config{Shards: fourShards})
	var accounts []*holdfastv1.Account
	for shard := range fourShards {
		accounts = append(accounts, b.accountIn(shard, 1e9))
	}
	for round := range 15 {
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				var err error
				if id := fmt.Sprintf("ops-%d-%d", round, i); i%2 == 0 {
					_, err = b.Suspend(t.Context(), &holdfastv1.SuspendRequest{RequestId: id, Reason: "x", Scope: &holdfastv1.SuspendRequest_CarrierId{CarrierId: "cmcc"}})
				} else {
					_, err = b.Resume(t.Context(), &holdfastv1.ResumeRequest{RequestId: id, Reason: "x", Scope: &holdfastv1.ResumeRequest_CarrierId{CarrierId: "cmcc"}})
				}
				require.NoError(t, err)
			})
		}
		wg.Wait()
		decisions := map[holdfastv1.Decision]int{}
		for _, a := range accounts {
			resp, err := b.Check(t.Context(), &holdfastv1.CheckRequest{AccountId: a.GetAccountId(), Scene: 1, CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 1})
			require.NoError(t, err)
			decisions[resp.GetDecision()]++
		}
		require.Len(t, decisions, 1, "shards do not agree on what is suspended")
	}
	b.restart()
	b.sound()
}

// TestBackupHoldsEveryClaim takes backups while orders go on, restores each, and finds every order of it by its id,
// which only its home shard can answer.
func TestBackupHoldsEveryClaim(t *testing.T) {
	b := serveBook(t, Config{Shards: fourShards})
	var accounts []*holdfastv1.Account
	for shard := range fourShards {
		accounts = append(accounts, b.accountIn(shard, 1e12))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var serial atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := serial.Add(1)
				id := fmt.Sprintf("b-%d", n)
				resp, err := b.Charge(ctx, &holdfastv1.ChargeRequest{
					RequestId: id, OrderId: id, AccountId: accounts[n%fourShards].GetAccountId(), Scene: 1, CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 1,
				})
				if err == nil {
					require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, resp.GetDecision())
				}
			}
		})
	}
	var backups [][]byte
	for range 3 {
		backups = append(backups, b.backup())
	}
	stop()
	wg.Wait()
	for _, file := range backups {
		again := serveBook(t, Config{Data: restored(t, file)})
		orders := again.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_CAPTURED}})
		for _, e := range orders {
			found, err := again.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: e.GetOrderId()})
			require.NoError(t, err)
			require.Equal(t, e.GetAuthorizationId(), found.GetAuthorization().GetAuthorizationId())
		}
		again.sound()
		require.NoError(t, again.server.Shutdown())
	}
}

func (b *book) backup() []byte {
	b.t.Helper()
	stream, err := b.Backup(b.t.Context(), &holdfastv1.BackupRequest{})
	require.NoError(b.t, err)
	var file bytes.Buffer
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return file.Bytes()
		}
		require.NoError(b.t, err)
		file.Write(m.GetChunk())
	}
}

// restored is a data directory made of a backup.
func restored(t *testing.T, file []byte) string {
	dir := t.TempDir()
	var journals []*bolt.Journal
	var heads []journal.Head
	_, err := archive.Read(bytes.NewReader(file), func(h archive.Header) error {
		data, err := OpenDataDir(dir, Meta{Shards: h.Shards, Zone: h.Zone})
		require.NoError(t, err)
		for shard := range h.Shards {
			j, err := bolt.Open(data.JournalDir(shard), bolt.Options{})
			require.NoError(t, err)
			head, err := j.Acquire(t.Context(), "restore")
			require.NoError(t, err)
			journals, heads = append(journals, j), append(heads, head)
		}
		return nil
	}, func(shard int, batch journal.Batch) (err error) {
		heads[shard], err = journals[shard].Append(t.Context(), heads[shard], batch)
		return err
	})
	require.NoError(t, err)
	for _, j := range journals {
		require.NoError(t, j.Close())
	}
	return dir
}
