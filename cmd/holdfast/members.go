package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// members are etcd servers on this machine, each in a process of its own, for what measures and torments a cluster. They
// run devcluster's member command, because this binary carries no etcd server; and they sync what they write.
type members struct {
	program string // devcluster
	dir     string // of their data, and of the program if it was built
	ports   []int  // for clients and for the other members, in turn
	list    []*process
}

// How large a member may grow, and how many transactions lie between two of its snapshots: etcd's own number, where
// devcluster has a small one for tests.
const (
	memberQuota     = 8 << 30
	memberSnapshots = 10_000
	membersPatience = 30 * time.Second
)

// startMembers starts n members with their data in a directory that exists, and waits until they take writes. The program
// is devcluster; "" builds it, which works within this repository only.
func startMembers(ctx context.Context, program, dir string, n int) (m *members, err error) {
	m = &members{program: program, dir: dir}
	if m.program == "" {
		if m.program, err = buildDevcluster(ctx, dir); err != nil {
			return nil, err
		}
	}
	if m.ports, err = membersPorts(2 * n); err != nil {
		return nil, err
	}
	for i := range n {
		p, err := m.launch(i)
		if err != nil {
			return nil, errors.Join(err, m.stop())
		}
		m.list = append(m.list, p)
	}
	if err := m.ready(ctx); err != nil {
		return nil, errors.Join(err, m.stop())
	}
	return m, nil
}

// buildDevcluster builds the program that has the etcd server.
func buildDevcluster(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "devcluster")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/holdfast-credit/holdfast/cmd/devcluster")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("devcluster, which has the etcd server, can only be built within the repository: elsewhere say where it is with --devcluster: %w\n%s", err, said)
	}
	return program, nil
}

// launch starts member i, for the first time or with the data that it has.
func (m *members) launch(i int) (*process, error) {
	url := func(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
	var all []string
	for k := range len(m.ports) / 2 {
		all = append(all, fmt.Sprintf("etcd%d=%s", k, url(m.ports[2*k+1])))
	}
	name := fmt.Sprintf("etcd%d", i)
	p := &process{}
	return p, p.launch(m.program, "member", "-name", name, "-dir", filepath.Join(m.dir, name),
		"-client-url", url(m.ports[2*i]), "-peer-url", url(m.ports[2*i+1]), "-initial-cluster", strings.Join(all, ","),
		"-quota-backend-bytes", fmt.Sprint(memberQuota), "-snapshot-count", fmt.Sprint(memberSnapshots), "-with-parent")
}

// endpoints are the members' addresses for clients.
func (m *members) endpoints() (list []string) {
	for i := 0; i < len(m.ports); i += 2 {
		list = append(list, fmt.Sprintf("127.0.0.1:%d", m.ports[i]))
	}
	return list
}

// ready waits until every member takes writes.
func (m *members) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, membersPatience)
	defer cancel()
	for i, endpoint := range m.endpoints() {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
		if err != nil {
			return err
		}
		for {
			once, cancel := context.WithTimeout(ctx, time.Second)
			_, err = client.Put(once, "holdfast-ready", "")
			cancel()
			if err == nil || m.list[i].gone() || sleepUntil(ctx, time.Now().Add(20*time.Millisecond)) != nil {
				break
			}
		}
		if m.list[i].gone() {
			err = m.list[i].failure()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("etcd at %s takes no writes: %w", endpoint, err), client.Close())
		}
		if err := client.Close(); err != nil {
			return err
		}
	}
	return nil
}

// stop ends them all. Their data stays.
func (m *members) stop() error {
	for _, p := range m.list {
		p.kill() // there is nothing that an orderly end would save
	}
	if m.program == filepath.Join(m.dir, "devcluster") {
		return os.Remove(m.program)
	}
	return nil
}

// membersPorts finds ports that nobody has, below those that the machine gives to outgoing connections, of which one could
// take a member's port while the member is down.
func membersPorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n; tries++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000)))
		if err != nil && tries > 100*n {
			return nil, err
		}
		if err == nil {
			defer l.Close() // not before all are found, so that they differ
			ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		}
	}
	return ports, nil
}
