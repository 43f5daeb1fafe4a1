package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// reconciler is a server with a day at a carrier, and the command line against it.
type reconciler struct {
	papers
	target string
	server *process
}

func newReconciler(t *testing.T, flags ...string) *reconciler {
	r := &reconciler{papers: papers{t, t.TempDir()}}
	r.start(flags...)
	return r
}

func (r *reconciler) start(flags ...string) {
	r.t.Helper()
	args := append([]string{"serve", "--data", r.path("book"), "--listen", "127.0.0.1:0", "--ops", "", "--virtual-clock", "2026-01-01T00:00:00Z"}, flags...)
	s, err := start(context.Background(), args...)
	r.must(err)
	r.t.Cleanup(s.kill)
	r.server, r.target = s, s.Listen
}

// run runs a command against the server, and answers with what it printed and its exit code.
func (r *reconciler) run(args ...string) (out string, code int) {
	r.t.Helper()
	self, err := os.Executable()
	r.must(err)
	cmd := exec.Command(self, append(args, "--target", r.target)...)
	cmd.Dir = r.dir
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(text), exit.ExitCode()
	}
	r.must(err)
	return string(text), 0
}

func (r *reconciler) reconcile(args ...string) (string, int) {
	r.t.Helper()
	return r.run(append([]string{"reconcile", "--file", "day.csv", "--map", "carrier", "--carrier", "sample", "--date", "2026-01-20"}, args...)...)
}

func (r *reconciler) sdk() *client.Client {
	sdk, err := client.Dial(r.target, client.WithInsecure())
	r.must(err)
	r.t.Cleanup(func() { _ = sdk.Close() })
	return sdk
}

// told are the breaks of lines of JSON, in order.
func told(t *testing.T, lines string) (breaks []string) {
	for line := range strings.Lines(lines) {
		var b struct {
			Kind         string
			Ours, Theirs struct {
				OrderID string `json:"orderId"`
			}
			Difference string
		}
		if json.Unmarshal([]byte(line), &b) != nil || b.Kind == "" {
			continue
		}
		order := b.Ours.OrderID
		if order == "" {
			order = b.Theirs.OrderID
		}
		breaks = append(breaks, strings.TrimPrefix(b.Kind, "BREAK_KIND_")+" "+strings.TrimPrefix(order, "2026-01-20-")+" "+b.Difference)
	}
	slices.Sort(breaks)
	return breaks
}

// sampleBreaks are what the carrier's file of a sample day has.
var sampleBreaks = []string{
	"AMOUNT amount 500", "DUPLICATE twice -4500", "FEE fee ", "LATE_REVERSAL long-ago 7000", "MISSING_AT_CARRIER missing-there 2000", "MISSING_HERE nowhere -6500",
	"REFUND_CROSSING refunded-before 3000", "STATUS failed 3500", "WRONG_DAY day-before -4000",
}

// TestReconcile makes a day at a carrier with each kind of break in the carrier's file: the command finds exactly those, the
// server keeps them through a restart, and when each has been resolved what is payable of the day is what the carrier says.
func TestReconcile(t *testing.T) {
	r := newReconciler(t, "--shards", "2")
	out, code := r.run("sample", "day")
	require.Zero(t, code, out)
	out, code = r.reconcile("--json", "--request", "day-1")
	require.Equal(t, exitBreaks, code, out)
	require.Equal(t, sampleBreaks, told(t, out))
	out, code = r.reconcile("--request", "day-1")
	require.Equal(t, exitBreaks, code, out)
	for _, want := range []string{"Reconciliation 1 of sample, 2026-01-20, CNY: 9 breaks (kept", "ours less the carrier's", "  all                            9       10.00     0.09\n", "Late reversal: the carrier undid"} {
		require.Contains(t, out, want)
	}
	text, err := os.ReadFile("../../docs/CARRIERS.md")
	r.must(err)
	summary, _, _ := strings.Cut(out, "\n\nMissing here")
	require.Contains(t, string(text), strings.Replace(summary, " (kept: this request was carried out before)", "", 1), "the document has another report")
	r.server.kill()
	r.start()
	out, code = r.run("reconcile", "breaks", "sample", "1", "--open", "--json")
	require.Zero(t, code, out)
	require.Equal(t, sampleBreaks, told(t, out))
	out, _ = r.run("reconcile", "breaks", "sample", "1", "--kind", "wrong-day", "--json")
	require.Equal(t, []string{"WRONG_DAY day-before -4000"}, told(t, out))

	for n := range sampleBreaks {
		out, code = r.run("reconcile", "resolve", "sample", "1", strconv.Itoa(n+1), "--accept-theirs", "--reason", "seen")
		require.Zero(t, code, out)
	}
	out, code = r.run("reconcile", "resolve", "sample", "1", "1", "--adjust=-1.50", "--reason", "again")
	require.Equal(t, 1, code)
	require.Contains(t, out, "BREAK_RESOLVED")
	out, _ = r.run("reconcile", "breaks", "sample", "1", "--open", "--json")
	require.Empty(t, told(t, out))
	out, _ = r.run("reconcile", "list", "sample")
	require.Contains(t, out, "done")
	r.postedAsTheCarrierSays()
	out, code = r.run("verify")
	require.Zero(t, code, out)
	r.server.kill() // what is on the disk, after a crash
	said, ok := r.holdfast("verify", "--data", "book")
	require.True(t, ok, said)
}

