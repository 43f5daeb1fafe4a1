package etcd

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// codeOf is the gRPC code of an error of etcd's client, which has types of its own for those that etcd names.
func codeOf(err error) codes.Code {
	var named rpctypes.EtcdError
	switch {
	case err == nil:
		return codes.OK
	case errors.As(err, &named):
		return named.Code()
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	}
	return status.Code(err)
}

// passing tells errors that go away by themselves, such as a change of leader, from those that somebody has to see
// to. What it does not know passes: it is tried again until the patience ends.
func passing(err error) bool {
	switch codeOf(err) {
	case codes.PermissionDenied, codes.Unauthenticated, codes.InvalidArgument, codes.FailedPrecondition,
		codes.Unimplemented, codes.DataLoss, codes.OutOfRange:
		return false
	}
	return !isNoSpace(err)
}

// isNoSpace tells the answer of a cluster whose quota is used up.
func isNoSpace(err error) bool { return errors.Is(err, rpctypes.ErrNoSpace) }

// pauses are the waits between tries: short at first, for most of what fails is over soon.
type pauses struct{ last time.Duration }

const (
	firstPause   = 10 * time.Millisecond
	longestPause = time.Second
)

// wait waits, and answers with ctx's error if that ends first.
func (p *pauses) wait(ctx context.Context) error {
	p.last = min(max(2*p.last, firstPause), longestPause)
	timer := time.NewTimer(p.last)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// patiences are how long requests of an append may take, one after the other: short at first. What a member sent to a leader
// that has just died is lost, and the member says so to nobody; the same request sent again goes to the next leader.
type patiences struct{ last time.Duration }

const firstPatience = time.Second

// next is how long the next request may take; the cluster's timeout bounds it as well.
func (p *patiences) next() time.Duration {
	p.last = min(max(2*p.last, firstPatience), time.Minute)
	return p.last
}

// waitable tells the failures that a follower waits out from what it has to be told.
func waitable(err error) bool {
	var corrupt *journal.CorruptError
	return !errors.As(err, &corrupt) && !errors.Is(err, journal.ErrTrimmed) && passing(err)
}
