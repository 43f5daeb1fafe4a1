package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// clusterStatus is a cluster's status, as somebody looks at it at some time.
type clusterStatus struct {
	*holdfastv1.GetClusterStatusResponse
	now time.Time
}

const (
	// quotaFull is the part of its quota from which on an etcd member's database is a fault, in percent: there must be
	// time to do something.
	quotaFull = 80
	// farBehind is how many entries a copy may be behind: more, and a takeover by its node takes seconds.
	farBehind = 10_000
)

// print prints it for people: what is wrong first.
func (s *clusterStatus) print(out io.Writer) error {
	var b bytes.Buffer
	switch faults := s.faults(); len(faults) {
	case 0:
		fmt.Fprintf(&b, "well: %d nodes, %d shards, %d members of etcd\n", len(s.GetNodes()), len(s.GetShards()), len(s.GetMembers()))
	default:
		for _, fault := range faults {
			fmt.Fprintf(&b, "FAULT: %s\n", fault)
		}
	}
	s.printNodes(&b)
	s.printShards(&b)
	s.printMembers(&b)
	_, err := out.Write(b.Bytes())
	return err
}

// faults are what is wrong, each with what to do about it.
func (s *clusterStatus) faults() (faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, sh := range s.GetShards() {
		switch o := sh.GetOwner(); {
		case o.GetNodeId() == "" && sh.GetPreferredNodeId() == "":
			say("shard %d: nobody decides, and no node is fit to; start one that has its copy", o.GetShard())
		case o.GetNodeId() == "":
			say("shard %d: nobody decides; node %s should take it over within seconds, and its log says if it cannot", o.GetShard(), sh.GetPreferredNodeId())
		case o.GetEpoch() == 0:
			say("shard %d: node %s is still taking it over; its log says if it cannot", o.GetShard(), o.GetNodeId())
		}
	}
	absent := s.absent()
	for _, id := range slices.Sorted(maps.Keys(absent)) {
		say("node %s is not there: start it, or holdfast cluster forget %s if it will not come back; its copies are up to %s entries behind",
			id, id, thousands(absent[id]))
	}
	for _, n := range s.GetNodes() {
		if missing := s.cold(n); len(missing) > 0 && !n.GetLeaving() {
			say("node %s has not caught up with %s: wait; if its lag does not fall, its log says why", n.GetNodeId(), shardNames(missing))
		}
	}
	for _, d := range s.GetDifferences() {
		say("%s: start all with the same --policy and version, or put and activate a policy", d)
	}
	if len(s.GetNodes()) == 1 {
		say("node %s is alone: nobody would take its shards over", s.GetNodes()[0].GetNodeId())
	}
	for _, sh := range s.GetShards() {
		for _, r := range sh.GetReplicas() {
			if r.GetLag() > farBehind && s.node(r.GetNodeId()) != nil {
				say("shard %d: the copy of node %s is %s entries behind; look at its disk, and at its log", sh.GetOwner().GetShard(), r.GetNodeId(), thousands(int64(r.GetLag())))
			}
		}
	}
	return append(faults, s.memberFaults()...)
}

// memberFaults are what is wrong with etcd.
func (s *clusterStatus) memberFaults() (faults []string) {
	type votes struct{ all, answer, leads int }
	clusters := map[int32]*votes{}
	for _, m := range s.GetMembers() {
		v := clusters[m.GetEtcdCluster()]
		if v == nil {
			v = &votes{}
			clusters[m.GetEtcdCluster()] = v
		}
		v.all++
		if m.GetError() != "" {
			faults = append(faults, fmt.Sprintf("etcd %s does not answer: %s", m.GetEndpoint(), firstLine(m.GetError())))
			continue
		}
		v.answer++
		if m.GetLeader() {
			v.leads++
		}
		for _, alarm := range m.GetAlarms() {
			advice := "see etcdctl alarm list"
			if strings.Contains(alarm, "NOSPACE") {
				advice = "it takes no writes: raise its quota, then etcdctl alarm disarm (docs/CLUSTER.md, etcd is full)"
			}
			faults = append(faults, fmt.Sprintf("etcd %s: %s: %s", m.GetEndpoint(), alarm, advice))
		}
		if q := m.GetQuota(); q > 0 && m.GetDbSize()*100 >= q*quotaFull {
			faults = append(faults, fmt.Sprintf("etcd %s: its database takes %s of its quota of %s; defragment it, or raise --quota-backend-bytes",
				m.GetEndpoint(), percent(m.GetDbSize(), q), bytesOf(q)))
		}
	}
	for _, n := range slices.Sorted(maps.Keys(clusters)) {
		which := "etcd"
		if len(clusters) > 1 {
			which = fmt.Sprintf("etcd cluster %d", n)
		}
		switch v := clusters[n]; {
		case 2*v.answer <= v.all:
			faults = append(faults, which+" has no majority: nothing can be decided there until more of its members are back")
		case v.leads == 0:
			faults = append(faults, "no member of "+which+" that answers leads: it is electing, or the flags do not name all its members")
		}
	}
	return faults
}

// firstLine is a text up to its end of line.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// absent are nodes that have copies and are not there, and how far behind they are at most.
func (s *clusterStatus) absent() map[string]int64 {
	absent := map[string]int64{}
	for _, sh := range s.GetShards() {
		for _, r := range sh.GetReplicas() {
			if s.node(r.GetNodeId()) == nil {
				absent[r.GetNodeId()] = max(absent[r.GetNodeId()], int64(r.GetLag()))
			}
		}
	}
	return absent
}

