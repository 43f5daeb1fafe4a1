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
	held           bool // what the client says is kept back; guarded by Proxy.mu, as are the others
	kept           int  // bytes of it
	forsaken       bool // the client's end was broken off
}

type mode int

const (
	passing mode = iota
	cut          // no connection holds, and none is made
	silent       // connections stay, but nothing passes either way
	deaf         // what clients say reaches the member; what it answers is thrown away
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

// Hold keeps back what clients say on the connections that there are, until Deliver. Answers pass, and so does
// everything on new connections.
func (p *Proxy) Hold() { p.each(func(l *link) { l.held = !l.forsaken }) }

// Held tells how many bytes are kept back for clients that are still there.
func (p *Proxy) Held() (n int) {
	p.each(func(l *link) {
		if l.held && !l.forsaken {
			n += l.kept
		}
	})
	return n
}

// Deliver passes on, late, what was kept back.
func (p *Proxy) Deliver() { p.each(func(l *link) { l.held = false }) }

// Pass passes everything on. Connections on which answers were thrown away are broken: they make no sense any more.
func (p *Proxy) Pass() { p.turn(passing) }

// Forsake breaks the connections to clients and keeps those to the member, with what is held back for it.
func (p *Proxy) Forsake() {
	p.each(func(l *link) {
		l.forsaken = true
		_ = l.client.Close()
	})
}

func (p *Proxy) each(do func(*link)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		do(l)
	}
	p.changed.Broadcast()
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
		p.pump(l.client, l.member, func(queued int) (may, lose bool) {
			l.kept = queued
			return !l.held && p.mode != silent, false
		})
		p.mu.Lock()
		for l.forsaken && p.mode != cut {
			p.changed.Wait() // the member would drop what it is doing for a client that hangs up
		}
		p.mu.Unlock()
		_ = l.member.Close()
	})
	both.Go(func() {
		p.pump(l.member, l.client, func(int) (may, lose bool) { return p.mode != silent, p.mode == deaf })
		_ = l.client.Close()
	})
	both.Wait()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// pump carries one way. It goes on reading while there is no leave to carry, and carries that when there is. Leave is
// told how many bytes wait for it, and answers, with mu held, whether they may go and whether they go nowhere.
func (p *Proxy) pump(from, to net.Conn, leave func(queued int) (may, lose bool)) {
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
		may, lose := leave(len(queue))
		for p.mode != cut && (!may || len(queue) == 0 && !ended) {
			p.changed.Wait()
			may, lose = leave(len(queue))
		}
		now, over := queue, ended || p.mode == cut
		queue = nil
		lose = lose || p.mode == cut
		p.mu.Unlock()
		if len(now) > 0 && !lose {
			if _, err := to.Write(now); err != nil {
				return
			}
		}
		if over {
			return
		}
	}
}