// postedAsTheCarrierSays holds the postings to the carrier's own word: of the day, and of the day before, of which the file
// had what was not the day's.
func (r *reconciler) postedAsTheCarrierSays() {
	r.t.Helper()
	got, err := r.sdk().GetReconciliation(r.t.Context(), &holdfastv1.GetReconciliationRequest{CarrierId: "sample", Number: 1})
	r.must(err)
	s := got.GetReconciliation()
	payable := int64(0)
	for e, err := range r.sdk().WatchEvents(r.t.Context(), &holdfastv1.WatchEventsRequest{CarrierIds: []string{"sample"}, UntilNow: true}) {
		r.must(err)
		for _, p := range e.GetPostings() {
			if p.GetBook() == "payable/sample" {
				payable -= p.GetAmount()
			}
		}
	}
	// All that there ever was: long-ago, the day before with its refund, and the day. The carrier has long-ago reversed, and the
	// rest of the day before sold and refunded on the day; what is left of it is what the file did not have.
	theirs := s.GetTheirs().GetAmount() - s.GetTheirs().GetFee()
	outside := int64(7000-70) + (9000 - 90) // long-ago, and the sale whose refund crossed
	require.Equal(r.t, theirs+outside, payable)
	require.Equal(r.t, s.GetAdjustedAmount(), payable-outside-(s.GetOurs().GetAmount()-s.GetOurs().GetFee())-(4000-40)+(3000-30))
	require.Equal(r.t, payable, r.settled(), "settlements and what is unsettled")
}

// export writes the settlement of the day as a CSV file, when the server has closed it.
func (r *reconciler) export(name string) {
	r.t.Helper()
	conn, err := grpc.NewClient(r.target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	r.must(err)
	defer conn.Close()
	api := holdfastv1.NewSettlementServiceClient(conn)
	var newest *holdfastv1.Settlement
	require.Eventually(r.t, func() bool {
		list, err := api.ListSettlements(r.t.Context(), &holdfastv1.ListSettlementsRequest{CarrierId: "sample", Currency: "CNY"})
		r.must(err)
		if len(list.GetSettlements()) > 0 {
			newest = list.GetSettlements()[0]
		}
		return newest.GetThroughDate() >= "2026-01-20" && newest.GetState() == holdfastv1.SettlementState_SETTLEMENT_STATE_CLOSED
	}, 30*time.Second, 20*time.Millisecond)
	stream, err := api.ExportSettlement(r.t.Context(), &holdfastv1.ExportSettlementRequest{
		CarrierId: "sample", Currency: "CNY", Number: newest.GetNumber(), Csv: true})
	r.must(err)
	var text []byte
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		r.must(err)
		text = append(text, m.GetCsv()...)
	}
	r.write(name, text)
}

