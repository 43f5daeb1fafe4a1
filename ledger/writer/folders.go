package writer

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

const (
	// stretches is how many there are at a time: being read, on their way, and being folded.
	stretches = 8
	// foldersMax is how many folders there are at most: more would wait for each other at the locks of the state.
	foldersMax = 8
)

// folders fold a replayed journal into all rows but the shard's own, at the same time, each the entries of its accounts.
type folders struct {
	list    []*folder
	free    chan *stretch // those that nobody needs
	running sync.WaitGroup
	failed  atomic.Bool // one of them has
}

// folder is one goroutine of them, and what it owns.
type folder struct {
	number, of uint64 // its accounts are those whose number leaves this one
	book       *state.Book
	ledger     *ledger.Ledger
	work       chan *stretch // in order

	sequence uint64 // of the entry being folded, or of the one that could not be: then nothing more is
	err      error
}

// newFolders starts folders over the rows' state. They must be closed.
func (s *rows) newFolders() *folders {
	fs := &folders{free: make(chan *stretch, stretches)}
	for range stretches {
		fs.free <- new(stretch)
	}
	of := min(runtime.GOMAXPROCS(0), foldersMax)
	for n := range of {
		book := s.state.Book(s.book.Shard().Clone())
		f := &folder{
			number: uint64(n), of: uint64(of), work: make(chan *stretch, stretches),
			book: book, ledger: ledger.New(book, s.config.Terms, s.config.Zone),
		}
		fs.list = append(fs.list, f)
		fs.running.Go(func() { fs.run(f) })
	}
	return fs
}

// errFailed says that an entry could not be folded; close says which and why.
var errFailed = errors.New("an entry cannot be folded")

// take waits for a stretch that nobody needs any more.
func (fs *folders) take(ctx context.Context) (*stretch, error) {
	select {
	case s := <-fs.free:
		s.reset()
		if fs.failed.Load() {
			return nil, errFailed
		}
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fold hands a stretch over to all of them.
func (fs *folders) fold(s *stretch) {
	s.left.Store(int32(len(fs.list)))
	for _, f := range fs.list {
		f.work <- s // has room for all there are
	}
}

// wait returns when all that was handed over has been folded. The reader must not hold a stretch.
func (fs *folders) wait() error {
	var all [stretches]*stretch
	for i := range all {
		all[i] = <-fs.free
	}
	for _, s := range all {
		fs.free <- s
	}
	if fs.failed.Load() {
		return errFailed
	}
	return nil
}

// close ends the folders when they are through. The error is that of the first entry that could not be folded.
func (fs *folders) close() error {
	for _, f := range fs.list {
		close(f.work)
	}
	fs.running.Wait()
	first := new(folder)
	for _, f := range fs.list {
		if f.err != nil && (first.err == nil || f.sequence < first.sequence) {
			first = f
		}
	}
	return first.err
}

func (fs *folders) run(f *folder) {
	for s := range f.work {
		if f.err == nil {
			if f.err = f.fold(s.entries); f.err != nil {
				fs.failed.Store(true)
			}
		}
		if s.left.Add(-1) == 0 {
			fs.free <- s
		}
	}
}

// misfit is what a panic in folding means: a row that was not there because it cannot be read, or an entry that does not
// fit the state.
func misfit(book *state.Book, sequence *uint64, err *error) {
	if p := recover(); p != nil {
		if *err = book.Err(); *err == nil {
			*err = fmt.Errorf("entry %d does not fit the state: %v", *sequence, p)
		}
	}
}

// fold absorbs the folder's share of a stretch's entries.
func (f *folder) fold(entries []ledger.Entry) (err error) {
	defer misfit(f.book, &f.sequence, &err)
	for i := range entries {
		e := &entries[i]
		if _, put := e.Fact.(*ledger.TermsPut); put {
			f.sequence = e.Sequence
			f.ledger.FoldShard(e) // every folder needs it: accounts name terms by their number
		}
		if ledger.AccountOf(e.Fact).Number()%f.of != f.number {
			continue
		}
		f.sequence = e.Sequence
		f.ledger.FoldRows(e)
		if err := f.book.Err(); err != nil {
			return err
		}
	}
	f.book.Settle()
	f.book.Forget() // it shares memory with the entries
	return nil
}
