package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The carrier's story: its day, from the first top-up to the cut-off.

func (d *story) tellCarrier() {
	d.printf("A day at a carrier, cmcc, whose business day ends at 23:00 in Shanghai. It is charged 0.60 %% of a sale. Amounts in yuan.\n")
	d.register()
	d.open()
	d.firstTopUp()
	d.moreSales()
	d.takenBack()
	d.standIn()
	d.cutOff()
	d.advise()
	d.reconcile()
	d.payAll()
	d.books()
	d.journal()
}

// register puts what was agreed with the carrier.
func (d *story) register() {
	d.chapter("The carrier is registered", "When it is paid, what it is charged, and how much may be committed to it. Versions never change.\n")
	if d.err != nil {
		return
	}
	resp, err := d.client.PutCarrier(d.ctx, &holdfastv1.PutCarrierRequest{CarrierId: "cmcc", Settings: &holdfastv1.CarrierSettings{
		Name: "China Mobile",
		Settlement: &holdfastv1.CarrierSettlement{
			Cycle: holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, CutOff: "23:00", Zone: "Asia/Shanghai",
		},
		Fees:               []*holdfastv1.CarrierFee{{Currency: "CNY", BasisPoints: 60}},
		StandInFloorLimits: []*holdfastv1.CurrencyAmount{{Currency: "CNY", Amount: 3000}},
		ExposureLimits:     []*holdfastv1.CurrencyAmount{{Currency: "CNY", Amount: 5_000_000}},
	}})
	if err != nil {
		d.err = err
		return
	}
	d.line("PutCarrier cmcc", fmt.Sprintf("version %d", resp.GetCarrier().GetVersion()), nil)
}

// sold authorizes and captures a top-up.
func (d *story) sold(amount int64) string {
	held := d.authorize(d.order(amount))
	if held == nil {
		return ""
	}
	id := held.GetAuthorization().GetAuthorizationId()
	d.capture(id)
	return id
}

func (d *story) firstTopUp() {
	d.chapter("The first top-up", "What is held is committed to the carrier; what is captured is payable to it, less its fee.\n")
	d.sold(5000)
}

func (d *story) moreSales() {
	d.at(time.January, 5, 12)
	d.chapter("Two more", "")
	d.sold(3000)
	d.sold(2000)
}

func (d *story) takenBack() {
	d.at(time.January, 5, 16)
	d.chapter("A refund, and a reversal after capture", "A refund gives back its share of the fee; a reversal undoes the order and all of its fee.\n")
	refunded, order := d.sold(2000), d.order(1000)
	if held := d.authorize(order); held != nil {
		d.capture(held.GetAuthorization().GetAuthorizationId())
	}
	if d.err != nil {
		return
	}
	if _, d.err = d.client.Refund(d.ctx, &holdfastv1.RefundRequest{AuthorizationId: refunded, Currency: "CNY", Amount: 500}); d.err != nil {
		return
	}
	d.line("Refund 5.00", "refunded", nil)
	if _, d.err = d.client.Reverse(d.ctx, &holdfastv1.ReverseRequest{AccountId: d.account, OrderId: order.GetOrderId()}); d.err != nil {
		return
	}
	d.line("Reverse "+order.GetOrderId(), "reversed", nil)
}

// standIn is a sale that the gateway makes while the core cannot be reached, and tells the day after.
func (d *story) standIn() {
	d.at(time.January, 5, 22)
	d.chapter("The core cannot be reached", "The carrier's gateway sells 30.00 in stand-in, within the floor limit, and will tell when it can: tomorrow.\n")
	d.stoodIn = d.now
	d.orders++
	d.line(fmt.Sprintf("(sold without asking) order-%d", d.orders), "30.00", nil)
}

// advise tells of the sale in stand-in.
func (d *story) advise() {
	d.at(time.January, 6, 9)
	d.chapter("The gateway tells of its sale", "It is of the 5th, whose settlement is closed: it goes into the next one, with its own date.\n")
	if d.err != nil {
		return
	}
	_, err := d.client.Advise(d.ctx, &holdfastv1.AdviseRequest{
		AccountId: d.account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: fmt.Sprintf("order-%d", d.orders), CarrierId: "cmcc",
		PhoneToken: "phone-1", Currency: "CNY", Amount: 3000, SaleTime: timestamppb.New(d.stoodIn),
	})
	if err != nil {
		d.err = err
		return
	}
	d.line(fmt.Sprintf("Advise order-%d", d.orders), "recorded, sold "+d.stoodIn.In(demoZone).Format("2 Jan 15:04"), nil)
}
