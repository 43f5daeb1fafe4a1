package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"
)

var errCrash = errors.New("the power is gone")

// crash makes a commit fail: the nth from now, before it is written or after.
type crash struct {
	mu    sync.Mutex
	left  int // commits until then; 0 for never
	after bool
	hit   bool
}

func (c *crash) commit(db *bolt.DB, apply func(*bolt.Tx) error) error {
	c.mu.Lock()
	now := c.left == 1
	if c.left > 0 {
		c.left--
	}
	after := c.after
	c.hit = c.hit || now
	c.mu.Unlock()
	if now && !after {
		return errCrash
	}
	if err := db.Update(apply); err != nil {
		return err
	}
	if now {
		return errCrash
	}
	return nil
}

func (c *crash) arm(left int, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.after, c.hit = left, after, false
}

func (c *crash) happened() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hit
}

// TestACrashAtEveryWrite runs the same messages through an outbox that crashes at its first commit, its second, and so on, before
// and after writing. Whoever put something and was not told that it is safe puts it again, as a gateway would.
func TestACrashAtEveryWrite(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			if !crashAt(t, n, after) {
				if n < 8 {
					t.Errorf("only %d commits were made", n-1)
				}
				break
			}
		}
	}
}

func crashAt(t *testing.T, n int, after bool) (crashed bool) {
	path, core, c := file(t), newCore(), &crash{}
	c.arm(n, after)
	core.fault = func(_ int, id string) (error, bool) {
		if id == "o-1/0" {
			return refusalBy(codes.FailedPrecondition, "ORDER_REVERSED"), false
		}
		return nil, false
	}
	opts := quick(Options{Lanes: 2, commit: c.commit})
	o := open(t, path, core, opts)
	again := func(do func() error) {
		for {
			err := do()
			if err == nil {
				return
			}
			if !errors.Is(err, ErrBroken) {
				t.Fatalf("crash at commit %d: %v", n, err)
			}
			if err := o.Close(context.Background()); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			o = open(t, path, core, opts)
		}
	}
	for i := range 3 {
		for k := range 3 {
			order := fmt.Sprint("o-", k)
			again(func() error {
				return o.Put(Change{Messages: []Message{reversal(order, fmt.Sprint(order, "/", i))}, Notes: []Note{{Key: order, Value: []byte{byte(i)}}}})
			})
		}
	}
	again(func() error { return o.Drain(context.Background()) })
	for {
		dead, err := o.Dead()
		if err != nil {
			t.Fatal(err)
		}
		if len(dead) == 0 {
			break
		}
		again(func() error {
			if err := o.Drop(dead[0].Sequence); !errors.Is(err, ErrNotFound) { // which it is if it was dropped before the crash
				return err
			}
			return nil
		})
		again(func() error { return o.Drain(context.Background()) })
	}
	crashed = c.happened()
	c.arm(0, false)
	if err := o.Close(context.Background()); err != nil && !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	o = open(t, path, core, opts)
	drain(t, o)
	for k := range 3 {
		order := fmt.Sprint("o-", k)
		want := []string{order + "/0", order + "/1", order + "/2"}
		if k == 1 {
			want = want[1:]
		}
		if got := core.effectsOf(order); !slices.Equal(got, want) {
			t.Errorf("crash at commit %d, after %v: order %s has %v, want %v", n, after, order, got, want)
		}
	}
	if len(o.Notes()) != 3 || o.size != 0 {
		t.Errorf("crash at commit %d: notes %v, size %d", n, o.Notes(), o.size)
	}
	return crashed
}

// model is an outbox beside what must become of all that was put.
type model struct {
	t       *rapid.T
	path    string
	core    *fakeCore
	crash   crash
	box     *Outbox
	serial  int
	mode    string // of the core: up, down, lossy
	refuse  map[string]bool
	put     map[string][]string // by order, what was accepted or may have been, in order
	unsure  map[string]bool     // whose Put was not answered well
	dropped map[string]bool
	notes   map[string]string
}

func (m *model) open() {
	var err error
	m.box, err = Open(m.path, m.core, quick(Options{Lanes: 3, commit: m.crash.commit}))
	if err != nil {
		m.t.Fatal(err)
	}
}

// reopen is what a gateway does after a crash, or without one.
func (m *model) reopen() {
	m.crash.arm(0, false)
	_ = m.box.Close(context.Background())
	m.open()
}

// broke tells whether an operation met the crash, and opens again if so.
func (m *model) broke(err error) bool {
	if err == nil {
		return false
	}
	if !errors.Is(err, ErrBroken) {
		m.t.Fatal(err)
	}
	m.reopen()
	return true
}

