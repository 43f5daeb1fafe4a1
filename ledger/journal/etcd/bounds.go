package etcd

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Bounds are where the log begins and ends, as a quorum tells it: the sequence of the first entry that is kept, and the one
// that the next entry gets.
func (j *Journal) Bounds(ctx context.Context) (first, next uint64, err error) {
	v, err := j.view(ctx)
	return v.base.next, v.head.next, err
}

// ID is the id that the etcd cluster gave itself when it was made, in hexadecimal digits. A cluster that is restored from a
// snapshot has another.
func (c *Cluster) ID(ctx context.Context) (id string, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		resp, err := c.client.Get(ctx, c.config.Prefix, clientv3.WithCountOnly())
		if err == nil {
			id = fmt.Sprintf("%x", resp.Header.ClusterId)
		}
		return err
	})
	return id, err
}
