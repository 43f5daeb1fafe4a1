package writer

import (
	"sync"
	"sync/atomic"

	"github.com/holdfast-credit/holdfast/ledger"
)

// call is one command on its way. It is owned by the submitter until it joins a group, by whoever takes the group until
// that is done, and then by the submitter again.
type call struct {
	command ledger.Command
	inside  func() // instead of a command: to be run between two commands
	outcome ledger.Outcome
	err     error // of this call alone; set before its group is done
}

// group is the calls that were queued up together.
type group struct {
	calls []*call
	done  chan struct{}
	err   error // set before done is closed
}

func newGroup() *group { return &group{done: make(chan struct{}), calls: make([]*call, 0, 64)} }

// queue is the calls that wait for the goroutine that owns the book.
type queue struct {
	mu      sync.Mutex
	group   *group // that calls join now; guarded by mu
	ended   error  // why no more calls are taken; guarded by mu
	queued  atomic.Int64
	arrived chan struct{} // capacity 1: there may be calls
}

func newQueue() *queue { return &queue{group: newGroup(), arrived: make(chan struct{}, 1)} }

// join adds a call to the group that is open now.
func (q *queue) join(c *call) (*group, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		return nil, q.ended
	}
	return q.add(c), nil
}

// last adds a call after which no more are taken.
func (q *queue) last(c *call, ended error) (*group, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		return nil, q.ended
	}
	q.ended = ended
	return q.add(c), nil
}

// add adds a call to the group that is open now; mu is held.
func (q *queue) add(c *call) *group {
	g := q.group
	g.calls = append(g.calls, c)
	q.queued.Add(1)
	if len(g.calls) == 1 {
		select {
		case q.arrived <- struct{}{}:
		default:
		}
	}
	return g
}

// take closes the group that is open now and opens another; nil when it is empty.
func (q *queue) take() *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	g := q.group
	if len(g.calls) == 0 {
		return nil
	}
	q.group = newGroup()
	return g
}

// refuse takes no more calls and answers those that nobody has taken yet.
func (q *queue) refuse(err error) {
	q.mu.Lock()
	q.ended = err
	g := q.group
	q.group = newGroup()
	q.mu.Unlock()
	q.answer(g, err)
}

// answer wakes a group's callers.
func (q *queue) answer(g *group, err error) {
	q.queued.Add(-int64(len(g.calls)))
	g.err = err
	close(g.done)
}
