package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Shard is what is to be checked.
type Shard struct {
	Number  uint16
	Journal journal.Journal
	Upto    uint64          // the last entry to fold: at least all that State has
	State   *state.Snapshot // nil when there is none to compare
	Terms   *terms.Terms
	Zone    calendar.Zone
	TempDir string // where the fold's own state file may be; empty for the system's
	// Progress, if not nil, is told how far the fold is.
	Progress func(done, total uint64)
}

// maxFaults is how many faults a report names.
const maxFaults = 20

// Report is what was checked and what was found. When there are faults the check may have ended early; the figures are
// then of what it came to.
type Report struct {
	Entries        uint64              // folded
	Accounts       int64               // whose invariants were checked
	Authorizations int64               // open and ended ones, checked with their accounts
	Items          int64               // checked with their accounts: numbered without a gap
	Statements     int64               // checked with their accounts: each adds up, and opens with what the one before closed with
	Applications   int64               // checked with their applicants: each is of one, and follows the one before
	Reviews        int64               // checked with their applicants, likewise
	Receipts       int64               // that the entries made, those included that have outlived their keeping
	Points         ledger.PointsTotals // what the accounts have, which is what the shard says and the postings come to
	Compared       bool                // whether there was a state to compare with the fold; if not, the next two are 0
	Flushed        uint64              // the entry up to which the state has everything; what changed later may be missing in it
	Rows           int64               // of the state and the fold, walked side by side
	Hash           journal.Hash        // of the last entry that was folded
	Digest         state.Digest        // of the rows that the entries make: what the state's are, where it was compared and has everything
	Faults         []string            // at most 20; empty when all is well
}

func (r *Report) fault(format string, args ...any) bool {
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
	}
	return len(r.Faults) < maxFaults
}

// Check checks a shard. An error says that the check could not be made; what is wrong with the shard is in the report.
func Check(ctx context.Context, s Shard) (*Report, error) {
	dir, err := os.MkdirTemp(s.TempDir, "holdfast-audit-*")
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer os.RemoveAll(dir)
	fold, shard, err := state.Open(filepath.Join(dir, "state.db"), s.Number, state.Options{CacheBytes: 256 << 20})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	defer fold.Close()
	a := &auditor{Shard: s, fold: fold, book: fold.Book(shard), report: new(Report)}
	a.ledger = ledger.New(a.book, s.Terms, s.Zone)
	if err := a.walk(ctx); err != nil || len(a.report.Faults) > 0 {
		return a.report, err
	}
	if err := a.flush(ctx); err != nil {
		return nil, err
	}
	return a.report, a.compare()
}

type auditor struct {
	Shard
	fold   *state.State
	book   *state.Book
	ledger *ledger.Ledger
	report *Report
	owed   ledger.PayableTally
}

// walk folds the journal. It ends early with a fault when an entry cannot be trusted.
func (a *auditor) walk(ctx context.Context) error {
	for e, err := range a.Journal.Replay(ctx, 1) {
		if corrupt := (*journal.CorruptError)(nil); errors.As(err, &corrupt) {
			a.report.fault("journal: first bad sequence %d: %s", corrupt.Sequence, corrupt.Detail)
			return nil
		}
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		if e.Sequence > a.Upto {
			break
		}
		if e.Sequence == a.Upto {
			a.report.Hash = e.Hash()
		}
		if err := a.entry(e); err != nil {
			a.report.fault("sequence %d: %v", e.Sequence, err)
			return nil
		}
		if a.report.Entries++; a.report.Entries%65_536 == 0 {
			if a.Progress != nil {
				a.Progress(a.report.Entries, a.Upto)
			}
			if a.fold.Pressed() {
				if err := a.flush(ctx); err != nil {
					return err
				}
			}
		}
	}
	if a.report.Entries != a.Upto {
		a.report.fault("journal: ends at sequence %d, before %d", a.report.Entries, a.Upto)
	}
	return nil
}

func (a *auditor) entry(e journal.Entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be folded: %v", p)
		}
	}()
	var entry ledger.Entry
	if err := record.DecodeEntry(slices.Clone(e.Payload), &entry); err != nil {
		return err
	}
	entry.Sequence, entry.Time = e.Sequence, calendar.Instant(e.Time)
	if put, ok := entry.Fact.(*ledger.TermsPut); ok {
		if _, err := terms.Parse([]byte(put.Document)); err != nil { // a start takes a part of it for granted
			return fmt.Errorf("terms that would not be accepted: %w", err)
		}
	}
	if entry.Request.ID != "" {
		a.report.Receipts++
	}
	sums := make(map[money.Currency]money.Amount)
	postings := ledger.Postings(&entry)
	for _, p := range postings {
		sums[p.Currency] += p.Amount
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("postings in %s sum to %d", currency, sum)
		}
	}
	if err := a.owed.Add(&entry, postings); err != nil {
		return err
	}
	a.ledger.Fold(&entry)
	a.book.Settle()
	return a.book.Err()
}

