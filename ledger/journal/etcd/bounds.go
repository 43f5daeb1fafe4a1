package etcd

import "context"

// Bounds are where the log begins and ends, as a quorum tells it: the sequence of the first entry that is kept, and the one
// that the next entry gets.
func (j *Journal) Bounds(ctx context.Context) (first, next uint64, err error) {
	v, err := j.view(ctx)
	return v.base.next, v.head.next, err
}
