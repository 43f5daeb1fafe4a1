package cluster

import (
	"context"
	"sync"
	"time"
)

// Member is one member of etcd, as it answers for itself.
type Member struct {
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

// Health asks each endpoint of the client how it is, all at once.
func (r *Registry) Health(ctx context.Context) []Member {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	endpoints := r.client.Endpoints()
	members := make([]Member, len(endpoints))
	var asked sync.WaitGroup
	for i, endpoint := range endpoints {
		asked.Go(func() { members[i] = r.member(ctx, endpoint) })
	}
	asked.Wait()
	return members
}

func (r *Registry) member(ctx context.Context, endpoint string) Member {
	begun := time.Now()
	s, err := r.client.Status(ctx, endpoint)
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
