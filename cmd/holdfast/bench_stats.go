package main

import (
	"context"
	"fmt"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// bookStats is what a server says of its shards, summed where nothing else is said.
type bookStats struct {
	accounts, open    int64
	statements        int64
	entries           uint64   // durable
	sequence, flushed []uint64 // of each shard
}

func (b *bench) stats(ctx context.Context) (s bookStats, err error) {
	resp, err := holdfastv1.NewAdminServiceClient(b.holdfast[0]).GetStats(ctx, &holdfastv1.GetStatsRequest{})
	if err != nil {
		return s, fmt.Errorf("asking for the server's figures: %w", err)
	}
	for _, shard := range resp.GetShards() {
		s.accounts += shard.GetAccounts()
		s.open += shard.GetOpenHolds()
		s.statements += shard.GetStatements()
		s.entries += shard.GetSequence()
		s.sequence = append(s.sequence, shard.GetSequence())
		s.flushed = append(s.flushed, shard.GetFlushedSequence())
	}
	return s, nil
}

// hasFlushed says whether everything that there was at an earlier time is in the state files.
func (s bookStats) hasFlushed(earlier bookStats) bool {
	for shard, sequence := range earlier.sequence {
		if s.flushed[shard] < sequence {
			return false
		}
	}
	return true
}
