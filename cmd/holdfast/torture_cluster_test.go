package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// Twenty rounds have each kind of fault, whatever the seed, and a few rounds have the worst kinds.
func TestScheduleHasEveryKind(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		count := map[string]int{}
		for _, kind := range schedule(random, 20, faultKinds) {
			count[kind.name]++
		}
		if len(count) != len(faultKinds) {
			t.Errorf("seed %d: %v", seed, count)
		}
		few := schedule(random, 3, faultKinds)
		for _, kind := range few {
			if i := slices.IndexFunc(faultKinds, func(k faultKind) bool { return k.name == kind.name }); i >= 3 {
				t.Errorf("three rounds have %q", kind.name)
			}
		}
		if len(few) != 3 {
			t.Errorf("%d rounds", len(few))
		}
	}
	if _, err := kindsOf([]string{"owner killed", "owner angry"}); err == nil || !strings.Contains(err.Error(), "shard moved") {
		t.Errorf("an unknown fault: %v", err)
	}
}

// A wire that is cut refuses and breaks, one that swallows does neither, and afterwards both carry again.
func TestWire(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	w, err := newWire(echo.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer w.remove()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", w.address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	// says sends a byte and tells what came of it.
	says := func(c net.Conn) error {
		_ = c.SetDeadline(time.Now().Add(200 * time.Millisecond))
		_, _ = c.Write([]byte{1}) // what has become of the connection shows when the answer is read
		_, err := io.ReadFull(c, make([]byte, 1))
		return err
	}
	timeout := func(err error) bool {
		n, ok := err.(net.Error)
		return ok && n.Timeout()
	}
	open := dial()
	if err := says(open); err != nil {
		t.Errorf("whole: %v", err)
	}
	w.turn(swallowing)
	if err := says(open); !timeout(err) {
		t.Errorf("swallowing: %v", err)
	}
	if err := says(dial()); !timeout(err) {
		t.Errorf("swallowing, on a new connection: %v", err)
	}
	w.turn(whole)
	open = dial()
	if err := says(open); err != nil {
		t.Errorf("whole again: %v", err)
	}
	w.turn(cut)
	if err := says(open); err == nil || timeout(err) {
		t.Errorf("cut: %v", err)
	}
	if err := says(dial()); err == nil || timeout(err) {
		t.Errorf("cut, on a new connection: %v", err)
	}
	w.turn(whole)
	if err := says(dial()); err != nil {
		t.Errorf("whole at the end: %v", err)
	}
}

// The longest time without an answer is that of the affected shards, and one that is still open counts once it is over.
func TestAckClock(t *testing.T) {
	a, at := newAckClock(3), time.Now()
	a.reset(at)
	a.ack(0, at.Add(10*time.Millisecond))
	a.ack(1, at.Add(400*time.Millisecond))
	a.ack(0, at.Add(50*time.Millisecond))
	a.ack(2, at.Add(time.Hour))
	if got := a.longest([]int{0}); got != 40*time.Millisecond {
		t.Error(got)
	}
	if got := a.longest([]int{0, 1}); got != 400*time.Millisecond {
		t.Error(got)
	}
	go func() {
		for _, shard := range []int{1, 0} {
			time.Sleep(20 * time.Millisecond)
			a.ack(shard, time.Now())
		}
	}()
	if err := a.heard(t.Context(), []int{0, 1}); err != nil {
		t.Error(err)
	}
}

// TestClusterTortureNotices: a cluster that acknowledged what it does not have, answers differently, has something twice or
// has other copies at other nodes must not pass. So the torture is told lies about a sound cluster, one after the other.
func TestClusterTortureNotices(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the etcd server and starts a cluster")
	}
	ctx := context.Background()
	tt := &clusterTorture{torture: torture{
		TortureCmd: &TortureCmd{Cluster: true, Rounds: 1, Workers: 8, Accounts: 16, Shards: 2, Seed: 1, Lease: 3 * time.Second},
		dir:        t.TempDir(), random: rand.New(rand.NewPCG(1, 1)),
	}}
	t.Cleanup(tt.remove)
	if err := tt.build(ctx); err != nil {
		t.Fatal(err)
	}
	l := &clusterLoad{load: load{t: &tt.torture, sdks: tt.sdks}, c: tt}
	loading, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	l.run(loading, 1)
	if err := tt.checkCluster(ctx, l, &clusterRound{audited: true}); err != nil {
		t.Fatal(err)
	}
	if tt.wrong > 0 || len(l.calls) == 0 || len(l.refused) == 0 {
		t.Fatalf("%d calls, %d refused; faults: %v", len(l.calls), len(l.refused), tt.faults)
	}
	tt.earlier, l.opened, l.paid, l.refused = nil, nil, nil, nil
	check := func() string {
		t.Helper()
		tt.faults, tt.wrong = nil, 0
		r := clusterRound{}
		if err := errors.Join(tt.checkEverywhere(ctx, l, &r), tt.checkJournals(ctx, l, &r)); err != nil {
			t.Fatal(err)
		}
		return strings.Join(tt.faults, "\n")
	}
	var authorized *call
	for _, c := range l.calls {
		if _, ok := c.req.(*holdfastv1.AuthorizeRequest); ok {
			authorized = c
		}
	}
	lie := func(want string, tell, undo func()) {
		t.Helper()
		tell()
		if said := check(); !strings.Contains(said, want) {
			t.Errorf("no fault says %q:\n%s", want, said)
		}
		undo()
	}
	l.calls = []*call{authorized} // so that it is among those that are asked again
	never := &call{sale: &sale{account: authorized.sale.account}, resp: authorized.resp, req: &holdfastv1.AuthorizeRequest{
		RequestId: "never-sent", AccountId: authorized.sale.account.id, Scene: 1, OrderId: "never", CarrierId: "carrier-0", PhoneToken: "ph_torture",
		Currency: tortureCurrency, Amount: 1,
	}}
	resp := authorized.resp
	lie("answered differently", func() { authorized.resp = never.req }, func() { authorized.resp = resp })
	lie("and 0 times in the journal", func() {
		l.calls = []*call{{sale: authorized.sale, resp: resp, req: &holdfastv1.AuthorizeRequest{RequestId: "nobody-has-it"}}}
	}, func() { l.calls = []*call{authorized} })
	lie("refused, and 1 times in the journal", func() { l.refused = append(l.refused, authorized) }, func() { l.refused = nil })
	times := tt.book.times[requestID(authorized.req)]
	lie("2 times in the journal", func() { times[1]++ }, func() { times[1]-- })
	lie("carried out again", func() { l.calls = append(l.calls, never) }, func() { l.calls = nil })
	shard := shardWith(authorized.sale.account.id)
	tt.book.last[2][shard][0]++
	if differs := tt.book.differs(); !strings.Contains(differs, "at another") {
		t.Errorf("copies with other hashes: %q", differs)
	}
}
