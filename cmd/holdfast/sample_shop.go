package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client/gateway"
)

const (
	sampleCurrency = "CNY"
	samplePeople   = 10
	sampleLimit    = 10_000_000
	sampleSmall    = 10_000 // limit of every fifth account
)

// sampleCounts are what became of the orders in this run.
type sampleCounts struct {
	approved, stoodIn, declined, unreachable, before, failed atomic.Int64
	unanswered, refused, repeated, stale                     atomic.Int64

	mu      sync.Mutex
	reasons map[string]int // guarded by mu; by the first reason
}

// decline counts a decline by its first reason, the one to act on.
func (c *sampleCounts) decline(reasons []holdfastv1.DeclineReason) {
	c.declined.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reasons == nil {
		c.reasons = map[string]int{}
	}
	if len(reasons) > 0 {
		c.reasons[strings.TrimPrefix(reasons[0].String(), "DECLINE_REASON_")]++
	}
}

// why is the reasons, as in "LINE_LIMIT 12, RISK_POLICY 3".
func (c *sampleCounts) why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(c.reasons)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, c.reasons[reason]))
	}
	return strings.Join(parts, ", ")
}

// carrierClient is the gateway's way to the carrier.
type carrierClient struct {
	base string
	http http.Client
}

func newCarrierClient(at string) *carrierClient {
	return &carrierClient{base: "http://" + at, http: http.Client{Timeout: 2 * time.Second}}
}

// call makes a request and decodes the answer, if there is to be one.
func (c *carrierClient) call(ctx context.Context, method, path string, body, into any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if into != nil && resp.StatusCode == http.StatusOK {
		err = json.NewDecoder(resp.Body).Decode(into)
	}
	return resp.StatusCode, err
}

// Delivery asks what became of an order; see gateway.Carrier.
func (c *carrierClient) Delivery(ctx context.Context, id string) (gateway.Delivery, error) {
	var o carrierOrder
	code, err := c.call(ctx, http.MethodPost, "/orders/"+url.PathEscape(id)+"/settle", nil, &o)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("the carrier answers %d", code)
	}
	if err != nil {
		return gateway.Pending, err
	}
	switch o.State {
	case carrierPending:
		return gateway.Pending, nil
	case carrierDelivered:
		return gateway.Delivered, nil
	default:
		return gateway.NotDelivered, nil
	}
}

// carrierID is the carrier's name on the core: one of its own for each seed, so that its postings are those of these orders.
func (s *sampleGateway) carrierID() string { return fmt.Sprintf("sample-%d", s.Seed) }

// order is the nth order, the same in each run.
func (s *sampleGateway) order(n int) *holdfastv1.AuthorizeRequest {
	random := rand.New(rand.NewPCG(s.Seed, uint64(n)))
	return &holdfastv1.AuthorizeRequest{
		AccountId: s.people[random.IntN(len(s.people))], Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: s.orderID(n),
		CarrierId: s.carrierID(), PhoneToken: "phone-" + fmt.Sprint(random.IntN(100)), Currency: sampleCurrency,
		Amount: []int64{1000, 2000, 3000, 5000, 10000}[random.IntN(5)],
	}
}

func (s *sampleGateway) orderID(n int) string { return fmt.Sprintf("s%d-%05d", s.Seed, n) }

// openAccounts opens the accounts of the run, or finds those of a run before in its directory: a gateway can begin without the core.
func (s *sampleGateway) openAccounts(ctx context.Context, dir string) error {
	name := filepath.Join(dir, "accounts.json")
	if text, err := os.ReadFile(name); err == nil {
		return json.Unmarshal(text, &s.people)
	}
	near, err := net.DialTimeout("tcp", s.Target, 2*time.Second)
	if err != nil {
		return fmt.Errorf("there is no core to open accounts at: %w", err)
	}
	_ = near.Close()
	for n := range samplePeople {
		limit := int64(sampleLimit)
		if n%5 == 4 {
			limit = sampleSmall
		}
		id, err := s.openAccount(ctx, fmt.Sprintf("sample-%d-%d", s.Seed, n), limit)
		if err != nil {
			return err
		}
		s.people = append(s.people, id)
	}
	text, err := json.Marshal(s.people)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(name+".new", text, 0o600), os.Rename(name+".new", name))
}

