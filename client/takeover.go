package client

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// cure is what may help a call that failed.
type cure uint8

const (
	noCure    cure = iota // none that the cluster has
	newOwner              // whoever decides for the shard next
	otherNode             // any other node: nothing is wrong but this one
)

// Reasons of errors that say that another node should be asked.
const (
	reasonNotOwner        = "NOT_OWNER"
	reasonPeerUnreachable = "PEER_UNREACHABLE"
	reasonDraining        = "DRAINING"
)

// diagnose finds out what may cure a failed attempt, takes note of a node that failed, and says whom the next attempt is
// to avoid.
//
// A failure of a node costs one token of the budget, however many calls it befell, and a call that came to the wrong node
// costs nothing, if there is another node to go to: retries that go elsewhere do not keep it down.
func (f *fleet) diagnose(a *attempts, failed *failure) {
	a.avoid = nil
	v := f.view.Load()
	switch status.Code(failed.err) {
	case codes.Unavailable:
	case codes.DeadlineExceeded:
		if v.clustered() {
			f.refresh(askRest) // the node may be gone without a word
		}
		return
	default:
		return
	}
	reason := ReasonOf(failed.err)
	if len(f.seeds) == 1 && !v.clustered() && reason != reasonNotOwner {
		if reason == "" {
			f.refresh(askRest) // what comes back may be a cluster's node
		}
		return
	}
	failed.cure = newOwner
	paid := failed.paid
	switch reason {
	case reasonNotOwner:
		failed.paid = true
	case reasonPeerUnreachable: // it is the way from this node to the owner
	case reasonDraining:
		if owner := v.owner(a.key); owner != nil && owner != a.node {
			return // it may be the owner's answer, sent on
		}
		failed.paid = !a.node.fail(f.opts.now()) || paid
	case "": // the transport
		failed.paid = !a.node.fail(f.opts.now()) || paid
	default:
		return
	}
	failed.cure = otherNode
	a.avoid = a.node
	if f.route(a.key, a.avoid, a.local != nil).down(f.opts.now) {
		failed.paid = paid
	}
}

// moved asks for news after a failure that they may cure, and tells whether another node than the one that failed decides
// now. The call need not wait then.
func (f *fleet) moved(ctx context.Context, a *attempts, failed *failure) bool {
	if failed.cure != otherNode || len(failed.trailer.Get(pushbackKey)) > 0 {
		return false
	}
	f.await(ctx, a.deadline, askWait)
	owner := f.view.Load().owner(a.key)
	return owner != nil && owner != a.node && !owner.down(f.opts.now) && ctx.Err() == nil
}

// refreshed asks for news after the wait for the next attempt.
func (f *fleet) refreshed(ctx context.Context, a *attempts, failed *failure) {
	if failed.cure != noCure {
		f.await(ctx, a.deadline, askWait)
	}
}

// ownerKey is the header of an answer that came from another node than the one that was asked.
const ownerKey = "holdfast-owner"

// told looks at the header of an answer. That another node gave it is news only if the view says otherwise: a call may
// have gone to the wrong node on purpose.
func (f *fleet) told(a *attempts, header metadata.MD) {
	if a.local != nil {
		a.local.read(header)
	}
	if at := header[ownerKey]; len(at) > 0 {
		v := f.view.Load()
		if _, ok := ShardOf(a.key); !ok || !v.clustered() {
			return
		}
		// Of several the last answered: the others were tried before it.
		if owner := v.owner(a.key); owner == nil || owner.address != at[len(at)-1] {
			f.refresh(askRest)
		}
	}
}
