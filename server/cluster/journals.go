package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// JournalsAt says that the journals of some shards are in an etcd cluster.
type JournalsAt struct {
	First int    `json:"first"` // shard
	Last  int    `json:"last"`  // shard
	Etcd  string `json:"etcd"`  // the id that the etcd cluster gave itself
}

// AgreeOnJournals makes sure that all nodes look for each shard's journal in the same etcd cluster. The first node settles it
// for ever; a later one that would look elsewhere gets ErrMeta. Two nodes that looked in different places would both
// acquire a journal of the same shard, and no epoch would tell one of the other.
func (r *Registry) AgreeOnJournals(ctx context.Context, at []JournalsAt) error {
	value, err := json.Marshal(at)
	if err != nil {
		return err
	}
	key := r.keys.journals()
	resp, err := r.client.Txn(ctx).If(absent(key)).Then(clientv3.OpPut(key, string(value))).Else(clientv3.OpGet(key)).Commit()
	if err != nil {
		return fmt.Errorf("cluster: where the journals are: %w", err)
	}
	if resp.Succeeded {
		return nil
	}
	var settled []JournalsAt
	if err := json.Unmarshal(resp.Responses[0].GetResponseRange().Kvs[0].Value, &settled); err != nil {
		return fmt.Errorf("cluster: %s does not read as what it should be: %w", key, err)
	}
	if !slices.Equal(settled, at) {
		return fmt.Errorf("%w: its journals are in %s, the cluster's in %s (etcd clusters by the ids that they gave themselves)", ErrMeta, places(at), places(settled))
	}
	return nil
}

func places(at []JournalsAt) (text string) {
	for i, p := range at {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s for shards %d to %d", p.Etcd, p.First, p.Last)
	}
	return text
}
