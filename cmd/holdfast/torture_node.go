package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/holdfast-credit/holdfast/client"
)

// tortureNode is a node of the cluster: a process, the wires by which it reaches etcd, and our connections to it.
type tortureNode struct {
	id      string
	listen  string
	wires   []*wire // one to each member, in their order
	log     *os.File
	args    []string
	process *process
	sdk     *client.Client
	conn    *grpc.ClientConn
}

// soon has a node that comes back found at once.
var soon = grpc.WithConnectParams(grpc.ConnectParams{
	Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond}, MinConnectTimeout: time.Second,
})

// newNode makes a node that is not started yet.
func (t *clusterTorture) newNode(id string) (n *tortureNode, err error) {
	ports, err := membersPorts(1)
	if err != nil {
		return nil, err
	}
	n = &tortureNode{id: id, listen: fmt.Sprintf("127.0.0.1:%d", ports[0])}
	var etcd []string
	for _, endpoint := range t.members.endpoints() {
		w, err := newWire(endpoint)
		if err != nil {
			return nil, err
		}
		n.wires, etcd = append(n.wires, w), append(etcd, w.address())
	}
	if n.log, err = os.OpenFile(filepath.Join(t.dir, "node-"+id+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	n.args = []string{
		"serve", "--data", t.dataOf(id), "--listen", n.listen, "--ops", "", "--journal", "etcd", "--etcd", strings.Join(etcd, ","),
		"--node", id, "--shards", strconv.Itoa(t.Shards), "--lease", t.Lease.String(), "--log-level", "info",
	}
	if t.Cache != "" {
		n.args = append(n.args, "--cache", t.Cache)
	}
	n.sdk, err = client.Dial(n.listen, client.WithInsecure(), client.WithTimeout(10*time.Second), client.WithCaller("torture"),
		client.WithRetry(client.RetryPolicy{MaxAttempts: 1}), client.WithoutRouting(), client.WithDialOptions(soon))
	if err != nil {
		return nil, err
	}
	n.conn, err = grpc.NewClient(n.listen, grpc.WithTransportCredentials(insecure.NewCredentials()), soon,
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(8<<20)))
	return n, err
}

func (t *clusterTorture) dataOf(node string) string { return filepath.Join(t.dir, "node-"+node) }

// start starts the node and waits until it serves.
func (n *tortureNode) start(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, healthyWithin)
	defer cancel()
	p, err := spawnTo(n.log, n.args...)
	if err != nil {
		return err
	}
	n.process = p
	if err := p.ready(ctx); err != nil {
		return fmt.Errorf("node %s: %w", n.id, err)
	}
	return nil
}

// turn changes the state of all the node's wires.
func (n *tortureNode) turn(to wireState) {
	for _, w := range n.wires {
		w.turn(to)
	}
}

// remove ends everything about the node.
func (n *tortureNode) remove() {
	if n.process != nil {
		n.process.kill()
	}
	for _, w := range n.wires {
		w.remove()
	}
	if n.sdk != nil {
		_ = n.sdk.Close() // nothing is under way any more
	}
	if n.conn != nil {
		_ = n.conn.Close()
	}
	if n.log != nil {
		_ = n.log.Close()
	}
}
