package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
)

// Hash is the SHA-256 that chains an entry to the one before it.
type Hash [sha256.Size]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Batch is a run of entries encoded as one value. Its layout, all integers big endian:
//
//	header   version u8 (1), first sequence u64, entry count u32, hash of the entry before the first [32]
//	entries  payload length u32, time i64 (Unix nanoseconds), hash of this entry [32], payload
//
// The hash of an entry covers the hash before it, its sequence, its time and its payload, so a change to any
// byte of a batch is found by decoding it: the header is covered by the first entry's hash and the count by the
// length of the value. An empty batch is never written.
type Batch struct {
	First uint64 // sequence of the first entry
	Count int    // number of entries
	Last  Hash   // hash of the last entry
	Bytes []byte
}

const (
	batchVersion = 1
	batchHeader  = 1 + 8 + 4 + sha256.Size
	entryHeader  = 4 + 8 + sha256.Size
)

// Builder encodes batches. It keeps its buffer between batches: the Batch it hands out is valid until the next
// Reset. The zero value is not ready; call Reset first.
type Builder struct {
	buf   []byte
	hash  Hash
	first uint64
	count int
}

// Reset starts a batch whose first entry gets the sequence next and follows the entry with hash prev.
// The buffer passed is reused; nil makes a new one.
func (b *Builder) Reset(next uint64, prev Hash, buf []byte) {
	b.first, b.hash, b.count = next, prev, 0
	b.buf = append(buf[:0], batchVersion)
	b.buf = binary.BigEndian.AppendUint64(b.buf, next)
	b.buf = binary.BigEndian.AppendUint32(b.buf, 0)
	b.buf = append(b.buf, prev[:]...)
}

// Add appends one entry whose payload is what encode appends to the slice it is given.
// It answers with the entry's sequence and the size that the batch now has.
func (b *Builder) Add(time int64, encode func([]byte) []byte) (sequence uint64, size int) {
	sequence = b.first + uint64(b.count)
	at := len(b.buf)
	b.buf = append(b.buf, make([]byte, entryHeader)...)
	b.buf = encode(b.buf)
	payload := b.buf[at+entryHeader:]
	head := b.buf[at : at+entryHeader]
	binary.BigEndian.PutUint32(head, uint32(len(payload)))
	binary.BigEndian.PutUint64(head[4:], uint64(time))
	b.hash = chain(b.hash, sequence, time, payload)
	copy(head[12:], b.hash[:])
	b.count++
	return sequence, len(b.buf)
}

// Count tells how many entries the batch has so far.
func (b *Builder) Count() int { return b.count }

// Last is the hash of the last entry so far: of the one before the batch while there is none.
func (b *Builder) Last() Hash { return b.hash }

// Batch seals what has been added.
func (b *Builder) Batch() Batch {
	binary.BigEndian.PutUint32(b.buf[9:], uint32(b.count))
	return Batch{First: b.first, Count: b.count, Last: b.hash, Bytes: b.buf}
}

// chain is the hash of an entry: SHA-256 over previous hash, sequence, time and payload. It is the dearest step of
// an append, so it hashes once over one run of bytes that stays on the stack for payloads of ordinary size.
func chain(prev Hash, sequence uint64, time int64, payload []byte) Hash {
	var stack [1024]byte
	run := append(stack[:0], prev[:]...)
	run = binary.BigEndian.AppendUint64(run, sequence)
	run = binary.BigEndian.AppendUint64(run, uint64(time))
	run = append(run, payload...)
	return sha256.Sum256(run)
}

// Hash is the hash of the entry, which the one after it has as the hash before it.
func (e *Entry) Hash() Hash { return chain(e.Prev, e.Sequence, e.Time, e.Payload) }

// Follows tells whether the batch may stand at head: its header names the head's next sequence and hash, and its
// fields agree with its bytes. Engines ask it before they write. A batch that does not follow the head it is
// appended with is the caller's mistake, not another owner's doing, and answers ErrMisplaced.
func (b Batch) Follows(head Head) error {
	first, count, wrong := header(b.Bytes)
	if wrong != "" {
		return fmt.Errorf("%w: %s", ErrMisplaced, wrong)
	}
	if first != head.Next || first != b.First || count != b.Count || Hash(b.Bytes[13:batchHeader]) != head.Hash {
		return fmt.Errorf("%w: batch of %d at %d, head at %d", ErrMisplaced, b.Count, b.First, head.Next)
	}
	return nil
}

