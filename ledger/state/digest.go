package state

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Digest names what the rows of a book are: a SHA-256 over all of them, in the order of their keys.
type Digest [sha256.Size]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Digest is the digest of the snapshot's rows. Two files in which everything up to the same entry is have the same one,
// however and in whatever cycles they were written. The index of deadlines is left out: it may have more than it must.
func (s *Snapshot) Digest() (d Digest, err error) {
	h := sha256.New()
	var sizes [12]byte
	for _, name := range bucketRows {
		if string(name) == string(bucketDeadlines) {
			continue
		}
		h.Write(name)
		rows := s.tx.Bucket(name).Cursor()
		for key, value := rows.First(); key != nil; key, value = rows.Next() {
			row, ok := unseal(key, value)
			if !ok {
				return d, &CorruptError{s.path, fmt.Sprintf("row %x of %s does not match its checksum", key, name)}
			}
			binary.BigEndian.PutUint32(sizes[:], uint32(len(key)))
			binary.BigEndian.PutUint64(sizes[4:], uint64(len(row)))
			h.Write(sizes[:])
			h.Write(key)
			h.Write(row)
		}
	}
	return Digest(h.Sum(nil)), nil
}
