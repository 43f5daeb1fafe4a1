package etcdtest

import (
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// Member is how an etcd server is set up. Zero limits are etcd's own.
type Member struct {
	Name           string
	Dir            string
	ClientURL      string // http://host:port, where clients reach it
	PeerURL        string // http://host:port, where other members do
	InitialCluster string // name=peer-url,..., all of them

	QuotaBackendBytes int64
	MaxRequestBytes   uint
	MaxTxnOps         uint
	SnapshotCount     uint64 // transactions between two snapshots; 0 is snapshotCount

	WithParent bool // ends when its standard input does
}

// Flags defines the flags that set the member up, under the names that they have for etcd where it has them.
func (m *Member) Flags(set *flag.FlagSet) {
	set.StringVar(&m.Name, "name", m.Name, "name of the member, as in -initial-cluster")
	set.StringVar(&m.Dir, "dir", m.Dir, "where it keeps its data and its log")
	set.StringVar(&m.ClientURL, "client-url", m.ClientURL, "http://host:port for clients")
	set.StringVar(&m.PeerURL, "peer-url", m.PeerURL, "http://host:port for the other members")
	set.StringVar(&m.InitialCluster, "initial-cluster", m.InitialCluster, "name=peer-url of all members, with commas between")
	set.Int64Var(&m.QuotaBackendBytes, "quota-backend-bytes", m.QuotaBackendBytes, "size at which the member is full; 0 is etcd's own, 2 GiB")
	set.UintVar(&m.MaxRequestBytes, "max-request-bytes", m.MaxRequestBytes, "largest request; 0 is etcd's own, 1.5 MiB")
	set.UintVar(&m.MaxTxnOps, "max-txn-ops", m.MaxTxnOps, "most operations of a transaction; 0 is etcd's own, 128")
	set.Uint64Var(&m.SnapshotCount, "snapshot-count", m.SnapshotCount, "transactions between two snapshots; 0 is 2,000, etcd's own is 10,000")
	set.BoolVar(&m.WithParent, "with-parent", m.WithParent, "end when standard input does")
}

// command is the first argument of a process that is a member.
const command = "member"

// args are the arguments of the member's process: the command, and every flag with the value that it has.
func (m *Member) args() []string {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	m.Flags(set)
	list := []string{command}
	set.VisitAll(func(f *flag.Flag) { list = append(list, "-"+f.Name+"="+f.Value.String()) })
	return list
}

// Reexec makes this process a member, and does not return, if it was started to be one: with the first argument
// "member", and flags. Otherwise it does nothing.
func Reexec() {
	if len(os.Args) < 2 || os.Args[1] != command {
		return
	}
	var m Member
	set := flag.NewFlagSet(os.Args[0]+" "+command, flag.ExitOnError)
	m.Flags(set)
	_ = set.Parse(os.Args[2:]) // exits by itself
	if err := m.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// snapshotCount is how many transactions lie between two snapshots: few, so that a member which was away long enough
// for a test has to be sent one.
const snapshotCount = 2000

func (m *Member) config() (*embed.Config, error) {
	c := embed.NewConfig()
	c.Name, c.Dir, c.InitialCluster = m.Name, filepath.Join(m.Dir, "data"), m.InitialCluster
	client, err := url.Parse(m.ClientURL)
	if err != nil {
		return nil, err
	}
	peer, err := url.Parse(m.PeerURL)
	if err != nil {
		return nil, err
	}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	c.SnapshotCount = snapshotCount
	if m.SnapshotCount > 0 {
		c.SnapshotCount = m.SnapshotCount
	}
	c.QuotaBackendBytes = m.QuotaBackendBytes
	if m.MaxRequestBytes > 0 {
		c.MaxRequestBytes = m.MaxRequestBytes
	}
	if m.MaxTxnOps > 0 {
		c.MaxTxnOps = m.MaxTxnOps
	}
	c.LogLevel, c.LogOutputs = "warn", []string{filepath.Join(m.Dir, "etcd.log")}
	return c, nil
}

// Run is a member until a signal ends it, or with WithParent until standard input does.
func (m *Member) Run() error {
	if err := os.MkdirAll(m.Dir, 0o700); err != nil {
		return err
	}
	config, err := m.config()
	if err != nil {
		return fmt.Errorf("member %s: %w", m.Name, err)
	}
	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("member %s: %w", m.Name, err)
	}
	defer server.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	orphaned := make(chan struct{})
	if m.WithParent {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			close(orphaned)
			time.Sleep(5 * time.Second)
			os.Exit(1) // nobody is left to see that it hangs
		}()
	}
	select {
	case <-stop:
	case <-orphaned:
	case <-server.Server.StopNotify():
		return fmt.Errorf("member %s stopped by itself", m.Name)
	case err := <-server.Err():
		return fmt.Errorf("member %s: %w", m.Name, err)
	}
	return nil
}
