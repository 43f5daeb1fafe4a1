package cluster

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Member is one member of etcd, as it answers for itself.
type Member struct {
	Cluster      int // which of the etcd clusters that were asked
	Endpoint     string
	Err          error // it did not answer; the rest is empty then
	ID           uint64
	Leader       bool
	Learner      bool
	Version      string
	Term         uint64 // of raft
	Index        uint64 // of raft
	SizeBytes    int64  // of its database, as allocated
	InUseBytes   int64  // of its database, as used
	QuotaBytes   int64  // at which it takes no more writes; 0 if it does not say
	Alarms       []string
	AnsweredInMs float64
}

// healthWithin bounds the wait for a member that does not answer.
const healthWithin = time.Second

// Etcd is an etcd cluster whose members can be asked how they are.
type Etcd interface {
	Endpoints() []string
	Status(ctx context.Context, endpoint string) (*clientv3.StatusResponse, error)
}

// Health asks each member of the registry's etcd how it is.
func (r *Registry) Health(ctx context.Context) []Member { return Health(ctx, r.client) }

// Health asks each endpoint of some etcd clusters how it is, all at once.
func Health(ctx context.Context, clusters ...Etcd) []Member {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	var members []Member
	var at []int // the cluster of each
	for i, c := range clusters {
		for _, endpoint := range c.Endpoints() {
			members, at = append(members, Member{Endpoint: endpoint}), append(at, i)
		}
	}
	var asked sync.WaitGroup
	for i := range members {
		asked.Go(func() {
			members[i] = memberOf(ctx, clusters[at[i]], members[i].Endpoint)
			members[i].Cluster = at[i]
		})
	}
	asked.Wait()
	return members
}

func memberOf(ctx context.Context, c Etcd, endpoint string) Member {
	begun := time.Now()
	s, err := c.Status(ctx, endpoint)
	if err != nil {
		return Member{Endpoint: endpoint, Err: err}
	}
	return Member{
		Endpoint: endpoint, ID: s.Header.MemberId, Leader: s.Leader == s.Header.MemberId, Learner: s.IsLearner,
		Version: s.Version, Term: s.RaftTerm, Index: s.RaftIndex,
		SizeBytes: s.DbSize, InUseBytes: s.DbSizeInUse, QuotaBytes: s.DbSizeQuota, Alarms: s.Errors,
		AnsweredInMs: float64(time.Since(begun)) / float64(time.Millisecond),
	}
}
