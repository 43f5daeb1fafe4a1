package gateway

import (
	"context"
	"sync"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// StandIn is what may be sold while the core cannot be reached. Its zero value is nothing.
type StandIn struct {
	// Currency of the limits, an ISO 4217 code. Orders in another one are not sold.
	Currency string
	// FloorLimit is the most that one order may cost, minor units.
	FloorLimit int64
	// CarrierID is a carrier of the core's registry. If it is set, the floor limit is the one agreed there in the currency, read
	// each minute and remembered; FloorLimit holds only until it has been read for the first time.
	CarrierID string
	// Outstanding is the most that all sales may cost together of which the core does not know yet, minor units.
	Outstanding int64

	// After is how many orders in a row must have found no core before the next ones are not even asked about; 3. Until then
	// only an order that itself found no core is sold in stand-in.
	After int
	// ProbeEvery is how often it is tried whether the core is back; 500 ms.
	ProbeEvery time.Duration
}

// trust keeps what the gateway has sold on trust, and whether it may sell more.
type trust struct {
	*StandIn
	changed func(bool)

	mu       sync.Mutex
	owed     map[string]int64    // guarded by mu; by order, what the core does not know of
	sum      int64               // guarded by mu; of owed
	floor    int64               // guarded by mu
	agreed   bool                // guarded by mu; floor is of the registry
	declined map[string]struct{} // guarded by mu; accounts of which the core's last word was no
	misses   int                 // guarded by mu; in a row
	isAway   bool                // guarded by mu
	wake     chan struct{}       // has a token when there is something to probe
}

// declinedMax bounds the accounts that are remembered because they were declined. Beyond it all are forgotten.
const declinedMax = 100_000

func newTrust(o *Options) trust {
	return trust{
		StandIn: &o.StandIn, changed: o.Away, floor: o.StandIn.FloorLimit,
		owed: map[string]int64{}, declined: map[string]struct{}{}, wake: make(chan struct{}, 1),
	}
}

// lend sells an order in stand-in if that is within what was agreed, and counts it.
func (t *trust) lend(r *holdfastv1.AuthorizeRequest) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, no := t.declined[r.AccountId]; no || r.Currency != t.Currency || r.Amount <= 0 || r.Amount > t.floor || t.sum > t.Outstanding-r.Amount {
		return false
	}
	t.owed[r.OrderId] = r.Amount
	t.sum += r.Amount
	return true
}

// agree sets the floor limit to that of the registry, and tells whether that is news.
func (t *trust) agree(floor int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	news := !t.agreed || t.floor != floor
	t.floor, t.agreed = floor, true
	return news
}

// owe counts a sale that the core does not know of, whatever was agreed.
func (t *trust) owe(order string, amount int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum += amount - t.owed[order]
	t.owed[order] = amount
}

// settled says that the core knows of it.
func (t *trust) settled(order string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum -= t.owed[order]
	delete(t.owed, order)
}

// declines notes that the core declined an order of an account.
func (t *trust) declines(account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.declined) >= declinedMax {
		clear(t.declined)
	}
	t.declined[account] = struct{}{}
}

// approves notes that it approved one.
func (t *trust) approves(account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.declined, account)
}

// missed notes that an order found no core.
func (t *trust) missed() {
	t.mu.Lock()
	t.misses++
	leaves := !t.isAway && t.misses >= t.After
	t.isAway = t.isAway || leaves
	t.mu.Unlock()
	if leaves {
		t.changed(true)
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// reached notes that the core has answered somebody.
func (t *trust) reached() {
	t.mu.Lock()
	returns := t.isAway
	t.misses, t.isAway = 0, false
	t.mu.Unlock()
	if returns {
		t.changed(false)
	}
}

// away tells whether the core need not be asked.
func (t *trust) away() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.isAway
}

func (t *trust) figures() (away bool, outstanding int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.isAway, t.sum
}

// probeOrder is an order id that nobody has: to be told so the core must be there.
const probeOrder = "holdfast-gateway-probe"

// probe tries, while the gateway is in stand-in, whether the core is back.
func (g *Gateway) probe() {
	tick := time.NewTicker(g.opts.StandIn.ProbeEvery)
	defer tick.Stop()
	for {
		select {
		case <-g.running.Done():
			return
		case <-g.trust.wake:
		}
		for g.trust.away() {
			ctx, cancel := context.WithTimeout(g.running, g.opts.AskTimeout)
			_, err := g.core.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: probeOrder})
			cancel()
			if !unreached(err) {
				g.trust.reached()
				g.box.Wake()
				break
			}
			select {
			case <-g.running.Done():
				return
			case <-tick.C:
			}
		}
	}
}
