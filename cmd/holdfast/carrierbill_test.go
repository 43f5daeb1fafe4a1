package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// TestCarrierBill exports a batch of a running server, fills it in as a carrier does, and reports it, twice.
func TestCarrierBill(t *testing.T) {
	p := papers{t, t.TempDir()}
	target := p.serve("book", "--shards", "2", "--virtual-clock", "2026-01-05T04:00:00Z")
	p.owe(target, 1000, 2000, 3000, 4000)
	run := func(args ...string) (string, bool) {
		return p.holdfast(append([]string{"carrier", "bill", args[0], "--target", target}, args[1:]...)...)
	}

	list, ok := run("list", "cmcc")
	if !ok || !strings.Contains(list, "2026-02") || !strings.Contains(list, "4 pending") {
		t.Errorf("list: %v\n%s", ok, list)
	}
	exported, ok := run("export", "cmcc", "2026-02")
	lines := strings.Split(strings.TrimSpace(exported), "\n")
	if !ok || len(lines) != 1+4+1 || lines[5] != "TOTAL,4,,,,CNY,10000,,0,,," {
		t.Fatalf("export: %v\n%s", ok, exported)
	}
	if out, ok := run("export", "cmcc", "2026-03"); ok || !strings.Contains(out, "BATCH_NOT_FOUND") {
		t.Errorf("export of another month: %v\n%s", ok, out)
	}

	// Everything of 1000 and 2000, half of 3000, and 4000 is pending still.
	filled := []string{lines[0]}
	for _, line := range lines[1:5] {
		cells := strings.Split(line, ",")
		switch cells[6] {
		case "1000", "2000":
			cells[7], cells[8] = "COLLECTED", cells[6]
		case "3000":
			cells[7], cells[8], cells[11] = "partly", "1500", "no more"
		}
		filled = append(filled, strings.Join(cells, ","))
	}
	report := func(total string) (string, bool) {
		p.write("results.csv", []byte(strings.Join(append(filled, total), "\n")+"\n"))
		return run("report", p.path("results.csv"))
	}
	if out, ok := report("TOTAL,3,,,,CNY,,,4499,,,"); ok || !strings.Contains(out, "3 lines collected 4500, and TOTAL says otherwise") {
		t.Errorf("a file that is not complete: %v\n%s", ok, out)
	}
	total := "TOTAL,3,,,,CNY,,,4500,,,"
	if out, ok := report(total); !ok || out != "3 lines: 3 reported, 0 as before, 0 refused\n" {
		t.Errorf("report: %v\n%s", ok, out)
	}
	if out, ok := report(total); !ok || out != "3 lines: 0 reported, 3 as before, 0 refused\n" {
		t.Errorf("report again: %v\n%s", ok, out)
	}
	filled[1] = strings.Replace(strings.Replace(filled[1], "COLLECTED", "REFUSED", 1), "partly", "REFUSED", 1)
	cells := strings.Split(filled[1], ",")
	if cells[7] == "PENDING" { // the one of 4000: refuse another
		cells = strings.Split(filled[2], ",")
	}
	cells[7], cells[8], cells[11] = "REFUSED", "", "mistaken"
	p.write("other.csv", []byte(lines[0]+"\n"+strings.Join(cells, ",")+"\n"))
	if out, ok := run("report", p.path("other.csv")); ok || !strings.Contains(out, "COLLECTION_REPORTED") || !strings.Contains(out, "1 refused") {
		t.Errorf("report otherwise: %v\n%s", ok, out)
	}
	list, ok = run("list", "cmcc", "--from", "2026-02", "--to", "2026-02")
	if !ok || !strings.Contains(list, "1 pending, 2 collected, 1 partly") || !strings.Contains(list, "4,500") {
		t.Errorf("list: %v\n%s", ok, list)
	}
	for name, text := range map[string]string{
		"there is no column outcome": "collection_id,currency,collected_amount\n",
		":2: outcome":                "collection_id,outcome,currency,collected_amount\nx,MAYBE,CNY,1\n",
		":2: collected_amount":       "collection_id,outcome,currency,collected_amount\nx,PARTLY,CNY,1.50\n",
	} {
		p.write("bad.csv", []byte(text))
		if out, ok := run("report", p.path("bad.csv")); ok || !strings.Contains(out, name) {
			t.Errorf("want %q: %v\n%s", name, ok, out)
		}
	}
}

// owe has accounts owe amounts that a carrier is to collect today.
func (p papers) owe(target string, amounts ...int64) {
	sdk, err := client.Dial(target, client.WithInsecure())
	p.must(err)
	defer sdk.Close()
	ctx := p.t.Context()
	_, err = sdk.PutCarrier(ctx, &holdfastv1.PutCarrierRequest{CarrierId: "cmcc", Settings: &holdfastv1.CarrierSettings{Name: "C", Collects: true}})
	p.must(err)
	for i, amount := range amounts {
		opened, err := sdk.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
			ConsumerToken: fmt.Sprint("consumer-", i), Currency: "CNY", Limit: 100_000,
			Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 100_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
		})
		p.must(err)
		id := opened.GetAccount().GetAccountId()
		_, err = sdk.SetCollectionChannel(ctx, &holdfastv1.SetCollectionChannelRequest{
			AccountId: id, CollectionChannel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER, CarrierId: "cmcc", PhoneToken: fmt.Sprint("phone-", i),
		})
		p.must(err)
		_, err = sdk.Charge(ctx, &holdfastv1.ChargeRequest{
			AccountId: id, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: fmt.Sprint("o", i), CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: amount,
		})
		p.must(err)
	}
	due := time.Date(2026, 2, 16, 4, 0, 0, 0, time.UTC)
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	p.must(err)
	defer conn.Close()
	_, err = holdfastv1.NewAdminServiceClient(conn).AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(due)}})
	p.must(err)
}
