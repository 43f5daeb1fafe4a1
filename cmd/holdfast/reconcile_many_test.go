package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

var manyRecords = flag.Int("reconcile.records", 5_000, "records that TestReconcileMany reconciles")

// oneIn is how many records there are for each break of TestReconcileMany.
const oneIn = 1_000

// TestReconcileMany sells very much on a day and reconciles all of it; with -reconcile.records 1000000 -v it tells what that
// takes of time and memory, on both ends.
func TestReconcileMany(t *testing.T) {
	r := newReconciler(t, "--shards", "2")
	out, code := r.run("sample", "day", "--clean", "--agree", "0")
	require.Zero(t, code, out)
	n := *manyRecords
	began := time.Now()
	r.sellMany(n)
	t.Logf("%d sales in %v", n, time.Since(began).Round(time.Millisecond))
	r.writeMany(n)
	size, err := os.Stat(r.path("day.csv"))
	r.must(err)
	before := memoryOf(r.server).peak
	resetPeak(r.server.pid())

	self, err := os.Executable()
	r.must(err)
	cmd := exec.Command(self, "reconcile", "--file", "day.csv", "--map", "carrier", "--carrier", "sample", "--date", "2026-02-10", "--lines", "2", "--target", r.target)
	cmd.Dir = r.dir
	began = time.Now()
	text, err := cmd.CombinedOutput()
	took := time.Since(began)
	require.Error(t, err, "there are breaks")
	require.Equal(t, exitBreaks, cmd.ProcessState.ExitCode(), string(text))
	require.Contains(t, string(text), fmt.Sprintf("CNY: %s breaks", thousands(int64(n/oneIn))))
	require.Contains(t, strings.Join(strings.Fields(string(text)), " "), "carrier's agree "+thousands(int64(n-n/oneIn))+" ")
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	t.Logf("%d records (%d MB) in %v: server at most %d MB (%d MB when it had sold), command at most %d MB",
		n, size.Size()>>20, took.Round(time.Millisecond), memoryOf(r.server).peak>>20, before>>20, usage.Maxrss>>10)
}

// sellMany charges orders on several accounts, many at a time, and ends the day.
func (r *reconciler) sellMany(n int) {
	sdk, err := client.Dial(r.target, client.WithInsecure(), client.WithStreams(4), client.WithTimeout(time.Minute))
	r.must(err)
	defer sdk.Close()
	day := func(s string) {
		at, err := time.Parse(time.RFC3339, s)
		r.must(err)
		ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Minute) // there is much to catch up with
		defer cancel()
		_, err = sdk.Admin().AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(at)}})
		r.must(err)
	}
	day("2026-02-10T04:00:00Z")
	const sellers = 128
	var group sync.WaitGroup
	failures := make(chan error, sellers)
	for s := range sellers {
		group.Go(func() {
			opened, err := sdk.OpenAccount(r.t.Context(), &holdfastv1.OpenAccountRequest{
				ConsumerToken: fmt.Sprintf("many-%d", s), Currency: "CNY", Limit: 1e12,
				Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 1e12, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
			})
			for i := s; i < n && err == nil; i += sellers {
				_, err = sdk.Charge(r.t.Context(), &holdfastv1.ChargeRequest{
					AccountId: opened.GetAccount().GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: manyOrder(i), CarrierId: "sample",
					PhoneToken: "p", Currency: "CNY", Amount: manyAmount(i), CarrierReference: fmt.Sprintf("SM%08d", i),
				})
			}
			failures <- err
		})
	}
	group.Wait()
	close(failures)
	for err := range failures {
		r.must(err)
	}
	day("2026-02-11T04:00:00Z")
}

func manyOrder(i int) string { return fmt.Sprintf("many-%08d", i) }
func manyAmount(i int) int64 { return int64(100 * (1 + i%50)) }

// writeMany writes the carrier's file, in an order of its own, with a wrong amount now and then.
func (r *reconciler) writeMany(n int) {
	f, err := os.Create(r.path("day.csv"))
	r.must(err)
	w := bufio.NewWriter(f)
	fmt.Fprint(w, recordHead)
	step := 7_919 // a prime, so that all come once
	for at, k := 0, 0; k < n; k, at = k+1, (at+step)%n {
		amount := manyAmount(at)
		if at%oneIn == oneIn-1 {
			amount++
		}
		fmt.Fprintf(w, "SM%08d,%s,RECHARGE,0000,%s,%s,2026-02-10 12:00:00\n", at, manyOrder(at), yuan2(amount), yuan2(manyAmount(at)/100))
	}
	r.must(w.Flush())
	r.must(f.Close())
}

// resetPeak has the peak of a process begin at what it has now.
func resetPeak(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o600)
}