func (m *model) Put(t *rapid.T) {
	var c Change
	order := fmt.Sprint("o-", rapid.IntRange(0, 3).Draw(t, "order"))
	var ids []string
	for range rapid.IntRange(1, 3).Draw(t, "messages") {
		m.serial++
		id := fmt.Sprint("r-", m.serial)
		if rapid.IntRange(0, 9).Draw(t, "refused") == 0 {
			m.core.mu.Lock()
			m.refuse[id] = true
			m.core.mu.Unlock()
		}
		ids = append(ids, id)
		c.Messages = append(c.Messages, reversal(order, id))
	}
	c.Notes = []Note{{Key: order, Value: []byte(ids[0])}}
	broke := m.broke(m.box.Put(c))
	for _, id := range ids {
		m.unsure[id] = broke
	}
	m.put[order] = append(m.put[order], ids...)
	if !broke {
		m.notes[order] = ids[0]
		return
	}
	delete(m.notes, order) // the old or the new one
}

func (m *model) Core(t *rapid.T) {
	m.core.mu.Lock()
	defer m.core.mu.Unlock()
	m.mode = rapid.SampledFrom([]string{"up", "down", "lossy"}).Draw(t, "core")
}

func (m *model) Crash(t *rapid.T) {
	m.crash.arm(rapid.IntRange(1, 4).Draw(t, "commits"), rapid.Bool().Draw(t, "after"))
}

func (m *model) Reopen(*rapid.T) { m.reopen() }

// Operate settles the oldest dead letter.
func (m *model) Operate(t *rapid.T) {
	dead, err := m.box.Dead()
	if err != nil {
		t.Fatal(err)
	}
	if len(dead) == 0 {
		return
	}
	l, id := dead[0], dead[0].RequestID()
	if rapid.Bool().Draw(t, "drop") {
		m.dropped[id] = true // in doubt as well: it is refused for ever
		m.broke(m.box.Drop(l.Sequence))
		return
	}
	m.core.mu.Lock()
	delete(m.refuse, id)
	m.core.mu.Unlock()
	m.broke(m.box.Retry(l.Sequence))
}

// Check is asked after every step: what took effect is what was put, in its order, without gaps but for what is dropped or unsure.
func (m *model) Check(t *rapid.T) {
	for order, put := range m.put {
		at := 0
		for _, id := range m.core.effectsOf(order) {
			next := slices.Index(put[at:], id)
			if next < 0 {
				t.Fatalf("order %s: %s took effect twice or out of order: %v of %v", order, id, m.core.effectsOf(order), put)
			}
			for _, skipped := range put[at : at+next] {
				if !m.unsure[skipped] && !m.dropped[skipped] {
					t.Fatalf("order %s: %s took effect before %s", order, id, skipped)
				}
			}
			at += next + 1
		}
	}
	if m.core.overlap != "" {
		t.Fatalf("two messages of %s at once", m.core.overlap)
	}
}

// finish has everything delivered and looks for what is missing.
func (m *model) finish() {
	m.reopen()
	m.core.mu.Lock()
	m.mode = "up"
	clear(m.refuse)
	m.core.mu.Unlock()
	for {
		drainModel(m)
		dead, err := m.box.Dead()
		if err != nil {
			m.t.Fatal(err)
		}
		if len(dead) == 0 {
			break
		}
		delete(m.dropped, dead[0].RequestID()) // the drop was lost in a crash
		if err := m.box.Retry(dead[0].Sequence); err != nil {
			m.t.Fatal(err)
		}
	}
	m.Check(m.t)
	for order, put := range m.put {
		have := m.core.effectsOf(order)
		for _, id := range put {
			if !slices.Contains(have, id) && !m.unsure[id] && !m.dropped[id] {
				m.t.Fatalf("order %s: %s is lost: %v of %v", order, id, have, put)
			}
		}
	}
	for _, n := range m.box.Notes() {
		if want, sure := m.notes[n.Key]; sure && want != string(n.Value) {
			m.t.Fatalf("note %s is %q, want %q", n.Key, n.Value, want)
		}
	}
	if m.box.size != 0 {
		m.t.Fatalf("size %d of an empty outbox", m.box.size)
	}
}

func drainModel(m *model) {
	if err := m.box.Drain(context.Background()); err != nil {
		m.t.Fatal(err)
	}
}

// TestAnyOrderOfEvents puts, crashes, reopens, retries and drops in any order, under a core that comes and goes and loses answers.
func TestAnyOrderOfEvents(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		m := &model{
			t: t, path: fmt.Sprint(dir, "/", runs), core: newCore(), mode: "up", refuse: map[string]bool{}, put: map[string][]string{},
			unsure: map[string]bool{}, dropped: map[string]bool{}, notes: map[string]string{},
		}
		m.core.fault = func(call int, id string) (error, bool) { // under the core's lock
			switch {
			case m.mode == "down":
				return down, false
			case m.refuse[id]:
				return refusalBy(codes.FailedPrecondition, "ORDER_REVERSED"), false
			case m.mode == "lossy" && call%2 == 0:
				return down, true
			}
			return nil, false
		}
		m.open()
		defer func() { _ = m.box.Close(context.Background()) }()
		t.Repeat(map[string]func(*rapid.T){"put": m.Put, "core": m.Core, "crash": m.Crash, "reopen": m.Reopen, "operate": m.Operate, "": m.Check})
		m.finish()
	})
}
