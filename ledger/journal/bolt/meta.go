package bolt

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// place is a point between two entries: the next sequence and the hash of the entry before it.
type place struct {
	next uint64
	hash journal.Hash
}

// meta is what journal.db knows beside the batches, kept as one checksummed value.
type meta struct {
	epoch        uint64
	owner        string
	base         place     // where the kept log begins: everything before was trimmed
	stored       place     // where the batches in journal.db end; the segments go on from here
	generations  [2]uint64 // the lap each segment is in
	segmentBytes int64
}

const (
	metaVersion = 1
	metaFixed   = 1 + 8 + 2*(8+32) + 2*8 + 8
)

func (m meta) encode() []byte {
	buf := make([]byte, 0, metaFixed+len(m.owner)+4)
	buf = append(buf, metaVersion)
	buf = binary.LittleEndian.AppendUint64(buf, m.epoch)
	for _, p := range []place{m.base, m.stored} {
		buf = binary.LittleEndian.AppendUint64(buf, p.next)
		buf = append(buf, p.hash[:]...)
	}
	buf = binary.LittleEndian.AppendUint64(buf, m.generations[0])
	buf = binary.LittleEndian.AppendUint64(buf, m.generations[1])
	buf = binary.LittleEndian.AppendUint64(buf, uint64(m.segmentBytes))
	buf = append(buf, m.owner...)
	return binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf, castagnoli))
}

func decodeMeta(buf []byte) (meta, error) {
	var m meta
	if len(buf) < metaFixed+4 {
		return m, errors.New("journal.db: meta cut short")
	}
	body := buf[:len(buf)-4]
	if binary.LittleEndian.Uint32(buf[len(body):]) != crc32.Checksum(body, castagnoli) {
		return m, errors.New("journal.db: meta fails its checksum")
	}
	if body[0] != metaVersion {
		return m, errors.New("journal.db: meta of an unknown version")
	}
	m.epoch = binary.LittleEndian.Uint64(body[1:])
	at := 9
	for _, p := range []*place{&m.base, &m.stored} {
		p.next = binary.LittleEndian.Uint64(body[at:])
		copy(p.hash[:], body[at+8:])
		at += 40
	}
	m.generations[0] = binary.LittleEndian.Uint64(body[at:])
	m.generations[1] = binary.LittleEndian.Uint64(body[at+8:])
	m.segmentBytes = int64(binary.LittleEndian.Uint64(body[at+16:]))
	m.owner = string(body[metaFixed:])
	return m, nil
}
