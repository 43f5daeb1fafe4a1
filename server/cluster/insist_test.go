package cluster

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// What becomes of tries that are swallowed, slow or refused, by when each answers: on a clock that only the test moves.
func TestInsisting(t *testing.T) {
	const swallowed = time.Duration(-1)
	refused := errors.New("no leader")
	type try struct {
		after time.Duration
		err   error
	}
	for name, test := range map[string]struct {
		tries []try // those beyond are as the last
		pace  pace
		wins  int // which of them
		err   error
		most  time.Duration
	}{
		"the first answers": {tries: []try{{after: time.Millisecond}}, most: time.Millisecond},
		"one is swallowed":  {tries: []try{{after: swallowed}, {after: time.Millisecond}}, wins: 1, most: 251 * time.Millisecond},
		"three are":         {tries: []try{{after: swallowed}, {after: swallowed}, {after: swallowed}, {after: 0}}, wins: 3, most: 1750 * time.Millisecond},
		"one is slow, and those after it swallowed": {tries: []try{{after: 1900 * time.Millisecond}, {after: swallowed}}, most: 1900 * time.Millisecond},
		"one is slow, and another is not":           {tries: []try{{after: time.Second}, {after: time.Millisecond}}, wins: 1, most: 251 * time.Millisecond},
		"refused, and then not":                     {tries: []try{{err: refused}, {err: refused}, {}}, wins: 2, most: 30 * time.Millisecond},
		"a slow one is refused after another began": {tries: []try{{after: time.Second, err: refused}, {after: 1500 * time.Millisecond}}, wins: 1, most: 1750 * time.Millisecond},
		"the lease is gone":                         {tries: []try{{err: rpctypes.ErrLeaseNotFound}}, err: rpctypes.ErrLeaseNotFound},
		"refused for ever":                          {tries: []try{{err: refused}}, err: refused, most: 10 * time.Second},
		"swallowed for ever":                        {tries: []try{{after: swallowed}}, err: context.DeadlineExceeded, most: 10 * time.Second},
		// As a lease of two seconds is renewed: from a third of it on.
		"a dozen are swallowed": {
			tries: append(slices.Repeat([]try{{after: swallowed}}, 12), try{}),
			pace:  pace{100 * time.Millisecond, 100 * time.Millisecond}, wins: 12, most: 1300 * time.Millisecond,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if test.pace == (pace{}) {
					test.pace = usual
				}
				var tried, under atomic.Int32
				begun := time.Now()
				won, err := insist(ctx, test.pace, func(ctx context.Context) (int, error) {
					n := int(tried.Add(1)) - 1
					under.Add(1)
					defer under.Add(-1)
					now := test.tries[min(n, len(test.tries)-1)]
					if now.after == swallowed || !pause(ctx, now.after) {
						<-ctx.Done()
						return n, ctx.Err()
					}
					return n, now.err
				})
				require.ErrorIs(t, err, test.err)
				if err == nil {
					require.Equal(t, test.wins, won)
				}
				require.LessOrEqual(t, time.Since(begun), test.most)
				require.Zero(t, under.Load(), "no try outlives it")
			})
		})
	}
}
