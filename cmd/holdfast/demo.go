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

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/server"
)

// DemoCmd tells a story.
type DemoCmd struct {
	Story string `enum:"consumer,carrier" default:"consumer" help:"Which: a consumer's months, or a carrier's day (${default})."`
}

// Help teaches.
func (DemoCmd) Help() string {
	return `Starts a server in this process, on a virtual clock and a directory that is removed afterwards, and plays a story against it
through the SDK. At the end the journal tells it all again, with the postings of every fact.

The consumer's: three months on credit. Orders, holds, a timeout and a reversal; then the billing window closes into a
statement, nobody can collect it, penalty runs, and the consumer pays; then a purchase by installments and a refund.

The carrier's: a day, from the first top-up to a settlement that is closed at its cut-off, reconciled with the carrier's own
records, and confirmed.

  holdfast demo
  holdfast demo --story carrier`
}

// Run tells the story.
func (c DemoCmd) Run(ctx context.Context) error {
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
	core, err := client.Dial(s.Addr(), client.WithInsecure(), client.WithCaller("storefront"))
	if err != nil {
		return errors.Join(err, s.Shutdown())
	}
	d := &story{ctx: ctx, client: core, out: os.Stdout, now: begin}
	switch c.Story {
	case "carrier":
		d.tellCarrier()
	default:
		d.tell()
	}
	return errors.Join(d.err, core.Close(), s.Shutdown())
}

// story is the telling; after the first error it falls silent.
type story struct {
	ctx     context.Context
	client  *client.Client
	out     io.Writer
	now     time.Time
	account string
	phone   string    // the authorization of what is paid by installments
	stoodIn time.Time // when a sale was made that the core was not asked about
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
	d.printf("\n%-18s%s\n", d.now.In(demoZone).Format("Mon 2 Jan 15:04"), title)
	for line := range strings.Lines(text) {
		d.printf("%18s%s", "", line)
	}
	d.printf("\n")
}

// demoZone is the business zone of the story, where every month has the same offset.
var demoZone = time.FixedZone("", 8*3600)

// at lets time pass until an hour of a day of 2026.
func (d *story) at(month time.Month, day, hour int) {
	to := time.Date(2026, month, day, hour, 0, 0, 0, demoZone)
	if d.err == nil {
		_, d.err = d.client.Admin().AdvanceClock(d.ctx, &holdfastv1.AdvanceClockRequest{
			To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(to)},
		})
	}
	d.now = to
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
	d.printf("One consumer, with a line of 200.00 for top-ups and one of 1,500.00 for bundles, in 2026. Amounts in yuan.\n")
	d.open()
	d.retry(d.topUp())
	d.decline()
	d.timeout()
	d.expire()
	d.reverse()
	d.freeze()
	d.windowCloses()
	d.collectionFails()
	d.pastDue()
	d.repay()
	d.installments()
	d.refund()
	d.journal()
}

func (d *story) open() {
	d.chapter("An account is opened", "with lines whose agreement the consumer has accepted.\n")
	resp, err := d.client.OpenAccount(d.ctx, &holdfastv1.OpenAccountRequest{
		ConsumerToken: "consumer-1", Currency: "CNY", Limit: 170000,
		Lines: []*holdfastv1.LineOpening{
			{
				Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 20000, AgreementVersion: "2026-01", AcceptedAgreementVersion: "2026-01",
				Controls: &holdfastv1.SpendingControls{PerOrderAmount: 10000},
			},
			{Scene: holdfastv1.Scene_SCENE_BUNDLE, Limit: 150000, AgreementVersion: "2026-01", AcceptedAgreementVersion: "2026-01"},
		},
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
