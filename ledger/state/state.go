package state

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// Options are how a State is kept. The zero value of a field is its default.
type Options struct {
	CacheBytes int64         // memory for rows, dirty ones included; default 768 MiB
	Interval   time.Duration // longest that a dirty row waits for the file; default 20 s
	ChunkRows  int           // rows of one transaction of the flusher; default 16,000
	Logger     *slog.Logger  // default slog.Default()
}

func (o Options) withDefaults() Options {
	if o.CacheBytes == 0 {
		o.CacheBytes = 768 << 20
	}
	if o.Interval == 0 {
		o.Interval = 20 * time.Second
	}
	if o.ChunkRows == 0 {
		o.ChunkRows = 16_000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// State is the rows of one shard.
type State struct {
	path    string
	options Options
	db      *bolt.DB
	memory  memory
	opened  uint64 // accounts that the file had when it was opened

	accounts   *accounts
	ended      *buffer
	items      *buffer
	statements *buffer
	lines      *buffer

	applications *buffer
	reviews      *buffer
	applicants   *buffer

	reconciliations *buffer
	breaks          *buffer

	settlements *buffer

	orders    *buffer
	receipts  *buffer
	consumers *buffer

	// generation counts the flusher's commits. A row read from the file before a commit may be out of date after it.
	generation atomic.Uint64
	flushed    atomic.Uint64 // everything up to this sequence is in the file
	// flushedTime is the instant of that entry. It is set before flushed.
	flushedTime atomic.Int64

	live    atomic.Bool
	touched atomic.Int64 // rows looked for in the file since its pages were last let go of

	damage atomic.Pointer[error]

	cycle sync.Mutex // one flush cycle at a time
	loads sync.WaitGroup
	stop  chan struct{}
}

// Open opens the state file of a shard, or makes it, and answers with the state and with the shard's own row, as of
// the sequence from which the journal has to be replayed (Flushed).
func Open(path string, shard uint16, options Options) (*State, *ledger.Shard, error) {
	options = options.withDefaults()
	db, err := openFile(path, false)
	if err != nil {
		return nil, nil, err
	}
	s := &State{path: path, options: options, db: db, stop: make(chan struct{})}
	s.memory.limit = options.CacheBytes
	s.accounts = newAccounts(shard, &s.memory)
	s.ended = newBuffer(bucketEnded, &s.memory)
	s.items = newBuffer(bucketItems, &s.memory)
	s.statements = newBuffer(bucketStatements, &s.memory)
	s.lines = newBuffer(bucketLines, &s.memory)
	s.applications = newBuffer(bucketApplications, &s.memory)
	s.reviews = newBuffer(bucketReviews, &s.memory)
	s.applicants = newBuffer(bucketApplicants, &s.memory)
	s.reconciliations = newBuffer(bucketReconciliations, &s.memory)
	s.breaks = newBuffer(bucketBreaks, &s.memory)
	s.settlements = newBuffer(bucketSettlements, &s.memory)
	s.orders = newBuffer(bucketOrders, &s.memory)
	s.receipts = newBuffer(bucketReceipts, &s.memory)
	s.consumers = newBuffer(bucketConsumers, &s.memory)
	for _, in := range s.named() {
		in.names = newFilter(s.namesExpected())
	}
	row := &ledger.Shard{Number: shard}
	if err := s.readMeta(shard, row); err != nil {
		db.Close()
		return nil, nil, err
	}
	s.opened = row.Accounts
	small := isSmall(path)
	if small {
		if err := s.checkRows(); err != nil {
			db.Close()
			return nil, nil, err
		}
	}
	switch {
	case s.nameless():
		for _, in := range s.named() {
			in.names.ready.Store(true)
		}
	case small:
		if s.loadNames(); s.Damage() != nil {
			db.Close()
			return nil, nil, s.Damage()
		}
	default:
		s.loads.Go(s.loadNames)
	}
	s.loads.Go(s.warm)
	return s, row, nil
}

func (s *State) readMeta(shard uint16, row *ledger.Shard) error {
	return s.db.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		value := meta.Get(keyShard)
		if value == nil {
			return nil
		}
		b, ok := unseal(keyShard, value)
		if !ok || record.DecodeShard(slices.Clone(b), row) != nil {
			return &CorruptError{s.path, "the shard's row cannot be read"}
		}
		if row.Number != shard {
			return fmt.Errorf("state file %s belongs to shard %d, not %d", s.path, row.Number, shard)
		}
		mark, ok := unseal(keyFlushed, meta.Get(keyFlushed))
		if !ok || len(mark) != 8 {
			return &CorruptError{s.path, "the mark of what has been flushed cannot be read"}
		}
		s.flushedTime.Store(int64(row.Time))
		s.flushed.Store(binary.BigEndian.Uint64(mark))
		if row.Sequence != s.flushed.Load() {
			return &CorruptError{s.path, "the shard's row and the mark of what has been flushed do not agree"}
		}
		return nil
	})
}

// Damage is what was found wrong with the file in the background; nil when nothing was.
func (s *State) Damage() error {
	if err := s.damage.Load(); err != nil {
		return *err
	}
	return nil
}

// Flushed is the sequence up to which everything is in the file.
func (s *State) Flushed() uint64 { return s.flushed.Load() }

// FlushedTime is the instant of the entry with the sequence Flushed.
func (s *State) FlushedTime() calendar.Instant { return calendar.Instant(s.flushedTime.Load()) }

// Stats are figures about the state, for people and metrics.
type Stats struct {
	CacheBytes int64
	DirtyBytes int64
	DirtyRows  int64
	Flushed    uint64
}

// Stats are the figures now.
func (s *State) Stats() Stats {
	return Stats{s.memory.bytes.Load(), s.memory.dirty.Load(), s.memory.dirtyRows.Load(), s.flushed.Load()}
}

// Overdue says that so much is dirty that nothing more should be decided until the flusher has caught up.
func (s *State) Overdue() bool { return s.memory.dirty.Load() > s.memory.limit/8*7 }

// Close releases the file. What is dirty is not written: flush first, or let the journal be replayed.
func (s *State) Close() error {
	close(s.stop)
	s.loads.Wait()
	s.cycle.Lock()
	defer s.cycle.Unlock()
	return s.db.Close()
}
