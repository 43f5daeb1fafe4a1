package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// asNode makes this process a node, if it was started to be one: with "node", its id, a prefix, and the endpoints of etcd. It
// says on its output what it leads and what not any more.
func asNode() {
	if len(os.Args) != 5 || os.Args[1] != "node" {
		return
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(os.Args[4], ","), Logger: zap.NewNop()})
	if err != nil {
		panic(err)
	}
	c, err := Join(context.Background(), Config{
		Client: client, Prefix: os.Args[3], ID: os.Args[2], Address: os.Args[2] + ".example:1", Shards: processShards,
		Holder: &printer{}, Lease: lease,
	})
	if err != nil {
		panic(err)
	}
	for shard := range processShards {
		c.SetWarm(shard, true)
	}
	_, _ = os.Stdin.Read(make([]byte, 1)) // its end is the end of the process that started this one
	os.Exit(0)
}

const processShards = 8

// printer prints what it is told. It has no journal: epochs are of the process only.
type printer struct {
	mu    sync.Mutex
	epoch uint64
}

func (p *printer) Lead(_ context.Context, shard int) (uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.epoch++
	fmt.Println("lead", shard)
	return p.epoch, nil
}

func (p *printer) Release(_ context.Context, shard int) error {
	fmt.Println("release", shard)
	return nil
}

// A process that is stopped in its tracks keeps its shards until its lease is over; when it goes on it finds that out by
// itself, gives up everything, and then comes back.
func TestAProcessThatIsStoppedAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shards = processShards
	w.configure = func(cfg *Config) { cfg.Zone = "" }
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, "node", "b", w.prefix, strings.Join(members.Endpoints(), ","))
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := make(chan string, 1000)
	go func() {
		for text := bufio.NewScanner(out); text.Scan(); {
			lines <- text.Text()
		}
		close(lines)
	}()
	defer func() {
		require.NoError(t, cmd.Process.Kill())
		_ = stdin.Close()
		_ = cmd.Wait()
	}()

	w.join("a")
	bs := func(v *View) (n int) {
		for shard := range w.shards {
			if o, _ := v.Owner(shard); o.Leads() && o.Node == "b" {
				n++
			}
		}
		return n
	}
	fair := 0
	for shard := range w.shards {
		if score("b", shard) > score("a", shard) {
			fair++
		}
	}
	settled := func(v *View) bool { return bs(v) == fair && len(w.nodes["a"].holder.led()) == w.shards-fair }
	settles := func() {
		t.Helper()
		w.awaits("the shards are not shared", func() bool { return settled(w.nodes["a"].View()) })
	}
	settles()
	for len(lines) > 0 {
		<-lines
	}

	pings := w.pings()
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	took := w.awaits("b's shards are not taken", func() bool { return len(w.nodes["a"].holder.led()) == w.shards })
	w.takenInTime(took, pings)
	require.Empty(t, lines)

	resumed := time.Now()
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	for range fair {
		select {
		case line := <-lines:
			require.Contains(t, line, "release", "before it takes anything it gives up everything")
		case <-time.After(within):
			t.Fatal("b goes on")
		}
	}
	gave := time.Since(resumed)
	settles()
	t.Logf("taken %v after it stopped; given up %v after it went on; back after %v", took, gave, time.Since(resumed))
}
