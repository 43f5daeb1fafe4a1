package main

import (
	"strings"
	"testing"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// TestBundlesOfAServer puts an offer, has an order activated that names it, and cancels and returns contracts.
func TestBundlesOfAServer(t *testing.T) {
	p := papers{t, t.TempDir()}
	target := p.serve("book", "--shards", "2")
	run := func(args ...string) (string, bool) {
		at := 1
		if args[0] == "offer" {
			at = 2
		}
		return p.holdfast(append(append(append([]string{"bundle"}, args[:at]...), "--target", target), args[at:]...)...)
	}
	const phone = "carrier_id: cmcc\nname: A phone\ncurrency: CNY\nprice: 300000\ndown_payment: 60000\nplan:\n  method: PLAN_METHOD_FLAT_FEE\n" +
		"  months: 12\n  monthly_fee_percent: 0.5\ntermination: BUNDLE_TERMINATION_BUY_BACK\ncooling_off_days: 7\n"
	p.write("phone.yaml", []byte(phone))
	p.write("odd.yaml", []byte(phone+"colour: blue\n"))
	p.write("dear.yaml", []byte(strings.Replace(phone, "0.5", "1.5", 1)))

	if out, ok := run("offer", "put", "phone", "phone.yaml"); !ok || out != "phone: version 1 is in force now\n" {
		t.Errorf("put: %v %s", ok, out)
	}
	if out, ok := run("offer", "put", "phone", "odd.yaml"); ok || !strings.Contains(out, "colour") {
		t.Errorf("put an unknown field: %v %s", ok, out)
	}
	if out, ok := run("offer", "put", "dear", "dear.yaml"); ok || !strings.Contains(out, "BUNDLE_ABOVE_CAP") {
		t.Errorf("put what is too dear: %v %s", ok, out)
	}
	out, ok := run("offer", "show", "--settings", "phone")
	p.write("again.yaml", []byte(out))
	if again, same := run("offer", "put", "phone", "again.yaml"); !ok || !same || again != "phone: version 1 is in force now\n" {
		t.Errorf("what is shown cannot be put again: %v %s\n%s", same, again, out)
	}
	if out, ok := run("offer", "list", "--carrier", "cmcc"); !ok || !strings.Contains(out, "flat fee 12, 0.5 % a month") {
		t.Errorf("list: %v\n%s", ok, out)
	}

	sdk, err := client.Dial(target, client.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	defer sdk.Close()
	account, err := sdk.OpenAccount(t.Context(), &holdfastv1.OpenAccountRequest{
		RequestId: "open", ConsumerToken: "c", Currency: "CNY", Limit: 1_000_000,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_BUNDLE, Limit: 1_000_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	activated := func(order string) string {
		resp, err := sdk.Charge(t.Context(), &holdfastv1.ChargeRequest{
			RequestId: order, AccountId: account.GetAccount().GetAccountId(), Scene: holdfastv1.Scene_SCENE_BUNDLE, OrderId: order, CarrierId: "cmcc",
			PhoneToken: "p", Currency: "CNY", BundleOfferId: "phone",
		})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetAuthorization().GetAuthorizationId()
	}
	id := activated("o-1")
	if out, ok := run("show", id); !ok || !strings.Contains(out, "active") || !strings.Contains(out, "240000 CNY") {
		t.Errorf("show: %v\n%s", ok, out)
	}
	if out, ok := run("cancel", id, "ported out"); !ok || !strings.Contains(out, "cancelled") || !strings.Contains(out, "bought back") {
		t.Errorf("cancel: %v\n%s", ok, out)
	}
	if out, ok := run("cancel", id, "ported out"); ok || !strings.Contains(out, "BUNDLE_CANCELLED") {
		t.Errorf("cancel again: %v\n%s", ok, out)
	}
	id = activated("o-2")
	if out, ok := run("return", id, "unopened"); !ok || !strings.Contains(out, "returned") {
		t.Errorf("return: %v\n%s", ok, out)
	}
	if out, ok := run("show", "--json", id); !ok || !strings.Contains(out, "BUNDLE_STATE_RETURNED") {
		t.Errorf("show: %v\n%s", ok, out)
	}
}

// TestStatementsOfBundles prints statements of contracts that were cancelled under each rule, and of one that was undone.
func TestStatementsOfBundles(t *testing.T) {
	d := newDebtor(t, "2026-01-05")
	d.openBundles()
	billed := map[holdfastv1.BundleTermination]string{}
	for r := holdfastv1.BundleTermination_BUNDLE_TERMINATION_ACCELERATE; r <= holdfastv1.BundleTermination_BUNDLE_TERMINATION_BUY_BACK; r++ {
		billed[r] = d.activate(r.String(), r)
	}
	back := d.activate("back", holdfastv1.BundleTermination_BUNDLE_TERMINATION_KEEP)
	d.on("2026-02-10")
	for _, id := range billed {
		_, err := d.CancelBundle(t.Context(), &holdfastv1.CancelBundleRequest{AuthorizationId: id, Reason: "ported out"})
		d.must(err)
	}
	d.pay(10_000, "", "bank")
	_, err := d.ReturnBundle(t.Context(), &holdfastv1.ReturnBundleRequest{AuthorizationId: back, Reason: "unopened"})
	d.must(err)
	d.on("2026-03-05")
	_, text := d.statement("2026-02-05")
	for _, want := range []string{"contract cancelled", "device returned", "the carrier pays 550.00 of installments to come. ported out", "+550.00", "unopened"} {
		if !strings.Contains(text, want) {
			t.Errorf("the statement does not have %q:\n%s", want, text)
		}
	}
}

// openBundles opens the line for bundles.
func (d *debtor) openBundles() {
	d.t.Helper()
	_, err := d.SetLimits(d.t.Context(), &holdfastv1.SetLimitsRequest{AccountId: d.account, Currency: "CNY", Limit: int64Pointer(5_000_000)})
	d.must(err)
	_, err = d.OpenLine(d.t.Context(), &holdfastv1.OpenLineRequest{AccountId: d.account, Currency: "CNY",
		Line: &holdfastv1.LineOpening{Scene: holdfastv1.Scene_SCENE_BUNDLE, Limit: 5_000_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}})
	d.must(err)
}

func int64Pointer(v int64) *int64 { return &v }

// activate has a bundle of 600.00 over 12 months bought, at 0.5 % a month.
func (d *debtor) activate(offer string, r holdfastv1.BundleTermination) string {
	d.t.Helper()
	_, err := d.PutBundleOffer(d.t.Context(), &holdfastv1.PutBundleOfferRequest{BundleOfferId: offer, Settings: &holdfastv1.BundleOfferSettings{
		CarrierId: "cmcc", Name: "a phone", Currency: "CNY", Price: 60_000, Termination: r, CoolingOffDays: 40,
		Plan: &holdfastv1.PlanOffer{Method: holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE, Months: 12, MonthlyFeePercent: "0.5"},
	}})
	d.must(err)
	resp, err := d.Charge(d.t.Context(), &holdfastv1.ChargeRequest{
		AccountId: d.account, Scene: holdfastv1.Scene_SCENE_BUNDLE, OrderId: offer, CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", BundleOfferId: offer,
	})
	d.must(err)
	return resp.GetAuthorization().GetAuthorizationId()
}
