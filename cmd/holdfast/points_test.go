package main

import (
	"os"
	"strings"
	"testing"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestPointsOnAStatement has points granted with the command, and pays with them: the statement adds up in money and in points.
func TestPointsOnAStatement(t *testing.T) {
	d := newDebtor(t, "2026-01-05")
	p := papers{t, t.TempDir()}
	run := func(args ...string) (string, bool) {
		return p.holdfast(append([]string{"points", args[0], "--target", d.target, d.account}, args[1:]...)...)
	}
	const granted = ": 500 points granted, to be spent by 2027-12-31"
	if out, ok := run("grant", "500", "--last-day", "2027-12-31", "--reference", "campaign-7", "--request", "g-1"); !ok || out != d.account+granted+"; the balance is 500\n" {
		t.Errorf("grant: %v %s", ok, out)
	}
	if out, ok := run("grant", "500", "--last-day", "2027-12-31", "--reference", "campaign-7", "--request", "g-1"); !ok || !strings.Contains(out, ", by this request before") {
		t.Errorf("grant again: %v %s", ok, out)
	}
	if out, ok := run("grant", "0"); ok || !strings.Contains(out, "points") {
		t.Errorf("grant none: %v %s", ok, out)
	}
	resp, err := d.Charge(t.Context(), &holdfastv1.ChargeRequest{
		AccountId: d.account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-1", CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 10_000, PointsToRedeem: 300,
	})
	d.must(err)
	d.buy("o-2", 2_000, nil)
	d.refund(resp.GetAuthorization().GetAuthorizationId(), 1_000)
	_, err = d.Charge(t.Context(), &holdfastv1.ChargeRequest{
		AccountId: d.account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "o-3", CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 30_100, PointsToRedeem: 100,
		Plan: &holdfastv1.PlanChoice{Method: holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE, Months: 3},
	})
	d.must(err)
	if out, ok := run("show"); !ok || !strings.Contains(out, "balance") || !strings.Contains(out, "100 points redeemed") || !strings.Contains(out, "30 points restored") ||
		!strings.Contains(out, "500 points granted, to be spent by 2027-12-31") {
		t.Errorf("show: %v\n%s", ok, out)
	}
	if out, ok := run("show", "--json"); !ok || !strings.Contains(out, `"balance": "130"`) {
		t.Errorf("show as JSON: %v\n%s", ok, out)
	}
	if out, ok := p.holdfast("verify", "--target", d.target); !ok || !strings.Contains(out, "130 points are outstanding, 0 of them held") {
		t.Errorf("verify: %v\n%s", ok, out)
	}
	d.on("2026-02-05")
	_, text := d.statement("2026-01-05")
	for _, want := range []string{
		"3.00 of 100.00 by 300 points", "30 points restored", "Points\n", "granted", "+500", "redeemed", "-400", "restored", "+30",
		"to be spent by 2027-12-31", "It adds up",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if testing.Verbose() {
		_, _ = os.Stdout.WriteString(text)
	}
}