// Prev is the hash of the entry before the batch, as its header has it.
func (b Batch) Prev() Hash { return Hash(b.Bytes[13:batchHeader]) }

// After is the head once batch has been appended to it.
func (h Head) After(batch Batch) Head {
	return Head{Epoch: h.Epoch, Next: batch.First + uint64(batch.Count), Hash: batch.Last}
}

// Open checks a batch's header and last hash without walking its entries' hashes. Decoding with Entries does.
func Open(value []byte) (Batch, error) {
	first, count, wrong := header(value)
	if wrong != "" {
		return Batch{}, &CorruptError{Sequence: first, Detail: wrong}
	}
	b := Batch{First: first, Count: count, Bytes: value}
	at := batchHeader
	for i := range count {
		if len(value)-at < entryHeader {
			return Batch{}, &CorruptError{Sequence: first + uint64(i), Detail: "entry header cut short"}
		}
		n := int(binary.BigEndian.Uint32(value[at:]))
		if n > len(value)-at-entryHeader {
			return Batch{}, &CorruptError{Sequence: first + uint64(i), Detail: "payload cut short"}
		}
		copy(b.Last[:], value[at+12:])
		at += entryHeader + n
	}
	if at != len(value) {
		return Batch{}, &CorruptError{Sequence: first + uint64(count), Detail: fmt.Sprintf("%d bytes after the last entry", len(value)-at)}
	}
	return b, nil
}

// Entries yields the entries of an encoded batch in order, each verified against prev, the hash of the entry
// that should stand before the batch, and next, the sequence the batch should begin with. It ends with a
// *CorruptError naming the first sequence that cannot be trusted. Payloads alias value.
func Entries(value []byte, next uint64, prev Hash) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		first, count, wrong := header(value)
		if wrong != "" {
			yield(Entry{}, &CorruptError{Sequence: next, Detail: wrong})
			return
		}
		if first != next {
			yield(Entry{}, &CorruptError{Sequence: next, Detail: fmt.Sprintf("batch begins at %d", first)})
			return
		}
		if Hash(value[13:batchHeader]) != prev {
			yield(Entry{}, &CorruptError{Sequence: next, Detail: "does not follow the entry before it"})
			return
		}
		at, last := batchHeader, int64(0)
		for i := range count {
			seq := first + uint64(i)
			corrupt := func(format string, args ...any) {
				yield(Entry{}, &CorruptError{Sequence: seq, Detail: fmt.Sprintf(format, args...)})
			}
			if len(value)-at < entryHeader {
				corrupt("entry header cut short")
				return
			}
			n := int(binary.BigEndian.Uint32(value[at:]))
			time := int64(binary.BigEndian.Uint64(value[at+4:]))
			if n > len(value)-at-entryHeader {
				corrupt("payload of %d bytes cut short", n)
				return
			}
			payload := value[at+entryHeader : at+entryHeader+n]
			sum := chain(prev, seq, time, payload)
			if sum != Hash(value[at+12:at+entryHeader]) {
				corrupt("hash does not match")
				return
			}
			if time < last {
				corrupt("time runs backwards")
				return
			}
			if !yield(Entry{Sequence: seq, Time: time, Prev: prev, Payload: payload}, nil) {
				return
			}
			prev, last, at = sum, time, at+entryHeader+n
		}
		if at != len(value) {
			yield(Entry{}, &CorruptError{Sequence: first + uint64(count), Detail: fmt.Sprintf("%d bytes after the last entry", len(value)-at)})
		}
	}
}

// header reads a batch's header; wrong says what is the matter with it, if anything.
func header(value []byte) (first uint64, count int, wrong string) {
	if len(value) < batchHeader {
		return 0, 0, "batch header cut short"
	}
	if value[0] != batchVersion {
		return 0, 0, fmt.Sprintf("unknown batch version %d", value[0])
	}
	first = binary.BigEndian.Uint64(value[1:])
	count = int(binary.BigEndian.Uint32(value[9:]))
	if count == 0 || first == 0 {
		return first, count, "empty batch"
	}
	return first, count, ""
}
