package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
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

	accounts  *accounts
	ended     *buffer
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
	switch {
	case s.nameless():
		for _, in := range s.named() {
			in.names.ready.Store(true)
		}
	case s.small():
		if s.loadNames(true); s.Damage() != nil {
			db.Close()
			return nil, nil, s.Damage()
		}
	default:
		s.loads.Go(func() { s.loadNames(false) })
	}
	s.loads.Go(s.warm)
	return s, row, nil
}

// warm reads accounts into memory until half of the cache is in use, so that the first callers after a start do not pay
// for it one by one: in order, a million takes a second.
func (s *State) warm() {
	const stretch = 2_000
	for n := uint64(1); s.memory.bytes.Load() < s.memory.limit/2; n += stretch {
		select {
		case <-s.stop:
			return
		default:
		}
		if s.PrefetchList(ledger.NewAccountID(s.accounts.shard, n), stretch) == 0 {
			return
		}
	}
}

// namesExpected is how many names of one kind a filter has room for before it grows.
func (s *State) namesExpected() int {
	var size int64
	_ = s.view(func(tx *bolt.Tx) error { size = tx.Size(); return nil })
	return 1<<20 + int(size/bytesPerName)
}

// bytesPerName is about how many bytes the file has for each name of one kind, or fewer.
const bytesPerName = 1_000

// smallFile is how large a file may be to be read through before it is used: it takes a tenth of a second.
const smallFile = 32 << 20

func (s *State) small() (small bool) {
	return s.view(func(tx *bolt.Tx) error { small = tx.Size() <= smallFile; return nil }) == nil && small
}

// named are the buffers that have a filter, those first that orders ask.
func (s *State) named() []*buffer { return []*buffer{s.orders, s.receipts, s.consumers} }

// nameless says whether the file has no names, for certain. That nothing has been marked as flushed does not say so: a
// crash in the middle of the first cycle leaves rows without a mark.
func (s *State) nameless() bool {
	empty := true
	err := s.view(func(tx *bolt.Tx) error {
		for _, in := range s.named() {
			if k, _ := tx.Bucket(in.bucket).Cursor().First(); k != nil {
				empty = false
			}
		}
		return nil
	})
	return err == nil && empty
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

// loadNames tells the filters of every name in the file. Until one is done every name is a maybe to it. On the way it checks
// every row, because a damaged name would be missed by the one lookup that must not miss it: whether a request has been
// carried out before. Closely, each row is looked up as well.
func (s *State) loadNames(closely bool) {
	begun, count := time.Now(), 0
	for _, in := range s.named() {
		var after []byte
		for done := false; !done; {
			select {
			case <-s.stop:
				return
			default:
			}
			err := s.view(func(tx *bolt.Tx) error {
				b := tx.Bucket(in.bucket)
				c := b.Cursor()
				k, v := c.First()
				if after != nil {
					if k, v = c.Seek(after); string(k) == string(after) {
						k, v = c.Next()
					}
				}
				for n := 0; k != nil && n < 50_000; n++ {
					if _, ok := unseal(k, v); !ok || closely && string(b.Get(k)) != string(v) || after != nil && string(k) <= string(after) {
						return &CorruptError{s.path, fmt.Sprintf("row %q of %s is damaged", k, in.bucket)}
					}
					in.names.add(in.hash(k))
					count++
					after = append(after[:0], k...)
					k, v = c.Next()
				}
				done = k == nil
				return nil
			})
			s.touch(50_000 / 16) // in order: some names lie on one page
			if err != nil {
				if corrupt := (*CorruptError)(nil); errors.As(err, &corrupt) {
					s.damage.Store(&err)
				}
				return // or closed
			}
		}
		in.names.ready.Store(true)
	}
	s.options.Logger.Debug("names loaded", "count", count, "took", time.Since(begun))
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

// Prefetch brings an account into memory if it is not there, so that the decider need not wait for the file. It is
// for callers of the writer, on their own goroutines.
func (s *State) Prefetch(id ledger.AccountID) {
	if s.accounts.has(id) {
		return
	}
	_, _ = s.loadAccount(id) // what cannot be read, the decider will meet
}

// PrefetchList is Prefetch for up to limit accounts from an id on, in order. It tells how many the file has of these.
func (s *State) PrefetchList(from ledger.AccountID, limit int) (count int) {
	generation := s.generation.Load()
	stale := func() bool { return s.generation.Load() != generation }
	_ = s.view(func(tx *bolt.Tx) error { // what cannot be read, the decider will meet
		c := tx.Bucket(bucketAccounts).Cursor()
		k, v := c.Seek(accountKey(nil, from))
		for ; k != nil && count < limit; k, v = c.Next() {
			if _, ok := unseal(k, v); ok && len(k) == 8 {
				s.accounts.fill(ledger.AccountID(binary.BigEndian.Uint64(k)), slices.Clone(v), stale)
			}
			count++
		}
		return nil
	})
	s.touch(1 + count/16) // they lie side by side
	return count
}

// loadAccount reads an account's value from the file into memory; nil when there is none.
func (s *State) loadAccount(id ledger.AccountID) ([]byte, error) {
	generation := s.generation.Load()
	var key [8]byte
	value, err := s.load(bucketAccounts, accountKey(key[:0], id))
	if err != nil || value == nil {
		return nil, err
	}
	s.accounts.fill(id, value, func() bool { return s.generation.Load() != generation })
	return value, nil
}

// load reads a value from the file, checksum and all; nil when there is none.
func (s *State) load(bucket, key []byte) (value []byte, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucket).Get(key)
		if v == nil {
			return nil
		}
		if _, ok := unseal(key, v); !ok {
			return &CorruptError{s.path, fmt.Sprintf("row %x of %s does not match its checksum", key, bucket)}
		}
		value = slices.Clone(v)
		return nil
	})
	s.touch(1)
	return value, err
}

