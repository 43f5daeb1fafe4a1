package server

import (
	"context"
	"slices"
	"sync"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// readOurs sorts the settlement lines of the window in, from the journals of all shards as they are at one moment.
func (r *reconciling) readOurs(ctx context.Context) error {
	r.read = r.now()
	last, err := r.moment(ctx)
	if err != nil {
		return err
	}
	for shard := range r.writers {
		if err := r.readShard(ctx, shard, last[shard]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reconciling) readShard(ctx context.Context, shard int, last uint64) error {
	j := r.writers[shard].Journal()
	first, err := sequenceAt(ctx, j, last, r.window.from)
	if err != nil || first > last {
		return err
	}
	var d record.Decoder
	var lines []ledger.SettlementLine
	for e, err := range j.Replay(ctx, first) {
		switch {
		case err != nil:
			return err
		case e.Sequence > last || calendar.Instant(e.Time) >= r.window.until:
			return nil
		}
		d.Reset()
		var entry ledger.Entry
		if err := decode(d.Decode, e.Payload, &e, &entry); err != nil {
			return err
		}
		lines = ledger.LinesOf(lines[:0], &entry)
		for i := range lines {
			if err := r.ourLine(&lines[i]); err != nil {
				return err
			}
		}
		if r.entries++; r.entries%4_096 == 0 {
			if err := r.progress(false); err != nil {
				return err
			}
		}
	}
	return nil
}

// ourLine sorts in a line that is of the carrier and of the days looked at.
func (r *reconciling) ourLine(l *ledger.SettlementLine) error {
	kind := lineKinds[l.Kind]
	if kind == 0 || l.Carrier != r.row.Carrier || l.Currency != r.row.Currency || !r.window.has(l.Date, l.Time) {
		return nil
	}
	if len(r.callers) < mostCallers && !slices.Contains(r.callers, l.Caller) {
		r.callers = append(r.callers, ledger.Caller([]byte(l.Caller)))
	}
	i := reconcile.Item{
		Order: string(l.Order), Reference: l.Reference, Kind: kind, Status: reconcile.Delivered, Date: l.Date, Time: l.Time,
		Amount: l.Amount, Fee: l.Fee, Account: uint64(l.Account), N: l.Authorization, State: uint8(ledger.Captured),
	}
	if kind != reconcile.Sale {
		i.Amount, i.Fee = -i.Amount, -i.Fee
	}
	if i.Amount == 0 && !r.row.Fees {
		return nil // a fee that is given back by itself
	}
	return r.sortIn(r.ours, i.Order, &i)
}

// lineKinds are those lines that a carrier has records of.
var lineKinds = map[ledger.LineKind]reconcile.Kind{
	ledger.LineCaptured: reconcile.Sale, ledger.LineRefunded: reconcile.Refund, ledger.LineReversed: reconcile.Reversal,
}

const (
	// lookedUpAtOnce is how many orders are gathered before they are looked up, by lookers at a time.
	lookedUpAtOnce = 512
	lookers        = 16
)

// lookUp finds the orders of what nothing matched, and makes of each a break, or finds that it agrees.
func (r *reconciling) lookUp(ctx context.Context) error {
	here, failures := make([]reconcile.Here, len(r.unknown)), make([]error, lookers)
	var group sync.WaitGroup
	for n := range lookers {
		group.Go(func() {
			for i := n; i < len(r.unknown) && failures[n] == nil; i += lookers {
				here[i], failures[n] = r.orderOf(ctx, &r.unknown[i])
			}
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	sink := &byReference{r, ctx}
	for i := range r.unknown {
		if err := r.m.Judge(&r.unknown[i], &here[i], sink); err != nil {
			return err
		}
	}
	r.unknown = r.unknown[:0]
	return r.progress(false)
}

// orderOf is what is known of an item's order, whoever of those who speak for the carrier made it.
func (r *reconciling) orderOf(ctx context.Context, i *reconcile.Item) (here reconcile.Here, err error) {
	if i.Order == "" {
		return here, nil
	}
	for _, caller := range r.callers {
		out, err := r.findOrder(ctx, &ledger.LookupOrder{Caller: caller, Order: ledger.OrderID(i.Order)})
		if err != nil {
			return here, err
		}
		if out == nil || !out.Tombstone && (out.Authorization.Carrier != r.row.Carrier || out.Currency != r.row.Currency) {
			continue
		}
		return r.hereOf(i, out), nil
	}
	return here, nil
}

// findOrder looks for an order in its home, and where that says that its account is; nil when it is nowhere.
func (r *reconciling) findOrder(ctx context.Context, q *ledger.LookupOrder) (*ledger.Outcome, error) {
	shard := r.home(q.Caller, q.Order)
	for range 2 {
		out, _, err := r.writers[shard].Peek(ctx, q)
		switch {
		case err != nil:
			return nil, submitStatus(err)
		case out.Fault == nil:
			return out, nil
		case out.ID.Account == 0 || int(out.ID.Account.Shard()) >= len(r.writers) || int(out.ID.Account.Shard()) == shard:
			return nil, nil
		}
		shard = int(out.ID.Account.Shard())
	}
	return nil, nil
}

// hereOf is what is known of an order that was found.
func (r *reconciling) hereOf(t *reconcile.Item, out *ledger.Outcome) reconcile.Here {
	a := &out.Authorization
	left := reconcile.Item{Order: t.Order, Kind: t.Kind, Status: reconcile.Failed, Date: r.row.Date, State: uint8(ledger.Reversed)}
	if out.Tombstone {
		return reconcile.Here{Known: true, Left: left}
	}
	left.Reference, left.Time, left.Date = string(a.Reference), a.Created, r.window.dayAt(a.Created)
	left.Account, left.N, left.State = uint64(out.ID.Account), a.N, uint8(a.State)
	here := reconcile.Here{Known: true, Captured: a.Captured, Refunded: a.Refunded, Left: left}
	add := func(kind reconcile.Kind, amount money.Amount, day calendar.Date, at calendar.Instant) {
		if r.window.has(day, at) {
			return // it was among ours
		}
		i := left
		i.Kind, i.Status, i.Amount, i.Date, i.Time, i.NoFee = kind, reconcile.Delivered, amount, day, at, true
		here.Unseen = append(here.Unseen, i)
	}
	for n, c := range a.Captures {
		day := r.window.dayAt(c.Time)
		if a.Advised {
			day = r.window.dayAt(a.SaleTime)
		}
		if n == 0 {
			here.Sold = day
		}
		add(reconcile.Sale, c.Amount, day, c.Time)
	}
	for _, c := range a.Refunds {
		add(reconcile.Refund, c.Amount, r.window.dayAt(c.Time), c.Time)
	}
	return here
}
