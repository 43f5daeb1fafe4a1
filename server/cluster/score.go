package cluster

// score is how much a node is wanted for a shard: of all nodes, the one with the highest score should own it (rendezvous
// hashing, Thaler and Ravishankar 1998). When a node joins, only the shards move for which it scores highest; when it
// leaves, only its own.
//
// All nodes must reckon the same, so the function is part of the format: FNV-1a with 64 bits over the id, a zero byte and
// the shard as four bytes, big end first, and then the finalizer of SplitMix64, because the last bytes that FNV takes
// hardly reach its high bits.
func score(id string, shard int) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, c := range []byte(id) {
		h = (h ^ uint64(c)) * prime
	}
	for _, c := range [...]byte{0, byte(shard >> 24), byte(shard >> 16), byte(shard >> 8), byte(shard)} {
		h = (h ^ uint64(c)) * prime
	}
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}
