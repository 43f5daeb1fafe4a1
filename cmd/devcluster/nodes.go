package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

const (
	// mostNodes is how many nodes have a letter of their own.
	mostNodes = 16
	// firstPort is where the first node is if it can be; the second is ten further.
	firstPort = 7600
	// patience is how long the nodes have to lead every shard, and one to end.
	patience = 2 * time.Minute
	endMost  = 30 * time.Second
)

// errStopped says that somebody wants the cluster to end before it has begun.
var errStopped = errors.New("stopped")

// nodes are Holdfast processes.
type nodes struct {
	binary string
	list   []*holdfastNode
	gone   chan *holdfastNode // those that ended by themselves
	ending chan struct{}      // closed when they are to end
}

// holdfastNode is one of them.
type holdfastNode struct {
	id       string
	data     string
	log      string
	ready    string   // file that it writes when it serves
	command  []string // to start it anew by hand
	api, ops string
	pid      int

	cmd    *exec.Cmd
	stdin  io.Closer // what it watches, so that it ends with this program
	exited chan struct{}
	err    error // how it ended; to be read once exited is closed
}

// startNodes starts the nodes and waits until every shard is led.
func startNodes(o options, endpoints []string, stop <-chan os.Signal) (_ *nodes, err error) {
	ns := &nodes{binary: o.binary, gone: make(chan *holdfastNode, o.nodes), ending: make(chan struct{})}
	if ns.binary == "" {
		ns.binary = filepath.Join(o.dir, "holdfast")
		if err := build(ns.binary); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ns.stop(nil))
		}
	}()
	for i := range o.nodes {
		n := newNode(i, o, ns.binary, endpoints)
		if err := ns.start(n); err != nil {
			return nil, err
		}
		ns.list = append(ns.list, n)
	}
	deadline := time.After(patience)
	for {
		led, err := ns.led()
		if led {
			return ns, nil
		}
		select {
		case <-stop:
			return nil, errStopped
		case n := <-ns.gone:
			return nil, fmt.Errorf("node %s ended before it served: %w\n%s", n.id, n.err, lastLines(n.log))
		case <-deadline:
			return nil, fmt.Errorf("not every shard is led after %s: %w\n%s", patience, err, lastLines(ns.list[0].log))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// build makes the binary of the module that the working directory is in.
func build(to string) error {
	cmd := exec.Command("go", "build", "-o", to, "github.com/holdfast-credit/holdfast/cmd/holdfast")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build of holdfast: %w\n%s\nrun devcluster within the module, or tell it where the binary is with -holdfast", err, out)
	}
	return nil
}

func newNode(i int, o options, binary string, endpoints []string) *holdfastNode {
	id := string(rune('a' + i))
	n := &holdfastNode{
		id: id, data: filepath.Join(o.dir, id), log: filepath.Join(o.dir, id+".log"), ready: filepath.Join(o.dir, id+".ready"),
		api: freeAddress(firstPort + 10*i), ops: freeAddress(firstPort + 10*i + 1), exited: make(chan struct{}),
	}
	n.command = []string{
		binary, "serve", "--journal", "etcd", "--etcd", strings.Join(endpoints, ","), "--node", id, "--shards", strconv.Itoa(o.shards),
		"--data", n.data, "--listen", n.api, "--ops", n.ops, "--cache", "128MiB",
	}
	return n
}

// freeAddress is the loopback address with that port, or with any other when somebody has it.
func freeAddress(port int) string {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "127.0.0.1:0" // the node says which it got
	}
	_ = l.Close()
	return address
}

// start starts a node in a process group of its own: an interrupt at the terminal is for this program, which then ends the
// nodes in order.
func (ns *nodes) start(n *holdfastNode) error {
	_ = os.Remove(n.ready) // of an earlier start
	log, err := os.OpenFile(n.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append(n.command[1:len(n.command):len(n.command)], "--ready-file", n.ready, "--with-parent")
	n.cmd = exec.Command(n.command[0], args...)
	n.cmd.Stdout, n.cmd.Stderr, n.cmd.SysProcAttr = log, log, &syscall.SysProcAttr{Setpgid: true}
	if n.stdin, err = n.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := n.cmd.Start(); err != nil {
		return fmt.Errorf("node %s: %w", n.id, err)
	}
	n.pid = n.cmd.Process.Pid
	go func() {
		n.err = n.cmd.Wait()
		close(n.exited)
		select {
		case <-ns.ending:
		default:
			ns.gone <- n
		}
	}()
	return nil
}

// led says whether every node serves and every shard is led as the last node knows it.
func (ns *nodes) led() (bool, error) {
	for _, n := range ns.list {
		text, err := os.ReadFile(n.ready)
		if err != nil {
			return false, err
		}
		var ready struct{ Listen, Ops string }
		if err := json.Unmarshal(text, &ready); err != nil {
			return false, err
		}
		n.api, n.ops = ready.Listen, ready.Ops
	}
	conn, err := grpc.NewClient(ns.list[len(ns.list)-1].api, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	topology, err := holdfastv1.NewClusterServiceClient(conn).GetTopology(ctx, &holdfastv1.GetTopologyRequest{})
	if err != nil {
		return false, err
	}
	if have := len(topology.GetNodes()); have < len(ns.list) {
		return false, fmt.Errorf("%d nodes have joined", have)
	}
	for _, s := range topology.GetShards() {
		if s.GetEpoch() == 0 {
			return false, fmt.Errorf("shard %d is not led", s.GetShard())
		}
	}
	return true, nil
}

// stop ends the nodes, one after the other, so that each gives its shards to those that are left. What arrives on hurry
// meanwhile ends them at once.
func (ns *nodes) stop(hurry <-chan os.Signal) error {
	close(ns.ending)
	var errs []error
	for _, n := range ns.list {
		errs = append(errs, n.end(hurry))
	}
	return errors.Join(errs...)
}

func (n *holdfastNode) end(hurry <-chan os.Signal) error {
	select {
	case <-n.exited: // by itself, which has been told
		return nil
	default:
	}
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // it may have ended this moment
	select {
	case <-n.exited:
		if n.err != nil {
			return fmt.Errorf("node %s: %w\n%s", n.id, n.err, lastLines(n.log))
		}
		return nil
	case <-hurry:
	case <-time.After(endMost):
	}
	_ = n.cmd.Process.Kill()
	_ = n.stdin.Close()
	<-n.exited
	return nil
}

// lastLines are what a log ends with.
func lastLines(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-10):], []byte("\n")))
}
