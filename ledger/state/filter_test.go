package state

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// small is a filter whose first layer is full after a few names, so that it grows.
func small() *filter {
	f := newFilter(512)
	f.ready.Store(true)
	return f
}

var seed = maphash.MakeSeed()

func hashOf(name []byte) uint64 { return maphash.Bytes(seed, name) }

// TestFilterForgetsNothing adds any names: each is a maybe for ever after, however much the filter grows.
func TestFilterForgetsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := small()
		names := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 1, 60).Draw(t, "names")
		grow := rapid.IntRange(0, 3000).Draw(t, "grow")
		for i, name := range names {
			f.add(hashOf(name))
			if i == len(names)/2 {
				for n := range grow {
					f.add(hashOf(binary.BigEndian.AppendUint32([]byte("other-"), uint32(n))))
				}
			}
			for _, added := range names[:i+1] {
				if !f.maybe(hashOf(added)) {
					t.Fatalf("%q was added and is certainly not there", added)
				}
			}
		}
	})
}

// TestFilterForgetsNothingWhileOthersAdd has goroutines add and ask at once.
func TestFilterForgetsNothingWhileOthersAdd(t *testing.T) {
	f := small()
	var adders sync.WaitGroup
	for g := range 4 {
		adders.Go(func() {
			for n := range 8000 {
				name := binary.BigEndian.AppendUint64(nil, uint64(g)<<32|uint64(n))
				f.add(hashOf(name))
				require.True(t, f.maybe(hashOf(name)))
			}
		})
	}
	adders.Wait()
	fresh := 0
	for n := range 20_000 {
		if f.maybe(hashOf(binary.BigEndian.AppendUint64([]byte("fresh"), uint64(n)))) {
			fresh++
		}
	}
	require.Less(t, fresh, 20_000/10, "hardly any name is certainly not there")
}
