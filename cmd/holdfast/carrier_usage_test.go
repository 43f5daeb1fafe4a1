package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// TestUsageOfACarrier asks a server for the usage of a carrier, and then its data directory: both tell the same.
func TestUsageOfACarrier(t *testing.T) {
	p := papers{t, t.TempDir()}
	s, err := start(context.Background(), "serve", "--data", p.path("book"), "--listen", "127.0.0.1:0", "--ops", "", "--shards", "2", "--virtual-clock", "2026-03-01T02:30:00Z")
	p.must(err)
	t.Cleanup(s.kill)
	target := s.Listen
	p.write("cmcc.yaml", []byte("name: China Mobile\nsettlement: {cycle: SETTLEMENT_CYCLE_DAILY, cut_off: \"23:00\", zone: Asia/Shanghai}\n"))
	if out, ok := p.holdfast("carrier", "put", "--target", target, "cmcc", "cmcc.yaml"); !ok {
		t.Fatal(out)
	}
	sdk, err := client.Dial(target, client.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 12 {
		opened, err := sdk.OpenAccount(t.Context(), &holdfastv1.OpenAccountRequest{
			ConsumerToken: fmt.Sprint("consumer-", n), Currency: "CNY", Limit: 100_000,
			Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 100_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sdk.Charge(t.Context(), &holdfastv1.ChargeRequest{
			AccountId: opened.GetAccount().GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP, CarrierId: "cmcc", OrderId: fmt.Sprint("order-", n),
			PhoneToken: "phone", Currency: "CNY", Amount: int64(1_000 + 2_000*(n%3/2)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := sdk.Close(); err != nil {
		t.Fatal(err)
	}
	text, ok := p.holdfast("carrier", "usage", "cmcc", "--target", target, "--pictures", "pictures")
	for _, want := range []string{"Usage of cmcc, 2026-03-01 to 2026-03-01; business days in Asia/Shanghai, amounts in CNY", "(not over)", "30.00", "33.3 %", "10:00"} {
		if !ok || !strings.Contains(text, want) {
			t.Errorf("usage has no %q: %v\n%s", want, ok, text)
		}
	}
	for _, name := range []string{"usage-days", "usage-hours", "usage-amounts"} {
		for _, kind := range []string{".svg", ".png"} {
			if _, err := os.Stat(filepath.Join(p.dir, "pictures", name+kind)); err != nil {
				t.Error(err)
			}
		}
	}
	online, ok := p.holdfast("carrier", "usage", "cmcc", "--target", target, "--json")
	if !ok {
		t.Fatal(online)
	}
	for args, want := range map[string]string{
		"unicom":                                 "nothing was ever ordered",
		"cmcc --currency UGX":                    "nothing was ordered in UGX, but in CNY",
		"cmcc --from 2026-03-02":                 "Nothing happened on these days",
		"cmcc --from 2026-3-2":                   "--from and --to",
		"cmcc --from 2026-03-02 --to 2026-03-01": "--to lies before --from",
	} {
		if out, _ := p.holdfast(append([]string{"carrier", "usage", "--target", target}, strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("%s: no %q in:\n%s", args, want, out)
		}
	}
	s.kill()
	offline, ok := p.holdfast("carrier", "usage", "cmcc", "--data", "book", "--json")
	if !ok {
		t.Fatal(offline)
	}
	var a, b holdfastv1.GetUsageResponse
	p.must(protojson.Unmarshal([]byte(online), &a))
	p.must(protojson.Unmarshal([]byte(offline), &b))
	if len(a.GetUsages()) != 1 || len(b.GetUsages()) != 1 || !proto.Equal(a.GetUsages()[0], b.GetUsages()[0]) {
		t.Errorf("the server told\n%s\nand its directory\n%s", online, offline)
	}
	if got := a.GetUsages()[0].GetSum().GetCaptured(); got.GetCount() != 12 || got.GetAmount() != 20_000 {
		t.Errorf("captured %v", got)
	}
}
