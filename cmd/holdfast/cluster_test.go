package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

// fleet is a cluster whose nodes are processes of this binary.
type fleet struct {
	t     *testing.T
	dir   string
	etcd  *etcdtest.Cluster
	nodes map[string]*process
}

// newFleet starts the members of etcd, and no node yet.
func newFleet(t *testing.T, members int) *fleet { return newFleetOf(t, members, etcdtest.Member{}) }

func newFleetOf(t *testing.T, members int, template etcdtest.Member) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), nodes: map[string]*process{}}
	var err error
	if f.etcd, err = etcdtest.Start(filepath.Join(f.dir, "etcd"), members, template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, n := range f.nodes {
			n.kill()
		}
		if err := f.etcd.Stop(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fleet) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fleet) endpoints() string { return strings.Join(f.etcd.Endpoints(), ",") }

// start starts a node on the directory of its name.
func (f *fleet) start(id string, flags ...string) {
	f.t.Helper()
	flags = append([]string{
		"serve", "--journal", "etcd", "--etcd", f.endpoints(), "--node", id, "--data", f.path(id), "--listen", "127.0.0.1:0", "--ops", "",
		"--cache", "64MiB",
	}, flags...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n, err := start(ctx, flags...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.nodes[id] = n
}

// stop stops a node as an operator does.
func (f *fleet) stop(id string) {
	f.t.Helper()
	if err := f.nodes[id].stop(); err != nil {
		f.t.Error(err)
	}
	delete(f.nodes, id)
}

// holdfast runs a command of this binary.
func (f *fleet) holdfast(args ...string) (out string, ok bool) {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = f.dir
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		f.t.Fatal(err)
	}
	return string(text), err == nil
}

// want runs a command that must succeed, or with "!" before it must not, and whose output must match.
func (f *fleet) want(pattern string, args ...string) string {
	f.t.Helper()
	wanted := args[0] != "!"
	if !wanted {
		args = args[1:]
	}
	out, ok := f.holdfast(args...)
	if ok != wanted || !regexp.MustCompile(pattern).MatchString(out) {
		f.t.Errorf("holdfast %s: success is %v, and it should say %s, and says\n%s", strings.Join(args, " "), ok, pattern, out)
	}
	return out
}

// well waits until a node thinks that the cluster is well with so many nodes.
func (f *fleet) well(at string, nodes int) {
	f.t.Helper()
	out := ""
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var ok bool
		if out, ok = f.holdfast("cluster", "status", "--target", f.nodes[at].Listen); ok && strings.Count(out, "ready") == nodes {
			return
		}
	}
	f.t.Fatalf("the cluster does not get well:\n%s", out)
}

// An operator looks at a cluster, moves a shard, drains a node and forgets one that is gone, through a node that has to do
// with none of it.
func TestClusterCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("runs three processes")
	}
	f := newFleet(t, 1)
	f.start("a", "--shards", "2")
	f.start("b", "--shards", "2")
	f.well("a", 2)
	at := "--target=" + f.nodes["a"].Listen
	out := f.want(`(?s)^well: 2 nodes, 2 shards, 1 members of etcd\n.*\n  b  .* ready\n.*nothing +a 0, b 0\n.* leads `, "cluster", "status", at)
	if strings.Contains(out, "?") {
		t.Errorf("something is not told:\n%s", out)
	}

	f.want(`^shard 1: node b decides, epoch \d+; pinned: .* cluster move 1 --auto\n$`, "cluster", "move", "1", "b", at)
	f.want(`b \(pinned\)`, "cluster", "status", at)
	f.want(`^shard 1: node a decides, epoch \d+; pinned`, "cluster", "move", "1", "a", at)
	f.want(`^shard 1: node [ab] decides, epoch \d+; chosen by hashing\n$`, "cluster", "move", "1", "--auto", at)
	f.want(`^node b decides for nothing, until holdfast cluster undrain b\n$`, "cluster", "drain", "b", at)
	f.want(`(?m)^  b  .* drained$`, "cluster", "status", at)
	f.want(`node "b" is drained, .*\nthere are: a, b \(drained\)\n`, "!", "cluster", "move", "1", "b", at)
	f.want(`^node b may have shards again`, "cluster", "undrain", "b", at)

	f.want(`there is no node "x"\nthere are: a, b\n`, "!", "cluster", "move", "1", "x", at)
	f.want(`shard must be 0 to 1`, "!", "cluster", "move", "2", "a", at)
	f.want(`say where to: a node, or --auto`, "!", "cluster", "move", "1", at)
	f.want(`node "b" is there\nthere are: a, b\n`, "!", "cluster", "forget", "b", at)
	f.want(`is there a node at 127.0.0.1:1\? Any other will do`, "!", "cluster", "status", "--target", "127.0.0.1:1")

	f.stop("b")
	f.want(`(?s)^FAULT: node b is not there: start it, or holdfast cluster forget b .*the cluster is not well`, "!", "cluster", "status", at)
	f.want(`^node b is forgotten\n$`, "cluster", "forget", "b", at)
	f.want(`(?s)^FAULT: node a is alone`, "!", "cluster", "status", at)
	shown, _ := f.holdfast("cluster", "status", "--json", at)
	var decoded struct{ Nodes, Shards []any }
	if err := json.NewDecoder(strings.NewReader(shown)).Decode(&decoded); err != nil || len(decoded.Nodes) != 1 || len(decoded.Shards) != 2 {
		t.Errorf("%v in %s", err, shown)
	}
}

