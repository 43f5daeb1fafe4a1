package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a server of this binary, or a member of etcd, run as a process of its own so that it can be measured, and
// killed.
type process struct {
	Listen string // where it serves gRPC
	Ops    string // where it serves figures and profiles; empty if nowhere

	cmd    *exec.Cmd
	pipe   io.Closer // closed to end a process that watches its standard input
	stderr *tail
	log    io.Writer     // has all that it says; nil for nothing
	dir    string        // holds the ready file; empty for a process that writes none
	exited chan struct{} // closed once err is set
	err    error         // how it ended; owned by the waiting goroutine until exited is closed
}

// spawn starts this binary with args and a --ready-file. It does not wait for it to be ready.
func spawn(args ...string) (*process, error) { return spawnTo(nil, args...) }

// spawnTo does, and has all that the process says written to a log as well, unless that is nil.
func spawnTo(log io.Writer, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "holdfast-ready-")
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir, log: log}
	if err := p.launch(self, append(args, "--ready-file", p.readyFile())...); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

// launch starts a program as the process.
func (p *process) launch(program string, args ...string) (err error) {
	p.stderr, p.exited = &tail{}, make(chan struct{})
	p.cmd = exec.Command(program, args...)
	p.cmd.Stdout = io.Writer(p.stderr)
	if p.log != nil {
		p.cmd.Stdout = io.MultiWriter(p.stderr, p.log)
	}
	p.cmd.Stderr = p.cmd.Stdout
	if p.pipe, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		p.err = p.cmd.Wait()
		_ = os.RemoveAll(p.dir) // nothing, where it is empty
		close(p.exited)
	}()
	return nil
}

// start starts this binary with args and waits until it serves.
func start(ctx context.Context, args ...string) (*process, error) {
	p, err := spawn(args...)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

func (p *process) readyFile() string { return filepath.Join(p.dir, "ready") }

// ready waits until the process has written its ready file, and reads it.
func (p *process) ready(ctx context.Context) error {
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.exited:
			return fmt.Errorf("%s ended before it served: %w", p.name(), p.failure())
		case <-poll.C:
		}
		text, err := os.ReadFile(p.readyFile())
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		var ready struct{ Listen, Ops string }
		if err := json.Unmarshal(text, &ready); err != nil {
			return fmt.Errorf("ready file of %s: %w", p.name(), err)
		}
		p.Listen, p.Ops = ready.Listen, ready.Ops
		return nil
	}
}

func (p *process) name() string { return filepath.Base(p.cmd.Path) + " " + p.cmd.Args[1] }

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks the process to end and waits for it; after half a minute it is killed. An error is that the process
// failed.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	_ = p.pipe.Close()
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		p.kill()
		return fmt.Errorf("%s did not end within 30 s of SIGTERM", p.name())
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w", p.name(), p.failure())
	}
	return nil
}

// kill ends the process with SIGKILL and waits for it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	_ = p.pipe.Close()
	<-p.exited
}

// gone tells whether the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// failure is how the process ended and what it said last.
func (p *process) failure() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	if said := p.stderr.String(); said != "" {
		return fmt.Errorf("%w; it said last:\n%s", err, said)
	}
	return err
}

// cpu is the processor time that the process has used; false where the system does not tell, and of no process.
func (p *process) cpu() (time.Duration, bool) {
	if p == nil {
		return 0, false
	}
	return cpuOf(strconv.Itoa(p.pid()))
}

// cpuOf reads /proc, whose clock ticks 100 times a second on every Linux.
func cpuOf(pid string) (time.Duration, bool) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, false
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, err1 == nil && err2 == nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

const tailBytes = 4 << 10

// Write keeps the last of p.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > 2*tailBytes {
		t.text = bytes.Clone(t.text[len(t.text)-tailBytes:])
	}
	return len(p), nil
}

// String is the last lines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text[max(0, len(t.text)-tailBytes):]))
}
