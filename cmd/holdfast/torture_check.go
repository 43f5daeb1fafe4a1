package main

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// check holds the server that started anew to what was acknowledged before it went.
func (t *torture) check(ctx context.Context, l *load, r *tortureRound) error {
	for _, s := range t.pool {
		s.account.sales[s] = struct{}{}
	}
	for _, s := range l.sales {
		s.account.sales[s] = struct{}{}
	}
	if err := t.checkDoubts(ctx, l, r); err != nil {
		return err
	}
	if err := t.checkSales(ctx, l, r); err != nil {
		return err
	}
	if err := t.checkReplays(ctx, l, r); err != nil {
		return err
	}
	if err := t.checkAccounts(ctx, t.accounts, false); err != nil {
		return err
	}
	t.forget(l)
	return t.checkBook(ctx, r)
}

// checkDoubts sends what was in doubt again: it must be answered, whether it had been carried out or not, and answered
// the same from then on.
func (t *torture) checkDoubts(ctx context.Context, l *load, r *tortureRound) error {
	var doubts []*call
	for _, s := range l.sales {
		if s.doubt != nil {
			doubts = append(doubts, s.doubt)
			s.doubt = nil
		}
	}
	r.doubts = len(doubts)
	done := make([]bool, len(doubts))
	err := eachOf(ctx, doubts, func(i int) error {
		c, sdk := doubts[i], t.sdks[i%len(t.sdks)]
		resp, err := c.settle(ctx, sdk)
		if refusal(err) {
			// The order exists, or was reversed: nothing was to happen, and what is there is checked with the sales.
			if (&worker{}).refusable(c) == "" {
				t.fault("%v: in doubt, and then refused: %v", c, err)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("%v: %w", c, err)
		}
		done[i] = replayed(resp)
		if err := c.absorb(resp); err != nil {
			t.fault("%v: in doubt, and then %v", c, err)
		}
		return t.checkReplay(ctx, c, i+1)
	})
	for i, c := range doubts {
		if c.resp != nil {
			l.calls = append(l.calls, c)
		}
		if done[i] {
			r.done++
		}
	}
	return err
}

// checkReplay sends an acknowledged request again, over one of the connections.
func (t *torture) checkReplay(ctx context.Context, c *call, connection int) error {
	resp, err := c.settle(ctx, t.sdks[connection%len(t.sdks)])
	switch {
	case refusal(err):
		t.fault("%v: acknowledged, and then refused: %v", c, err)
	case err != nil:
		return fmt.Errorf("%v: %w", c, err)
	case !replayed(resp):
		t.fault("%v: acknowledged, and then carried out again:\n    %v\n    %v", c, c.resp, resp)
	case !sameAnswer(firstAnswer(resp), c.resp):
		t.fault("%v: acknowledged, and then answered differently:\n    %v\n    %v", c, c.resp, resp)
	}
	return nil
}

// replaysMax is how many requests of a round are sent again.
const replaysMax = 1000

// checkReplays sends a sample of what was acknowledged again: of this round, and of all before.
func (t *torture) checkReplays(ctx context.Context, l *load, r *tortureRound) error {
	t.random.Shuffle(len(l.calls), func(i, j int) { l.calls[i], l.calls[j] = l.calls[j], l.calls[i] })
	sample := l.calls[:min(len(l.calls), replaysMax):min(len(l.calls), replaysMax)]
	if n := len(t.earlier); n > 0 {
		for range min(n, replaysMax/4) {
			sample = append(sample, t.earlier[t.random.IntN(n)])
		}
	}
	r.replayed = len(sample)
	return eachOf(ctx, sample, func(i int) error { return t.checkReplay(ctx, sample[i], i) })
}

// checkSales fetches every authorization that the round touched: it must be as it was last acknowledged.
func (t *torture) checkSales(ctx context.Context, l *load, r *tortureRound) error {
	r.fetched = len(l.sales)
	return eachOf(ctx, l.sales, func(i int) error {
		s, sdk := l.sales[i], t.sdks[i%len(t.sdks)]
		if s.auth == nil {
			return t.checkAbsent(ctx, s, i)
		}
		resp, err := sdk.GetAuthorization(ctx, &holdfastv1.GetAuthorizationRequest{AuthorizationId: s.auth.GetAuthorizationId()})
		if refusal(err) {
			t.fault("order %s: acknowledged as %s, and gone: %v", s.order, s.auth.GetAuthorizationId(), err)
			return nil
		}
		if err != nil {
			return err
		}
		if got := resp.GetAuthorization(); !proto.Equal(got, s.auth) {
			t.fault("order %s: not as acknowledged:\n    %v\n    %v", s.order, s.auth, got)
		}
		return nil
	})
}

// checkAbsent looks for an order that has no authorization: there must be nothing of it, or its tombstone.
func (t *torture) checkAbsent(ctx context.Context, s *sale, connection int) error {
	resp, err := t.sdks[connection%len(t.sdks)].LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: s.order})
	switch {
	case refusal(err):
		if s.tombstone {
			t.fault("order %s: reversed before it arrived, and the tombstone is gone: %v", s.order, err)
		}
		return nil
	case err != nil:
		return err
	case resp.GetAuthorization() != nil || resp.GetTombstone() != s.tombstone:
		t.fault("order %s: should have nothing but tombstone %v: %v", s.order, s.tombstone, resp)
	}
	return nil
}

