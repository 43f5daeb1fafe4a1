package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/holdfast-credit/holdfast/proto/codec"
)

// wire is the codec of all calls.
var wire = codec.New()

// An Option changes how a Client works.
type Option func(*options)

// WithTransportCredentials secures the connections, as a rule with credentials.NewTLS. Either it or WithInsecure is
// required.
func WithTransportCredentials(creds credentials.TransportCredentials) Option {
	return func(o *options) { o.creds, o.plaintext = creds, false }
}

// WithInsecure connects without TLS: for a server on the same host, and for tests.
func WithInsecure() Option {
	return func(o *options) { o.creds, o.plaintext = insecure.NewCredentials(), true }
}

// WithCaller names the calling principal in the metadata key holdfast-caller. A server believes it only where it is
// configured to, which is on loopback without TLS; elsewhere the principal comes from the certificate or the token.
func WithCaller(name string) Option {
	return func(o *options) { o.metadata = append(o.metadata, "holdfast-caller", name) }
}

// WithBearerToken sends a token with every call. Dial refuses to send it without TLS to another host.
func WithBearerToken(token string) Option {
	return func(o *options) {
		o.metadata = append(o.metadata, "authorization", "Bearer "+token)
		o.bearer = true
	}
}

// WithTimeout sets the deadline of calls whose context has none; 2 s if this option is not used. It covers all attempts
// of a call. Zero or less means no deadline. It does not apply to WatchEvents and Admin.
func WithTimeout(d time.Duration) Option {
	return func(o *options) { o.timeout = d }
}

// WithRetry sets how failed attempts are repeated; DefaultRetryPolicy if this option is not used.
func WithRetry(p RetryPolicy) Option {
	return func(o *options) { o.retry = p }
}

// WithStreams sends the calls that AuthorizeStream can carry over n pooled streams to each node. One stream per core of
// the client is a good start; 0 means none. A gateway with many calls at once gets several times the throughput; a
// caller with few calls at once gets nothing.
func WithStreams(n int) Option {
	return func(o *options) { o.streams = n }
}

// WithConnections opens n HTTP/2 connections to each node and spreads calls and streams over them in turn; 1 if this
// option is not used. More help where one connection's writer is a whole core's work, or where the target is a
// balancer of connections.
func WithConnections(n int) Option {
	return func(o *options) { o.connections = n }
}

// WithSeeds names more nodes of the cluster than the target of Dial, each in grpc-go's syntax. Where the shards are is
// asked of the first that answers, and from then on the others may be gone.
func WithSeeds(targets ...string) Option {
	return func(o *options) { o.seeds = append(o.seeds, targets...) }
}

// WithoutRouting has the client call the targets that it was told, in turn, and never the nodes that a topology names:
// for a client that reaches a cluster through a balancer only, and for one that means a certain node.
func WithoutRouting() Option {
	return func(o *options) { o.unrouted = true }
}

// WithRequestIDs sets what makes the request ids of messages that have none; UUIDv7 if this option is not used.
// newID must be safe for concurrent use, never return the same id twice, and keep to what the server allows: 1 to 64
// characters of A-Z a-z 0-9 . _ : -
func WithRequestIDs(newID func() string) Option {
	return func(o *options) { o.requestID = newID }
}

// WithDialOptions adds options of grpc-go, after the client's own, so that they win.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return func(o *options) { o.dial = append(o.dial, opts...) }
}

type options struct {
	creds       credentials.TransportCredentials
	plaintext   bool
	bearer      bool
	metadata    []string // key, value, key, value, ...
	timeout     time.Duration
	retry       RetryPolicy
	streams     int
	connections int
	seeds       []string // beside the target
	unrouted    bool
	requestID   func() string
	dial        []grpc.DialOption

	refreshEvery time.Duration // how often a cluster is asked for its topology, about
	linger       time.Duration // how long connections to a node outlive its place in the topology

	// Time and chance are inputs, so that tests need not wait nor hope.
	now    func() time.Time
	sleep  func(ctx context.Context, d time.Duration) error
	random func() float64 // uniform in [0, 1)
}

func newOptions(target string, opts []Option) (options, error) {
	o := options{
		timeout:      2 * time.Second,
		retry:        DefaultRetryPolicy(),
		connections:  1,
		requestID:    newRequestID,
		refreshEvery: 5 * time.Second,
		linger:       time.Minute,
		now:          time.Now,
		sleep:        sleep,
		random:       rand.Float64,
	}
	for _, opt := range opts {
		opt(&o)
	}
	o.retry = o.retry.withDefaults()
	switch {
	case o.creds == nil:
		return o, errors.New("client: choose WithTransportCredentials or WithInsecure")
	case o.streams < 0 || o.connections < 1:
		return o, fmt.Errorf("client: %d streams over %d connections", o.streams, o.connections)
	case o.requestID == nil:
		return o, errors.New("client: WithRequestIDs without a function")
	}
	for _, t := range append([]string{target}, o.seeds...) {
		if !o.mayReach(t) {
			return o, fmt.Errorf("client: a bearer token needs TLS to reach %s", t)
		}
	}
	return o, o.retry.validate()
}

// mayReach refuses to send a token in the clear to another host.
func (o *options) mayReach(target string) bool {
	return !o.bearer || !o.plaintext || onThisHost(target)
}

// dialOptions are grpc-go's options, the caller's last.
func (o *options) dialOptions() []grpc.DialOption {
	return append([]grpc.DialOption{
		grpc.WithTransportCredentials(o.creds),
		// Retries are made here, where the request id is known and the budget is kept. A second retrier below would
		// multiply the attempts.
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(wire)),
		// grpc-go waits a second after a failed connection, in which every attempt fails at once. A restarting server
		// is back sooner than that, and a call has about two seconds.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second,
			},
			MinConnectTimeout: 5 * time.Second,
		}),
	}, o.dial...)
}

// onThisHost tells whether what is sent to a target of grpc-go stays on this host.
func onThisHost(target string) bool {
	if strings.HasPrefix(target, "unix:") || strings.HasPrefix(target, "unix-abstract:") {
		return true
	}
	endpoint := target[strings.LastIndex(target, "/")+1:] // dns:///host:port
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		host = endpoint
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sleep returns after d, or with the context's error as soon as it is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
