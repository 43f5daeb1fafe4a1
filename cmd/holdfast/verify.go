package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/audit"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/server"
)

// VerifyCmd checks a data directory, a backup, or a running server.
type VerifyCmd struct {
	Data   string `help:"Data directory to check; no server may be running on it." default:"data" type:"path"`
	Backup string `help:"Check this backup instead." type:"existingfile" placeholder:"FILE"`
	Target string `help:"Check the book of this running server instead." placeholder:"HOST:PORT"`
}

// Help teaches.
func (VerifyCmd) Help() string {
	return `Walks the journal of every shard, checks the hash chain and that the postings of every entry sum to zero, folds it
anew, compares the result with the state row by row, and checks the invariants of every account and of the totals. It
names the first bad sequence. Exit code 1 when anything is wrong.

  holdfast verify                         ./data, with the server stopped
  holdfast verify --target 127.0.0.1:7600 a server while it goes on
  holdfast verify --backup book.hfa       a backup`
}

// errFaults says that a check found something; what, has been printed.
var errFaults = errors.New("faults were found")

// Run checks.
func (c *VerifyCmd) Run(ctx context.Context) error {
	switch {
	case c.Target != "":
		return verifyServer(ctx, c.Target)
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
	report, err := audit.Check(ctx, audit.Shard{
		Number: uint16(shard), Journal: j, Upto: found.Next - 1, State: snapshot,
		Terms: ledger.DefaultTerms(), Zone: zone, TempDir: data.Path, Progress: newCounting("verifying", shard),
	})
	if report != nil {
		report.Hash = found.Hash
	}
	return report, err
}

// newCounting is a progress of one shard's entries.
func newCounting(what string, shard int) func(done, total uint64) {
	p := newProgress(fmt.Sprintf("%s shard %d", what, shard))
	return func(done, total uint64) { p.update(int64(done), int64(total)) }
}

// printReport says what was found in a shard; true when that is bad.
func printReport(shard int, r *audit.Report) bool {
	if len(r.Faults) == 0 {
		fmt.Printf("shard %d: sound: %d entries, %d rows, journal hash %.16s\n", shard, r.Entries, r.Rows, r.Hash)
		return false
	}
	for _, f := range r.Faults {
		fmt.Printf("shard %d: FAULT: %s\n", shard, f)
	}
	return true
}

func verifyServer(ctx context.Context, target string) error {
	conn, err := dialAdmin(target)
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, err := holdfastv1.NewAdminServiceClient(conn).Verify(ctx, &holdfastv1.VerifyRequest{})
	if err != nil {
		return err
	}
	told := newProgress("verifying")
	defer told.end()
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		if !m.GetDone() {
			told.update(int64(m.GetEntries()), int64(m.GetEntriesTotal()))
			continue
		}
		for _, f := range m.GetFaults() {
			fmt.Printf("FAULT: %s\n", f)
		}
		if len(m.GetFaults()) > 0 {
			return errFaults
		}
		fmt.Printf("sound: %d entries, %d rows\n", m.GetEntries(), m.GetRows())
		return nil
	}
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
