package audit_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/audit"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// worked is the journal and the state file that a workload leaves.
func worked(t *testing.T, seed uint64, steps int) (log *mem.Log, path string, last uint64) {
	log, path = mem.NewLog(), filepath.Join(t.TempDir(), "state.db")
	work := sim.NewWorkload(calendar.InstantOf(time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC)), sim.Options{
		Accounts: 8, Hot: 2, Zone: calendar.UTC, Terms: terms.Default(), Debts: true, Applications: true,
	})
	w, err := writer.Open(t.Context(), writer.Config{
		Journal: log.Open(), StatePath: path, Terms: terms.Default(), Zone: calendar.UTC, Sweep: -1,
		Clock: func() calendar.Instant { return work.Now }, Owner: "test", Logger: slog.New(slog.DiscardHandler),
	}, nil)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(seed, 7))
	for step := range steps {
		c := work.Next(r)
		if p := pointed(c); p != nil && step%3 == 0 {
			_, err := w.Submit(t.Context(), &ledger.GrantPoints{
				Request: ledger.Request{Caller: "partner", ID: ledger.RequestID(fmt.Sprint("grant-", step))}, Account: p.Account, Points: 60,
				LastDay: calendar.UTC.DateAt(work.Now).AddDays(step % 90),
			})
			require.NoError(t, err)
		}
		out, err := w.Submit(t.Context(), c)
		require.NoError(t, err)
		work.Saw(*out)
	}
	last = w.Stats().Durable
	require.NoError(t, w.Close())
	return log, path, last
}

// pointed has some orders pay with points, the same when they are sent again; nil when the command is no order.
func pointed(c ledger.Command) *ledger.Purchase {
	var p *ledger.Purchase
	switch c := c.(type) {
	case *ledger.Authorize:
		p = &c.Purchase
	case *ledger.Charge:
		p = &c.Purchase
	default:
		return nil
	}
	if n := len(p.Order) + int(p.Amount); n%2 == 0 {
		p.Points = ledger.Points(p.Amount / 4)
	}
	return p
}

func check(t *testing.T, j journal.Journal, upto uint64, path string) []string {
	t.Helper()
	return report(t, j, upto, path).Faults
}

func report(t *testing.T, j journal.Journal, upto uint64, path string) *audit.Report {
	t.Helper()
	s := audit.Shard{Journal: j, Upto: upto, Terms: terms.Default(), Zone: calendar.UTC, TempDir: t.TempDir()}
	if path != "" {
		snapshot, err := state.OpenSnapshot(path)
		require.NoError(t, err)
		defer snapshot.Close()
		s.State = snapshot
	}
	report, err := audit.Check(t.Context(), s)
	require.NoError(t, err)
	return report
}

// TestSoundBookHasNoFaults checks a book, without its state too, and one whose state lags behind the journal.
func TestSoundBookHasNoFaults(t *testing.T) {
	log, path, last := worked(t, 1, 400)
	require.Empty(t, check(t, log.Open(), last, path))
	require.Empty(t, check(t, log.Open(), last, ""))
	require.Empty(t, check(t, log.Open(), last/2, ""))
}

// TestReportSaysWhatWasChecked counts in the journal what an audit says it has checked. Without a state nothing is
// compared, and the report says so.
func TestReportSaysWhatWasChecked(t *testing.T) {
	log, path, last := worked(t, 4, 3_000)
	for _, upto := range []uint64{last, last / 3} {
		want := audit.Report{Entries: upto}
		orders := map[ledger.AuthorizationID]bool{}
		for e, err := range log.Open().Replay(t.Context(), 1) {
			require.NoError(t, err)
			var entry ledger.Entry
			require.NoError(t, record.DecodeEntry(slices.Clone(e.Payload), &entry))
			if e.Sequence > upto {
				break
			}
			want.Hash = e.Hash()
			if entry.Request.ID != "" {
				want.Receipts++
			}
			if _, opened := entry.Fact.(*ledger.AccountOpened); opened {
				want.Accounts++
			}
			switch entry.Fact.(type) {
			case *ledger.ApplicationDecided:
				want.Applications++
			case *ledger.ReviewRequested:
				want.Reviews++
			}
			if p := ledger.PointsOf(entry.Fact); p != nil {
				f, o := &want.Points.Flows, &p.Flows
				f.Granted, f.Restored, f.Redeemed, f.Expired = f.Granted+o.Granted, f.Restored+o.Restored, f.Redeemed+o.Redeemed, f.Expired+o.Expired
				want.Points.Held += p.Held
			}
			if b := ledger.BookingOf(entry.Fact); b != nil {
				want.Items += min(1, int64(b.Item))
				if b.Statement != nil {
					want.Statements++
				}
			}
			if ref := ledger.HoldOf(entry.Fact); ref != nil && ref.N != 0 {
				orders[ref.ID()] = true
			}
		}
		want.Authorizations = int64(len(orders))
		require.NotZero(t, want.Accounts*want.Authorizations*want.Receipts*want.Items*want.Statements*want.Applications*want.Reviews)
		without := *report(t, log.Open(), upto, "")
		require.NotZero(t, without.Digest)
		want.Digest = without.Digest
		require.Equal(t, want, without)
		if upto < last {
			continue // the state has more than was folded
		}
		require.NotZero(t, want.Points.Flows.Redeemed*want.Points.Flows.Expired)
		have := *report(t, log.Open(), upto, path)
		require.Greater(t, have.Rows, want.Accounts+want.Receipts)
		want.Compared, want.Flushed, want.Rows = true, last, have.Rows
		require.Equal(t, want, have)
	}
}

