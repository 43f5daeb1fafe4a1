package main

import (
	"context"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// The calls of a driver that make accounts and orders.

// took notes how long a call took.
func (d *driver) took(call string, t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.played.latencies[call]
	if h == nil {
		h = hdrhistogram.New(1, latencyMax, 3)
		d.played.latencies[call] = h
	}
	_ = h.RecordValue(min(max(1, t.Microseconds()), latencyMax)) // within its bounds
}

// account opens the consumer's account if this is the first order, or finds it in a book that has it.
func (d *driver) account(ctx context.Context, o *order) (string, error) {
	c := d.consumers[o.consumer]
	if c.account != "" {
		return c.account, nil
	}
	req := &holdfastv1.OpenAccountRequest{
		ConsumerToken: o.consumer, Currency: d.Currency, Limit: d.accountLimit,
		CollectionChannel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_MANUAL, // there is no payment gateway
	}
	if d.terms != nil {
		req.TermsVersion = d.terms.Version
	}
	for _, scene := range []holdfastv1.Scene{
		holdfastv1.Scene_SCENE_TOPUP, holdfastv1.Scene_SCENE_BILL, holdfastv1.Scene_SCENE_BUNDLE,
	} {
		if limit, has := d.lineLimits[scene]; has {
			req.Lines = append(req.Lines, &holdfastv1.LineOpening{
				Scene: scene, Limit: limit,
				AgreementVersion: d.Account.Agreement, AcceptedAgreementVersion: d.Account.Agreement,
			})
		}
	}
	began := time.Now()
	resp, err := d.client.OpenAccount(ctx, req)
	if client.ReasonOf(err) == "CONSUMER_HAS_ACCOUNT" {
		found, err := d.client.GetAccount(ctx, &holdfastv1.GetAccountRequest{ConsumerToken: o.consumer})
		if err != nil {
			return "", err
		}
		c.account, c.day = found.GetAccount().GetAccountId(), calendar.StatementDay(found.GetAccount().GetStatementDay())
		return c.account, nil
	}
	if err != nil {
		return "", err
	}
	d.took("OpenAccount", time.Since(began))
	d.mu.Lock()
	d.played.accounts++
	d.mu.Unlock()
	c.account, c.day = resp.GetAccount().GetAccountId(), calendar.StatementDay(resp.GetAccount().GetStatementDay())
	return c.account, nil
}

// authorize asks for an order, and queues what becomes of it.
func (d *driver) authorize(ctx context.Context, e *event) error {
	o := e.order
	account, err := d.account(ctx, o)
	if err != nil {
		return err
	}
	req := &holdfastv1.AuthorizeRequest{
		AccountId: account, Scene: o.scene, OrderId: o.id, CarrierId: o.carrier, PhoneToken: o.phone,
		Currency: d.Currency, Amount: o.amount,
	}
	if d.HoldLifetime > 0 {
		req.HoldLifetime = durationpb.New(d.HoldLifetime)
	}
	began := time.Now()
	resp, err := d.client.Authorize(ctx, req)
	if err != nil {
		return err
	}
	d.took("Authorize", time.Since(began))
	d.mu.Lock()
	defer d.mu.Unlock()
	if resp.GetDecision() != holdfastv1.Decision_DECISION_APPROVED {
		reason := resp.GetReasons()[0]
		t := d.played.declined[reason]
		t.add(o.amount)
		d.played.declined[reason] = t
		if slices.Contains(resp.GetReasons(), holdfastv1.DeclineReason_DECLINE_REASON_ACCOUNT_DELINQUENT) {
			d.played.pastDue.add(o.amount)
		}
		return nil
	}
	a := resp.GetAuthorization()
	d.played.approved.add(a.GetAuthorizedAmount())
	settle := &event{
		// From the time of asking: cutting times must not make a hold wait for its outcome longer than the map says.
		at: e.at.Add(o.after), order: o, then: o.outcome, authorization: a.GetAuthorizationId(), expires: a.GetExpireTime().AsTime(),
	}
	if o.outcome == outcomeExpire {
		d.played.left = append(d.played.left, settle)
	} else {
		d.push(settle)
	}
	return nil
}

func (d *driver) capture(ctx context.Context, e *event) error {
	began := time.Now()
	resp, err := d.client.Capture(ctx, &holdfastv1.CaptureRequest{
		AuthorizationId: e.authorization, Currency: d.Currency, Amount: e.order.amount, Final: true,
	})
	if err != nil {
		return err
	}
	d.took("Capture", time.Since(began))
	d.mu.Lock()
	d.played.captured.add(resp.GetAuthorization().GetCapturedAmount())
	if resp.GetLate() {
		d.played.late++
	}
	d.mu.Unlock()
	return d.owe(ctx, e)
}

func (d *driver) void(ctx context.Context, e *event) error {
	began := time.Now()
	if _, err := d.client.Void(ctx, &holdfastv1.VoidRequest{AuthorizationId: e.authorization}); err != nil {
		return err
	}
	d.took("Void", time.Since(began))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.played.voided.add(e.order.amount)
	return nil
}
