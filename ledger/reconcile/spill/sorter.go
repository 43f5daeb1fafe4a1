package spill

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

const (
	prefix = "spill-"
	fanIn  = 16      // runs that are merged at a time
	ahead  = 1 << 16 // bytes read ahead of each, and written at once
	// MostBytes is how long a key or a value may be.
	MostBytes = 1 << 16
)

// ErrTooLong is told of a key or a value that is longer than MostBytes.
var ErrTooLong = errors.New("spill: record is too long")

// Sorter takes records and hands them out in order of their keys.
type Sorter struct {
	dir    string
	budget int

	arena []byte // keys and values, one behind the other
	index []entry
	runs  []run
	left  bool // for good: nothing is taken any more
}

type entry struct {
	at       int
	key, all int // lengths
}

// run is a sorted file.
type run struct {
	f *os.File
	n int64 // records
}

// New is a sorter whose files are in a directory, and which has so many bytes of records in memory.
func New(dir string, budget int) *Sorter { return &Sorter{dir: dir, budget: budget} }

// Clean removes what sorters of a process that is no more have left in a directory.
func Clean(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	for _, f := range left {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// Add takes a record. Key and value are copied.
func (s *Sorter) Add(key, value []byte) error {
	if len(key) > MostBytes || len(value) > MostBytes {
		return ErrTooLong
	}
	const each = 24 // bytes of an entry
	if len(s.index) > 0 && len(s.arena)+len(key)+len(value)+each*len(s.index) > s.budget {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.index = append(s.index, entry{len(s.arena), len(key), len(key) + len(value)})
	s.arena = append(append(s.arena, key...), value...)
	return nil
}

func (s *Sorter) key(e entry) []byte   { return s.arena[e.at : e.at+e.key] }
func (s *Sorter) value(e entry) []byte { return s.arena[e.at+e.key : e.at+e.all] }

func (s *Sorter) sort() {
	slices.SortFunc(s.index, func(a, b entry) int {
		return cmp.Or(bytes.Compare(s.key(a), s.key(b)), cmp.Compare(a.at, b.at))
	})
}

// spill writes what is in memory as a run.
func (s *Sorter) spill() error {
	s.sort()
	at := 0
	r, err := s.write(func() (key, value []byte, err error) {
		if at == len(s.index) {
			return nil, nil, io.EOF
		}
		e := s.index[at]
		at++
		return s.key(e), s.value(e), nil
	})
	if err != nil {
		return err
	}
	s.runs = append(s.runs, r)
	s.arena, s.index = s.arena[:0], s.index[:0]
	return nil
}

// write makes a run of what next hands out.
func (s *Sorter) write(next func() (key, value []byte, err error)) (run, error) {
	f, err := os.CreateTemp(s.dir, prefix)
	if err != nil {
		return run{}, fmt.Errorf("spill: %w", err)
	}
	_ = os.Remove(f.Name()) // where that cannot be done while it is open, drop does it
	r, w := run{f: f}, bufio.NewWriterSize(f, ahead)
	var head [2 * binary.MaxVarintLen32]byte
	for {
		key, value, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			n := binary.PutUvarint(head[:], uint64(len(key)))
			n += binary.PutUvarint(head[n:], uint64(len(value)))
			_, err = w.Write(head[:n])
			_, errKey := w.Write(key)
			_, errValue := w.Write(value)
			err = errors.Join(err, errKey, errValue)
			r.n++
		}
		if err != nil {
			return run{}, errors.Join(fmt.Errorf("spill: %w", err), r.drop())
		}
	}
	err = w.Flush()
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return run{}, errors.Join(fmt.Errorf("spill: %w", err), r.drop())
	}
	return r, nil
}

func (r *run) drop() error {
	err := r.f.Close()
	if gone := os.Remove(r.f.Name()); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// Sorted hands out what was added, once. Nothing may be added any more.
func (s *Sorter) Sorted() (*Reader, error) {
	if s.left {
		return nil, errors.New("spill: sorted already")
	}
	s.left = true
	if len(s.runs) > 0 {
		if err := s.spill(); err != nil {
			return nil, err
		}
		s.arena, s.index = nil, nil
	} else {
		s.sort()
	}
	for len(s.runs) > fanIn {
		m := newMerge(s.runs[:fanIn])
		merged, err := s.write(m.next)
		if err != nil {
			return nil, err
		}
		for i := range fanIn {
			err = errors.Join(err, s.runs[i].drop())
		}
		s.runs = slices.Insert(slices.Delete(s.runs, 0, fanIn), 0, merged) // before those that came after it
		if err != nil {
			return nil, err
		}
	}
	return &Reader{s: s, merge: newMerge(s.runs)}, nil
}

// Close removes all that is on disk. It may be called more than once.
func (s *Sorter) Close() (err error) {
	for i := range s.runs {
		err = errors.Join(err, s.runs[i].drop())
	}
	s.runs, s.arena, s.index, s.left = nil, nil, nil, true
	return err
}
