package feature

import (
	"crypto/sha256"
	"encoding/binary"
)

// Set is the values of all features for one order. A flag is 0 or 1.
type Set struct {
	Numbers [Numbers]int64
	Texts   [Texts]string

	scratch []byte // of Hash
}

// Hash is the first eight bytes of the SHA-256 of all values, each number as a varint and each text behind its length.
func (s *Set) Hash() uint64 {
	b := s.scratch[:0]
	for _, n := range s.Numbers {
		b = binary.AppendVarint(b, n)
	}
	for _, t := range s.Texts {
		b = append(binary.AppendUvarint(b, uint64(len(t))), t...)
	}
	s.scratch = b
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}

// SetFlag sets a flag.
func (s *Set) SetFlag(n Number, v bool) {
	s.Numbers[n] = 0
	if v {
		s.Numbers[n] = 1
	}
}
