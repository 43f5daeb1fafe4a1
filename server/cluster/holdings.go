package cluster

import "time"

// phase is what a node does with a shard.
type phase int

const (
	idle      phase = iota
	taking          // a worker creates the owner's key and has the holder lead
	leading         // the holder decides
	releasing       // a worker has the holder stop and deletes the key
)

// hold is one shard as the node itself knows it. The view tells about the rest of the cluster, and is always late.
type hold struct {
	phase phase
	epoch uint64 // while leading
	since time.Time

	// What this node has last written, or read while it tried to write, is in every view from this revision on. An
	// older one says nothing about the shard.
	seen int64

	rival      string // who is preferred instead, while leading
	rivalSince time.Time

	gone time.Time // when it was given up, until the next owner leads

	ended      uint64    // the epoch of a session of which the holder said that it ended by itself
	failures   int       // to lead, in a row
	rest       time.Time // not tried before
	unfitUntil time.Time // others are asked to take it until then
}

// holdings decides what a node does with its shards. It is pure: time and views are given to it, and what comes of what it
// orders. It belongs to the conductor.
type holdings struct {
	me      string
	lease   int64
	floor   int64 // the first view that shows this registration
	settle  time.Duration
	jitter  func(time.Duration) time.Duration
	leaving bool // as the last view says: the others know it by then
	shards  []hold
}

func newHoldings(me string, lease, registered int64, shards int, settle time.Duration, jitter func(time.Duration) time.Duration) *holdings {
	return &holdings{
		me: me, lease: lease, floor: registered, settle: settle, jitter: jitter, shards: make([]hold, shards),
	}
}

// An action is what a worker is to do about a shard: take it, or else give it up.
type action struct {
	shard int
	take  bool
}

// movesMax bounds how many shards a node has on the move of its own will, from when it begins to give one up until the next
// owner leads it; the others go on meanwhile, rather than wait in a queue before the next owner. takesMax bounds how many it
// takes over at a time: each is a tail to be read.
const movesMax, takesMax = 8, 64

// moveWithin is how long a next owner is waited for before others are given up.
const moveWithin = time.Second

// decide says what to do, has it noted as begun, and says when time alone would change the decision (zero for never).
func (hs *holdings) decide(v *View, now time.Time) (actions []action, wake time.Time) {
	if v.Revision < hs.floor {
		return nil, time.Time{}
	}
	me, _ := v.Node(hs.me)
	hs.leaving = me.Leaving
	moves, arrives := hs.moves(v, now)
	takes := hs.count(taking)
	for shard := range hs.shards {
		h := &hs.shards[shard]
		take, give, at := false, false, time.Time{}
		switch {
		case h.phase == leading:
			give, at = hs.gives(h, v, shard, now)
			// What is not ours any more is given up at once. What is, when its turn comes.
			if ours := v.owners[shard].lease == hs.lease; give && ours && h.ended != h.epoch {
				if give = moves < movesMax; !give {
					at = arrives
				}
				moves++
			}
		case h.phase == idle && v.Revision >= h.seen && v.owners[shard].lease == hs.lease:
			// A claim that was sent twice has arrived once more, after the shard was given up: the key is there, and nobody leads.
			if give = !now.Before(h.rest); !give {
				at = h.rest
			}
		case h.phase == idle && v.Revision >= h.seen:
			if take, at = hs.takes(h, v, shard, now); take {
				take = takes < takesMax
				takes++
			}
		}
		switch {
		case take:
			h.phase = taking
		case give:
			h.phase = releasing
		case !at.IsZero() && (wake.IsZero() || at.Before(wake)):
			wake = at
		}
		if take || give {
			actions = append(actions, action{shard: shard, take: take})
		}
	}
	return actions, wake
}

// moves is how many shards are on the move, and when the first of them is not waited for any more (zero for never).
func (hs *holdings) moves(v *View, now time.Time) (n int, until time.Time) {
	for shard := range hs.shards {
		h := &hs.shards[shard]
		if h.phase == releasing {
			n++
		}
		if h.phase != idle || h.gone.IsZero() {
			continue
		}
		at := h.gone.Add(moveWithin)
		if v.owners[shard].Leads() && v.Revision >= h.seen || !now.Before(at) {
			h.gone = time.Time{}
			continue
		}
		if next := v.Preferred(shard); next == "" || next == hs.me {
			continue // nobody is about to take it
		}
		n++
		if until.IsZero() || at.Before(until) {
			until = at
		}
	}
	return n, until
}

