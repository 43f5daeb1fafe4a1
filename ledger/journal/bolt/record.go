package bolt

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A record is one batch in a segment file, little endian as the disk's own business:
//
//	magic u32, length of the batch u32, generation of the lap u64, CRC-32C over all of these and the batch u32, batch
//
// The generation is what tells a live record from what an earlier lap left in the reused file.
const (
	recordMagic  = 0x4846_4a31 // "HFJ1"
	recordHeader = 4 + 4 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord encodes the batch as a record of the generation.
func appendRecord(buf []byte, generation uint64, batch []byte) []byte {
	at := len(buf)
	buf = binary.LittleEndian.AppendUint32(buf, recordMagic)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(batch)))
	buf = binary.LittleEndian.AppendUint64(buf, generation)
	sum := crc32.Update(crc32.Checksum(buf[at:], castagnoli), castagnoli, batch)
	buf = binary.LittleEndian.AppendUint32(buf, sum)
	return append(buf, batch...)
}

// parseRecord reads the record at the start of data, whatever its generation. The batch aliases data.
func parseRecord(data []byte) (generation uint64, batch []byte, ok bool) {
	if len(data) < recordHeader || binary.LittleEndian.Uint32(data) != recordMagic {
		return 0, nil, false
	}
	n := int64(binary.LittleEndian.Uint32(data[4:]))
	if n > int64(len(data)-recordHeader) {
		return 0, nil, false
	}
	batch = data[recordHeader : recordHeader+int(n)]
	sum := crc32.Update(crc32.Checksum(data[:recordHeader-4], castagnoli), castagnoli, batch)
	if sum != binary.LittleEndian.Uint32(data[recordHeader-4:]) {
		return 0, nil, false
	}
	return binary.LittleEndian.Uint64(data[8:]), batch, true
}

// findRecord looks at every offset of data for a valid record of the generation or a later one. Only one append is
// ever in flight, so what follows a torn record is never valid: a record found means that the one before it was
// whole once.
func findRecord(data []byte, generation uint64) (at int, found uint64, ok bool) {
	magic := binary.LittleEndian.AppendUint32(nil, recordMagic)
	for at < len(data) {
		i := bytes.Index(data[at:], magic)
		if i < 0 {
			return 0, 0, false
		}
		at += i
		if len(data)-at >= recordHeader && binary.LittleEndian.Uint64(data[at+8:]) >= generation {
			if found, _, ok = parseRecord(data[at:]); ok {
				return at, found, true
			}
		}
		at++
	}
	return 0, 0, false
}
