package etcdtest

import (
	"net"
	"sync"
)

// Proxy stands between clients and a member. It passes everything on until it is told to do something worse.
type Proxy struct {
	target   string
	listener net.Listener
	workers  sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond // mode or links did
	mode    mode
	links   map[*link]struct{}
	closed  bool
}

// link is one client's connection and the one to the member that belongs to it.
type link struct {
	client, member net.Conn
	forsaken       bool // the client's end was broken off; guarded by Proxy.mu
}

type mode int

const (
	passing mode = iota
	cut          // no connection holds, and none is made
	silent       // connections stay, but nothing passes either way
	deaf         // what clients say reaches the member; what it answers is thrown away
	holding      // what clients say is held back, until the mode changes; answers pass
)

// NewProxy makes a proxy before the address host:port.
func NewProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{target: target, listener: l, links: map[*link]struct{}{}}
	p.changed = sync.NewCond(&p.mu)
	p.workers.Go(p.accept)
	return p, nil
}

// Endpoint is where clients reach the proxy, host:port.
func (p *Proxy) Endpoint() string { return p.listener.Addr().String() }

// Cut breaks all connections and lets no new one be made.
func (p *Proxy) Cut() { p.turn(cut) }

// Silence lets the connections stand and nothing pass: a network that swallows packets.
func (p *Proxy) Silence() { p.turn(silent) }

// LoseAnswers passes on what clients say and throws away what the member answers.
func (p *Proxy) LoseAnswers() { p.turn(deaf) }

// Hold keeps back what clients say. When the proxy passes again it arrives late.
func (p *Proxy) Hold() { p.turn(holding) }

// Pass passes everything on. Connections on which answers were thrown away are broken: they make no sense any more.
func (p *Proxy) Pass() { p.turn(passing) }

// Forsake breaks the connections to clients and keeps those to the member, with what is held back for it.
func (p *Proxy) Forsake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.forsaken = true
		_ = l.client.Close()
	}
}

func (p *Proxy) turn(to mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to == cut || p.mode == deaf {
		for l := range p.links {
			_ = l.client.Close()
			_ = l.member.Close()
		}
	}
	p.mode = to
	p.changed.Broadcast()
}

// Close ends the proxy.
func (p *Proxy) Close() error {
	p.turn(cut)
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.workers.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.mu.Lock()
		refused := p.mode == cut
		p.mu.Unlock()
		member, err := net.Dial("tcp", p.target)
		if err != nil || refused {
			_ = client.Close()
			if err == nil {
				_ = member.Close()
			}
			continue
		}
		l := &link{client: client, member: member}
		p.mu.Lock()
		p.links[l] = struct{}{}
		if p.closed || p.mode == cut {
			_ = client.Close()
			_ = member.Close()
		}
		p.mu.Unlock()
		p.workers.Go(func() { p.carry(l) })
	}
}

// carry carries both ways until both ends are gone.
func (p *Proxy) carry(l *link) {
	var both sync.WaitGroup
	both.Go(func() {
		p.pump(l.client, l.member, func(m mode) bool { return m == passing || m == deaf }, nil)
		p.mu.Lock()
		for l.forsaken && p.mode != cut {
			p.changed.Wait() // the member would drop what it is doing for a client that hangs up
		}
		p.mu.Unlock()
		_ = l.member.Close()
	})
	both.Go(func() {
		p.pump(l.member, l.client, func(m mode) bool { return m != silent }, func(m mode) bool { return m == deaf })
		_ = l.client.Close()
	})
	both.Wait()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// pump carries one way. It goes on reading while there is no leave to carry, and carries that when there is.
func (p *Proxy) pump(from, to net.Conn, may, lose func(mode) bool) {
	var queue []byte // guarded by p.mu
	ended := false
	p.workers.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := from.Read(buf)
			p.mu.Lock()
			queue = append(queue, buf[:n]...)
			ended = err != nil
			p.changed.Broadcast()
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	for {
		p.mu.Lock()
		for p.mode != cut && (!may(p.mode) || len(queue) == 0 && !ended) {
			p.changed.Wait()
		}
		now, over := queue, ended || p.mode == cut
		queue = nil
		lost := p.mode == cut || lose != nil && lose(p.mode)
		p.mu.Unlock()
		if len(now) > 0 && !lost {
			if _, err := to.Write(now); err != nil {
				return
			}
		}
		if over {
			return
		}
	}
}
