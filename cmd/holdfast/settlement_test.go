package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// sell makes sales of cmcc on a running server, and lets the clock pass the cut-off.
func (p papers) sell(target string, until time.Time, amounts ...int64) {
	p.t.Helper()
	sdk, err := client.Dial(target, client.WithInsecure())
	if err != nil {
		p.t.Fatal(err)
	}
	defer sdk.Close()
	ctx := context.Background()
	opened, err := sdk.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
		ConsumerToken: fmt.Sprint("consumer", until.Unix()), Currency: "CNY", Limit: 1e6,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 1e6, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for i, amount := range amounts {
		_, err := sdk.Charge(ctx, &holdfastv1.ChargeRequest{
			AccountId: opened.GetAccount().GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: fmt.Sprint("o-", until.Unix(), "-", i),
			CarrierId: "cmcc", PhoneToken: "p-1", Currency: "CNY", Amount: amount,
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	to := &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(until)}
	if _, err := holdfastv1.NewAdminServiceClient(conn).AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{To: to}); err != nil {
		p.t.Fatal(err)
	}
}

// TestSettlementsOfAServer has a server settle a business day by itself, exports and confirms that, and closes another by hand.
func TestSettlementsOfAServer(t *testing.T) {
	p := papers{t, t.TempDir()}
	target := p.serve("book", "--shards", "2", "--virtual-clock", "2026-01-05T04:00:00Z")
	p.write("cmcc.yaml", []byte("name: China Mobile\nsettlement: {cycle: SETTLEMENT_CYCLE_DAILY, cut_off: \"23:00\", zone: Asia/Shanghai}\n"+
		"fees: [{currency: CNY, basis_points: 100}]\n"))
	if out, ok := p.holdfast("carrier", "put", "--target", target, "cmcc", "cmcc.yaml"); !ok {
		t.Fatal(out)
	}
	run := func(args ...string) string {
		out, ok := p.holdfast(append([]string{"settlement", args[0], "--target", target}, args[1:]...)...)
		if !ok {
			out = "failed: " + out
		}
		return out
	}
	want := func(out string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(out, part) {
				t.Errorf("want %q in\n%s", part, out)
			}
		}
	}
	p.sell(target, time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC), 1000, 2000)
	want(run("unsettled", "cmcc"), "2026-01-05", "2,970", "30")
	want(run("close", "cmcc", "2026-01-05"), "failed", "CUT_OFF_NOT_PASSED")
	p.sell(target, time.Date(2026, 1, 5, 16, 0, 0, 0, time.UTC), 3000)
	list := ""
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(list, "closed") && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		list = run("list", "cmcc")
	}
	want(list, "2026-01-05", "5,940", "closed")
	want(run("show", "cmcc", "1"), "settlement cmcc/CNY/1 through 2026-01-05: closed", "captured", "6,000", "-60", "5,940")
	file := run("export", "cmcc", "1")
	want(file, "record,kind,date,late,amount,fee,net,currency,order_id", "\nTOTAL,3,2026-01-05,0,6000,60,5940,CNY,cmcc/CNY/1,")
	want(run("export", "-o", p.path("1.csv"), "cmcc", "1"), "is in")
	if written, err := os.ReadFile(p.path("1.csv")); err != nil || string(written) != file {
		t.Errorf("the file is %v\n%s", err, written)
	}
	want(run("export", "-o", p.path("2.csv"), "cmcc", "2"), "failed", "SETTLEMENT_NOT_FOUND")
	if _, err := os.Stat(p.path("2.csv")); err == nil {
		t.Error("there is a file of a settlement that there is not")
	}
	confirm := []string{"confirm", "cmcc", "1", "--reference", "bank-7", "--value-date", "2026-01-05", "--amount"}
	want(run(append(confirm, "5941")...), "failed", "AMOUNT_NOT_NET")
	want(run(append(confirm, "5940")...), "confirmed 2026-01-05, bank-7")
	want(run("list", "cmcc"), "confirmed")

	p.sell(target, time.Date(2026, 1, 6, 10, 0, 0, 0, time.UTC))
	want(run("close", "cmcc", "2026-01-05"), "failed", "SETTLED_ALREADY")
	want(run("list", "--json", "cmcc"), `"netAmount"`)
}
