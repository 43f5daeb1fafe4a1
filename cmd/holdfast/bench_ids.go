package main

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// idMaker makes ids as a UUIDv7 is made, the time first, so that the server's indexes meet what they would meet in
// life; but from a generator of its own and with one allocation. It belongs to one worker.
type idMaker struct {
	random *rand.PCG
	raw    [16]byte
	text   [2 + 36]byte
}

func newIDMaker() *idMaker {
	m := &idMaker{random: rand.NewPCG(rand.Uint64(), rand.Uint64())}
	copy(m.text[:], "o-")
	return m
}

// next makes an order id and a request id that nobody has had.
func (m *idMaker) next(now time.Time) (order, request string) {
	binary.BigEndian.PutUint64(m.raw[:], uint64(now.UnixMilli())<<16|m.random.Uint64()&0x0fff|0x7000)
	binary.BigEndian.PutUint64(m.raw[8:], m.random.Uint64()&(1<<62-1)|1<<63)
	t := m.text[2:]
	hex.Encode(t, m.raw[:4])
	t[8] = '-'
	hex.Encode(t[9:], m.raw[4:6])
	t[13] = '-'
	hex.Encode(t[14:], m.raw[6:8])
	t[18] = '-'
	hex.Encode(t[19:], m.raw[8:10])
	t[23] = '-'
	hex.Encode(t[24:], m.raw[10:])
	order = string(m.text[:])
	return order, order[2:]
}

// accountBook is the ids of many accounts in one string, so that the garbage collector has nothing to look at.
type accountBook struct{ ids string }

const accountIDLen = len("acc_") + 13

func (a accountBook) len() int { return len(a.ids) / accountIDLen }

func (a accountBook) id(i int) string { return a.ids[i*accountIDLen : (i+1)*accountIDLen] }

// chooser makes what chooses accounts for one worker: uniformly, or by Zipf's law with the exponent skew.
func (a accountBook) chooser(skew float64) func() string {
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	n := uint64(a.len())
	if skew == 0 {
		return func() string { return a.id(int(random.Uint64N(n))) }
	}
	zipf := rand.NewZipf(random, skew, 1, n-1)
	return func() string {
		// Popular accounts are spread over the book, not the ones opened first.
		return a.id(int(zipf.Uint64() * 2654435761 % n))
	}
}