// settled is what the settlements of the carrier come to, with what is in none yet.
func (r *reconciler) settled() (net int64) {
	r.t.Helper()
	conn, err := grpc.NewClient(r.target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	r.must(err)
	defer conn.Close()
	api := holdfastv1.NewSettlementServiceClient(conn)
	closed := func() (net int64, numbers int, ok bool) { // the server closes days by itself
		list, err := api.ListSettlements(r.t.Context(), &holdfastv1.ListSettlementsRequest{CarrierId: "sample", Currency: "CNY"})
		r.must(err)
		ok = len(list.GetSettlements()) > 0
		for _, s := range list.GetSettlements() {
			net += s.GetSums().GetNetAmount()
			ok = ok && s.GetState() != holdfastv1.SettlementState_SETTLEMENT_STATE_CLOSING
		}
		return net, len(list.GetSettlements()), ok
	}
	require.Eventually(r.t, func() bool {
		before, numbers, ok := closed()
		rest, err := api.GetUnsettled(r.t.Context(), &holdfastv1.GetUnsettledRequest{CarrierId: "sample"})
		r.must(err)
		net = before
		for _, day := range rest.GetDays() {
			net += day.GetSums().GetNetAmount()
		}
		after, still, okStill := closed()
		return ok && okStill && numbers == still && before == after // none was closed while they were read
	}, 30*time.Second, 20*time.Millisecond)
	return net
}

// TestReconcileClean: where both sides agree, the exit code is 0.
func TestReconcileClean(t *testing.T) {
	r := newReconciler(t)
	out, code := r.run("sample", "day", "--clean", "--agree", "20")
	require.Zero(t, code, out)
	out, code = r.reconcile()
	require.Zero(t, code, out)
	require.Contains(t, out, "both sides agree")

	r.export("own.csv")
	out, code = r.reconcile("--file", "own.csv", "--map", "settlement")
	require.Zero(t, code, out)
	require.Contains(t, out, "both sides agree", "what we settle is what we reconcile")
	require.Regexp(t, `agree +23\n`, out)

	bad := recordHead + strings.Repeat("s,o,SALE,0000,1,,\n", 30)
	r.write("day.csv", []byte(bad))
	out, code = r.reconcile()
	require.Equal(t, 1, code)
	require.Contains(t, out, "day.csv line 21:")
	require.Contains(t, out, "and so on")
	require.NotContains(t, out, "day.csv line 22:")
	out, code = r.reconcile("--map", "nothing")
	require.Equal(t, 1, code)
	require.Contains(t, out, "there is no map nothing")
	_, code = r.run("reconcile", "resolve", "sample", "1", "1", "--reason", "how")
	require.Equal(t, 2, code)
}

// TestReconcileKilled kills the server while records come in: what was begun is seen to have been interrupted, nothing of it
// stays on the disk, and the same request begins again.
func TestReconcileKilled(t *testing.T) {
	r := newReconciler(t)
	out, code := r.run("sample", "day", "--agree", "50")
	require.Zero(t, code, out)
	m, err := loadRecordMap("carrier")
	r.must(err)
	file := &recordFile{path: r.path("day.csv"), m: m, carrier: "sample", currency: "CNY"}
	killed := make(chan struct{})
	header := &holdfastv1.ReconcileHeader{RequestId: "day-1", CarrierId: "sample", Currency: "CNY", BusinessDate: "2026-01-20", HasFees: true}
	_, err = r.sdk().Reconcile(t.Context(), header, cutOff(file.records(), 30, killed), func(*holdfastv1.ReconcileResponse) {
		if !closed(killed) {
			r.server.kill()
			close(killed)
		}
	})
	require.Error(t, err)
	left, err := os.ReadDir(r.path("book/sort"))
	r.must(err)
	require.Empty(t, left)
	r.start()
	sdk := r.sdk()
	got, err := sdk.GetReconciliation(t.Context(), &holdfastv1.GetReconciliationRequest{CarrierId: "sample", Number: 1})
	r.must(err)
	require.Equal(t, holdfastv1.ReconciliationState_RECONCILIATION_STATE_INTERRUPTED, got.GetReconciliation().GetState())
	out, code = r.reconcile("--json", "--request", "day-1")
	require.Equal(t, exitBreaks, code, out)
	require.Equal(t, sampleBreaks, told(t, out))
	list, err := sdk.ListReconciliations(t.Context(), &holdfastv1.ListReconciliationsRequest{CarrierId: "sample"})
	r.must(err)
	require.Len(t, list.GetReconciliations(), 1, "it is the same one")
}

// cutOff yields so many records, and the rest once the server has been killed.
func cutOff(records iter.Seq2[*holdfastv1.CarrierRecord, error], n int, killed <-chan struct{}) iter.Seq2[*holdfastv1.CarrierRecord, error] {
	return func(yield func(*holdfastv1.CarrierRecord, error) bool) {
		for r, err := range records {
			if n--; n == 0 {
				<-killed
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestSendsWhatItIsTold ends a call with the error that its records yield.
func TestSendsWhatItIsTold(t *testing.T) {
	r := newReconciler(t)
	_, code := r.run("sample", "day", "--clean", "--agree", "1")
	require.Zero(t, code)
	torn := errors.New("torn")
	header := &holdfastv1.ReconcileHeader{CarrierId: "sample", Currency: "CNY", BusinessDate: "2026-01-20"}
	_, err := r.sdk().Reconcile(t.Context(), header, func(yield func(*holdfastv1.CarrierRecord, error) bool) {
		for i := range 600 {
			if !yield(&holdfastv1.CarrierRecord{OrderId: fmt.Sprint(i), Kind: 1}, nil) {
				return
			}
		}
		yield(nil, torn)
	}, nil)
	require.ErrorIs(t, err, torn)
}
