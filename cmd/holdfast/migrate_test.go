package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// fill opens accounts and has each hold something; numbers are from first up to but not last. What is there already, is
// found there.
func (f *fleet) fill(target string, first, last int) {
	f.t.Helper()
	c, err := client.Dial(target, client.WithInsecure())
	if err != nil {
		f.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i := first; i < last; i++ {
		account, err := c.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
			RequestId: fmt.Sprintf("open-%d", i), ConsumerToken: fmt.Sprintf("c-%d", i), Currency: "CNY", Limit: 50_000,
			Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 50_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
		})
		if err != nil {
			f.t.Fatal(err)
		}
		held, err := c.Authorize(ctx, &holdfastv1.AuthorizeRequest{
			RequestId: fmt.Sprintf("hold-%d", i), AccountId: account.GetAccount().GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP,
			OrderId: fmt.Sprintf("o-%d", i), CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: int64(100 + i%1000),
		})
		if err != nil || held.GetDecision() != holdfastv1.Decision_DECISION_APPROVED {
			f.t.Fatalf("order %d: %v, %v", i, held.GetReasons(), err)
		}
	}
}

// has looks up every order.
func (f *fleet) has(target string, orders int) {
	f.t.Helper()
	c, err := client.Dial(target, client.WithInsecure())
	if err != nil {
		f.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for i := range orders {
		found, err := c.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: fmt.Sprintf("o-%d", i)})
		if err != nil || found.GetAuthorization().GetHeldAmount() != int64(100+i%1000) {
			f.t.Fatalf("order %d at %s: %v, %v", i, target, found, err)
		}
	}
}

// embedded starts a server of its own on the directory of a name.
func (f *fleet) embedded(name string, flags ...string) *process {
	f.t.Helper()
	flags = append([]string{"serve", "--data", f.path(name), "--listen", "127.0.0.1:0", "--ops", "", "--cache", "64MiB"}, flags...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := start(ctx, flags...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(s.kill)
	return s
}

var journalHash = regexp.MustCompile(`journal hash [0-9a-f]{64}`)

// The book of a server becomes a cluster's: everything is at every node, and goes on. Then a node's directory becomes a
// server's own again.
func TestMigrateThereAndBack(t *testing.T) {
	if testing.Short() {
		t.Skip("runs seven processes")
	}
	f := newFleet(t, 3)
	s := f.embedded("a", "--shards", "2")
	f.fill(s.Listen, 0, 40)
	f.want(`(?s)lock|another process|in use`, "!", "migrate", "--data", f.path("a"), "--etcd", f.endpoints(), "--node", "a")
	s.kill()

	f.want(`holdfast migrate`, "!", "serve", "--data", f.path("a"), "--listen", "127.0.0.1:0", "--ops", "", "--journal", "etcd", "--etcd", f.endpoints(), "--node", "a", "--cluster", "other")
	told := f.want(`(?m)^shard 1: goes on in etcd after entry [1-9]\d*, journal hash [0-9a-f]{64}\n.*cluster default begins here; go on with: holdfast serve `,
		"migrate", "--data", f.path("a"), "--etcd", f.endpoints(), "--node", "a")
	if again := f.want(`begins here`, "migrate", "--data", f.path("a"), "--etcd", f.endpoints(), "--node", "a"); again != told {
		t.Errorf("said %s, and again %s", told, again)
	}

	f.start("a")
	f.fill(f.nodes["a"].Listen, 0, 50) // the first 40 are there
	f.start("b", "--shards", "2")
	f.start("c", "--shards", "2")
	f.well("b", 3)
	f.fill(f.nodes["c"].Listen, 50, 60)
	for _, n := range f.nodes {
		f.has(n.Listen, 60)
		f.want(`^sound: `, "verify", "--target", n.Listen)
	}
	f.want(`(?s)the cluster has another book, or has gone on .*serve is what to do now`, "!", "migrate", "--data", f.another(), "--etcd", f.endpoints(), "--node", "x")

	f.well("a", 3)
	for _, id := range []string{"a", "b", "c"} {
		f.stop(id)
	}
	hashes := map[string]bool{}
	for _, id := range []string{"a", "b", "c"} {
		out := f.want(`(?s)^shard 0: sound: .*\nshard 1: sound: .*; the state agrees in [1-9]\d* rows`, "verify", "--data", f.path(id))
		hashes[strings.Join(journalHash.FindAllString(out, -1), " ")] = true
	}
	if len(hashes) != 1 {
		t.Errorf("the copies differ: %v", hashes)
	}

	s = f.embedded("b")
	f.has(s.Listen, 60)
	f.fill(s.Listen, 60, 65)
	f.has(s.Listen, 65)
	f.want(`^sound: `, "verify", "--target", s.Listen)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	f.want(`holdfast migrate`, "!", "serve", "--data", f.path("b"), "--listen", "127.0.0.1:0", "--ops", "", "--journal", "etcd", "--etcd", f.endpoints(), "--node", "b")

	// And once more there, under another name, as when etcd was lost.
	f.want(`cluster third begins here`, "migrate", "--data", f.path("b"), "--etcd", f.endpoints(), "--cluster", "third", "--node", "b")
	f.start("b", "--cluster", "third")
	f.start("d", "--cluster", "third", "--shards", "2")
	f.well("d", 2)
	f.has(f.nodes["d"].Listen, 65)
	f.fill(f.nodes["d"].Listen, 65, 70)
	f.want(`^sound: `, "verify", "--target", f.nodes["d"].Listen)
}

// A directory whose book only looks like the cluster's, having as many entries, is refused as a node and as a beginning.
func TestMigrateKnowsBooksApart(t *testing.T) {
	if testing.Short() {
		t.Skip("runs three processes")
	}
	f := newFleet(t, 1)
	for i, name := range []string{"p", "q"} {
		s := f.embedded(name)
		f.fill(s.Listen, 10*i, 10*i+3)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
	f.want(`goes on in etcd after entry 6,`, "migrate", "--data", f.path("p"), "--etcd", f.endpoints(), "--node", "p")
	f.want(`its last entry is another one`, "!", "migrate", "--data", f.path("q"), "--etcd", f.endpoints(), "--node", "q")
	f.want(`entry 6 is not that of the cluster's journal`, "!", "serve", "--data", f.path("q"), "--listen", "127.0.0.1:0", "--ops", "", "--journal", "etcd", "--etcd", f.endpoints(), "--node", "q")
	f.want(`has 1 shards, and this node is told to have 2`, "!", "migrate", "--data", f.another(), "--etcd", f.endpoints(), "--node", "x", "--cluster", f.founded())
	f.start("p")
	f.has(f.nodes["p"].Listen, 3)
}

// founded is the name of a cluster of one shard without an entry.
func (f *fleet) founded() string {
	f.t.Helper()
	f.start("empty", "--cluster", "empty")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // it answers before it has joined
		if out, _ := f.holdfast("cluster", "status", "--target", f.nodes["empty"].Listen); strings.Contains(out, "ready") {
			break
		} else if time.Now().After(deadline) {
			f.t.Fatalf("the cluster is not founded:\n%s", out)
		}
	}
	f.stop("empty")
	return "empty"
}

// another makes a data directory with another book, in two shards.
func (f *fleet) another() string {
	f.t.Helper()
	s := f.embedded("another", "--shards", "2")
	f.fill(s.Listen, 0, 3)
	if err := s.stop(); err != nil {
		f.t.Fatal(err)
	}
	return filepath.Join(f.dir, "another")
}
