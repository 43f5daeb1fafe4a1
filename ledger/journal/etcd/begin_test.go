package etcd

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// elsewhere is the head of a log of another engine, with 41 entries.
var elsewhere = journal.Head{Epoch: 7, Next: 42, Hash: journal.Hash{1, 2, 3}}

// A log goes on where another ends: what lies before is gone as if trimmed, the next entry has that number and follows that
// hash, and the next owner counts from that epoch.
func TestBeginGoesOn(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	require.NoError(t, c.Begin(background, "log", "migrate", elsewhere))
	j := open(t, c, "log")
	first, next, err := j.Bounds(background)
	require.NoError(t, err)
	require.Equal(t, [2]uint64{42, 42}, [2]uint64{first, next})
	_, err = payloads(j, 42)
	require.NoError(t, err, "nothing is there yet, and nothing is missing")

	head := acquire(t, j)
	require.Equal(t, journal.Head{Epoch: 8, Next: 42, Hash: elsewhere.Hash}, head)
	head, err = j.Append(background, head, batchOf(head, "x", "y"))
	require.NoError(t, err)
	got, err := payloads(j, 42)
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y"}, got)
	for _, err := range j.Replay(background, 1) {
		require.ErrorIs(t, err, journal.ErrTrimmed)
	}
	for _, err := range j.Follow(background, 41) {
		require.ErrorIs(t, err, journal.ErrTrimmed)
	}
	for e, err := range j.Follow(background, 42) {
		require.NoError(t, err)
		require.Equal(t, elsewhere.Hash, e.Prev)
		break
	}
	require.NoError(t, j.Trim(background, head.Next))

	require.ErrorIs(t, c.Begin(background, "log", "migrate", elsewhere), ErrBegun, "it has gone on")
	require.NoError(t, c.Begin(background, "log", "migrate", head), "it ends there")
}

// A log that is there is never touched.
func TestBeginLeavesLogsAlone(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	require.NoError(t, c.Begin(background, "log", "migrate", elsewhere))
	j := open(t, c, "log")
	owned := acquire(t, j)
	require.NoError(t, c.Begin(background, "log", "migrate", elsewhere), "as often as one likes")
	other := elsewhere
	other.Hash[0]++
	require.ErrorContains(t, c.Begin(background, "log", "migrate", other), "ends at 41 as well, and its last entry is another one")
	other.Next++
	require.ErrorContains(t, c.Begin(background, "log", "migrate", other), "its last is 41, and not 42")
	_, err := j.Append(background, owned, batchOf(owned, "x"))
	require.NoError(t, err, "its owner has lost nothing")

	anew := open(t, c, "anew")
	acquire(t, anew)
	require.ErrorIs(t, c.Begin(background, "anew", "migrate", elsewhere), ErrBegun)
	require.NoError(t, c.Begin(background, "anew", "migrate", journal.Head{Next: 1}), "a log without entries may begin as any does")
	require.NoError(t, c.Begin(background, "none", "migrate", journal.Head{Epoch: 3, Next: 1}))
	require.Equal(t, journal.Head{Epoch: 4, Next: 1}, acquire(t, open(t, c, "none")))
	require.Error(t, c.Begin(background, "no/name", "migrate", elsewhere))
}

// An answer that is lost, before or after it was carried out, is asked for again.
func TestBeginWithAnswersLost(t *testing.T) {
	t.Parallel()
	for _, carried := range []bool{false, true} {
		lost := 0
		c := connect(t, func(config *Config) {
			config.Prefix += map[bool]string{false: "before/", true: "after/"}[carried]
			config.faults = func(ctx context.Context, _ string, t txn, commit committing) (*clientv3.TxnResponse, error) {
				if lost++; lost > 1 {
					return commit(ctx, t)
				}
				if carried {
					if _, err := commit(ctx, t); err != nil {
						return nil, err
					}
				}
				return nil, errors.New("the connection is gone")
			}
		})
		require.NoError(t, c.Begin(background, "log", "migrate", elsewhere))
		require.Equal(t, 2, lost)
		require.Equal(t, uint64(42), acquire(t, open(t, c, "log")).Next)
	}
}