// A server of its own says that it is no cluster's node.
func TestClusterStatusOfAServerOfItsOwn(t *testing.T) {
	p := papers{t, t.TempDir()}
	target := p.serve("book")
	if out, ok := p.holdfast("cluster", "status", "--target", target); ok || !strings.Contains(out, "serve --journal=etcd makes nodes of a cluster") {
		t.Errorf("success is %v: %s", ok, out)
	}
}

// What is wrong with a cluster is said first, with what to do.
func TestClusterStatusSaysWhatIsWrong(t *testing.T) {
	now := time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)
	s := &clusterStatus{&holdfastv1.GetClusterStatusResponse{
		Nodes: []*holdfastv1.Node{
			{NodeId: "a", Address: "a:7600", Version: "1", StartTime: timestamppb.New(now.Add(-50 * time.Hour)), WarmShards: []int32{0, 1, 2}},
			{NodeId: "b", Address: "b:7600", Version: "1", StartTime: timestamppb.New(now.Add(-95 * time.Second)), WarmShards: []int32{1}},
		},
		Shards: []*holdfastv1.ShardStatus{
			{Owner: &holdfastv1.ShardOwner{Shard: 0, NodeId: "a", Epoch: 7}, PreferredNodeId: "a", FirstSequence: 1, LastSequence: 20_000,
				Replicas: []*holdfastv1.ShardReplica{{NodeId: "a", Sequence: 20_000}, {NodeId: "b", Sequence: 8_000, Lag: 12_000}, {NodeId: "c", Lag: 20_000}}},
			{Owner: &holdfastv1.ShardOwner{Shard: 1, NodeId: "b"}, PreferredNodeId: "b", FirstSequence: 1},
			{Owner: &holdfastv1.ShardOwner{Shard: 2}},
		},
		Members: []*holdfastv1.EtcdMember{
			{Endpoint: "e1:2379", Version: "3.7.3", Leader: true, DbSize: 900 << 20, DbSizeInUse: 100 << 20, Quota: 1 << 30, Alarms: []string{"NOSPACE"}},
			{Endpoint: "e2:2379", Error: "refused\nat length"},
			{Endpoint: "e3:2379", Error: "refused"},
		},
	}, now}
	var b bytes.Buffer
	if err := s.print(&b); err != nil {
		t.Fatal(err)
	}
	const want = `FAULT: shard 1: node b is still taking it over; its log says if it cannot
FAULT: shard 2: nobody decides, and no node is fit to; start one that has its copy
FAULT: node c is not there: start it, or holdfast cluster forget c if it will not come back; its copies are up to 20,000 entries behind
FAULT: node b has not caught up with shards 0 2: wait; if its lag does not fall, its log says why
FAULT: shard 0: the copy of node b is 12,000 entries behind; look at its disk, and at its log
FAULT: etcd e1:2379: NOSPACE: it takes no writes: raise its quota, then etcdctl alarm disarm (docs/CLUSTER.md, etcd is full)
FAULT: etcd e1:2379: its database takes 87.9 % of its quota of 1.0 GiB; defragment it, or raise --quota-backend-bytes
FAULT: etcd e2:2379 does not answer: refused
FAULT: etcd e3:2379 does not answer: refused
FAULT: etcd has no majority: nothing can be decided there until more of its members are back

  NODE  ADDRESS  VERSION  UP     DECIDES FOR  STATE
  a     a:7600   1        2d2h   0            ready
  b     b:7600   1        1m35s  1            catching up
  c                                           not there

  SHARD  NODE  EPOCH  FOR  SHOULD BE  JOURNAL IN ETCD  COPIES BEHIND BY
  0      a     7                          1 to 20,000  a 0, b 12,000, c 20,000
  1      b     -                              nothing  ?
  2            -                                    ?  ?

  ETCD     VERSION  ROLE        DATABASE     IN USE  OF QUOTA  ALARMS
  e1:2379  3.7.3    leads      900.0 MiB  100.0 MiB    87.9 %  NOSPACE
  e2:2379           no answer
  e3:2379           no answer
`
	if b.String() != want {
		t.Errorf("it says\n%s\nand should say\n%s", b.String(), want)
	}
}

// Each etcd cluster has a majority of its own.
func TestClusterStatusOfSeveralEtcdClusters(t *testing.T) {
	s := &clusterStatus{&holdfastv1.GetClusterStatusResponse{Members: []*holdfastv1.EtcdMember{
		{Endpoint: "e1", Leader: true}, {Endpoint: "e2"}, {Endpoint: "e3"},
		{Endpoint: "e4", EtcdCluster: 1}, {Endpoint: "e5", EtcdCluster: 1, Error: "refused"}, {Endpoint: "e6", EtcdCluster: 1, Error: "refused"},
		{Endpoint: "e7", EtcdCluster: 2},
	}}, time.Now()}
	want := []string{
		"etcd e5 does not answer: refused", "etcd e6 does not answer: refused",
		"etcd cluster 1 has no majority: nothing can be decided there until more of its members are back",
		"no member of etcd cluster 2 that answers leads: it is electing, or the flags do not name all its members",
	}
	if have := s.memberFaults(); !slices.Equal(have, want) {
		t.Errorf("it says\n%s\nand should say\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	var b bytes.Buffer
	if s.printMembers(&b); !strings.Contains(b.String(), "  1: e5           no answer\n") {
		t.Error(b.String())
	}
}

func TestNumbers(t *testing.T) {
	for want, list := range map[string][]int32{
		"": nil, "3": {3}, "3 4": {3, 4}, "0-2": {0, 1, 2}, "0 2-4 6 7": {0, 2, 3, 4, 6, 7},
	} {
		if have := numbers(list); have != want {
			t.Errorf("%v: %q, not %q", list, have, want)
		}
	}
}