// TestStateOfAnotherBookIsFound holds the state of one book to the journal of another, and to a journal that ends too
// early.
func TestStateOfAnotherBookIsFound(t *testing.T) {
	log, path, last := worked(t, 1, 300)
	other, _, otherLast := worked(t, 2, 300)
	require.NotEmpty(t, check(t, other.Open(), otherLast, path))
	require.Contains(t, check(t, log.Open(), last-1, path)[0], "the journal ends at")
	require.Contains(t, check(t, log.Open(), last+1, path)[0], "ends at sequence")
}

// TestTermsAreCheckedAgain has terms in the journal whose offers are above the annual cap, which a start does not reckon.
func TestTermsAreCheckedAgain(t *testing.T) {
	dear := terms.Default()
	dear.Version, dear.AnnualCap = "dear", dear.Penalty.DailyRate*terms.YearDays
	dear.Installments.Offers[0].Fee *= 2
	log := mem.NewLog()
	j := log.Open()
	head, err := j.Acquire(t.Context(), "test")
	require.NoError(t, err)
	var b journal.Builder
	b.Reset(head.Next, head.Hash, nil)
	b.Add(1, func(p []byte) []byte {
		return record.AppendEntry(p, &ledger.Entry{Request: ledger.Request{Caller: "c", ID: "put"}, Fact: &ledger.TermsPut{Document: string(terms.Format(dear))}})
	})
	_, err = j.Append(t.Context(), head, b.Batch())
	require.NoError(t, err)
	faults := check(t, log.Open(), 1, "")
	require.Len(t, faults, 1)
	require.Contains(t, faults[0], "sequence 1: terms that would not be accepted")
}

// TestDamagedJournalIsFound names the first bad sequence, whatever byte of an entry is changed.
func TestDamagedJournalIsFound(t *testing.T) {
	log, path, last := worked(t, 3, 120)
	for sequence := uint64(1); sequence <= last; sequence += 11 {
		for offset := 0; log.Corrupt(sequence, offset, 4); offset += 29 {
			faults := check(t, log.Open(), last, path)
			require.NotEmpty(t, faults, "byte %d of the batch of %d", offset, sequence)
			require.Contains(t, faults[0], "first bad sequence", fmt.Sprint(sequence))
			require.True(t, log.Corrupt(sequence, offset, 4))
		}
	}
}

// TestDigestNamesTheRows has the digest of the state file, which was flushed in cycles and by a purging writer, agree with
// that of a fold at the same entry, and with no other's.
func TestDigestNamesTheRows(t *testing.T) {
	log, path, last := worked(t, 5, 1_000)
	whole := report(t, log.Open(), last, path)
	snapshot, err := state.OpenSnapshot(path)
	require.NoError(t, err)
	defer snapshot.Close()
	have, err := snapshot.Digest()
	require.NoError(t, err)
	require.Equal(t, whole.Digest, have)
	require.NotEqual(t, whole.Digest, report(t, log.Open(), last-1, "").Digest)
	other, _, otherLast := worked(t, 6, 1_000)
	require.NotEqual(t, whole.Digest, report(t, other.Open(), otherLast, "").Digest)
}
