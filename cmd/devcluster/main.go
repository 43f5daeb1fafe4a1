// Command devcluster runs a small cluster on this machine, to develop against: three etcd members, each in a process
// of its own, on free ports of the loopback interface. It prints where they are and stops them when it is interrupted,
// or when it ends in any other way.
//
//	devcluster [-dir DIR] [-members N]
//	devcluster member -name NAME -dir DIR -client-url URL -peer-url URL -initial-cluster NAME=URL,...
//
// The second form is one member, in this process.
//
// It is a command of its own so that holdfast carries no etcd server. It is not for production: the members speak
// without TLS, and they are all on one disk.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

func main() {
	etcdtest.Reexec()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	if err := run(os.Args[1:], os.Stdout, stop); err != nil {
		fmt.Fprintln(os.Stderr, "devcluster:", err)
		os.Exit(1)
	}
}

// run starts the cluster, says where it is, and takes it down when something arrives on stop.
func run(args []string, out io.Writer, stop <-chan os.Signal) (err error) {
	set := flag.NewFlagSet("devcluster", flag.ContinueOnError)
	dir := set.String("dir", "", "where the members keep their data; a directory that is removed at the end if empty")
	members := set.Int("members", 3, "how many etcd members")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("there is no command %q; there is: member", set.Arg(0))
	}
	if *dir == "" {
		if *dir, err = os.MkdirTemp("", "devcluster"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(*dir)) }()
	}
	etcd, err := etcdtest.Start(*dir, *members, etcdtest.Member{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, etcd.Stop()) }()
	for i, endpoint := range etcd.Endpoints() {
		fmt.Fprintf(out, "etcd member %d at %s, process %d\n", i, endpoint, etcd.PIDs()[i])
	}
	fmt.Fprintf(out, "endpoints: %s\n", strings.Join(etcd.Endpoints(), ","))
	<-stop
	return nil
}
