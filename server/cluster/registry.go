package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

var (
	// ErrNoCluster says that nothing has ever joined under the prefix.
	ErrNoCluster = errors.New("cluster: there is no cluster under this prefix")
	// ErrNoNode says that no node of that id is registered.
	ErrNoNode = errors.New("cluster: no node of this id is registered")
	// ErrLive says that a node cannot be forgotten, because it is registered.
	ErrLive = errors.New("cluster: the node is registered; stop it first")
)

// Registry is a cluster as an operator sees it: what is kept below a prefix, without being a part of it.
type Registry struct {
	client *clientv3.Client
	keys   keys
}

// Open makes a registry of what is kept below a prefix. The client stays the caller's.
func Open(client *clientv3.Client, prefix string) (*Registry, error) {
	k, err := newKeys(prefix)
	if err != nil {
		return nil, err
	}
	return &Registry{client: client, keys: k}, nil
}

// Read answers with the cluster as it is now. The view is not kept up to date.
func (r *Registry) Read(ctx context.Context) (*View, error) {
	now, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	return now.view(), nil
}

// reading is everything at one revision. What does not read as it should is told apart.
type reading struct {
	book     *book
	revision int64
	bad      []error
}

func (r *reading) view() *View { return r.book.view(r.revision) }

func (r *Registry) read(ctx context.Context) (*reading, error) {
	resp, err := r.client.Get(ctx, r.keys.prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("cluster: reading %s: %w", r.keys.prefix, err)
	}
	var meta Meta
	for _, kv := range resp.Kvs {
		if string(kv.Key) == r.keys.meta() {
			if err := json.Unmarshal(kv.Value, &meta); err != nil {
				return nil, fmt.Errorf("cluster: %s does not read as what it should be: %w", kv.Key, err)
			}
		}
	}
	if meta.Format == 0 {
		return nil, ErrNoCluster
	}
	now := &reading{book: newBook(r.keys, meta), revision: resp.Header.Revision}
	for _, kv := range resp.Kvs {
		if _, err := now.book.put(record{key: kv.Key, value: kv.Value, lease: kv.Lease, created: kv.CreateRevision}); err != nil {
			now.bad = append(now.bad, err)
		}
	}
	return now, nil
}

// Found makes a cluster that nobody has joined yet. One that is there is left as it is, or ErrMeta says in what it disagrees.
func (r *Registry) Found(ctx context.Context, shards int, zone string) error {
	return r.found(ctx, Meta{Format: format, Shards: shards, Zone: zone})
}

// found writes what all nodes must agree on, unless it is written, and says in what it disagrees.
func (r *Registry) found(ctx context.Context, want Meta) error {
	value, err := json.Marshal(want)
	if err != nil {
		return err
	}
	key := r.keys.meta()
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	resp, err := insist(ctx, usual, func(ctx context.Context) (*clientv3.TxnResponse, error) {
		return r.client.Txn(ctx).If(absent(key)).Then(clientv3.OpPut(key, string(value))).Else(clientv3.OpGet(key)).Commit()
	})
	if err != nil {
		return fmt.Errorf("cluster: writing %s: %w", key, err)
	}
	if resp.Succeeded {
		return nil
	}
	var have Meta
	if err := json.Unmarshal(resp.Responses[0].GetResponseRange().Kvs[0].Value, &have); err != nil {
		return fmt.Errorf("%w: %s does not read as what it should be: %w", ErrMeta, key, err)
	}
	if err := have.agree(strings.TrimSuffix(r.keys.prefix, "/"), want); err != nil {
		return fmt.Errorf("%w: %w", ErrMeta, err)
	}
	return nil
}

func absent(key string) clientv3.Cmp  { return clientv3.Compare(clientv3.CreateRevision(key), "=", 0) }
func present(key string) clientv3.Cmp { return clientv3.Compare(clientv3.CreateRevision(key), ">", 0) }

// Pin asks for a shard to be owned by a node, which must be registered. It outranks hashing for as long as the node is
// live, warm and not drained; the shard moves there at once.
func (r *Registry) Pin(ctx context.Context, shard int, node string) error {
	if err := r.checkShard(ctx, shard); err != nil {
		return err
	}
	return r.about(ctx, node, clientv3.OpPut(r.keys.pin(shard), node))
}

