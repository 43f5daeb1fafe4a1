package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// marker is the durable statement that everything up to a head was acknowledged. It is what tells a damaged last
// record from a torn one: below the marker nothing may be missing. It also names the newest transaction of
// journal.db, because bbolt silently falls back to the transaction before when its newest meta page is damaged.
//
// The file holds one marker in one sector, overwritten in place. A sector of 512 bytes is taken to be written whole
// or not at all, so a marker that does not check out is damage, never a torn write.
type marker struct {
	epoch       uint64
	next        uint64
	hash        journal.Hash
	transaction uint64
}

const (
	markerMagic = 0x4846_4d31 // "HFM1"
	markerBody  = 4 + 8 + 8 + 32 + 8
	markerSize  = 512 // zero-filled and covered by the checksum to the last byte
)

func (m marker) encode() []byte {
	buf := make([]byte, 0, markerSize)
	buf = binary.LittleEndian.AppendUint32(buf, markerMagic)
	buf = binary.LittleEndian.AppendUint64(buf, m.epoch)
	buf = binary.LittleEndian.AppendUint64(buf, m.next)
	buf = append(buf, m.hash[:]...)
	buf = binary.LittleEndian.AppendUint64(buf, m.transaction)
	buf = buf[:markerSize-4]
	return binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf, castagnoli))
}

func decodeMarker(buf []byte) (marker, error) {
	var m marker
	if len(buf) != markerSize {
		return m, fmt.Errorf("head marker has %d bytes", len(buf))
	}
	if binary.LittleEndian.Uint32(buf[markerSize-4:]) != crc32.Checksum(buf[:markerSize-4], castagnoli) {
		return m, fmt.Errorf("head marker fails its checksum")
	}
	if binary.LittleEndian.Uint32(buf) != markerMagic {
		return m, fmt.Errorf("head marker has an unknown format")
	}
	m.epoch = binary.LittleEndian.Uint64(buf[4:])
	m.next = binary.LittleEndian.Uint64(buf[12:])
	copy(m.hash[:], buf[20:])
	m.transaction = binary.LittleEndian.Uint64(buf[markerBody-8:])
	return m, nil
}

// readMarker reads the marker file; its absence is an *os.PathError, anything wrong with it a *journal.CorruptError.
func readMarker(path string) (marker, error) {
	buf, err := os.ReadFile(path)
	if err != nil {
		return marker{}, err
	}
	m, err := decodeMarker(buf)
	if err != nil {
		return m, &journal.CorruptError{Detail: err.Error()}
	}
	return m, nil
}
