package etcd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Config says where the cluster is and how to speak with it. All but the endpoints may be left out.
type Config struct {
	Endpoints []string    // host:port of members, any of which will do; with TLS also https://host:port
	TLS       *tls.Config // nil for none; the members' certificates must be for the hosts of the endpoints
	Username  string      // with a password, where etcd's authentication is on
	Password  string

	// Prefix is what every key begins with; default "/holdfast/". Two systems on one cluster need two prefixes.
	Prefix string

	// Timeout bounds one request; default 5 s. Too short a one costs work, never safety.
	Timeout time.Duration
	// Patience bounds how long an append or an Acquire goes on trying while the cluster does not answer, or while
	// it cannot be told whether an append has happened; default 20 s.
	Patience time.Duration
	// CompactEvery is how old revisions get before the cluster is asked to forget them, and how often it is asked;
	// default 5 minutes. Compaction is of the whole cluster, not of a prefix: negative leaves it to others, such as
	// etcd's own --auto-compaction-retention.
	CompactEvery time.Duration

	Logger *slog.Logger // default slog.Default()

	// Tests put faults here: it commits a log's transaction by way of commit.
	faults func(ctx context.Context, log string, t txn, commit committing) (*clientv3.TxnResponse, error)
}

func (c *Config) setDefaults() {
	setDefault(&c.Prefix, "/holdfast/")
	setDefault(&c.Timeout, 5*time.Second)
	setDefault(&c.Patience, 20*time.Second)
	setDefault(&c.CompactEvery, 5*time.Minute)
	setDefault(&c.Logger, slog.Default())
	if !strings.HasSuffix(c.Prefix, "/") {
		c.Prefix += "/"
	}
	if c.faults == nil {
		c.faults = func(ctx context.Context, _ string, t txn, commit committing) (*clientv3.TxnResponse, error) {
			return commit(ctx, t)
		}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// A silent connection is asked after this time whether it is still there, and given up if there is no answer. gRPC
// asks no more often, and etcd would take it amiss.
const (
	keepAliveEvery   = 10 * time.Second
	keepAliveTimeout = 3 * time.Second
)

// A member that was away is tried often: gRPC's own wait grows to two minutes, in which there may be no majority.
var reconnecting = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
	MinConnectTimeout: 3 * time.Second,
}

// sendLimit is what the client itself lets through: more than any append is, so that etcd is the one who judges.
const sendLimit = 4 << 20

// Cluster is a connection to an etcd cluster. All the logs that a process has there share it.
type Cluster struct {
	config Config
	client *clientv3.Client

	ctx     context.Context // ended by Close
	cancel  context.CancelFunc
	workers sync.WaitGroup

	together together

	written atomic.Int64 // the newest revision that this process knows it has made
}

// Connect connects to a cluster and makes sure that its limits let the largest batch through.
func Connect(ctx context.Context, config Config) (*Cluster, error) {
	config.setDefaults()
	client, err := clientv3.New(clientv3.Config{
		Endpoints: config.Endpoints, TLS: config.TLS, Username: config.Username, Password: config.Password,
		DialTimeout: config.Timeout, DialKeepAliveTime: keepAliveEvery, DialKeepAliveTimeout: keepAliveTimeout,
		MaxCallSendMsgSize: sendLimit, Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(reconnecting)},
	})
	if err != nil {
		return nil, fmt.Errorf("journal/etcd: connecting to %v: %w", config.Endpoints, err)
	}
	c := &Cluster{config: config, client: client}
	if err := c.probe(ctx); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.together.ctx = c.ctx
	c.together.send = func(ctx context.Context, t txn) (*clientv3.TxnResponse, error) { return commit(ctx, client, t) }
	if config.CompactEvery > 0 {
		c.workers.Go(c.keepCompacting)
	}
	return c, nil
}

// Close ends the connection. The journals opened on it should be closed before; they cannot reach their logs after.
func (c *Cluster) Close() error {
	c.cancel()
	c.workers.Wait()
	return c.client.Close()
}

// Endpoints are where the members are.
func (c *Cluster) Endpoints() []string { return c.client.Endpoints() }

