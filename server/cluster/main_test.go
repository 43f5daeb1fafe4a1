package cluster

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

// members is the etcd that most tests share; each has a prefix of its own. Tests that hurt members start their own.
var members *etcdtest.Cluster

func TestMain(m *testing.M) {
	etcdtest.Reexec()
	asNode()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	flag.Parse()
	// The tests wait, for leases and for disks, more than they compute.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if members, err = etcdtest.Start(dir, 3, etcdtest.Member{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := members.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

const (
	lease  = 2 * time.Second // the shortest that etcd grants
	shards = 24
)

// within is what one may ask of a machine that does other things too.
const within = 20 * time.Second

// journals stand in for the journals of all shards: they know who may append. Safe for concurrent use.
type journals struct {
	mu     sync.Mutex
	epochs map[int]uint64
	last   map[int]time.Time // when the last owner stopped
	gaps   []time.Duration   // from the last answer of an owner to the first of the next
}

// holder stands in for a server. It leads by acquiring the shard's journal, as a server does.
type holder struct {
	name     string
	journals *journals

	mu     sync.Mutex
	leads  map[int]uint64
	fails  map[int]error // what Lead answers with
	finish time.Duration // how long Release takes
}

func (h *holder) Lead(ctx context.Context, shard int) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.fails[shard]; err != nil {
		return 0, err
	}
	if _, twice := h.leads[shard]; twice {
		panic(fmt.Sprintf("%s is told to lead shard %d, which it leads", h.name, shard))
	}
	j := h.journals
	j.mu.Lock()
	defer j.mu.Unlock()
	j.epochs[shard]++
	if stopped, ok := j.last[shard]; ok {
		j.gaps = append(j.gaps, time.Since(stopped))
		delete(j.last, shard)
	}
	h.leads[shard] = j.epochs[shard]
	return j.epochs[shard], nil
}

func (h *holder) Release(ctx context.Context, shard int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.finish > 0 && !pause(ctx, h.finish) {
		delete(h.leads, shard)
		return ctx.Err()
	}
	if _, led := h.leads[shard]; led {
		h.journals.mu.Lock()
		h.journals.last[shard] = time.Now()
		h.journals.mu.Unlock()
	}
	delete(h.leads, shard)
	return nil
}

// appends says whether the holder could append, and so acknowledge anything.
func (h *holder) appends(shard int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.journals.mu.Lock()
	defer h.journals.mu.Unlock()
	return h.leads[shard] > 0 && h.leads[shard] == h.journals.epochs[shard]
}

func (h *holder) led() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.leads))
}

// member is a node of a test: a Cluster with its holder and its own connection to etcd.
type member struct {
	*Cluster
	holder  *holder
	client  *clientv3.Client
	proxies []*etcdtest.Proxy
}

// network is what becomes of all the node's connections.
func (m *member) network(turn func(*etcdtest.Proxy)) {
	for _, p := range m.proxies {
		turn(p)
	}
}

// world is a cluster of a test.
type world struct {
	t         *testing.T
	etcd      *etcdtest.Cluster
	prefix    string
	shards    int
	journals  *journals
	nodes     map[string]*member
	proxied   bool
	logger    *slog.Logger
	configure func(*Config)
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, etcd: members, prefix: "/" + t.Name(), shards: shards, nodes: map[string]*member{},
		journals: &journals{epochs: map[int]uint64{}, last: map[int]time.Time{}},
		logger:   slog.New(slog.NewTextHandler(t.Output(), nil)), configure: func(*Config) {},
	}
}

func (w *world) client(endpoints []string) *clientv3.Client {
	w.t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop(), DialTimeout: 5 * time.Second})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = client.Close() })
	return client
}

// config is that of a node that is about to join.
func (w *world) config(id string, client *clientv3.Client, h *holder) Config {
	cfg := Config{
		Client: client, Prefix: w.prefix, ID: id, Address: id + ".example:1", Version: "test", Shards: w.shards, Zone: "Asia/Shanghai",
		Holder: h, Lease: lease, Logger: w.logger.With("node", id),
	}
	w.configure(&cfg)
	return cfg
}

// prepare makes a node that has not joined.
func (w *world) prepare(id string) *member {
	w.t.Helper()
	m := &member{holder: &holder{name: id, journals: w.journals, leads: map[int]uint64{}, fails: map[int]error{}}}
	endpoints := w.etcd.Endpoints()
	if w.proxied {
		for i, e := range endpoints {
			p, err := etcdtest.NewProxy(e)
			require.NoError(w.t, err)
			w.t.Cleanup(func() { _ = p.Close() })
			m.proxies, endpoints[i] = append(m.proxies, p), p.Endpoint()
		}
	}
	m.client = w.client(endpoints)
	return m
}