func (a *auditor) flush(ctx context.Context) error {
	err := a.fold.Flush(ctx, state.Pipeline{
		Checkpoint: func() (*ledger.Shard, error) { return a.book.Shard().Clone(), nil },
		Barrier:    func() error { return nil },
	}, false)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// compare holds the state to the fold, and the fold to the invariants.
func (a *auditor) compare() error {
	fold, err := a.fold.Snapshot()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer fold.Close()
	if a.report.Digest, err = fold.Digest(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if a.State != nil {
		a.compareState(fold)
	}
	if err := a.owed.Check(a.book.Shard()); err != nil {
		a.report.fault("payables: %v", err)
	}
	if err := a.checkAccounts(fold); err != nil {
		return err
	}
	if err := a.checkBatches(fold); err != nil {
		return err
	}
	return a.checkApplicants(fold)
}

// checkBatches adds the lines of carriers' batches up, which must be what the shard says of them.
func (a *auditor) checkBatches(fold *state.Snapshot) error {
	var tally ledger.BatchTally
	err := fold.BatchLines(func(id ledger.BatchID, l *ledger.BatchLine) error {
		tally.Add(id, l)
		return nil
	})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := tally.Check(a.book.Shard()); err != nil {
		a.report.fault("batches: %v", err)
	}
	return nil
}

// checkApplicants checks every applicant of the fold with its applications and reviews, and that these are the shard's.
func (a *auditor) checkApplicants(fold *state.Snapshot) error {
	var tally ledger.DossierTally
	full := errors.New("enough faults")
	err := fold.Applicants(func(p *ledger.Applicant) error {
		if err := tally.Add(p, fold.Application, fold.Review); err != nil && !a.report.fault("%v", err) {
			return full
		}
		return nil
	})
	a.report.Points = a.book.Shard().Points
	a.report.Applications, a.report.Reviews = int64(tally.Applications), int64(tally.Reviews)
	switch {
	case errors.Is(err, full):
	case err != nil:
		return fmt.Errorf("audit: %w", err)
	default:
		if err := tally.Check(a.book.Shard()); err != nil {
			a.report.fault("totals: %v", err)
		}
	}
	return nil
}

// checkAccounts checks every account of the fold with its whole history, and that together they are the shard's totals.
func (a *auditor) checkAccounts(fold *state.Snapshot) error {
	var tally ledger.Tally
	full := errors.New("enough faults")
	err := fold.Accounts(func(account *ledger.Account, h *state.History) error {
		a.report.Accounts++
		a.report.Authorizations += int64(len(account.Holds) + len(h.Ended))
		a.report.Items += int64(len(h.Items))
		a.report.Statements += int64(len(h.Statements))
		err := tally.Add(account, slices.Values(h.Ended))
		if err == nil {
			err = checkHistory(account, h)
		}
		if err != nil && !a.report.fault("account %s: %v", account.ID, err) {
			return full
		}
		return nil
	})
	switch {
	case errors.Is(err, full):
	case err != nil: // the fold is of this check's own making: nothing can be said of the shard
		return fmt.Errorf("audit: %w", err)
	default:
		if err := tally.Check(a.book.Shard()); err != nil {
			a.report.fault("totals: %v", err)
		}
	}
	return nil
}

func (a *auditor) compareState(fold *state.Snapshot) {
	if a.State.Flushed > a.Upto {
		a.report.fault("state: has sequence %d, the journal ends at %d", a.State.Flushed, a.Upto)
		return
	}
	if err := a.State.CheckFile(); err != nil {
		a.report.fault("state: %v", err)
		return
	}
	keep := int64(outlived(a.book.Shard(), a.Terms)) + 1
	a.report.Compared, a.report.Flushed = true, a.State.Flushed
	rows, err := a.State.Compare(fold, keep, func(d state.Difference) bool { return a.report.fault("state: %s", d) })
	if a.report.Rows = rows; err != nil {
		a.report.fault("state: %v", err)
	}
}

// outlived is the newest instant of which receipts may have been purged: terms that were put later may ask for receipts to
// be kept for longer, and do not bring back those that had outlived their keeping by then.
func outlived(shard *ledger.Shard, made *terms.Terms) calendar.Instant {
	until := *shard
	until.Terms = nil
	newest := shard.Time.Add(-shard.RequestsKept(made))
	for i, v := range shard.Terms {
		until.Terms = shard.Terms[:i]
		newest = max(newest, v.Put.Add(-until.RequestsKept(made)))
	}
	return newest
}
