package client

import (
	"errors"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// node is one server and the ways to it. They connect when they are first used.
type node struct {
	address string
	seed    bool // named by the caller: kept whatever the topology says
	conns   *conns
	pool    *pool // nil without WithStreams

	// until is the instant, in Unix nanoseconds, before which others are preferred because the node failed; 0 when it did
	// not fail lately.
	until atomic.Int64

	left   atomic.Bool // its connections were closed because it has left the cluster
	absent time.Time   // since when the topology does not name it; zero while it does. Guarded by fleet.mu.
}

// restAfterFailure is how long others are preferred to a node that failed; from then on until a connection stands again.
const restAfterFailure = 250 * time.Millisecond

// errLeft ends what was under way on a node whose connections are closed because it has left the cluster.
var errLeft = status.Error(codes.Unavailable, "the node has left the cluster")

func newNode(address string, seed bool, o *options, b *budget) (*node, error) {
	conns, err := dialAll(address, o)
	if err != nil {
		return nil, err
	}
	n := &node{address: address, seed: seed, conns: conns}
	if o.streams > 0 {
		n.pool = newPool(conns, o.streams, b)
	}
	return n, nil
}

// down tells whether others are to be preferred. For a node that did not fail it is one atomic read. A node that failed
// is tried by connecting to it, not by sending it a call that might wait for the connection until its deadline.
func (n *node) down(now func() time.Time) bool {
	until := n.until.Load()
	if until == 0 {
		return false
	}
	if now().UnixNano() < until || !n.conns.up() {
		return true
	}
	n.until.CompareAndSwap(until, 0)
	return false
}

// fail takes note of a failure of the node, and tells whether it is the first since the node was well.
func (n *node) fail(now time.Time) (first bool) {
	return n.until.Swap(now.Add(restAfterFailure).UnixNano()) == 0
}

// leave closes a node that has left the cluster. What is under way on it fails with UNAVAILABLE, and is tried elsewhere.
func (n *node) leave() {
	n.left.Store(true)
	_ = n.close(errLeft)
}

// close ends the connections; what is under way on pooled streams fails with why.
func (n *node) close(why error) error {
	if n.pool != nil {
		n.pool.close(why)
	}
	return n.conns.close()
}

// cause is err, unless grpc-go tells that the connection was closed under the call and it was closed because the node has
// left: that is no cancellation.
func (n *node) cause(err error) error {
	if status.Code(err) == codes.Canceled && n.left.Load() {
		return errLeft
	}
	return err
}

// up tells whether a connection stands, and has those connect that rest.
func (cs *conns) up() bool {
	up := false
	for _, cc := range cs.all {
		switch cc.GetState() {
		case connectivity.Ready:
			up = true
		case connectivity.Idle:
			cc.Connect()
		default:
		}
	}
	return up
}

func closeAll(nodes []*node) error {
	var errs []error
	for _, n := range nodes {
		errs = append(errs, n.close(errClosed))
	}
	return errors.Join(errs...)
}
