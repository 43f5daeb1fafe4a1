//go:build linux

package server

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// TestFullDiskRefusesAndRecovers fills the file system under a server. Calls are refused at once and say why; when there
// is room again the server goes on by itself, and everything that was answered, before and after, is there.
func TestFullDiskRefusesAndRecovers(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=400m"); err != nil {
		t.Skipf("mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	b := serveBook(t, Config{Data: filepath.Join(dir, "book")})
	a := b.account(1e12)
	charge := func(n int) (*holdfastv1.ChargeResponse, error) {
		id := fmt.Sprintf("c-%d", n)
		return b.Charge(t.Context(), &holdfastv1.ChargeRequest{
			RequestId: id, OrderId: id, AccountId: a.GetAccountId(), Scene: 1, CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 1,
		})
	}
	ballast := filepath.Join(dir, "ballast")
	fillDisk(t, ballast)
	b.fillJournal()

	answered, refused := map[int]string{}, map[int]bool{}
	for n := 0; len(refused) < 3; n++ {
		resp, err := charge(n)
		if err == nil {
			answered[n] = resp.GetAuthorization().GetAuthorizationId()
			continue
		}
		requireReason(t, err, codes.Unavailable, "JOURNAL_FULL")
		retry := false
		for _, d := range status.Convert(err).Details() {
			_, is := d.(*errdetails.RetryInfo)
			retry = retry || is
		}
		require.True(t, retry)
		refused[n] = true
	}
	require.ErrorContains(t, b.server.Ready(), "no room")
	require.NoError(t, os.Remove(ballast))
	for i := range refused {
		require.Eventually(t, func() bool {
			resp, err := charge(i)
			if err == nil {
				answered[i] = resp.GetAuthorization().GetAuthorizationId()
			}
			return err == nil
		}, patience, 10*time.Millisecond)
	}
	require.NoError(t, b.server.Ready())
	b.restart()
	for i, id := range answered {
		resp, err := charge(i)
		require.NoError(t, err)
		require.True(t, resp.GetReplayed())
		require.Equal(t, id, resp.GetAuthorization().GetAuthorizationId())
	}
	got, err := b.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.EqualValues(t, len(answered), got.GetAccount().GetPosted())
	b.sound()
}

// fillJournal makes large changes until the journal has no room: there is some left in the files that it has.
func (b *book) fillJournal() {
	a := b.account(1)
	controls := &holdfastv1.SpendingControls{}
	for i := range ledger.MaxAllowed {
		controls.AllowedCarriers = append(controls.AllowedCarriers, fmt.Sprintf("%064d", i))
		controls.AllowedPhoneTokens = append(controls.AllowedPhoneTokens, fmt.Sprintf("%064d", i))
	}
	var filling sync.WaitGroup
	for c := range 16 {
		filling.Go(func() {
			for n := range 5_000 {
				_, err := b.SetSpendingControls(b.t.Context(), &holdfastv1.SetSpendingControlsRequest{
					RequestId: fmt.Sprintf("fill-%d-%d", c, n), AccountId: a.GetAccountId(), Scene: 1, Currency: "CNY", Controls: controls,
				})
				if _, reason := reasonFrom(b.t, err); reason == "JOURNAL_FULL" {
					return
				} else if reason != "QUEUE_FULL" {
					require.NoError(b.t, err)
				}
			}
			b.t.Error("the journal never ran full")
		})
	}
	filling.Wait()
}

// fillDisk writes to a file until nothing more fits.
func fillDisk(t *testing.T, path string) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	require.NoError(t, err)
	defer f.Close()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			require.ErrorIs(t, err, unix.ENOSPC)
			size /= 2
		}
	}
}