// join lets nodes join, warm for everything.
func (w *world) join(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		m := w.prepare(id)
		ctx, cancel := context.WithTimeout(w.t.Context(), within)
		defer cancel()
		var err error
		m.Cluster, err = Join(ctx, w.config(id, m.client, m.holder))
		require.NoError(w.t, err)
		w.t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = m.Leave(ctx)
		})
		for shard := range w.shards {
			m.SetWarm(shard, true)
		}
		w.nodes[id] = m
		_, err = m.Await(ctx, func(v *View) bool { n, _ := v.Node(id); return len(n.Warm) == w.shards })
		require.NoError(w.t, err)
	}
}

func (w *world) registry() *Registry {
	w.t.Helper()
	r, err := Open(w.etcd.Client(), w.prefix)
	require.NoError(w.t, err)
	return r
}

// unsettled says what is not yet as it should be, with these nodes in the cluster: each shard is led by who is preferred, all
// see that, and nobody else leads.
func (w *world) unsettled(ids []string) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), within)
	defer cancel()
	v, err := w.registry().Read(ctx)
	if err != nil {
		return err
	}
	if len(v.Nodes()) != len(ids) {
		return fmt.Errorf("%d nodes are registered", len(v.Nodes()))
	}
	for shard := range w.shards {
		owner, _ := v.Owner(shard)
		if !owner.Leads() || owner.Node != v.Preferred(shard) {
			return fmt.Errorf("shard %d is led by %+v and should be by %s", shard, owner, v.Preferred(shard))
		}
		for id, m := range w.nodes {
			if m.holder.appends(shard) != (id == owner.Node) {
				return fmt.Errorf("shard %d is %s's, and %s may append: %v", shard, owner.Node, id, m.holder.appends(shard))
			}
		}
		for _, id := range ids {
			if seen, _ := w.nodes[id].View().Owner(shard); seen != owner {
				return fmt.Errorf("shard %d is led by %+v and %s sees %+v", shard, owner, id, seen)
			}
		}
	}
	return nil
}

// settles waits until all is as it should be, and says how long that took.
func (w *world) settles(ids ...string) time.Duration {
	w.t.Helper()
	begun := time.Now()
	err := errors.New("not looked at")
	for err != nil {
		if err = w.unsettled(ids); err != nil && time.Since(begun) > within {
			w.t.Fatalf("after %v: %v", within, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begun)
}

// awaits waits for something that happens outside of views.
func (w *world) awaits(what string, is func() bool) time.Duration {
	w.t.Helper()
	begun := time.Now()
	for !is() {
		if time.Since(begun) > within {
			w.t.Fatalf("after %v: %s", within, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(begun)
}

// pings measures how long etcd takes for a write on this machine, from now on and while other things happen: what times are
// held to goes by it. The answer is the median and the longest until then, and ends it.
func (w *world) pings() func() (median, longest time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	var took []time.Duration
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for len(took) == 0 || pause(ctx, 20*time.Millisecond) {
			begun := time.Now()
			// Not under ctx: the last one counts, too.
			if _, err = w.etcd.Client().Put(w.t.Context(), "ping", ""); err != nil {
				return
			}
			took = append(took, time.Since(begun))
		}
	}()
	return func() (median, longest time.Duration) {
		w.t.Helper()
		cancel()
		<-ended
		require.NoError(w.t, err)
		slices.Sort(took)
		return took[len(took)/2], took[len(took)-1]
	}
}

// takenInTime holds a takeover to the lease, to what etcd needs to find that it is over, and to some writes one after the
// other, at the pace at which they went meanwhile.
func (w *world) takenInTime(took time.Duration, pings func() (median, longest time.Duration)) {
	w.t.Helper()
	_, longest := pings()
	w.t.Logf("taken after %v, with a lease of %v and writes of %v", took, lease, longest)
	require.Less(w.t, took, lease+slack+10*longest)
}

// lastWrite is the revision of the last write below the registry's prefix. A view may have a later one without anything having
// been written there: it is that of a reading.
func (w *world) lastWrite() (last int64) {
	w.t.Helper()
	resp, err := w.etcd.Client().Get(w.t.Context(), w.prefix+"/", clientv3.WithPrefix())
	require.NoError(w.t, err)
	for _, kv := range resp.Kvs {
		last = max(last, kv.ModRevision)
	}
	return last
}

// gaps are the pauses of all shards that changed hands since it was last asked, sorted.
func (w *world) gaps() []time.Duration {
	w.journals.mu.Lock()
	defer w.journals.mu.Unlock()
	gaps := w.journals.gaps
	w.journals.gaps = nil
	slices.Sort(gaps)
	return gaps
}
