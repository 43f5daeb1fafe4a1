package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// callWithin bounds one try of a call of etcd.
const callWithin = 2 * time.Second

// pace is how soon a call that has no answer is tried again: after first, and then after twice as long each time, up to most.
type pace struct{ first, most time.Duration }

var usual = pace{first: 250 * time.Millisecond, most: time.Second}

// insist makes a call until a try succeeds, fails because the lease is gone, or ctx ends. The call must be one that may be
// carried out more than once.
//
// A try without an answer is not given up when the next one begins, and whichever answers first counts. The client takes its
// connections in turn, but other calls take turns between: a member that swallows everything may get one try after the other,
// and so may not be given all the time that there is. A member that is only slow is no worse for being asked twice, because
// its first answer is as good. No try outlives insist.
func insist[R any](ctx context.Context, p pace, call func(context.Context) (R, error)) (result R, err error) {
	type answer struct {
		result R
		err    error
	}
	var tries sync.WaitGroup
	defer tries.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer)
	next := time.NewTimer(0)
	defer next.Stop()
	for tried, failed := 0, 0; ctx.Err() == nil; {
		select {
		case <-next.C:
			tries.Go(func() {
				trying, done := context.WithTimeout(ctx, callWithin)
				defer done()
				result, err := call(trying)
				select {
				case answers <- answer{result, err}:
				case <-ctx.Done():
				}
			})
			next.Reset(jitter(doubled(p.first, tried, p.most)))
			tried++
		case a := <-answers:
			if a.err == nil || errors.Is(a.err, rpctypes.ErrLeaseNotFound) {
				return a.result, a.err
			}
			err = a.err // of the last one that said anything, for whoever asks why
			next.Reset(jitter(doubled(10*time.Millisecond, failed, p.most)))
			failed++
		case <-ctx.Done():
		}
	}
	return result, errors.Join(context.Cause(ctx), err)
}