// checkAccounts compares what is held and posted on accounts and their lines with the sums of their sales, and, if
// asked, counts their authorizations.
func (t *torture) checkAccounts(ctx context.Context, accounts []*tortured, count bool) error {
	return eachOf(ctx, accounts, func(i int) error {
		a, sdk := accounts[i], t.sdks[i%len(t.sdks)]
		resp, err := sdk.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: a.id})
		if err != nil {
			return err
		}
		want := a.expected()
		var held, posted int64
		for _, line := range resp.GetAccount().GetLines() {
			w := want[line.GetScene()-1]
			if line.GetHeld() != w.held || line.GetPosted() != w.captured {
				t.fault("account %s, %v: held %d and posted %d, the sales sum to %d and %d",
					a.id, line.GetScene(), line.GetHeld(), line.GetPosted(), w.held, w.captured)
			}
			held += w.held
			posted += w.captured
		}
		if got := resp.GetAccount(); got.GetHeld() != held || got.GetPosted() != posted {
			t.fault("account %s: held %d and posted %d, the sales sum to %d and %d", a.id, got.GetHeld(), got.GetPosted(), held, posted)
		}
		if count || i%16 == t.seen%16 {
			return t.checkList(ctx, a, i)
		}
		return nil
	})
}

// expected is what the lines must have: held, and captured net of refunds.
func (a *tortured) expected() [3]sums {
	want := a.lines
	for s := range a.sales {
		line := &want[s.scene-1]
		line.held += s.sums.held
		line.captured += s.sums.captured - s.sums.refunded
	}
	return want
}

// checkList counts an account's authorizations and sums them up: none may be there that nobody asked for.
func (t *torture) checkList(ctx context.Context, a *tortured, connection int) error {
	sdk := t.sdks[connection%len(t.sdks)]
	want := a.known
	for s := range a.sales {
		if s.auth != nil {
			want++
		}
	}
	got := 0
	var sum [3]sums
	seen := map[string]struct{}{}
	req := &holdfastv1.ListAuthorizationsRequest{AccountId: a.id, PageSize: 500}
	for {
		resp, err := sdk.ListAuthorizations(ctx, req)
		if err != nil {
			return err
		}
		for _, auth := range resp.GetAuthorizations() {
			got++
			seen[auth.GetAuthorizationId()] = struct{}{}
			line := &sum[auth.GetScene()-1]
			line.held += auth.GetHeldAmount()
			line.captured += auth.GetCapturedAmount() - auth.GetRefundedAmount()
		}
		if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if got != want || len(seen) != got {
		t.fault("account %s: lists %d authorizations, %d of them different; %d were made", a.id, got, len(seen), want)
	}
	if expected := a.expected(); sum != expected {
		t.fault("account %s: its authorizations sum to %+v, the sales to %+v", a.id, sum, expected)
	}
	return nil
}

// forget keeps of the round what later ones need: open sales to go on with, and a sample of what was acknowledged. All
// else becomes sums, so that memory does not grow with the rounds.
func (t *torture) forget(l *load) {
	t.pool = t.pool[:0]
	for _, a := range t.accounts {
		for s := range a.sales {
			if s.open() && len(t.pool) < poolMax {
				t.pool = append(t.pool, s)
				continue
			}
			delete(a.sales, s)
			line := &a.lines[s.scene-1]
			line.held += s.sums.held
			line.captured += s.sums.captured - s.sums.refunded
			if s.auth != nil {
				a.known++
			}
		}
	}
	for _, c := range l.calls {
		t.seen++
		if len(t.earlier) < earlierMax {
			t.earlier = append(t.earlier, c)
		} else if i := t.random.IntN(t.seen); i < earlierMax {
			t.earlier[i] = c
		}
	}
}

// checkBook has the server check its whole book.
func (t *torture) checkBook(ctx context.Context, r *tortureRound) error {
	verdict, err := auditBook(ctx, t.sdks[0])
	if err != nil {
		return err
	}
	for _, fault := range verdict.GetFaults() {
		t.fault("the server's check: %s", fault)
	}
	r.entries = verdict.GetEntries()
	return nil
}
