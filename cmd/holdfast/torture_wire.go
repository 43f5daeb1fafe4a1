package main

import (
	"net"
	"sync"
)

// wire is the way of a node to a member of etcd. It can be cut, as a network can: so that what is sent is refused, or so
// that it is swallowed and nobody hears of it.
type wire struct {
	target   string
	listener net.Listener
	workers  sync.WaitGroup

	mu    sync.Mutex
	state wireState             // guarded by mu, as all below
	ends  map[net.Conn]struct{} // of connections, both ends of each
}

type wireState int

const (
	whole      wireState = iota
	cut                  // no connection holds, and none is made
	swallowing           // connections stay, and are made, and nothing arrives either way
	removed
)

// newWire makes a wire to an address host:port.
func newWire(target string) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{target: target, listener: l, ends: map[net.Conn]struct{}{}}
	w.workers.Go(w.accept)
	return w, nil
}

// address is where the wire begins.
func (w *wire) address() string { return w.listener.Addr().String() }

// turn changes the state of the wire. What it has swallowed by then is lost, so connections that were in use do not
// outlive it.
func (w *wire) turn(to wireState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if to != swallowing && w.state != to {
		for end := range w.ends {
			_ = end.Close()
		}
	}
	w.state = to
}

// remove ends the wire.
func (w *wire) remove() {
	w.turn(removed)
	_ = w.listener.Close()
	w.workers.Wait()
}

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return // removed
		}
		w.workers.Go(func() { w.carry(near) })
	}
}

// carry carries one connection until either end is gone.
func (w *wire) carry(near net.Conn) {
	defer near.Close()
	if !w.keep(near) {
		return
	}
	defer w.drop(near)
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !w.keep(far) {
		return
	}
	defer w.drop(far)
	var both sync.WaitGroup
	both.Go(func() { w.pump(near, far) })
	both.Go(func() { w.pump(far, near) })
	both.Wait()
}

// keep notes an end of a connection, unless there may be none now.
func (w *wire) keep(end net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == cut || w.state == removed {
		return false
	}
	w.ends[end] = struct{}{}
	return true
}

func (w *wire) drop(end net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ends, end)
}

// pump carries one way.
func (w *wire) pump(from, to net.Conn) {
	defer func() { _ = from.Close(); _ = to.Close() }() // half a connection is none
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !w.swallows() {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) swallows() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == swallowing
}
