package client

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// A RetryPolicy says how attempts that failed with UNAVAILABLE or RESOURCE_EXHAUSTED are repeated. Fields that are zero
// get the value of DefaultRetryPolicy.
//
// Before attempt n+1 the client waits a random time between 0 and min(InitialBackoff * Multiplier^(n-1), MaxBackoff),
// on top of what the server asks for in RetryInfo. Full jitter is what spreads callers that failed together.
//
// The budget is that of gRFC A6: the client owns MaxTokens; every attempt that failed so costs one and every success
// earns TokenRatio; at half of MaxTokens or less nothing is retried. A broken stream costs one token, however many
// calls were on it: it is one failure of the server.
type RetryPolicy struct {
	// MaxAttempts includes the first. 1 means no retries.
	MaxAttempts int
	// InitialBackoff bounds the first wait.
	InitialBackoff time.Duration
	// MaxBackoff bounds every wait.
	MaxBackoff time.Duration
	// Multiplier of the bound from one wait to the next; 1 or more.
	Multiplier float64
	// MaxTokens is the size of the budget.
	MaxTokens int
	// TokenRatio is what a success earns.
	TokenRatio float64
}

// DefaultRetryPolicy is 5 attempts, waits of up to 50 ms, 100 ms, 200 ms, 400 ms, and a budget of 1000 tokens of which
// ten successes earn one back.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		MaxAttempts:    5,
		InitialBackoff: 50 * time.Millisecond,
		MaxBackoff:     time.Second,
		Multiplier:     2,
		MaxTokens:      1000,
		TokenRatio:     0.1,
	}
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	d := DefaultRetryPolicy()
	if p.MaxAttempts == 0 {
		p.MaxAttempts = d.MaxAttempts
	}
	if p.InitialBackoff == 0 {
		p.InitialBackoff = d.InitialBackoff
	}
	if p.MaxBackoff == 0 {
		p.MaxBackoff = max(d.MaxBackoff, p.InitialBackoff)
	}
	if p.Multiplier == 0 {
		p.Multiplier = d.Multiplier
	}
	if p.MaxTokens == 0 {
		p.MaxTokens = d.MaxTokens
	}
	if p.TokenRatio == 0 {
		p.TokenRatio = d.TokenRatio
	}
	return p
}

func (p RetryPolicy) validate() error {
	if p.MaxAttempts < 1 || p.InitialBackoff < 0 || p.MaxBackoff < p.InitialBackoff || p.MaxTokens < 1 ||
		!(p.Multiplier >= 1) || !(p.TokenRatio >= 0) { // negated so that NaN is refused
		return fmt.Errorf("client: retry policy %+v", p)
	}
	return nil
}

// backoff is the jittered wait after the nth attempt, n from 1; random is uniform in [0, 1).
func (p RetryPolicy) backoff(n int, random float64) time.Duration {
	bound := float64(p.InitialBackoff) * math.Pow(p.Multiplier, float64(n-1))
	return time.Duration(random * min(bound, float64(p.MaxBackoff)))
}

// budget is a token bucket in thousandths of a token. Safe for concurrent use.
type budget struct {
	max, ratio int64
	tokens     atomic.Int64
}

func newBudget(p RetryPolicy) *budget {
	b := &budget{max: int64(p.MaxTokens) * 1000, ratio: int64(p.TokenRatio * 1000)}
	b.tokens.Store(b.max)
	return b
}

// succeeded earns. As long as nothing fails the bucket is full and this only reads.
func (b *budget) succeeded() {
	for {
		have := b.tokens.Load()
		if have >= b.max || b.tokens.CompareAndSwap(have, min(b.max, have+b.ratio)) {
			return
		}
	}
}

// failed spends.
func (b *budget) failed() {
	for {
		have := b.tokens.Load()
		if have <= 0 || b.tokens.CompareAndSwap(have, max(0, have-1000)) {
			return
		}
	}
}

// allows tells whether a retry may be made.
func (b *budget) allows() bool { return b.tokens.Load() > b.max/2 }

// retryable tells whether Holdfast asks for another attempt with code. DEADLINE_EXCEEDED is not: the time is over.
// INTERNAL and the like are not: they are bugs, and repeating them hides them.
func retryable(code codes.Code) bool {
	return code == codes.Unavailable || code == codes.ResourceExhausted
}

// failure is one attempt that failed.
type failure struct {
	err     error       // a gRPC status
	header  metadata.MD // of a unary call, where somebody looks at it
	trailer metadata.MD // of a unary call
	unsent  bool        // the request never left this process
	paid    bool        // the budget has been charged already, or has nothing to do with it
	cure    cure
}

// attempts is the course of one call.
type attempts struct {
	made     int
	unknown  bool      // an attempt may have been carried out
	deadline time.Time // zero for none

	key   string // an id of the shard; "" for none
	local *AsOf  // of a local read; else nil
	node  *node  // of the last attempt
	avoid *node  // the last attempt's, where another is to be tried
}

// again takes note of a failed attempt, decides whether another may follow, and waits until it is time. It returns
// false, with the error to report in f.err, when the call is over.
func (c *Client) again(ctx context.Context, a *attempts, f *failure) bool {
	code := status.Code(f.err)
	a.made++
	if settles(code) {
		a.unknown = false
	} else if !f.unsent && mayHaveHappened(code) {
		a.unknown = true
	}
	c.fleet.diagnose(a, f)
	if !retryable(code) {
		return false
	}
	if !f.paid {
		c.budget.failed()
	}
	if a.made >= c.opts.retry.MaxAttempts || !c.budget.allows() {
		return false
	}
	if c.fleet.moved(ctx, a, f) {
		return true // whoever asked for a wait decides no more
	}
	wait, ok := c.opts.wait(a.made, f)
	if !ok || !a.deadline.IsZero() && c.opts.now().Add(wait).After(a.deadline) {
		return false // the server's own words are worth more than a deadline that will pass unused
	}
	if err := c.opts.sleep(ctx, wait); err != nil {
		f.err = status.Errorf(status.FromContextError(err).Code(), "waiting to retry: %v", f.err)
		return false
	}
	c.fleet.refreshed(ctx, a, f)
	return true
}

// pushbackKey is the trailer in which a server says when it will have the next attempt.
const pushbackKey = "grpc-retry-pushback-ms"

// wait is how long to wait after the nth attempt, and whether the server lets the client try again at all. A push-back
// is taken literally, as gRFC A6 has it; RetryInfo is a least time, to which the backoff is added, because every caller
// that failed in the same moment was told the same. What one node asks for does not hold for the next.
func (o *options) wait(n int, f *failure) (time.Duration, bool) {
	if v := f.trailer.Get(pushbackKey); len(v) > 0 {
		ms, err := strconv.ParseInt(v[0], 10, 32)
		return time.Duration(ms) * time.Millisecond, err == nil && ms >= 0 && len(v) == 1
	}
	least := time.Duration(0)
	if f.cure != otherNode {
		least, _ = RetryAfter(f.err)
	}
	return least + o.retry.backoff(n, o.random()), true
}