// touchedBytes is about what a look at one row maps of the file: the kernel maps the pages around a leaf with it.
const touchedBytes = 64 << 10

// Live says that the replay is over. From now on memory is bounded by letting go of the file's pages; a replay looks at so
// many rows that it would spend most of its time on mapping them again.
func (s *State) Live() { s.live.Store(true) }

// touch says that so many rows have been looked for in the file, in no transaction now. The process's memory has the
// pages of the file that were touched; when they may be half as much as the cache they are let go of.
func (s *State) touch(rows int) {
	most := s.options.CacheBytes / 2
	if s.touched.Add(int64(rows))*touchedBytes <= most || !s.live.Load() {
		return
	}
	s.touched.Store(0)
	_ = s.view(func(tx *bolt.Tx) error { // or it is closed
		if tx.Size() > most {
			unmap(tx)
		}
		return nil
	})
}

// view is a read transaction in which a panic of bbolt, which is how it meets corruption, is an error.
func (s *State) view(f func(*bolt.Tx) error) error {
	return s.db.View(func(tx *bolt.Tx) (err error) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a page may lie beyond the end of the file
		defer func() {
			if p := recover(); p != nil {
				err = &CorruptError{s.path, fmt.Sprint(p)}
			}
		}()
		return f(tx)
	})
}

// Due finds up to limit accounts whose next deadline is not after the instant, the earliest first, behind a place in the
// index, and answers with the place to go on behind; nil when nothing more is due. It looks in the file, and asks memory
// about those that have changed since they were flushed: an account that got its deadline since then is found after the
// next flush.
func (s *State) Due(after []byte, now int64, limit int) (due []ledger.AccountID, next []byte, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketDeadlines).Cursor()
		k, _ := c.Seek(after)
		if k != nil && bytes.Equal(k, after) {
			k, _ = c.Next()
		}
		for ; k != nil; k, _ = c.Next() {
			if len(k) != 16 {
				return &CorruptError{s.path, fmt.Sprintf("deadline %x", k)}
			}
			if int64(binary.BigEndian.Uint64(k)) > now {
				return nil
			}
			if id := ledger.AccountID(binary.BigEndian.Uint64(k[8:])); s.stillDue(id, now) {
				if due = append(due, id); len(due) == limit {
					next = slices.Clone(k)
					return nil
				}
			}
		}
		return nil
	})
	return due, next, err
}

// stillDue says whether an account that is due by the file is so by memory too.
func (s *State) stillDue(id ledger.AccountID, now int64) bool {
	value, ok := s.accounts.get(id)
	if !ok {
		return true
	}
	deadline := deadlineOf(value)
	return deadline != 0 && deadline <= now
}

// Close releases the file. What is dirty is not written: flush first, or let the journal be replayed.
func (s *State) Close() error {
	close(s.stop)
	s.loads.Wait()
	s.cycle.Lock()
	defer s.cycle.Unlock()
	return s.db.Close()
}
