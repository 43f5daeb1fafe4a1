package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// SampleDayCmd makes a day at a carrier, and the carrier's file of it.
type SampleDayCmd struct {
	File   string `help:"Where the carrier's file is written (${default})." default:"day.csv" placeholder:"FILE"`
	Date   string `help:"The business day (${default})." default:"2026-01-20" placeholder:"YYYY-MM-DD"`
	Agree  int    `help:"How many sales agree besides (${default})." default:"200" placeholder:"N"`
	Clean  bool   `help:"Write a file without any break."`
	Target string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (SampleDayCmd) Help() string {
	return `Sells for the carrier "sample" on a server with a virtual clock, over some days, and writes the file that the carrier would send of
one of them: with each kind of break in it, so that there is something to reconcile.

  holdfast serve --data sample-book --virtual-clock 2026-01-01T00:00:00Z      in another terminal
  holdfast sample day
  holdfast reconcile --file day.csv --map carrier --carrier sample --date 2026-01-20`
}

// Validate refuses flags that make no sense.
func (c *SampleDayCmd) Validate() error {
	if c.Agree < 0 || c.Agree > 100_000 {
		return errors.New("--agree: want 0 to 100000")
	}
	return c.check(c.Target)
}

// Run makes the day.
func (c *SampleDayCmd) Run(ctx context.Context) error {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return err
	}
	day, err := time.ParseInLocation(time.DateOnly, c.Date, zone)
	if err != nil {
		return fmt.Errorf("--date: %w", err)
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	d := &sampleDay{Client: sdk, ctx: ctx, noon: day.Add(12 * time.Hour), zone: zone, name: c.Date}
	d.open()
	d.sell(c.Agree)
	if !c.Clean {
		d.damage()
	}
	d.on(1)
	if d.err != nil {
		return c.explain(d.err)
	}
	if err := d.write(c.File); err != nil {
		return err
	}
	fmt.Printf("%s: %d records of the carrier sample on %s\n", c.File, len(d.records), c.Date)
	return nil
}

// sampleDay is a day at a carrier. The first error ends it.
type sampleDay struct {
	*client.Client
	ctx     context.Context
	noon    time.Time // of the business day
	zone    *time.Location
	name    string
	account string
	records []sampleRecord // as the carrier has them
	err     error

	longAgo, before, refundedBefore *holdfastv1.Authorization // sold on days before
	voided                          *holdfastv1.Authorization
}

// sampleRecord is a row of the carrier's file, with amounts in minor units.
type sampleRecord struct {
	order, reference, kind, result string
	amount, fee                    int64
}

// open registers the carrier, and opens an account that buys of it.
func (d *sampleDay) open() {
	_, err := d.PutCarrier(d.ctx, &holdfastv1.PutCarrierRequest{CarrierId: "sample", Settings: &holdfastv1.CarrierSettings{
		Name:       "Sample Mobile",
		Settlement: &holdfastv1.CarrierSettlement{Cycle: holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, CutOff: "23:00", Zone: d.zone.String()},
		Fees:       []*holdfastv1.CarrierFee{{Currency: "CNY", BasisPoints: 100}},
	}})
	d.failed(err)
	opened, err := d.OpenAccount(d.ctx, &holdfastv1.OpenAccountRequest{
		ConsumerToken: "sample-day-" + d.name, Currency: "CNY", Limit: 1e9,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 1e9, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	d.failed(err)
	d.account = opened.GetAccount().GetAccountId()
}

func (d *sampleDay) failed(err error) {
	if d.err == nil {
		d.err = err
	}
}

// on moves the clock to noon, so many days after the business day.
func (d *sampleDay) on(days int) {
	if d.err == nil {
		_, err := d.Admin().AdvanceClock(d.ctx, &holdfastv1.AdvanceClockRequest{
			To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(d.noon.AddDate(0, 0, days))}})
		d.failed(err)
	}
}

// hold has an order held.
func (d *sampleDay) hold(name string, amount int64) *holdfastv1.Authorization {
	if d.err != nil {
		return nil
	}
	resp, err := d.Authorize(d.ctx, &holdfastv1.AuthorizeRequest{
		AccountId: d.account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: d.name + "-" + name, CarrierId: "sample", PhoneToken: "phone-1",
		Currency: "CNY", Amount: amount,
	})
	if err == nil && resp.GetDecision() != holdfastv1.Decision_DECISION_APPROVED {
		err = fmt.Errorf("order %s was declined: %v", name, resp.GetReasons())
	}
	d.failed(err)
	return resp.GetAuthorization()
}

// sold has an order held and captured.
func (d *sampleDay) sold(name string, amount int64) *holdfastv1.Authorization {
	a := d.hold(name, amount)
	if d.err != nil {
		return a
	}
	resp, err := d.Capture(d.ctx, &holdfastv1.CaptureRequest{
		AuthorizationId: a.GetAuthorizationId(), Currency: "CNY", CarrierReference: "SM" + a.GetOrderId()})
	d.failed(err)
	return resp.GetAuthorization()
}

// back refunds a part of an order.
func (d *sampleDay) back(a *holdfastv1.Authorization, amount int64) {
	if d.err == nil {
		_, err := d.Refund(d.ctx, &holdfastv1.RefundRequest{AuthorizationId: a.GetAuthorizationId(), Currency: "CNY", Amount: amount})
		d.failed(err)
	}
}

// record adds the carrier's record of an order, of all of it or of an amount.
func (d *sampleDay) record(a *holdfastv1.Authorization, kind string, amount int64) *sampleRecord {
	if amount == 0 {
		amount = a.GetCapturedAmount()
	}
	d.records = append(d.records, sampleRecord{a.GetOrderId(), a.GetCarrierReference(), kind, "0000", amount, amount / 100})
	return &d.records[len(d.records)-1]
}

// sell makes the orders: some on days before, and those of the day, which the carrier has as they are.
func (d *sampleDay) sell(agree int) {
	d.on(-11)
	d.longAgo = d.sold("long-ago", 70_00)
	d.on(-1)
	d.before, d.refundedBefore = d.sold("day-before", 40_00), d.sold("refunded-before", 90_00)
	d.back(d.refundedBefore, 30_00)
	d.on(0)
	for i := range agree {
		d.record(d.sold(fmt.Sprintf("sale-%03d", i+1), int64(10+i%9*10)*100), "RECHARGE", 0)
	}
	refunded := d.sold("refunded", 50_00)
	d.back(refunded, 20_00)
	d.record(refunded, "RECHARGE", 0)
	d.record(refunded, "REFUND", 20_00)
	d.record(d.sold("by-reference", 60_00), "RECHARGE", 0).order = ""
	if d.voided = d.hold("voided", 80_00); d.err == nil {
		_, err := d.Void(d.ctx, &holdfastv1.VoidRequest{AuthorizationId: d.voided.GetAuthorizationId()})
		d.failed(err)
	}
	d.records = append(d.records, sampleRecord{d.voided.GetOrderId(), "", "RECHARGE", "FAIL", 80_00, 0})
}

// damage has each kind of break in the carrier's file.
func (d *sampleDay) damage() {
	d.sold("missing-there", 20_00)
	d.record(d.sold("amount", 30_00), "RECHARGE", 25_00)
	d.record(d.sold("failed", 35_00), "RECHARGE", 0).result = "FAIL"
	twice := d.sold("twice", 45_00)
	d.record(twice, "RECHARGE", 0)
	d.record(twice, "RECHARGE", 0)
	d.record(d.sold("fee", 55_00), "RECHARGE", 0).fee++
	d.records = append(d.records, sampleRecord{d.name + "-nowhere", "SM-nowhere", "RECHARGE", "0000", 65_00, 65})
	d.record(d.before, "RECHARGE", 0)
	d.record(d.refundedBefore, "REFUND", 30_00)
	d.record(d.longAgo, "REVERSE", 0)
}

// write writes the carrier's file.
func (d *sampleDay) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "serial_no,merchant_order,type,result,amount,fee,finished_at")
	total := int64(0)
	at := d.noon.Format(time.DateTime)
	for _, r := range d.records {
		fmt.Fprintf(w, "%s,%s,%s,%s,%s,%s,%s\n", r.reference, r.order, r.kind, r.result, yuan2(r.amount), yuan2(r.fee), at)
		total += r.amount
	}
	fmt.Fprintf(w, "%d,,TOTAL,,%s,,\n", len(d.records), yuan2(total))
	return errors.Join(w.Flush(), f.Close())
}

// yuan2 is an amount with two digits after the point, and nothing else.
func yuan2(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }
