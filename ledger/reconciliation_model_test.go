package ledger_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
)

// modelled is a reconciliation as a model has it.
type modelled struct {
	run      uint32
	ended    bool
	done     bool
	breaks   []reconcile.Break
	resolved []bool
	adjusted money.Amount
}

// clerk does what anybody may do with reconciliations, and knows what must come of it.
type clerk struct {
	*stage
	rt    *rapid.T
	list  []*modelled
	begun []*ledger.BeginReconciliation
	days  map[calendar.Date]money.Amount // payable by adjustments
	met   *[4]int                        // how often breaks were resolved in each way, and of those wrong days for 0
}

// pick is a reconciliation, mostly one that is there.
func (c *clerk) pick() (n uint32, m *modelled) {
	at := rapid.IntRange(0, 9+len(c.list)).Draw(c.rt, "reconciliation")
	switch {
	case len(c.list) == 0 || at == 9:
		return uint32(len(c.list)) + 1, nil
	case at < 9:
		at = len(c.list)
	default:
		at -= 9
	}
	return uint32(at), c.list[at-1]
}

// wants carries a command out and holds its fault to what is expected; it says whether it was carried out.
func (c *clerk) wants(fault string, cmd ledger.Command) bool {
	out, _, err := c.core.Apply(c.now, cmd)
	require.NoError(c.rt, err)
	got := ""
	if out.Fault != nil {
		got = out.Fault.Reason
	}
	require.Equal(c.rt, fault, got, "%T %+v", cmd, cmd)
	return fault == ""
}

func (c *clerk) begin() {
	if len(c.begun) > 0 && rapid.Bool().Draw(c.rt, "again") {
		at := rapid.IntRange(0, len(c.begun)-1).Draw(c.rt, "which")
		out, _, err := c.core.Apply(c.now, c.begun[at])
		require.NoError(c.rt, err)
		require.True(c.rt, out.Replayed)
		require.Equal(c.rt, uint32(at+1), out.Reconciled.Reconciliation.N)
		return
	}
	cmd := begin(c.stage)
	c.wants("", cmd)
	c.begun, c.list = append(c.begun, cmd), append(c.list, &modelled{run: 1})
}

// runOf is a run to name: nearly always the last.
func (c *clerk) runOf(m *modelled) uint32 {
	if m == nil {
		return 1
	}
	return m.run - min(m.run-1, uint32(rapid.IntRange(0, 6).Draw(c.rt, "stale")/6))
}

// against is why something about a run cannot be done; over says that it must not have ended.
func against(m *modelled, run uint32, over bool) string {
	switch {
	case m == nil:
		return "RECONCILIATION_NOT_FOUND"
	case m.done || m.run != run || over && m.ended:
		return "RECONCILIATION_NOT_UNDER_WAY"
	}
	return ""
}

func (c *clerk) rerun() {
	n, m := c.pick()
	run := c.runOf(m)
	if c.wants(against(m, run, false), &ledger.RerunReconciliation{Carrier: "cmcc", N: n, Run: run}) {
		*m = modelled{run: m.run + 1}
	}
}

func (c *clerk) find() {
	n, m := c.pick()
	c.findIn(n, m)
}

func (c *clerk) findIn(n uint32, m *modelled) {
	run, first := c.runOf(m), uint32(1)
	if m != nil {
		first = uint32(len(m.breaks)) + 1
	}
	var found []reconcile.Break
	for range rapid.IntRange(1, 3).Draw(c.rt, "breaks") {
		amount, fee := money.Amount(rapid.IntRange(0, 50).Draw(c.rt, "amount")), money.Amount(rapid.IntRange(0, 2).Draw(c.rt, "fee"))
		b := reconcile.Break{Kind: reconcile.MissingHere, Theirs: item(reconcile.Sale, reconciled, amount, fee), Diff: -amount, FeeDiff: -fee}
		if rapid.Bool().Draw(c.rt, "wrong day") {
			b.Kind, b.Ours = reconcile.WrongDay, item(reconcile.Sale, reconciled-1, amount, fee)
		}
		found = append(found, b)
	}
	fault := against(m, run, true)
	if fault == "" && rapid.IntRange(0, 5).Draw(c.rt, "misplaced") == 0 {
		first, fault = first+1, "RECONCILIATION_NOT_UNDER_WAY"
	}
	if c.wants(fault, &ledger.FindBreaks{Carrier: "cmcc", N: n, Run: run, First: first, Breaks: found}) {
		m.breaks, m.resolved = append(m.breaks, found...), append(m.resolved, make([]bool, len(found))...)
	}
}

