package main

import (
	"strings"
	"testing"
	"time"
)

// TestTheGatewayOutlivesAnOwner kills the node that decides for half of the accounts while a gateway sells through the other: it
// waits or stands in until that one has taken over, and in the end both books agree.
func TestTheGatewayOutlivesAnOwner(t *testing.T) {
	if testing.Short() {
		t.Skip("runs six processes")
	}
	f := newFleet(t, 1)
	f.start("a", "--shards", "4")
	f.start("b", "--shards", "4")
	f.well("a", 2)
	f.want(`.`, "cluster", "move", "--target", f.nodes["a"].Listen, "0", "a")
	f.want(`.`, "cluster", "move", "--target", f.nodes["a"].Listen, "3", "b")

	var log strings.Builder
	r := &sampleRun{t: t, dir: t.TempDir(), server: f.nodes["a"]}
	r.deliver("127.0.0.1:0")
	defer func() { r.carrier.kill() }()
	p := r.sell(&log, 600)
	time.Sleep(1500 * time.Millisecond)
	f.nodes["b"].kill()
	<-p.exited
	if p.err != nil || !strings.Contains(log.String(), "The books agree: 600 orders, each of them once or not at all.") {
		t.Fatalf("the gateway ended with %v:\n%s", p.err, log.String())
	}
	f.want(`^sound: `, "verify", "--target", f.nodes["a"].Listen)
}
