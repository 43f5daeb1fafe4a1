package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/pages"
)

var (
	batchesBucket = []byte("batches") // first sequence, big endian -> batch
	metaBucket    = []byte("meta")
	metaKey       = []byte("meta")
)

// store is journal.db: the batches that have left the segments, and the meta. A damaged bbolt file makes bbolt
// panic or fault in its memory map; every use goes through guard, which makes a *journal.CorruptError of that.
type store struct {
	path     string
	readOnly bool

	mu       sync.RWMutex // held for reading while db is used, for writing while it is replaced
	db       *bbolt.DB
	poisoned error // a writing transaction panicked and may have left bbolt's locks held: no more writing

	writing sync.Mutex // held through a writing transaction, and by who wants none meanwhile; taken before mu

	transaction atomic.Uint64 // id of the newest committed transaction
}

func openStore(path string, readOnly bool) (*store, error) {
	s := &store{path: path, readOnly: readOnly}
	return s, s.open()
}

// open opens the file; the caller holds mu or is alone.
func (s *store) open() error {
	// bbolt would make a new file of a missing or empty one.
	if info, err := os.Stat(s.path); err != nil {
		return err
	} else if info.Size() == 0 {
		return &journal.CorruptError{Detail: "journal.db is empty"}
	}
	if err := checkPages(s.path, false); err != nil {
		return err
	}
	return guard(0, func() error {
		db, err := bbolt.Open(s.path, 0o600, boltOptions(s.readOnly))
		if err != nil {
			if errors.Is(err, bbolterrors.ErrTimeout) {
				return fmt.Errorf("%w: %s", ErrLocked, s.path)
			}
			return &journal.CorruptError{Detail: "journal.db: " + err.Error()}
		}
		s.db = db
		return db.View(func(tx *bbolt.Tx) error {
			s.transaction.Store(uint64(tx.ID()))
			return nil
		})
	})
}

// checkPages is pages.Check of the file.
func checkPages(path string, full bool) error {
	err := pages.Check(path, full)
	if damage := (*pages.DamageError)(nil); errors.As(err, &damage) {
		return &journal.CorruptError{Detail: storeName + ": " + damage.Error()}
	}
	return err
}

func boltOptions(readOnly bool) *bbolt.Options {
	return &bbolt.Options{
		Timeout:      time.Millisecond, // the directory's own lock has been taken: nobody else should be there
		FreelistType: bbolt.FreelistMapType,
		NoStatistics: true,
		ReadOnly:     readOnly,
	}
}

// guard runs fn and turns a panic or memory fault into a *journal.CorruptError. fn must not call anything but
// bbolt and plain copying, or it would hide bugs.
func guard(sequence uint64, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = &journal.CorruptError{Sequence: sequence, Detail: fmt.Sprintf("journal.db: %v", r)}
		}
	}()
	return fn()
}

// view runs fn in a reading transaction. fn copies what it wants to keep and returns soon: while it runs, bbolt
// cannot grow its memory map, and so the mover may have to wait.
func (s *store) view(sequence uint64, fn func(tx *bbolt.Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return journal.ErrClosed
	}
	return guard(sequence, func() error { return s.db.View(fn) })
}

// meta reads and checks the meta.
func (s *store) meta() (m meta, err error) {
	err = s.view(0, func(tx *bbolt.Tx) error {
		m, err = metaOf(tx)
		return err
	})
	return m, err
}

func metaOf(tx *bbolt.Tx) (meta, error) {
	bucket := tx.Bucket(metaBucket)
	if bucket == nil || tx.Bucket(batchesBucket) == nil {
		return meta{}, &journal.CorruptError{Detail: "journal.db: a bucket is missing"}
	}
	m, err := decodeMeta(bucket.Get(metaKey))
	if err != nil {
		return m, &journal.CorruptError{Detail: err.Error()}
	}
	return m, nil
}

