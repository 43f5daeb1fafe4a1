package outbox

import (
	"math/rand/v2"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Options say how an outbox works. Fields that are zero get the value that is told beside them.
type Options struct {
	// Max is how many messages there is room for, dead letters and reserved room included; 100,000.
	Max int
	// Lanes is how many messages are under way at once; 32.
	Lanes int
	// AttemptTimeout bounds each sending, the SDK's own retries included; 5 s.
	AttemptTimeout time.Duration
	// InitialBackoff bounds the wait after the first failure; each further one doubles it. 50 ms.
	InitialBackoff time.Duration
	// MaxBackoff bounds every wait; 10 s.
	MaxBackoff time.Duration

	// Delivered is called after the core has answered a message, and Failed after an attempt that will be repeated; Dead when
	// a message has become a dead letter, and Dropped when somebody has dropped one. They are called from the goroutines that
	// deliver or drop, several at once, and hold these up. After a crash Delivered may be called again for a message.
	Delivered func(Message)
	Failed    func(Message, error)
	Dead      func(Letter)
	Dropped   func(Message)
	// Committed is called after each commit, before anybody is told of it, with what the disk took. The next one waits for it.
	Committed func(time.Duration)

	// Seams of tests.
	commit func(*bolt.DB, func(*bolt.Tx) error) error
	random func() float64
	now    func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Max <= 0 {
		o.Max = 100_000
	}
	if o.Lanes <= 0 {
		o.Lanes = 32
	}
	if o.AttemptTimeout <= 0 {
		o.AttemptTimeout = 5 * time.Second
	}
	if o.InitialBackoff <= 0 {
		o.InitialBackoff = 50 * time.Millisecond
	}
	if o.MaxBackoff <= 0 {
		o.MaxBackoff = max(10*time.Second, o.InitialBackoff)
	}
	if o.Delivered == nil {
		o.Delivered = func(Message) {}
	}
	if o.Failed == nil {
		o.Failed = func(Message, error) {}
	}
	if o.Dead == nil {
		o.Dead = func(Letter) {}
	}
	if o.Dropped == nil {
		o.Dropped = func(Message) {}
	}
	if o.Committed == nil {
		o.Committed = func(time.Duration) {}
	}
	if o.commit == nil {
		o.commit = (*bolt.DB).Update
	}
	if o.random == nil {
		o.random = rand.Float64
	}
	if o.now == nil {
		o.now = time.Now
	}
	return o
}

// backoff is the jittered wait after the nth failure in a row, n from 1.
func (o *Options) backoff(n int) time.Duration {
	bound := o.InitialBackoff
	for range min(n-1, 40) {
		if bound *= 2; bound >= o.MaxBackoff {
			bound = o.MaxBackoff
			break
		}
	}
	return time.Duration(o.random() * float64(bound))
}