// Status asks a member how it is.
func (c *Cluster) Status(ctx context.Context, endpoint string) (*clientv3.StatusResponse, error) {
	return c.client.Status(ctx, endpoint)
}

// probe sends the largest appends that there can be at once, under a condition that never holds. etcd looks at the size of a
// request and at the number of its operations before it looks at conditions.
func (c *Cluster) probe(ctx context.Context) error {
	h := holding{owner: newOwnership(1, strings.Repeat("-", longestName)).encode()}
	batch := journal.Batch{First: 1, Count: 1, Bytes: make([]byte, togetherBytes)}
	var appends []txn
	for i := range togetherLogs {
		k := keysOf(c.config.Prefix, fmt.Sprintf("%0*d", longestName, i)) // each another: a key is put once
		appends = append(appends, h.appending(k, batch))
		batch.Bytes = nil
	}
	t := joinTxns(appends)
	t.compare = append(t.compare, clientv3.Compare(clientv3.CreateRevision(c.config.Prefix), "<", 0))
	ctx, cancel := context.WithTimeout(ctx, c.config.Patience)
	defer cancel()
	for try := (pauses{}); ; {
		err := c.call(ctx, func(ctx context.Context) error {
			_, err := commit(ctx, c.client, t)
			return err
		})
		switch {
		case err == nil:
			return nil
		case isNoSpace(err):
			c.config.Logger.Warn("etcd is out of space, so its limits could not be tried", "endpoints", c.config.Endpoints)
			return nil
		case errors.Is(err, rpctypes.ErrRequestTooLarge) || strings.Contains(err.Error(), "received message larger than max"):
			return fmt.Errorf("journal/etcd: the members at %v do not take a batch of %d bytes: start them with --max-request-bytes=%d or more, etcd's default: %w",
				c.config.Endpoints, journal.MaxBatchBytes, 3<<19, err)
		case errors.Is(err, rpctypes.ErrTooManyOps):
			return fmt.Errorf("journal/etcd: the members at %v do not take a transaction of %d operations: start them with --max-txn-ops=128, etcd's default: %w",
				c.config.Endpoints, len(t.then), err)
		case !passing(err) || try.wait(ctx) != nil:
			return fmt.Errorf("journal/etcd: connecting to %v: %w", c.config.Endpoints, cmp.Or(c.unreachable(), err))
		}
	}
}

// unreachable is why there is no connection, or nil if there is one. etcd's client waits for connections and does not
// say why there are none; so this asks past it.
func (c *Cluster) unreachable() error {
	ctx, cancel := context.WithTimeout(context.Background(), c.config.Timeout)
	defer cancel()
	_, err := pb.NewMaintenanceClient(c.client.ActiveConnection()).Status(ctx, &pb.StatusRequest{}, grpc.WaitForReady(false))
	if status.Code(err) == codes.Unavailable {
		return err
	}
	return nil
}

// call makes one request, bounded by the timeout.
func (c *Cluster) call(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	return request(ctx)
}

// txn is one etcd transaction: all of compare and then, or otherwise.
type txn struct {
	compare   []clientv3.Cmp
	then      []clientv3.Op
	otherwise []clientv3.Op

	// Of an append, which may go together with those of other logs: the log's head key, and the bytes of the batch.
	log   string
	bytes int
}

// commit commits a transaction of a log, an append together with those of other logs.
func (c *Cluster) commit(ctx context.Context, log string, t txn) (*clientv3.TxnResponse, error) {
	return c.config.faults(ctx, log, t, func(ctx context.Context, t txn) (*clientv3.TxnResponse, error) {
		if t.log != "" {
			return c.together.commit(ctx, t, c.workers.Go)
		}
		return commit(ctx, c.client, t)
	})
}

type committing func(ctx context.Context, t txn) (*clientv3.TxnResponse, error)

func commit(ctx context.Context, c *clientv3.Client, t txn) (*clientv3.TxnResponse, error) {
	return c.Txn(ctx).If(t.compare...).Then(t.then...).Else(t.otherwise...).Commit()
}
