package writer

import (
	"sync/atomic"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// The bounds of a stretch.
const (
	stretchEntries = 512
	stretchBytes   = 512 << 10
)

// stretch is a run of the journal's entries, decoded. They share its memory, which is used again when they have been
// folded: what outlives that is a copy.
type stretch struct {
	entries  []ledger.Entry
	payloads []byte
	decoder  record.Decoder
	left     atomic.Int32 // folders that have not yet folded theirs
}

func (s *stretch) reset() {
	s.entries, s.payloads = s.entries[:0], s.payloads[:0]
	s.decoder.Reset()
}

func (s *stretch) full() bool {
	return len(s.entries) == stretchEntries || len(s.payloads) >= stretchBytes
}

// add decodes an entry from a copy of its payload, for the journal wants that back.
func (s *stretch) add(e *journal.Entry) (*ledger.Entry, error) {
	at := len(s.payloads)
	s.payloads = append(s.payloads, e.Payload...)
	entry := ledger.Entry{Sequence: e.Sequence, Time: calendar.Instant(e.Time)}
	if err := s.decoder.Decode(s.payloads[at:], &entry); err != nil {
		return nil, err
	}
	s.entries = append(s.entries, entry)
	return &s.entries[len(s.entries)-1], nil
}
