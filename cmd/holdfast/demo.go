package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/server"
)

// DemoCmd tells a story.
type DemoCmd struct{}

// Help teaches.
func (DemoCmd) Help() string {
	return `Starts a server in this process, on a virtual clock and a directory that is removed afterwards, and plays one
consumer's week on credit against it through the SDK: what was asked, what was answered, and what the line had left.

  holdfast demo`
}

// Run tells the story.
func (DemoCmd) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "holdfast-demo-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	begin := time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC) // nine in the morning in Shanghai
	s, err := server.New(ctx, server.Config{
		Data: dir, Listen: "127.0.0.1:0", Clock: server.VirtualClock(begin), Version: version(),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		return err
	}
	go func() { _ = s.Serve() }() // its end is Shutdown's to report
	c, err := client.Dial(s.Addr(), client.WithInsecure(), client.WithCaller("storefront"))
	if err != nil {
		return errors.Join(err, s.Shutdown())
	}
	d := &story{ctx: ctx, client: c, out: os.Stdout, now: begin}
	d.tell()
	return errors.Join(d.err, c.Close(), s.Shutdown())
}

// story is the telling; after the first error it falls silent.
type story struct {
	ctx     context.Context
	client  *client.Client
	out     io.Writer
	now     time.Time
	account string
	orders  int
	err     error
}

func (d *story) printf(format string, args ...any) {
	if d.err == nil {
		_, d.err = fmt.Fprintf(d.out, format, args...)
	}
}

// chapter begins a chapter.
func (d *story) chapter(title, text string) {
	zone := time.FixedZone("", 8*3600)
	d.printf("\n%s  %s\n", d.now.In(zone).Format("Mon 2 Jan 15:04"), title)
	for line := range strings.Lines(text) {
		d.printf("                 %s", line)
	}
	d.printf("\n")
}

// yuan is an amount of fen for people.
func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// left is what the line has left.
func left(h *holdfastv1.Headroom) string {
	return fmt.Sprintf("limit %s  held %s  posted %s  available %s", yuan(h.GetLimit()), yuan(h.GetHeld()), yuan(h.GetPosted()), yuan(h.GetAvailable()))
}

func (d *story) line(call, answer string, h *holdfastv1.Headroom) {
	d.printf("  %-34s %s\n", call, answer)
	if h != nil {
		d.printf("  %-34s %s\n", "", left(h))
	}
}

// said is what an error says, for the table.
func said(err error) string {
	return fmt.Sprintf("refused: %s", client.ReasonOf(err))
}

func (d *story) tell() {
	d.printf("One consumer, one line of 200.00 for top-ups. Amounts in yuan.\n")
	d.open()
	first := d.topUp()
	d.retry(first)
	d.decline()
	d.timeout()
	d.expire()
	d.reverse()
	d.freeze()
	d.close()
}

func (d *story) open() {
	d.chapter("An account is opened", "with a line for top-ups, whose agreement the consumer has accepted.\n")
	resp, err := d.client.OpenAccount(d.ctx, &holdfastv1.OpenAccountRequest{
		ConsumerToken: "consumer-1", Currency: "CNY", Limit: 50000,
		Lines: []*holdfastv1.LineOpening{{
			Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 20000, AgreementVersion: "2026-01", AcceptedAgreementVersion: "2026-01",
			Controls: &holdfastv1.SpendingControls{PerOrderAmount: 10000},
		}},
	})
	if err != nil {
		d.err = err
		return
	}
	d.account = resp.GetAccount().GetAccountId()
	d.line("OpenAccount", d.account, nil)
}

// order is a top-up of an amount.
func (d *story) order(amount int64) *holdfastv1.AuthorizeRequest {
	d.orders++
	return &holdfastv1.AuthorizeRequest{
		AccountId: d.account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: fmt.Sprintf("order-%d", d.orders), CarrierId: "cmcc",
		PhoneToken: "phone-1", Currency: "CNY", Amount: amount,
	}
}

func (d *story) authorize(r *holdfastv1.AuthorizeRequest) *holdfastv1.AuthorizeResponse {
	if d.err != nil {
		return nil
	}
	resp, err := d.client.Authorize(d.ctx, r)
	call := fmt.Sprintf("Authorize %s %s", r.GetOrderId(), yuan(r.GetAmount()))
	if err != nil {
		d.line(call, said(err), nil)
		return nil
	}
	answer := strings.TrimPrefix(resp.GetDecision().String(), "DECISION_")
	for _, reason := range resp.GetReasons() {
		answer += " " + strings.TrimPrefix(reason.String(), "DECLINE_REASON_")
	}
	if a := resp.GetAuthorization(); a.GetAuthorizedAmount() > 0 && a.GetAuthorizedAmount() < a.GetRequestedAmount() {
		answer += " for " + yuan(a.GetAuthorizedAmount())
	}
	if resp.GetReplayed() {
		answer += " (replayed)"
	}
	d.line(call, answer, resp.GetHeadroom())
	return resp
}

func (d *story) capture(id string) {
	if d.err != nil {
		return
	}
	resp, err := d.client.Capture(d.ctx, &holdfastv1.CaptureRequest{AuthorizationId: id, Currency: "CNY", Final: true})
	if err != nil {
		d.line("Capture", said(err), nil)
		return
	}
	answer := "posted " + yuan(resp.GetAuthorization().GetCapturedAmount())
	if resp.GetLate() {
		answer += ", late"
	}
	d.line("Capture", answer, resp.GetHeadroom())
}

func (d *story) topUp() *holdfastv1.AuthorizeRequest {
	d.chapter("A top-up of 50.00", "The amount is held; when the carrier has delivered it is captured and becomes a debt.\n")
	r := d.order(5000)
	if resp := d.authorize(r); resp != nil {
		d.capture(resp.GetAuthorization().GetAuthorizationId())
	}
	return r
}

