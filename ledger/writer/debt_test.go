package writer_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// owing is a few accounts that buy each month and pay by collections only, of which some fail. It asks the same whatever
// happens to the shard, as long as it is answered the same.
type owing struct {
	*shard
	accounts []ledger.AccountID
	requests int
}

const owingDays = 110

func newOwing(s *shard) *owing {
	o := &owing{shard: s}
	s.clock.Store(int64(calendar.InstantOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))))
	for i := range 3 {
		out, _ := s.submit(s.w, openAccount(i))
		require.Nil(s.t, out.Fault)
		o.accounts = append(o.accounts, out.Account.ID)
	}
	return o
}

func (o *owing) request() ledger.Request {
	o.requests++
	return ledger.Request{Caller: "gateway", ID: ledger.RequestID(fmt.Sprintf("r-%d", o.requests))}
}

// live lets one day pass: what is due happens, what is to be collected is reported.
func (o *owing) live(day int) {
	o.t.Helper()
	o.clock.Add(int64(24 * time.Hour))
	o.submit(o.w, &ledger.Tick{Accounts: o.accounts})
	for i, id := range o.accounts {
		if day%20 == i {
			r := o.request()
			out, _ := o.submit(o.w, &ledger.Charge{Request: r, Purchase: ledger.Purchase{
				Account: id, Scene: ledger.TopUp, Order: ledger.OrderID(r.ID), Carrier: "cmcc", Phone: "p-1", Currency: "CNY", Amount: 1_000_000,
			}})
			require.Nil(o.t, out.Fault)
		}
		owes, _ := o.submit(o.w, &ledger.GetBilling{Account: id})
		for _, c := range slices.Clone(owes.Billing.Account.Billing.Collections) {
			report := &ledger.ReportCollection{Request: o.request(), Account: id, Item: c.N, Reference: "bank"}
			if report.Succeeded = (int(c.N)+i)%3 == 0; !report.Succeeded {
				report.Reference, report.Reason = "", "no funds"
			}
			out, _ := o.submit(o.w, report)
			require.Nil(o.t, out.Fault)
		}
	}
}

// wrote is the payloads of a journal, and how often its facts were met: bookings by their kind.
func wrote(t *testing.T, j journal.Journal) (payloads []string, met map[ledger.BookingKind]int) {
	met = map[ledger.BookingKind]int{}
	for e, err := range j.Replay(t.Context(), 1) {
		require.NoError(t, err)
		payloads = append(payloads, fmt.Sprint(e.Time, " ", string(e.Payload)))
		var entry ledger.Entry
		require.NoError(t, record.DecodeEntry(slices.Clone(e.Payload), &entry))
		if b := ledger.BookingOf(entry.Fact); b != nil {
			met[b.Kind]++
		}
	}
	return payloads, met
}

// TestDebtsSurviveEveryAppend crashes the shard at every append of months in which windows close, fall due and are
// collected, and copies the state between any two transactions of its flushes. Its journal is, byte by byte, that of a shard
// to which nothing happened, and a start from each copy comes to the same.
func TestDebtsSurviveEveryAppend(t *testing.T) {
	_, calm := memory()
	quiet := newOwing(newShard(t, 1, 1, calm, state.Options{}))
	log, open := memory()
	o := newOwing(newShard(t, 1, 1, open, state.Options{ChunkRows: 3}))
	var last uint64
	tried := 0
	log.Hook(func(head journal.Head, _ journal.Batch) mem.Fault {
		if head.Next != last {
			last, tried = head.Next, 0
		}
		tried++
		return mem.Fault{Kind: []mem.Kind{mem.FailBefore, mem.Torn, mem.FailAfter}[(tried-1)%3]}
	})
	var copies []string
	for day := range owingDays {
		quiet.live(day)
		o.live(day)
		if day%20 == 19 {
			require.Eventually(t, func() bool {
				c := &copying{Context: t.Context(), t: t, file: o.path, into: t.TempDir()}
				if o.w.Flush(c) != nil { // it was starting again
					return false
				}
				copies = append(copies, c.copies...)
				return true
			}, 20*time.Second, time.Millisecond)
		}
	}
	log.Hook(nil)
	want, met := wrote(t, calm())
	got, _ := wrote(t, open())
	require.Equal(t, want, got)
	for _, kind := range []ledger.BookingKind{ledger.WindowClosed, ledger.FellDue, ledger.CollectionIssued, ledger.CollectionFailed, ledger.RepaymentPosted} {
		require.Greater(t, met[kind], 2, "%v", met)
	}
	require.NoError(t, o.w.Flush(t.Context()))
	o.audit(o.w)
	require.NoError(t, o.w.Close())
	require.Greater(t, len(copies), 20)
	for i, file := range copies {
		if i%(len(copies)/20) > 0 {
			continue
		}
		w := o.start(file)
		for _, id := range o.accounts {
			is, _ := o.submit(w, &ledger.GetBilling{Account: id})
			was, _ := quiet.submit(quiet.w, &ledger.GetBilling{Account: id})
			require.Equal(t, record.AppendAccount(nil, was.Billing.Account), record.AppendAccount(nil, is.Billing.Account), filepath.Base(file))
		}
		require.NoError(t, w.Flush(t.Context()))
		o.audit(w)
		require.NoError(t, w.Close())
	}
	require.NoError(t, quiet.w.Close())
}