// gives says whether a shard that is led should be given up, or when to look again.
func (hs *holdings) gives(h *hold, v *View, shard int, now time.Time) (give bool, at time.Time) {
	if h.ended == h.epoch {
		return true, at
	}
	if v.Revision < h.seen {
		return false, at
	}
	if hs.leaving || v.owners[shard].lease != hs.lease {
		return true, at
	}
	preferred := v.Preferred(shard)
	if preferred == "" || preferred == hs.me {
		h.rival = ""
		return false, at
	}
	if h.rival != preferred {
		h.rival, h.rivalSince = preferred, now
	}
	// A node that has only just come may be gone again before the shard has moved. What an operator asks for is meant.
	settled := h.rivalSince.Add(hs.settle)
	if v.pins[shard] == preferred || v.Drained(hs.me) || !now.Before(settled) {
		return true, at
	}
	return false, settled
}

// takes says whether a shard that is not led should be taken, or when to look again.
func (hs *holdings) takes(h *hold, v *View, shard int, now time.Time) (take bool, at time.Time) {
	switch {
	case hs.leaving || v.owners[shard].created != 0 || v.Preferred(shard) != hs.me:
		return false, at
	case now.Before(h.rest):
		return false, h.rest
	default:
		return true, at
	}
}

// took notes that the holder leads the shard in an epoch; the owner's key says so since a revision.
func (hs *holdings) took(shard int, epoch uint64, revision int64, now time.Time) {
	h := &hs.shards[shard]
	h.phase, h.epoch, h.since, h.seen, h.rival = leading, epoch, now, revision, ""
}

// beaten notes that somebody else has the shard, since a revision.
func (hs *holdings) beaten(shard int, revision int64) {
	h := &hs.shards[shard]
	h.phase, h.seen = idle, max(h.seen, revision)
}

// Failing to lead is tried again soon. Whoever fails often asks others to take the shard, for longer and longer, because
// each of its tries is a pause for the callers.
const (
	restFirst, restMost   = 50 * time.Millisecond, 5 * time.Second
	unfitAfter            = 3
	unfitFirst, unfitMost = 10 * time.Second, 5 * time.Minute
	forgiven              = 10 * time.Second // of leading: what failed before is history
)

// failed notes that the holder could not lead, or does not any more, and the key is gone since a revision (0: unknown).
func (hs *holdings) failed(shard int, revision int64, now time.Time) {
	h := &hs.shards[shard]
	h.phase, h.seen = idle, max(h.seen, revision)
	h.failures++
	h.rest = now.Add(hs.jitter(doubled(restFirst, h.failures-1, restMost)))
	if h.failures >= unfitAfter {
		h.unfitUntil = now.Add(doubled(unfitFirst, h.failures-unfitAfter, unfitMost))
	}
}

func doubled(d time.Duration, times int, most time.Duration) time.Duration {
	for ; times > 0 && d < most; times-- {
		d *= 2
	}
	return min(d, most)
}

// gave notes that the shard is given up, and its key gone since a revision (0: it was gone before).
func (hs *holdings) gave(shard int, revision int64, now time.Time) {
	h := &hs.shards[shard]
	if !h.since.IsZero() && now.Sub(h.since) >= forgiven {
		h.failures = 0
	}
	if h.epoch != 0 && h.ended == h.epoch {
		hs.failed(shard, revision, now)
	} else {
		h.phase, h.seen, h.gone = idle, max(h.seen, revision), now
		if revision == 0 {
			h.rest = now.Add(hs.jitter(restFirst)) // a late view may show it still
		}
	}
	h.epoch, h.since = 0, time.Time{}
}

// lost notes that the holder's session ended by itself. Of a session that is over already, or another one's, it means nothing.
func (hs *holdings) lost(shard int, epoch uint64) {
	if shard >= 0 && shard < len(hs.shards) && epoch > 0 {
		hs.shards[shard].ended = max(hs.shards[shard].ended, epoch)
	}
}

// unfit are the shards that others are asked to take, and when that ends for the first of them (zero for never).
func (hs *holdings) unfit(now time.Time) (shards []int, until time.Time) {
	for shard := range hs.shards {
		if at := hs.shards[shard].unfitUntil; now.Before(at) {
			shards = append(shards, shard)
			if until.IsZero() || at.Before(until) {
				until = at
			}
		}
	}
	return shards, until
}

func (hs *holdings) count(in phase) (n int) {
	for i := range hs.shards {
		if hs.shards[i].phase == in {
			n++
		}
	}
	return n
}

// led are the shards that the holder leads.
func (hs *holdings) led() []int {
	var shards []int
	for shard := range hs.shards {
		if hs.shards[shard].phase == leading {
			shards = append(shards, shard)
		}
	}
	return shards
}

// empty says whether the node has nothing, and is about to do nothing.
func (hs *holdings) empty() bool { return hs.count(idle) == len(hs.shards) }
