package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
)

// paid is a stage with a carrier that is paid day by day.
func paid(t *testing.T) *stage {
	s := newStage(t)
	s.do(&ledger.PutCarrier{Request: s.next(), ID: "cmcc", Version: 1, Shards: 1, Settings: ledger.CarrierSettings{
		Settlement: ledger.SettlementTerms{Cycle: ledger.Daily, CutOff: 23 * time.Hour, Zone: "Asia/Shanghai"},
	}})
	return s
}

const reconciled = calendar.Date(20_458)

func begin(s *stage) *ledger.BeginReconciliation {
	return &ledger.BeginReconciliation{Request: s.next(), Carrier: "cmcc", Currency: "CNY", Date: reconciled, Fees: true}
}

func item(k reconcile.Kind, on calendar.Date, amount, fee money.Amount) reconcile.Item {
	return reconcile.Item{Order: "o", Kind: k, Status: reconcile.Delivered, Date: on, Amount: amount, Fee: fee}
}

func found(run uint32, breaks ...reconcile.Break) *ledger.FindBreaks {
	return &ledger.FindBreaks{Carrier: "cmcc", N: 1, Run: run, First: 1, Breaks: breaks}
}

// fault is the reason why a command cannot be carried out.
func (s *stage) fault(c ledger.Command) string {
	s.t.Helper()
	out, _, err := s.core.Apply(s.now, c)
	require.NoError(s.t, err)
	require.NotNil(s.t, out.Fault)
	return out.Fault.Reason
}

// payable is what is payable to the carrier of a day.
func (s *stage) payable(on calendar.Date) money.Amount {
	p := s.core.Book.Shard().Payable("cmcc", "CNY")
	if p == nil {
		return 0
	}
	for i := range p.Open {
		if p.Open[i].Date == on {
			return p.Open[i].Net()
		}
	}
	return 0
}

// TestReconciliation goes through the life of one: begun, breaks found, ended, and each break resolved in its way.
func TestReconciliation(t *testing.T) {
	s := paid(t)
	ask := begin(s)
	out := s.do(ask)
	require.Equal(t, uint32(1), out.Reconciled.Reconciliation.N)
	require.False(t, out.Reconciled.Reconciliation.Done())
	missing := reconcile.Break{Kind: reconcile.MissingHere, Theirs: item(reconcile.Sale, reconciled, 100, 1), Diff: -100, FeeDiff: -1}
	wrong := reconcile.Break{Kind: reconcile.WrongDay, Ours: item(reconcile.Sale, reconciled-1, 50, 2), Theirs: item(reconcile.Sale, reconciled, 50, 2), Diff: -50, FeeDiff: -2}
	more := reconcile.Break{Kind: reconcile.Amount, Ours: item(reconcile.Sale, reconciled, 30, 0), Theirs: item(reconcile.Sale, reconciled, 20, 0), Diff: 10}
	s.do(found(1, missing, wrong, more, missing))
	resolve := func(n uint32, how ledger.ResolutionKind, amount money.Amount) *ledger.ResolveBreak {
		return &ledger.ResolveBreak{Request: ledger.Request{Caller: "olga", ID: s.next().ID}, Carrier: "cmcc", Reconciliation: 1, N: n, How: how, Amount: amount, Reason: "looked at"}
	}
	require.Equal(t, "RECONCILIATION_NOT_DONE", s.fault(resolve(1, ledger.AcceptOurs, 0)))
	end := &ledger.EndReconciliation{Carrier: "cmcc", N: 1, Run: 1, Read: s.now, Tally: reconcile.Tally{Ours: reconcile.Sums{Count: 3}}}
	s.do(end)
	require.Equal(t, "RECONCILIATION_NOT_UNDER_WAY", s.fault(found(1, missing)))
	again := s.do(ask)
	require.True(t, again.Replayed)
	require.True(t, again.Reconciled.Reconciliation.Done())
	require.Equal(t, int64(3), again.Reconciled.Reconciliation.Tally.Ours.Count)

	theirs := resolve(1, ledger.AcceptTheirs, 0)
	one := s.do(theirs).Reconciled
	require.Equal(t, money.Amount(99), one.Break.Adjusted, "what the carrier sold, less its fee")
	require.Equal(t, ledger.Caller("olga"), one.Break.Operator)
	require.Equal(t, money.Amount(99), s.payable(reconciled))
	require.True(t, s.do(theirs).Replayed)
	require.Equal(t, money.Amount(99), s.payable(reconciled), "once")
	require.Equal(t, "BREAK_RESOLVED", s.fault(resolve(1, ledger.AcceptOurs, 0)))
	require.Equal(t, "BREAK_NOT_FOUND", s.fault(resolve(9, ledger.AcceptOurs, 0)))
	require.Equal(t, "BREAK_NOT_FOUND", s.fault(resolve(0, ledger.AcceptOurs, 0)))

	require.Zero(t, s.do(resolve(2, ledger.AcceptTheirs, 0)).Reconciled.Break.Adjusted, "nothing more is owed")
	require.Equal(t, money.Amount(99+48), s.payable(reconciled), "but on this day")
	require.Equal(t, money.Amount(-48), s.payable(reconciled-1), "and not on the other")
	s.do(resolve(3, ledger.Adjust, -4))
	s.do(resolve(4, ledger.AcceptOurs, 0))
	require.Equal(t, money.Amount(99+48-4), s.payable(reconciled))

	list := s.do(&ledger.ListBreaks{Carrier: "cmcc", Reconciliation: 1, Limit: 2, Kind: reconcile.MissingHere}).Reconciled
	require.Len(t, list.Breaks, 2)
	require.Zero(t, list.Next)
	require.Empty(t, s.do(&ledger.ListBreaks{Carrier: "cmcc", Reconciliation: 1, Limit: 2, Open: true}).Reconciled.Breaks)
	got := s.do(&ledger.GetReconciliation{Carrier: "cmcc", N: 1}).Reconciled.Reconciliation
	require.Equal(t, []any{uint32(4), uint32(0), money.Amount(95)}, []any{got.Breaks, got.Open, got.Adjusted})
}

