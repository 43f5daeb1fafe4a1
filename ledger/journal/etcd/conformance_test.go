package etcd

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/journaltest"
)

func TestConformance(t *testing.T) {
	faults := faulty{prefix: prefixOf(t), faults: map[string]fault{}}
	c := connect(t, func(c *Config) { c.faults = faults.commit })
	journaltest.Run(t, journaltest.Factory{
		Open: func(t journaltest.TB, name string) journal.Journal {
			j, err := c.Open(name)
			require.NoError(t, err)
			return j
		},
		SharedLog: true,
		Unknown: func(_ journaltest.TB, name string, written bool) {
			faults.next(name, fault{lost: true, written: written})
		},
		Slow: func(_ journaltest.TB, name string, d time.Duration) { faults.next(name, fault{delay: d}) },
	})
}

// faulty does to a log's next append what it is told.
type faulty struct {
	prefix string
	mu     sync.Mutex
	faults map[string]fault
}

// fault is what happens to one append. If its answer is lost, the attempts to find out what happened fail as well, for
// a reason that does not pass.
type fault struct {
	delay         time.Duration
	lost, written bool
}

var errLost = status.Error(codes.PermissionDenied, "lost")

func (f *faulty) next(log string, next fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[log] = next
}

func (f *faulty) commit(ctx context.Context, log string, t txn, commit committing) (*clientv3.TxnResponse, error) {
	k := keysOf(f.prefix, log)
	puts := func(key string) bool {
		for _, op := range t.then {
			if op.IsPut() && string(op.KeyBytes()) == key {
				return true
			}
		}
		return false
	}
	f.mu.Lock()
	now := f.faults[log]
	switch {
	case puts(k.owner) || !now.lost && puts(k.head):
		delete(f.faults, log)
	case puts(k.head):
		f.faults[log] = fault{lost: true} // for whoever asks
	}
	f.mu.Unlock()
	if puts(k.owner) || !puts(k.head) {
		return commit(ctx, t)
	}
	time.Sleep(now.delay)
	if now.lost && !now.written {
		return nil, errLost
	}
	resp, err := commit(ctx, t)
	if now.lost {
		return nil, errLost
	}
	return resp, err
}
