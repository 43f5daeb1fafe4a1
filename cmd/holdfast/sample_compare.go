package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// sampleSums are orders and what they come to.
type sampleSums struct {
	orders int
	amount int64
}

func (s *sampleSums) add(amount int64) {
	s.orders++
	s.amount += amount
}

// coreOrder is what the core's book has of an order.
type coreOrder struct {
	held, kept int64 // kept is what was captured and not given back
	captures   int   // facts that captured something, of the journal
	advised    bool
}

// compare prints what happened, and compares the books: each order by itself, the facts of the journal, and the postings.
func (s *sampleGateway) compare(ctx context.Context) (agree bool, err error) {
	var book carrierBook
	if code, err := s.far.call(ctx, http.MethodGet, "/orders", nil, &book); err != nil || code != http.StatusOK {
		return false, fmt.Errorf("the carrier's book: %d, %w", code, err)
	}
	carrier := map[string]*carrierOrder{}
	for _, o := range book.Orders {
		carrier[o.Order] = o
	}
	core, payable, err := s.facts(ctx)
	if err != nil {
		return false, err
	}
	var kept, theirs, back, advised sampleSums
	var faults []string
	for n := range s.Orders {
		id := s.orderID(n + 1)
		var delivered int64
		if o := carrier[id]; o != nil && o.State == carrierDelivered {
			delivered = o.Amount
			kept.add(delivered)
		} else if o != nil && o.State == carrierTakenBack {
			back.add(o.Amount)
		}
		have := core[id]
		if err := s.lookUp(ctx, id, &have); err != nil {
			return false, err
		}
		if have.kept != 0 {
			theirs.add(have.kept)
		}
		if have.advised {
			advised.add(have.kept)
		}
		if have.kept != delivered || have.held != 0 || have.captures > 1 {
			faults = append(faults, fmt.Sprintf("order %s: the carrier delivered %s; the core has %s captured, in %d facts, and %s held",
				id, yuan(delivered), yuan(have.kept), have.captures, yuan(have.held)))
		}
	}
	dead, err := s.kit.Outbox().Dead()
	if err != nil {
		return false, err
	}
	if payable != kept.amount {
		faults = append(faults, fmt.Sprintf("the core's postings owe the carrier %s; it delivered %s", yuan(payable), yuan(kept.amount)))
	}
	if len(dead) > 0 {
		faults = append(faults, fmt.Sprintf("%d dead letters", len(dead)))
	}
	s.account(back, advised)
	s.printf("\n  %-38s %8s %14s\n", "the books, order by order", "orders", "CNY")
	for _, l := range []struct {
		name string
		sums sampleSums
	}{{"the carrier delivered, and kept", kept}, {"the core captured, and kept", theirs}} {
		s.printf("  %-38s %8d %14s\n", l.name, l.sums.orders, yuan(l.sums.amount))
	}
	s.printf("  %-38s %8s %14s\n\n", "the core's postings owe the carrier", "", yuan(payable))
	if len(faults) > 0 {
		s.printf("%s\n", strings.Join(faults, "\n"))
		return false, nil
	}
	s.printf("The books agree: %d orders, each of them once or not at all.\n", s.Orders)
	return true, nil
}

// facts reads the journal: how often something of each order was captured, and what the postings owe the carrier.
func (s *sampleGateway) facts(ctx context.Context) (orders map[string]coreOrder, payable int64, err error) {
	orders = map[string]coreOrder{}
	for e, err := range s.core.WatchEvents(ctx, &holdfastv1.WatchEventsRequest{CarrierId: s.carrierID(), UntilNow: true}) {
		if err != nil {
			return nil, 0, err
		}
		o := orders[e.GetOrderId()]
		if e.GetType() == holdfastv1.EventType_EVENT_TYPE_CAPTURED || e.GetType() == holdfastv1.EventType_EVENT_TYPE_ADVISED {
			o.captures++
		}
		orders[e.GetOrderId()] = o
		for _, p := range e.GetPostings() {
			if p.GetBook() == "payable/"+s.carrierID() {
				payable -= p.GetAmount() // a credit is what is owed
			}
		}
	}
	return orders, payable, nil
}

// lookUp asks the core for an order as the carrier would.
func (s *sampleGateway) lookUp(ctx context.Context, id string, have *coreOrder) error {
	found, err := s.core.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: id})
	if client.ReasonOf(err) == "ORDER_NOT_FOUND" {
		return nil
	}
	if err != nil {
		return err
	}
	a := found.GetAuthorization()
	have.held, have.kept, have.advised = a.GetHeldAmount(), a.GetCapturedAmount()-a.GetRefundedAmount(), a.GetAdvised()
	return nil
}

// declinedLine is followed by the reasons.
const declinedLine = "declined by the core"

// account prints what happened in this run.
func (s *sampleGateway) account(back, advised sampleSums) {
	k, c := s.kit.Stats(), &s.counts
	s.printf("\n")
	for _, l := range []struct {
		what  string
		count int64
	}{
		{"approved by the core", c.approved.Load()},
		{"approved in stand-in", c.stoodIn.Load()},
		{declinedLine, c.declined.Load()},
		{"not sold: the core was not reached", c.unreachable.Load()},
		{"not sold: refused", c.failed.Load()},
		{"begun in a run before", c.before.Load()},
		{"", -1},
		{"the carrier's answer was lost", c.unanswered.Load()},
		{"the carrier had refused it for ever", c.refused.Load()},
		{"news that was said twice", c.repeated.Load()},
		{"news that was old", c.stale.Load()},
		{"taken back after delivery", int64(back.orders)},
		{"the kit asked what became of it", int64(k.Recovered)},
		{"", -1},
		{"messages that the core answered", int64(k.Outbox.Delivered)},
		{"attempts that found no core", int64(k.Outbox.Failures)},
		{"sales that the core has as advised", int64(advised.orders)},
	} {
		if l.count < 0 {
			s.printf("\n")
			continue
		}
		s.printf("  %-38s %8d", l.what, l.count)
		if l.what == declinedLine && l.count > 0 {
			s.printf("   %s", c.why())
		}
		s.printf("\n")
	}
}
