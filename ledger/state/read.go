package state

import (
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
)

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