// TestReconciliationBegunAgain is cut off and begins again: what the first run found is gone, and it finds nothing more.
func TestReconciliationBegunAgain(t *testing.T) {
	s := paid(t)
	s.do(begin(s))
	missing := reconcile.Break{Kind: reconcile.MissingHere, Theirs: item(reconcile.Sale, reconciled, 100, 1), Diff: -100}
	s.do(found(1, missing, missing))
	require.Equal(t, "RECONCILIATION_NOT_UNDER_WAY", s.fault(&ledger.FindBreaks{Carrier: "cmcc", N: 1, Run: 1, First: 2, Breaks: []reconcile.Break{missing}}), "it was found")
	out := s.do(&ledger.RerunReconciliation{Carrier: "cmcc", N: 1, Run: 1})
	require.Equal(t, []any{uint32(2), uint32(0)}, []any{out.Reconciled.Reconciliation.Run, out.Reconciled.Reconciliation.Breaks})
	require.Equal(t, "RECONCILIATION_NOT_UNDER_WAY", s.fault(&ledger.RerunReconciliation{Carrier: "cmcc", N: 1, Run: 1}))
	require.Equal(t, "RECONCILIATION_NOT_UNDER_WAY", s.fault(found(1, missing)))
	s.do(found(2, missing))
	s.do(&ledger.EndReconciliation{Carrier: "cmcc", N: 1, Run: 2, Failed: "cut off"})
	require.Equal(t, "RECONCILIATION_NOT_UNDER_WAY", s.fault(found(2, missing)))
	s.do(&ledger.RerunReconciliation{Carrier: "cmcc", N: 1, Run: 2}) // one that failed may be
	s.do(&ledger.EndReconciliation{Carrier: "cmcc", N: 1, Run: 3})
	require.Equal(t, "RECONCILIATION_NOT_UNDER_WAY", s.fault(&ledger.RerunReconciliation{Carrier: "cmcc", N: 1, Run: 3}))
	require.Empty(t, s.do(&ledger.ListBreaks{Carrier: "cmcc", Reconciliation: 1, Limit: 9}).Reconciled.Breaks)
	s.do(begin(s))
	list := s.do(&ledger.ListReconciliations{Carrier: "cmcc", Limit: 1})
	require.Equal(t, uint32(2), list.Reconciled.List[0].N)
	require.True(t, list.More)
	list = s.do(&ledger.ListReconciliations{Carrier: "cmcc", Before: 2, Limit: 5})
	require.Equal(t, uint32(1), list.Reconciled.List[0].N)
	require.False(t, list.More)
}

func TestReconciliationsThatCannotBe(t *testing.T) {
	s := paid(t)
	other := begin(s)
	other.Carrier = "cucc"
	require.Equal(t, "CARRIER_NOT_FOUND", s.fault(other))
	s.do(&ledger.PutCarrier{Request: s.next(), ID: "ctcc", Version: 1, Shards: 1})
	other = begin(s)
	other.Carrier = "ctcc"
	require.Equal(t, "CARRIER_WITHOUT_CYCLE", s.fault(other))
	for _, c := range []ledger.Command{
		&ledger.GetReconciliation{Carrier: "cmcc", N: 1}, &ledger.ListBreaks{Carrier: "cmcc", Reconciliation: 0}, found(1),
		&ledger.RerunReconciliation{Carrier: "cmcc", N: 1}, &ledger.EndReconciliation{Carrier: "cmcc", N: 1},
		&ledger.ResolveBreak{Request: s.next(), Carrier: "cmcc", Reconciliation: 1, N: 1, How: ledger.Adjust},
	} {
		require.Equal(t, "RECONCILIATION_NOT_FOUND", s.fault(c))
	}
}
