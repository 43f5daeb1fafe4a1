package etcdtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Cluster is some members, each in a process of its own.
type Cluster struct {
	members []*process
	client  *clientv3.Client
}

// process is one member, and the process that it runs in, if it does.
type process struct {
	member Member

	mu     sync.Mutex
	cmd    *exec.Cmd      // nil while it is stopped
	stdin  io.WriteCloser // what the member watches
	exited chan struct{}
}

// patience is how long a cluster has to come up, or a member to answer.
const patience = 30 * time.Second

// Start starts a cluster of n members with their data in dir, set up like template, and waits until it works. On the
// directory of an earlier cluster it starts that one again, on the same ports: its members know each other by them. The
// program must have called Reexec.
func Start(dir string, n int, template Member) (*Cluster, error) {
	ports, err := portsIn(dir, 2*n)
	if err != nil {
		return nil, err
	}
	c := &Cluster{}
	var initial, endpoints []string
	for i := range n {
		m := template
		m.Name = fmt.Sprintf("etcd%d", i)
		m.Dir = filepath.Join(dir, m.Name)
		m.ClientURL = fmt.Sprintf("http://127.0.0.1:%d", ports[2*i])
		m.PeerURL = fmt.Sprintf("http://127.0.0.1:%d", ports[2*i+1])
		m.WithParent = true
		initial = append(initial, m.Name+"="+m.PeerURL)
		endpoints = append(endpoints, m.endpoint())
		c.members = append(c.members, &process{member: m})
	}
	for _, p := range c.members {
		p.member.InitialCluster = strings.Join(initial, ",")
		if err := p.start(); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	if c.client, err = clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop()}); err == nil {
		err = c.Ready()
	}
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Endpoints are the members' addresses for clients, host:port, in order.
func (c *Cluster) Endpoints() (list []string) {
	for _, p := range c.members {
		list = append(list, p.member.endpoint())
	}
	return list
}

// endpoint is the client URL without its scheme.
func (m *Member) endpoint() string { return strings.TrimPrefix(m.ClientURL, "http://") }

// Client is a client of the whole cluster, for what no engine does. Stop closes it.
func (c *Cluster) Client() *clientv3.Client { return c.client }

// Ready waits until the cluster takes writes and every member that runs answers.
func (c *Cluster) Ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for i := range c.members {
		for c.running(i) {
			_, err := c.status(ctx, i)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("etcdtest: %s does not answer: %w", c.members[i].member.Name, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	for {
		once, cancel := context.WithTimeout(ctx, time.Second)
		_, err := c.client.Put(once, "etcdtest", "")
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("etcdtest: the cluster takes no writes: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (c *Cluster) status(ctx context.Context, i int) (*clientv3.StatusResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	status, err := c.client.Status(ctx, c.members[i].member.endpoint())
	if err == nil && status.Leader == 0 {
		err = errors.New("no leader")
	}
	return status, err
}

// Leader finds the member that leads, by its number.
func (c *Cluster) Leader() (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		for i := range c.members {
			if !c.running(i) {
				continue
			}
			if status, err := c.status(ctx, i); err == nil && status.Leader == status.Header.MemberId {
				return i, nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return 0, errors.New("etcdtest: nobody leads")
}

// Kill ends a member's process at once, as a loss of power would.
func (c *Cluster) Kill(i int) error { return c.members[i].end(syscall.SIGKILL) }

// Pause stops a member in its tracks; its connections stay. Resume lets it go on.
func (c *Cluster) Pause(i int) error { return c.members[i].signal(syscall.SIGSTOP) }

// Resume lets a paused member go on.
func (c *Cluster) Resume(i int) error { return c.members[i].signal(syscall.SIGCONT) }

// Restart starts a member that was killed, with its data, its ports and, if change is given, another set-up.
func (c *Cluster) Restart(i int, change func(*Member)) error {
	p := c.members[i]
	if err := p.end(syscall.SIGKILL); err != nil {
		return err
	}
	if change != nil {
		change(&p.member)
	}
	return p.start()
}

// Stop ends all members and waits until they are gone.
func (c *Cluster) Stop() error {
	var errs []error
	if c.client != nil {
		errs = append(errs, c.client.Close())
	}
	for _, p := range c.members {
		errs = append(errs, p.end(syscall.SIGKILL))
	}
	return errors.Join(errs...)
}

// PIDs are the processes of the members, 0 for one that is stopped.
func (c *Cluster) PIDs() (list []int) {
	for _, p := range c.members {
		p.mu.Lock()
		pid := 0
		if p.cmd != nil {
			pid = p.cmd.Process.Pid
		}
		p.mu.Unlock()
		list = append(list, pid)
	}
	return list
}

func (c *Cluster) running(i int) bool { return c.PIDs()[i] != 0 }

// start starts the member's process: this program again.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, p.member.args()...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is for who started it
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("etcdtest: starting %s: %w", p.member.Name, err)
	}
	p.cmd, p.stdin, p.exited = cmd, stdin, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait() // a killed process is an error, and meant
		close(exited)
	}(p.exited)
	return nil
}

func (p *process) signal(s os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return fmt.Errorf("etcdtest: %s is stopped", p.member.Name)
	}
	return p.cmd.Process.Signal(s)
}

// end ends the process, if there is one, and waits until it is gone.
func (p *process) end(s os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	_ = p.stdin.Close()
	p.cmd = nil
	return nil
}

// portsIn are the ports of the members in dir, free ones if there are none yet.
func portsIn(dir string, n int) (ports []int, err error) {
	path := filepath.Join(dir, "ports.json")
	text, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(text, &ports); err != nil {
			return nil, fmt.Errorf("etcdtest: %s: %w", path, err)
		}
		if len(ports) != n {
			return nil, fmt.Errorf("etcdtest: %s has a cluster of %d members, not %d", dir, len(ports)/2, n/2)
		}
		return ports, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if ports, err = freePorts(n); err != nil {
		return nil, err
	}
	if text, err = json.Marshal(ports); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return ports, os.WriteFile(path, text, 0o600)
}

// freePorts finds ports that nobody has, below those that the machine gives to outgoing connections, of which one could
// take a member's port while the member is stopped.
func freePorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n; tries++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
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
