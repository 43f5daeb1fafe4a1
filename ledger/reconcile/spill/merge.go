package spill

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Reader hands out records in order.
type Reader struct {
	s     *Sorter
	at    int
	merge *merge
}

// Next is the next record, good until Next is called again; io.EOF says that there is none.
func (r *Reader) Next() (key, value []byte, err error) {
	if r.s.index != nil {
		if r.at == len(r.s.index) {
			return nil, nil, io.EOF
		}
		e := r.s.index[r.at]
		r.at++
		return r.s.key(e), r.s.value(e), nil
	}
	return r.merge.next()
}

// merge hands out the records of several runs in order; of one key, those of earlier runs first.
type merge struct {
	heads []*head
	last  *head // whose record was handed out and is not needed any more
}

// head is the first record of a run that has not been handed out.
type head struct {
	r          *bufio.Reader
	left       int64
	read       bool
	key, value []byte
}

func newMerge(runs []run) *merge {
	m := new(merge)
	for _, r := range runs {
		m.heads = append(m.heads, &head{r: bufio.NewReaderSize(r.f, ahead), left: r.n})
	}
	return m
}

// advance reads a run's next record; false at its end.
func (h *head) advance() (bool, error) {
	if h.left == 0 {
		return false, nil
	}
	h.left--
	h.read = true
	for _, part := range []*[]byte{&h.key, &h.value} {
		n, err := binary.ReadUvarint(h.r)
		if err != nil || n > MostBytes {
			return false, fmt.Errorf("spill: a run is damaged: length %d, %w", n, err)
		}
		if part == &h.key {
			h.key = sized(h.key, int(n))
		} else {
			h.value = sized(h.value, int(n))
		}
	}
	for _, part := range [][]byte{h.key, h.value} {
		if _, err := io.ReadFull(h.r, part); err != nil {
			return false, fmt.Errorf("spill: a run is damaged: %w", err)
		}
	}
	return true, nil
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

func (m *merge) next() (key, value []byte, err error) {
	for at := 0; at < len(m.heads); {
		h := m.heads[at]
		if h.read && h != m.last {
			at++
			continue
		}
		m.last = nil
		there, err := h.advance()
		if err != nil {
			return nil, nil, err
		}
		if !there {
			m.heads = append(m.heads[:at:at], m.heads[at+1:]...)
			continue
		}
		at++
	}
	if len(m.heads) == 0 {
		return nil, nil, io.EOF
	}
	first := m.heads[0]
	for _, h := range m.heads[1:] { // there are few
		if bytes.Compare(h.key, first.key) < 0 {
			first = h
		}
	}
	m.last = first
	return first.key, first.value, nil
}