func (d *story) retry(r *holdfastv1.AuthorizeRequest) {
	d.chapter("The storefront sends the same request again", "Same request id, same body: the first answer, and no second hold.\n")
	d.authorize(r)
	d.printf("\n                 The same request id with another amount is a mistake, and is named as one.\n\n")
	if d.err == nil {
		_, err := d.client.Authorize(d.ctx, &holdfastv1.AuthorizeRequest{
			RequestId: r.GetRequestId(), AccountId: r.GetAccountId(), Scene: r.GetScene(), OrderId: r.GetOrderId(), CarrierId: r.GetCarrierId(),
			PhoneToken: r.GetPhoneToken(), Currency: r.GetCurrency(), Amount: 7000,
		})
		d.line("Authorize order-1 70.00", said(err), nil)
	}
}

func (d *story) decline() {
	d.chapter("Too much", "A decline is an answer with its reasons, the first being the one to act on.\n")
	d.authorize(d.order(15500))
	d.printf("\n                 An order that a part will do for gets what the line allows.\n\n")
	r := d.order(18000)
	r.AcceptPartial, r.MinimumAmount = true, 3000
	if resp := d.authorize(r); resp != nil {
		d.void(resp.GetAuthorization().GetAuthorizationId())
	}
}

func (d *story) void(id string) {
	if d.err != nil {
		return
	}
	resp, err := d.client.Void(d.ctx, &holdfastv1.VoidRequest{AuthorizationId: id})
	if err != nil {
		d.line("Void", said(err), nil)
		return
	}
	d.line("Void", "released", resp.GetHeadroom())
}

func (d *story) timeout() {
	d.chapter("A timeout", "The answer was lost on the way. LookupOrder tells what became of the order.\n")
	r := d.order(3000)
	d.authorize(r)
	if d.err != nil {
		return
	}
	found, err := d.client.LookupOrder(d.ctx, &holdfastv1.LookupOrderRequest{OrderId: r.GetOrderId()})
	if err != nil {
		d.err = err
		return
	}
	a := found.GetAuthorization()
	d.line("LookupOrder "+r.GetOrderId(), strings.TrimPrefix(a.GetState().String(), "AUTHORIZATION_STATE_")+" "+yuan(a.GetHeldAmount()), nil)
}

func (d *story) expire() {
	if d.err != nil {
		return
	}
	_, d.err = d.client.Admin().AdvanceClock(d.ctx, &holdfastv1.AdvanceClockRequest{
		To: &holdfastv1.AdvanceClockRequest_Duration{Duration: durationpb.New(2 * time.Hour)},
	})
	d.now = d.now.Add(2 * time.Hour)
	d.chapter("Nobody captured it", "The hold has expired by itself and its amount is free again. The carrier had delivered after all and\nsays so two hours late: accepted, and flagged.\n")
	if d.err != nil {
		return
	}
	found, err := d.client.LookupOrder(d.ctx, &holdfastv1.LookupOrderRequest{OrderId: fmt.Sprintf("order-%d", d.orders)})
	if err != nil {
		d.err = err
		return
	}
	a := found.GetAuthorization()
	d.line("LookupOrder "+a.GetOrderId(), strings.TrimPrefix(a.GetState().String(), "AUTHORIZATION_STATE_"), nil)
	d.capture(a.GetAuthorizationId())
}

func (d *story) reverse() {
	d.chapter("A reversal overtakes its order", "The carrier takes back an order that has not arrived. When it arrives it is refused.\n")
	r := d.order(2000)
	if d.err == nil {
		resp, err := d.client.Reverse(d.ctx, &holdfastv1.ReverseRequest{AccountId: d.account, OrderId: r.GetOrderId()})
		if err != nil {
			d.err = err
			return
		}
		d.line("Reverse "+r.GetOrderId(), fmt.Sprintf("tombstone: %v", resp.GetTombstone()), nil)
	}
	d.authorize(r)
}

func (d *story) freeze() {
	d.chapter("The account is frozen", "Nothing new is approved; what was approved can still be captured.\n")
	held := d.authorize(d.order(1000))
	if d.err != nil || held == nil {
		return
	}
	if _, d.err = d.client.FreezeAccount(d.ctx, &holdfastv1.FreezeAccountRequest{AccountId: d.account, Reason: "phone reported stolen"}); d.err != nil {
		return
	}
	d.line("FreezeAccount", "frozen", nil)
	d.authorize(d.order(1000))
	d.capture(held.GetAuthorization().GetAuthorizationId())
}

// close reads the story back from the journal.
func (d *story) close() {
	d.chapter("What the journal says", "Every fact, in order, with postings that sum to zero.\n")
	if d.err != nil {
		return
	}
	for e, err := range d.client.WatchEvents(d.ctx, &holdfastv1.WatchEventsRequest{UntilNow: true}) {
		if err != nil {
			d.err = err
			return
		}
		what := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(e.GetType().String(), "EVENT_TYPE_"), "_", " "))
		d.printf("  %3d  %-18s %-9s %8s", e.GetSequence(), what, e.GetOrderId(), yuan(e.GetAmount()))
		for _, p := range e.GetPostings() {
			if p.GetAmount() > 0 {
				d.printf("  %s +%s", strings.Replace(p.GetBook(), d.account+"/", "", 1), yuan(p.GetAmount()))
			} else {
				d.printf("  %s -%s", strings.Replace(p.GetBook(), d.account+"/", "", 1), yuan(-p.GetAmount()))
			}
		}
		d.printf("\n")
	}
}
