package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

func main() {
	etcdtest.Reexec()
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	if err := run(os.Args[1:], os.Stdout, stop); err != nil {
		fmt.Fprintln(os.Stderr, "devcluster:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	dir     string
	members int
	nodes   int
	shards  int
	binary  string
}

func parse(args []string) (o options, err error) {
	set := flag.NewFlagSet("devcluster", flag.ContinueOnError)
	set.StringVar(&o.dir, "dir", "", "where members and nodes keep their data; a directory that is removed at the end if empty")
	set.IntVar(&o.members, "members", 3, "how many etcd members")
	set.IntVar(&o.nodes, "nodes", 3, "how many Holdfast nodes; 0 for etcd alone")
	set.IntVar(&o.shards, "shards", 4, "how many shards the book has")
	set.StringVar(&o.binary, "holdfast", "", "the holdfast binary; built with go build if empty")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	switch {
	case set.NArg() > 0:
		return o, fmt.Errorf("there is no command %q; there is: member", set.Arg(0))
	case o.members < 1 || o.nodes < 0 || o.nodes > mostNodes || o.shards < 1:
		return o, fmt.Errorf("want 1 member or more, up to %d nodes and 1 shard or more", mostNodes)
	}
	return o, nil
}

// run starts the cluster, says where it is, and takes it down when something arrives on stop.
func run(args []string, out io.Writer, stop <-chan os.Signal) (err error) {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "devcluster"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	etcd, err := etcdtest.Start(o.dir, o.members, etcdtest.Member{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, etcd.Stop()) }()
	tellMembers(out, etcd)
	if o.nodes == 0 {
		<-stop
		return nil
	}
	nodes, err := startNodes(o, etcd.Endpoints(), stop)
	if errors.Is(err, errStopped) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, nodes.stop(stop)) }()
	tellNodes(out, nodes, o)
	for {
		select {
		case <-stop:
			fmt.Fprintln(out, "stopping")
			return nil
		case n := <-nodes.gone:
			fmt.Fprintf(out, "node %s is gone (%v); its log is %s. It comes back with:\n  %s\n", n.id, n.err, n.log, strings.Join(n.command, " "))
		}
	}
}

func tellMembers(out io.Writer, etcd *etcdtest.Cluster) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MEMBER\tADDRESS\tPID")
	for i, endpoint := range etcd.Endpoints() {
		fmt.Fprintf(table, "etcd%d\t%s\t%d\n", i, endpoint, etcd.PIDs()[i])
	}
	_ = table.Flush()
	fmt.Fprintf(out, "endpoints: %s\n", strings.Join(etcd.Endpoints(), ","))
}

func tellNodes(out io.Writer, nodes *nodes, o options) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nNODE\tAPI\tOPS\tPID\tDATA")
	for _, n := range nodes.list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", n.id, n.api, n.ops, n.pid, n.data)
	}
	_ = table.Flush()
	last := nodes.list[len(nodes.list)-1].api
	fmt.Fprintf(out, `
every one of the %d shards is led. Any node answers any call:

  %s cluster status --target %s
  grpcurl -plaintext %s holdfast.v1.ClusterService/GetTopology
  grpcurl -plaintext -d '{"request_id": "open-1", "consumer_token": "c-42", "currency": "CNY", "limit": 50000,
    "lines": [{"scene": "SCENE_TOPUP", "limit": 20000, "agreement_version": "2026-01", "accepted_agreement_version": "2026-01"}]}' \
    %s holdfast.v1.AccountService/OpenAccount
  kill -9 %d   what happens when node %s dies

An interrupt stops all of it.
`, o.shards, nodes.binary, last, nodes.list[0].api, last, nodes.list[0].pid, nodes.list[0].id)
}