func (c *clerk) end() {
	n, m := c.pick()
	run, why := c.runOf(m), rapid.SampledFrom([]string{"", "", "cut off"}).Draw(c.rt, "why")
	if c.wants(against(m, run, true), &ledger.EndReconciliation{Carrier: "cmcc", N: n, Run: run, Failed: why, Read: c.now}) {
		m.ended, m.done = true, why == ""
	}
}

func (c *clerk) resolve() {
	n, m := c.pick()
	c.resolveOne(n, m, uint32(rapid.IntRange(0, 3).Draw(c.rt, "break")))
}

func (c *clerk) resolveOne(n uint32, m *modelled, of uint32) {
	how := ledger.ResolutionKind(rapid.IntRange(1, 3).Draw(c.rt, "how"))
	cmd := &ledger.ResolveBreak{Request: c.next(), Carrier: "cmcc", Reconciliation: n, N: of, How: how, Reason: "why"}
	if how == ledger.Adjust {
		cmd.Amount = money.Amount(rapid.IntRange(-30, 30).Draw(c.rt, "by"))
	}
	fault := ""
	switch {
	case m == nil:
		fault = "RECONCILIATION_NOT_FOUND"
	case of == 0 || int(of) > len(m.breaks):
		fault = "BREAK_NOT_FOUND"
	case !m.done:
		fault = "RECONCILIATION_NOT_DONE"
	case m.resolved[of-1]:
		fault = "BREAK_RESOLVED"
	}
	if !c.wants(fault, cmd) {
		return
	}
	m.resolved[of-1] = true
	c.met[how]++
	b, today, before := &m.breaks[of-1], money.Amount(0), money.Amount(0)
	switch {
	case how == ledger.Adjust:
		today = cmd.Amount
	case how == ledger.AcceptTheirs:
		today = b.Theirs.Amount - b.Theirs.Fee
		if b.Kind == reconcile.WrongDay {
			before = -today
			c.met[0]++
		}
	}
	c.days[reconciled] += today
	c.days[reconciled-1] += before
	m.adjusted += today + before
	c.wants("", cmd) // again, it does nothing
}

// finish brings the last reconciliation to its end, and resolves all that it has.
func (c *clerk) finish() {
	n, m := uint32(len(c.list)), c.list[len(c.list)-1]
	if m.ended && !m.done {
		c.wants("", &ledger.RerunReconciliation{Carrier: "cmcc", N: n, Run: m.run})
		*m = modelled{run: m.run + 1}
	}
	if !m.done {
		c.findIn(n, m)
		c.wants("", &ledger.EndReconciliation{Carrier: "cmcc", N: n, Run: m.run})
		m.ended, m.done = true, true
	}
	for i := range m.breaks {
		c.resolveOne(n, m, uint32(i+1))
	}
	c.agrees()
}

// agrees holds the book to the model.
func (c *clerk) agrees() {
	for i, m := range c.list {
		out, _, err := c.core.Apply(c.now, &ledger.ListBreaks{Carrier: "cmcc", Reconciliation: uint32(i + 1), Limit: 1_000})
		require.NoError(c.rt, err)
		r, open := out.Reconciled.Reconciliation, uint32(0)
		require.Len(c.rt, out.Reconciled.Breaks, len(m.breaks))
		for k, b := range out.Reconciled.Breaks {
			require.Equal(c.rt, m.breaks[k], b.Break)
			require.Equal(c.rt, m.resolved[k], b.How != ledger.NotResolved)
			if !m.resolved[k] {
				open++
			}
		}
		require.Equal(c.rt, fmt.Sprint(m.run, m.done, len(m.breaks), open, m.adjusted), fmt.Sprint(r.Run, r.Done(), r.Breaks, r.Open, r.Adjusted))
	}
	for day, amount := range c.days {
		require.Equal(c.rt, amount, c.payable(day), "%s", day)
	}
}

// TestReconciliationsAgainstAModel does anything in any order, and the ledger says what a model of a few lines says. What each
// entry does is held to its replay by the stage.
func TestReconciliationsAgainstAModel(t *testing.T) {
	var met [4]int
	rapid.Check(t, func(rt *rapid.T) {
		c := &clerk{stage: paid(t), rt: rt, days: map[calendar.Date]money.Amount{}, met: &met}
		deeds := []func(){c.begin, c.find, c.end, c.resolve, c.resolve, c.resolve, c.find, c.rerun}
		c.begin()
		for range rapid.IntRange(1, 40).Draw(rt, "deeds") {
			deeds[rapid.IntRange(0, len(deeds)-1).Draw(rt, "deed")]()
			c.agrees()
		}
		c.finish()
	})
	for how, n := range met {
		require.NotZero(t, n, "never met: %d", how)
	}
}