func (s *clusterStatus) node(id string) *holdfastv1.Node {
	for _, n := range s.GetNodes() {
		if n.GetNodeId() == id {
			return n
		}
	}
	return nil
}

// cold are the shards that a node has not caught up with. It has with those that it leads, whatever it said before.
func (s *clusterStatus) cold(n *holdfastv1.Node) (shards []int32) {
	for _, sh := range s.GetShards() {
		if o := sh.GetOwner(); !slices.Contains(n.GetWarmShards(), o.GetShard()) && (o.GetNodeId() != n.GetNodeId() || o.GetEpoch() == 0) {
			shards = append(shards, o.GetShard())
		}
	}
	return shards
}

func (s *clusterStatus) printNodes(b *bytes.Buffer) {
	t := &table{align: "llllll"}
	t.row("NODE", "ADDRESS", "VERSION", "UP", "DECIDES FOR", "STATE")
	for _, n := range s.GetNodes() {
		var leads []int32
		for _, sh := range s.GetShards() {
			if sh.GetOwner().GetNodeId() == n.GetNodeId() {
				leads = append(leads, sh.GetOwner().GetShard())
			}
		}
		state := "ready"
		switch missing := s.cold(n); {
		case n.GetLeaving():
			state = "leaving"
		case n.GetDrained():
			state = "drained"
		case len(missing) > 0:
			state = "catching up"
		}
		t.row(n.GetNodeId(), n.GetAddress(), n.GetVersion(), s.age(n.GetStartTime().AsTime()), numbers(leads), state)
	}
	for _, id := range slices.Sorted(maps.Keys(s.absent())) {
		t.row(id, "", "", "", "", "not there")
	}
	b.WriteString("\n" + t.String())
}

func (s *clusterStatus) printShards(b *bytes.Buffer) {
	t := &table{align: "lllllrl"}
	t.row("SHARD", "NODE", "EPOCH", "FOR", "SHOULD BE", "JOURNAL IN ETCD", "COPIES BEHIND BY")
	for _, sh := range s.GetShards() {
		o := sh.GetOwner()
		epoch, since := fmt.Sprint(o.GetEpoch()), ""
		if o.GetEpoch() == 0 {
			epoch = "-"
		}
		if sh.GetSince() != nil {
			since = s.age(sh.GetSince().AsTime())
		}
		should := ""
		switch {
		case sh.GetPinnedNodeId() != "" && sh.GetPinnedNodeId() != sh.GetPreferredNodeId():
			should = sh.GetPreferredNodeId() + ", pinned to " + sh.GetPinnedNodeId()
		case sh.GetPinnedNodeId() != "":
			should = sh.GetPinnedNodeId() + " (pinned)"
		case sh.GetPreferredNodeId() != o.GetNodeId():
			should = sh.GetPreferredNodeId()
		}
		var copies []string
		for _, r := range sh.GetReplicas() {
			copies = append(copies, fmt.Sprintf("%s %s", r.GetNodeId(), thousands(int64(r.GetLag()))))
		}
		if len(copies) == 0 {
			copies = []string{"?"}
		}
		journal := "?" // etcd did not tell in time
		switch first, last := sh.GetFirstSequence(), sh.GetLastSequence(); {
		case first > last:
			journal = "nothing"
		case first > 0:
			journal = thousands(int64(sh.GetFirstSequence())) + " to " + thousands(int64(sh.GetLastSequence()))
		}
		t.row(fmt.Sprint(o.GetShard()), o.GetNodeId(), epoch, since, should, journal, strings.Join(copies, ", "))
	}
	b.WriteString("\n" + t.String())
}

func (s *clusterStatus) printMembers(b *bytes.Buffer) {
	t := &table{align: "lllrrrl"}
	t.row("ETCD", "VERSION", "ROLE", "DATABASE", "IN USE", "OF QUOTA", "ALARMS")
	several := slices.ContainsFunc(s.GetMembers(), func(m *holdfastv1.EtcdMember) bool { return m.GetEtcdCluster() > 0 })
	for _, m := range s.GetMembers() {
		endpoint := m.GetEndpoint()
		if several {
			endpoint = fmt.Sprintf("%d: %s", m.GetEtcdCluster(), endpoint)
		}
		if m.GetError() != "" {
			t.row(endpoint, "", "no answer")
			continue
		}
		role, quota := "follows", "?"
		if m.GetLeader() {
			role = "leads"
		}
		if m.GetQuota() > 0 {
			quota = percent(m.GetDbSize(), m.GetQuota())
		}
		t.row(endpoint, m.GetVersion(), role, bytesOf(m.GetDbSize()), bytesOf(m.GetDbSizeInUse()), quota, strings.Join(m.GetAlarms(), ", "))
	}
	b.WriteString("\n" + t.String())
}

// age is how long ago something was, by the clocks of two machines.
func (s *clusterStatus) age(t time.Time) string {
	switch d := max(0, s.now.Sub(t)); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// bytesOf writes a size for people.
func bytesOf(n int64) string {
	for _, u := range units[:3] {
		if n >= u.bytes {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