func (s *sampleGateway) openAccount(ctx context.Context, consumer string, limit int64) (string, error) {
	opened, err := s.core.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
		RequestId: consumer, ConsumerToken: consumer, Currency: sampleCurrency, Limit: limit,
		Lines: []*holdfastv1.LineOpening{{
			Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: limit, AgreementVersion: "1", AcceptedAgreementVersion: "1",
		}},
	})
	return opened.GetAccount().GetAccountId(), err
}

// sellAll sells at the rate, and is cut off meanwhile.
func (s *sampleGateway) sellAll(ctx context.Context, w *wire) error {
	var cutting sync.WaitGroup
	cutting.Go(func() { s.cutOff(ctx, w) })
	defer cutting.Wait()
	var selling sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(s.Rate))
	defer tick.Stop()
	for n := range s.Orders {
		if s.kit.Known(s.orderID(n + 1)) {
			s.counts.before.Add(1)
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		selling.Go(func() { s.sell(ctx, n+1) })
	}
	selling.Wait()
	cutting.Wait()
	s.tell("all %d orders are sold or refused; %d messages are to be delivered", s.Orders, s.kit.Stats().Outbox.Pending)
	return nil
}

// settle waits until all is said and done: the carrier has nothing more to do and to say, no order is in hand, since the kit has asked
// about those of which the carrier says nothing, and the core has been told.
func (s *sampleGateway) settle(ctx context.Context) error {
	for {
		if err := s.failed.Load(); err != nil {
			return *err
		}
		var book carrierBook
		_, err := s.far.call(ctx, http.MethodGet, "/orders", nil, &book)
		if err == nil && book.Open == 0 && s.heard.Load() >= int64(book.News) && s.kit.Stats().InHand == 0 {
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	s.tell("the carrier has nothing more to say, and no order is in hand")
	if err := s.kit.Outbox().Drain(ctx); err != nil {
		return err
	}
	s.tell("the core has been told everything")
	return nil
}

// sell sells an order and, if it is approved, has the carrier deliver it.
func (s *sampleGateway) sell(ctx context.Context, n int) {
	sale, err := s.kit.Sell(ctx, s.order(n))
	switch {
	case err != nil:
		s.counts.failed.Add(1)
		s.tell("order %s: %v", s.orderID(n), err)
	case sale.Unreachable:
		s.counts.unreachable.Add(1)
	case !sale.Approved:
		s.counts.decline(sale.Reasons)
	default:
		if sale.StandIn {
			s.counts.stoodIn.Add(1)
		} else {
			s.counts.approved.Add(1)
		}
		s.hand(ctx, s.orderID(n), sale.Amount)
	}
}

// hand gives the carrier an order. When its answer is lost nobody knows whether it has it; the kit asks after a while.
func (s *sampleGateway) hand(ctx context.Context, id string, amount int64) {
	code, err := s.far.call(ctx, http.MethodPost, "/orders", carrierOrder{Order: id, Amount: amount}, nil)
	switch {
	case err != nil || code >= http.StatusInternalServerError:
		s.counts.unanswered.Add(1)
	case code == http.StatusConflict:
		s.counts.refused.Add(1)
		s.note(id, s.kit.NotDelivered(id))
	}
}

// hear hears what the carrier says, from the beginning in each run: the kit does nothing twice.
func (s *sampleGateway) hear(ctx context.Context) {
	heard := map[string]bool{}
	for after := 0; ctx.Err() == nil; {
		var news []carrierNews
		if _, err := s.far.call(ctx, http.MethodGet, fmt.Sprint("/news?after=", after), nil, &news); err != nil {
			_ = pause(ctx, 100*time.Millisecond) // the carrier is away
			continue
		}
		for _, n := range news {
			if key := n.Order + string(n.State); heard[key] {
				s.counts.repeated.Add(1)
			} else {
				heard[key] = true
			}
			switch n.State {
			case carrierDelivered:
				s.note(n.Order, s.kit.Delivered(n.Order))
			case carrierTakenBack:
				s.note(n.Order, s.kit.Reverse("", n.Order))
			default:
				s.note(n.Order, s.kit.NotDelivered(n.Order))
			}
			after = n.Number
			s.heard.Store(int64(after))
		}
	}
}

// note looks at what the kit says to news. Those of an order that is over otherwise are old: the kit has asked since.
func (s *sampleGateway) note(id string, err error) {
	switch {
	case err == nil:
	case errors.Is(err, gateway.ErrOver):
		s.counts.stale.Add(1)
	default:
		s.tell("order %s: %v", id, err)
		s.failed.CompareAndSwap(nil, &err)
	}
}
