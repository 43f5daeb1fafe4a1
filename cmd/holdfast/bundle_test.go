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
