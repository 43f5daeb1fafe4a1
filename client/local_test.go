package client

import (
	"testing"
	"time"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

func TestReadLocally(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		nodes, c := startAll(t, 2, 2, false, way)
		routed(t, c, 1)
		var asOf AsOf
		ctx := ReadLocally(t.Context(), &asOf)
		read := func(locally AsOf) {
			t.Helper()
			for range 10 {
				owned := len(nodes[1].Seen("GetAccount"))
				if _, err := c.GetAccount(ctx, &pb.GetAccountRequest{AccountId: AccountOf(1)}); err != nil {
					t.Fatal(err)
				}
				want := locally
				if len(nodes[1].Seen("GetAccount")) > owned {
					want = AsOf{}
				}
				if asOf != want {
					t.Fatalf("as of %+v, want %+v", asOf, want)
				}
			}
		}
		read(AsOf{true, 1, 17, time.Date(2026, 2, 16, 9, 30, 0, 250e6, time.UTC)})
		if a, b := len(nodes[0].Seen("GetAccount")), len(nodes[1].Seen("GetAccount")); a != 5 || b != 5 {
			t.Fatalf("the nodes were asked %d and %d times", a, b)
		}
		nodes[0].behind, nodes[1].behind = true, true
		read(AsOf{})
		nodes[0].mu.Lock()
		nodes[0].tells.Nodes[0].WarmShards = nil
		nodes[0].tells.Revision = 2
		nodes[0].mu.Unlock()
		if _, err := c.Topology(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := len(nodes[0].Seen("GetAccount"))
		read(AsOf{})
		if len(nodes[0].Seen("GetAccount")) != before {
			t.Fatal("a node was asked that does not follow the shard")
		}
		if s := nodes[0].Seen("GetAccount"); s[0].Read != "local" {
			t.Fatalf("%+v", s[0])
		}
		if _, err := c.Check(ctx, topupCheck(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Authorize(ctx, orderOf(1, "o-1")); err != nil {
			t.Fatal(err)
		}
		if s := nodes[1].Seen("Authorize"); len(s) != 1 || s[0].Read != "" {
			t.Fatalf("a write arrived as %+v", s)
		}
		if _, err := c.GetAccount(ReadLocally(t.Context(), nil), &pb.GetAccountRequest{AccountId: AccountOf(0)}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAsOfThatMakesNoSense(t *testing.T) {
	for _, value := range []string{"", "1", "1 2", "x 2 2026-02-16T09:30:00Z", "1 -2 2026-02-16T09:30:00Z", "1 2 yesterday", "1 2 3 4"} {
		asOf := AsOf{Local: true, Sequence: 5}
		asOf.read(map[string][]string{asOfKey: {value}})
		if asOf != (AsOf{}) {
			t.Errorf("%q is as of %+v", value, asOf)
		}
	}
}