// Unpin lets hashing decide again.
func (r *Registry) Unpin(ctx context.Context, shard int) error {
	if err := r.checkShard(ctx, shard); err != nil {
		return err
	}
	_, err := r.client.Delete(ctx, r.keys.pin(shard))
	return err
}

// Drain asks for a node, which must be registered, to own nothing, until Undrain, and even if it starts anew. A shard that
// no other node is warm for stays with it until one is.
func (r *Registry) Drain(ctx context.Context, node string) error {
	return r.about(ctx, node, clientv3.OpPut(r.keys.drain(node), time.Now().UTC().Format(time.RFC3339)))
}

// Undrain takes Drain back.
func (r *Registry) Undrain(ctx context.Context, node string) error {
	if err := checkID(node); err != nil {
		return err
	}
	_, err := r.client.Delete(ctx, r.keys.drain(node))
	return err
}

// about writes something about a node that is registered.
func (r *Registry) about(ctx context.Context, node string, op clientv3.Op) error {
	if err := checkID(node); err != nil {
		return err
	}
	resp, err := r.client.Txn(ctx).If(present(r.keys.node(node))).Then(op).Commit()
	switch {
	case err != nil:
		return err
	case !resp.Succeeded:
		return fmt.Errorf("%w: %s", ErrNoNode, node)
	default:
		return nil
	}
}

func (r *Registry) checkShard(ctx context.Context, shard int) error {
	resp, err := r.client.Get(ctx, r.keys.meta())
	if err != nil {
		return err
	}
	if len(resp.Kvs) == 0 {
		return ErrNoCluster
	}
	var meta Meta
	if err := json.Unmarshal(resp.Kvs[0].Value, &meta); err != nil {
		return fmt.Errorf("cluster: %s does not read as what it should be: %w", r.keys.meta(), err)
	}
	if shard < 0 || shard >= meta.Shards {
		return fmt.Errorf("cluster: there is no shard %d; there are %d, from 0", shard, meta.Shards)
	}
	return nil
}

// Replicas are the reports about a shard's copies, by node; also those of nodes that are not registered now.
func (r *Registry) Replicas(ctx context.Context, shard int) ([]Replica, error) {
	resp, err := r.client.Get(ctx, r.keys.shard(shard), clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	var replicas []Replica
	for _, kv := range resp.Kvs {
		var rep Replica
		if err := json.Unmarshal(kv.Value, &rep); err != nil {
			return nil, fmt.Errorf("cluster: %s does not read as what it should be: %w", kv.Key, err)
		}
		rep.Node = string(kv.Key[len(r.keys.shard(shard)):])
		replicas = append(replicas, rep)
	}
	return replicas, nil
}

// forgetMax is how many keys are deleted in one transaction; etcd takes 128 operations unless told otherwise.
const forgetMax = 100

// Forget deletes what is kept about a node that will not come back: its replicas, so that nobody waits for them with
// trimming, its pins, and that it was drained. It refuses while the node is registered.
func (r *Registry) Forget(ctx context.Context, node string) error {
	if err := checkID(node); err != nil {
		return err
	}
	replicas, err := r.client.Get(ctx, r.keys.replicas(), clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return err
	}
	pins, err := r.client.Get(ctx, r.keys.pins(), clientv3.WithPrefix())
	if err != nil {
		return err
	}
	ops := []clientv3.Op{clientv3.OpDelete(r.keys.drain(node))}
	for _, kv := range replicas.Kvs {
		if strings.HasSuffix(string(kv.Key), "/"+node) {
			ops = append(ops, clientv3.OpDelete(string(kv.Key)))
		}
	}
	for _, kv := range pins.Kvs {
		if string(kv.Value) == node {
			ops = append(ops, clientv3.OpDelete(string(kv.Key)))
		}
	}
	for some := range slices.Chunk(ops, forgetMax) {
		resp, err := r.client.Txn(ctx).If(absent(r.keys.node(node))).Then(some...).Commit()
		if err != nil {
			return err
		}
		if !resp.Succeeded {
			return fmt.Errorf("%w: %s", ErrLive, node)
		}
	}
	return nil
}