// change runs fn in a writing transaction, with the meta as it is in the file, writes the meta that fn leaves and
// answers with it. When the commit fails bbolt's picture of its file can no longer be relied on, so the file is
// opened anew; the caller must then look at meta again, for the change may have happened.
func (s *store) change(fn func(batches *bbolt.Bucket, m *meta) error) (m meta, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.RLock()
	if s.db == nil || s.poisoned != nil {
		err = s.poisoned
		s.mu.RUnlock()
		if err == nil {
			err = journal.ErrClosed
		}
		return m, err
	}
	var refused error
	finished := false
	var id uint64
	err = guard(0, func() error {
		err := s.db.Update(func(tx *bbolt.Tx) error {
			id = uint64(tx.ID())
			m, refused = metaOf(tx)
			if refused == nil {
				refused = fn(tx.Bucket(batchesBucket), &m)
			}
			if refused == nil {
				refused = tx.Bucket(metaBucket).Put(metaKey, m.encode())
			}
			return refused
		})
		finished = true
		return err
	})
	s.mu.RUnlock()
	switch {
	case err == nil:
		s.transaction.Store(id)
	case !finished:
		s.mu.Lock()
		s.poisoned = err
		s.mu.Unlock()
	case refused == nil:
		if again := s.reopen(); again != nil {
			err = errors.Join(err, again)
		}
	}
	return m, err
}

// reopen replaces bbolt's handle after a failed commit.
func (s *store) reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return journal.ErrClosed
	}
	err := s.db.Close()
	s.db = nil
	if err != nil {
		return err
	}
	if f, err := os.Open(s.path); err == nil {
		forget(f)
		_ = f.Close()
	}
	return s.open()
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil || s.poisoned != nil {
		return nil
	}
	db := s.db
	s.db = nil
	return guard(0, db.Close)
}

// read adds the batch that holds sequence, and those after it that begin before end, to the chunk until it is full.
// It adds nothing if no batch begins at or before sequence.
func (s *store) read(sequence, end uint64, c *chunk) error {
	return s.view(sequence, func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(batchesBucket)
		if bucket == nil {
			return &journal.CorruptError{Sequence: sequence, Detail: "journal.db: a bucket is missing"}
		}
		cursor := bucket.Cursor()
		want := batchKey(sequence)
		k, v := cursor.Seek(want)
		if k == nil {
			k, v = cursor.Last()
		} else if string(k) != string(want) {
			k, v = cursor.Prev()
		}
		for ; k != nil; k, v = cursor.Next() {
			if len(k) != 8 || v == nil {
				return &journal.CorruptError{Sequence: sequence, Detail: "journal.db: a key that is no sequence"}
			}
			if !c.empty() && (binary.BigEndian.Uint64(k) >= end || c.full(len(v))) {
				return nil
			}
			c.add(v)
		}
		return nil
	})
}

// end gives the place after the last batch in the file, or ok false if there is none.
func (s *store) end() (p place, ok bool, err error) {
	err = s.view(0, func(tx *bbolt.Tx) error {
		k, v := tx.Bucket(batchesBucket).Cursor().Last()
		if k == nil {
			return nil
		}
		b, err := journal.Open(v)
		if err != nil {
			return err
		}
		if string(k) != string(batchKey(b.First)) {
			return &journal.CorruptError{Sequence: b.First, Detail: "journal.db: batch under a wrong key"}
		}
		p, ok = placeAfter(b), true
		return nil
	})
	return p, ok, err
}

// count tells how many batches are in the file, trimmed ones that wait to be forgotten included.
func (s *store) count() (n uint64, err error) {
	err = s.view(0, func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(batchesBucket).Cursor()
		for k, _ := cursor.First(); k != nil; k, _ = cursor.Next() {
			n++
		}
		return nil
	})
	return n, err
}

func batchKey(first uint64) []byte { return binary.BigEndian.AppendUint64(nil, first) }

// createStore makes a journal.db with the meta, whole or not at all: it is built beside and renamed.
func createStore(path string, m meta) error {
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	db, err := bbolt.Open(temp, 0o600, boltOptions(false))
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket(batchesBucket); err != nil {
			return err
		}
		bucket, err := tx.CreateBucket(metaBucket)
		if err != nil {
			return err
		}
		return bucket.Put(metaKey, m.encode())
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
