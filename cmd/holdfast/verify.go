package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/holdfast-credit/holdfast/ledger/audit"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/server"
)

// VerifyCmd checks a data directory, a backup, or a running server.
type VerifyCmd struct {
	Data   string `help:"Data directory to check; no server may be running on it." default:"data" type:"path"`
	Backup string `help:"Check this backup instead." type:"existingfile" placeholder:"FILE"`
	Target string `help:"Check the book of this running server instead." placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (VerifyCmd) Help() string {
	return `Walks the journal of every shard, checks the hash chain and that the postings of every entry sum to zero, folds it
anew, compares the result with the state row by row, and checks the invariants of every account and of the totals. It
names the first bad sequence. Exit code 1 when anything is wrong.

  holdfast verify                           ./data, with the server stopped
  holdfast verify --target 127.0.0.1:7600   a server while it goes on
  holdfast verify --target core.example:7600 --tls-ca ca.pem --token-file token
  holdfast verify --backup book.hfa         a backup, which has no state to compare

It says what it checked: how many entries it folded, how many accounts, authorizations and receipts they make, and in how
many rows the state, where there is one, agrees with those.`
}

// Validate refuses flags that contradict each other.
func (c *VerifyCmd) Validate() error {
	if c.Target != "" && c.Backup != "" {
		return errors.New("--target and --backup: one of them at a time")
	}
	return c.check(c.Target)
}

// errFaults says that a check found something; what, has been printed.
var errFaults = errors.New("faults were found")

// Run checks.
func (c *VerifyCmd) Run(ctx context.Context) error {
	switch {
	case c.Target != "":
		return c.explain(c.verifyServer(ctx))
	case c.Backup != "":
		return verifyBackup(ctx, c.Backup)
	}
	data, err := server.ReadDataDir(c.Data)
	if err != nil {
		return err
	}
	return verifyData(ctx, data)
}

func verifyData(ctx context.Context, data *server.DataDir) error {
	zone, err := calendar.LoadZone(data.Meta.Zone)
	if err != nil {
		return err
	}
	faulty := false
	for shard := range data.Meta.Shards {
		report, err := verifyShard(ctx, data, shard, zone)
		if err != nil {
			return fmt.Errorf("shard %d: %w", shard, err)
		}
		faulty = printReport(shard, report) || faulty
	}
	if faulty {
		return errFaults
	}
	return nil
}

func verifyShard(ctx context.Context, data *server.DataDir, shard int, zone calendar.Zone) (*audit.Report, error) {
	j, err := bolt.Open(data.JournalDir(shard), bolt.Options{ReadOnly: true})
	if corrupt := (*journal.CorruptError)(nil); errors.As(err, &corrupt) {
		return &audit.Report{Faults: []string{err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	defer j.Close()
	found, err := j.Verify(ctx)
	if corrupt := (*journal.CorruptError)(nil); errors.As(err, &corrupt) {
		return &audit.Report{Faults: []string{err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	snapshot, err := state.OpenSnapshot(data.StatePath(shard))
	if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
		return &audit.Report{Faults: []string{err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	if snapshot != nil {
		defer snapshot.Close()
	}
	return audit.Check(ctx, audit.Shard{
		Number: uint16(shard), Journal: j, Upto: found.Next - 1, State: snapshot,
		Terms: terms.Default(), Zone: zone, TempDir: data.Path, Progress: newCounting("verifying", shard),
	})
}

// newCounting is a progress of one shard's entries.
func newCounting(what string, shard int) func(done, total uint64) {
	p := newProgress(fmt.Sprintf("%s shard %d", what, shard))
	return func(done, total uint64) { p.update(int64(done), int64(total)) }
}

// printReport says what was found in a shard; true when that is bad.
func printReport(shard int, r *audit.Report) bool {
	if len(r.Faults) == 0 {
		fmt.Printf("shard %d: sound: %d entries make %d accounts, %d authorizations, %d items, %d statements, %d applications, %d reviews and %d receipts; %s%s; journal hash %s, state hash %s\n",
			shard, r.Entries, r.Accounts, r.Authorizations, r.Items, r.Statements, r.Applications, r.Reviews, r.Receipts, outstanding(int64(r.Points.Outstanding()), int64(r.Points.Held)), comparison(r), r.Hash, r.Digest)
		return false
	}
	for _, f := range r.Faults {
		fmt.Printf("shard %d: FAULT: %s\n", shard, f)
	}
	return true
}

// outstanding says how many points there are; nothing when there are none.
func outstanding(points, held int64) string {
	if points == 0 && held == 0 {
		return ""
	}
	return fmt.Sprintf("%d points are outstanding, %d of them held; ", points, held)
}

// comparison says what the state was good for.
func comparison(r *audit.Report) string {
	switch {
	case !r.Compared:
		return "there is no state to compare"
	case r.Flushed < r.Entries:
		return fmt.Sprintf("the state, which has entry %d and before, agrees in %d rows", r.Flushed, r.Rows)
	}
	return fmt.Sprintf("the state agrees in %d rows", r.Rows)
}

// verifyServer has the server check itself.
func (c *VerifyCmd) verifyServer(ctx context.Context) error {
	sdk, err := c.dial(c.Target)
	if err != nil {
		return err
	}
	defer sdk.Close()
	verdict, err := auditBook(ctx, sdk)
	if err != nil {
		return err
	}
	for _, f := range verdict.GetFaults() {
		fmt.Printf("FAULT: %s\n", f)
	}
	if len(verdict.GetFaults()) > 0 {
		return errFaults
	}
	fmt.Printf("sound: %d entries make %d accounts, %d authorizations, %d items, %d statements, %d applications and %d reviews; %sthe state agrees in %d rows\n", verdict.GetEntries(),
		verdict.GetAccounts(), verdict.GetAuthorizations(), verdict.GetItems(), verdict.GetStatements(),
		verdict.GetApplications(), verdict.GetReviews(), outstanding(verdict.GetPointsOutstanding(), verdict.GetPointsHeld()), verdict.GetRows())
	return nil
}

// verifyBackup restores a backup into a temporary directory and checks that.
func verifyBackup(ctx context.Context, path string) error {
	dir, err := os.MkdirTemp("", "holdfast-verify-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	data, _, err := restoreBook(ctx, path, dir+"/book")
	if err != nil {
		fmt.Printf("FAULT: %v\n", err)
		return errFaults
	}
	return verifyData(ctx, data)
}
