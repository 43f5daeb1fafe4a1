package etcd

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// What owner, head and base have for values is text, for whoever looks with etcdctl, and begins with a version.
// Appends compare these values byte for byte, so an encoding of a version never changes.

// ownership is the value of the owner key. The nonce makes it unlike every other there ever was: an etcd that was
// restored from a backup counts epochs that it has counted before, and their old owners may still be about.
type ownership struct {
	epoch uint64
	nonce string
	name  string
}

func newOwnership(epoch uint64, name string) ownership { return ownership{epoch, rand.Text(), name} }

func (o ownership) encode() string { return fmt.Sprintf("1 %d %s %q", o.epoch, o.nonce, o.name) }

func decodeOwnership(value []byte) (o ownership, err error) {
	if _, err := fmt.Sscanf(string(value), "1 %d %s %q", &o.epoch, &o.nonce, &o.name); err != nil || o.encode() != string(value) {
		return ownership{}, &journal.CorruptError{Detail: fmt.Sprintf("the owner key has %.100q", value)}
	}
	return o, nil
}

// place is between two entries: the sequence after it and the hash of the entry before it.
type place struct {
	next uint64
	hash journal.Hash
}

// start is where every log begins.
var start = place{next: 1}

func placeOf(head journal.Head) place { return place{head.Next, head.Hash} }

// encodeHead is the value of the head key. Tries is how often an owner has made sure that an append of its own, whose
// answer was lost, can no longer happen.
func encodeHead(p place, tries uint64) string {
	return fmt.Sprintf("1 %d %s %d", p.next, p.hash, tries)
}

func decodeHead(value []byte) (p place, tries uint64, err error) {
	var hash []byte
	if _, err := fmt.Sscanf(string(value), "1 %d %x %d", &p.next, &hash, &tries); err == nil && len(hash) == len(p.hash) {
		copy(p.hash[:], hash)
		if encodeHead(p, tries) == string(value) {
			return p, tries, nil
		}
	}
	return place{}, 0, &journal.CorruptError{Detail: fmt.Sprintf("the head key has %.100q", value)}
}

// isWhole is the value of the key that says that the base is true.
const isWhole = "1"

// encodeBase is the value of the base key.
func encodeBase(p place) string { return fmt.Sprintf("1 %d %s", p.next, p.hash) }

func decodeBase(value []byte) (p place, err error) {
	var version, next, hash []byte
	fields := bytes.Split(value, []byte(" "))
	if len(fields) == 3 {
		version, next, hash = fields[0], fields[1], fields[2]
	}
	if _, err := fmt.Sscan(string(next), &p.next); err == nil && hex.DecodedLen(len(hash)) == len(p.hash) && string(version) == "1" {
		if _, err := hex.Decode(p.hash[:], hash); err == nil && encodeBase(p) == string(value) {
			return p, nil
		}
	}
	return place{}, &journal.CorruptError{Detail: fmt.Sprintf("the base key has %.100q", value)}
}
