package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
)

// TestBatchTally holds a shard's batches to their lines: of each a sum that is off is found.
func TestBatchTally(t *testing.T) {
	id := ledger.BatchID{Carrier: "cmcc", Currency: "CNY", Month: 24_313}
	other := ledger.BatchID{Carrier: "cmcc", Currency: "UGX", Month: 24_313}
	lines := []struct {
		of   ledger.BatchID
		line ledger.BatchLine
	}{
		{other, ledger.BatchLine{N: 1, Amount: 5}},
		{id, ledger.BatchLine{N: 1, Amount: 100, Outcome: ledger.OutcomeCollected, Collected: 100}},
		{id, ledger.BatchLine{N: 2, Amount: 100, Outcome: ledger.OutcomePartly, Collected: 30}},
		{id, ledger.BatchLine{N: 3, Amount: 50, Outcome: ledger.OutcomeReversed, Collected: 50}},
	}
	var tally ledger.BatchTally
	for i := range lines {
		tally.Add(lines[i].of, &lines[i].line)
	}
	sound := func() *ledger.Shard {
		first, second := ledger.Batch{BatchID: id, Lines: 3}, ledger.Batch{BatchID: other, Lines: 1}
		first.By[ledger.OutcomeCollected] = ledger.BatchSum{Lines: 1, Amount: 100, Collected: 100}
		first.By[ledger.OutcomePartly] = ledger.BatchSum{Lines: 1, Amount: 100, Collected: 30}
		first.By[ledger.OutcomeReversed] = ledger.BatchSum{Lines: 1, Amount: 50, Collected: 50}
		second.By[ledger.OutcomePending] = ledger.BatchSum{Lines: 1, Amount: 5}
		return &ledger.Shard{Batches: []ledger.Batch{first, second}}
	}
	require.NoError(t, tally.Check(sound()))
	require.EqualValues(t, 130, sound().Batch(id).Collected(), "what was taken back is not collected")
	for name, spoil := range map[string]func(*ledger.Shard){
		"a line more":     func(s *ledger.Shard) { s.Batches[0].Lines++ },
		"a minor unit":    func(s *ledger.Shard) { s.Batches[0].By[ledger.OutcomePartly].Collected++ },
		"another outcome": func(s *ledger.Shard) { s.Batches[1].By[0], s.Batches[1].By[1] = s.Batches[1].By[1], s.Batches[1].By[0] },
		"no batch":        func(s *ledger.Shard) { s.Batches = s.Batches[:1] },
		"one more": func(s *ledger.Shard) {
			s.Batches = append(s.Batches, ledger.Batch{BatchID: ledger.BatchID{Carrier: "x"}})
		},
	} {
		s := sound()
		spoil(s)
		require.Error(t, tally.Check(s), name)
	}
	require.Nil(t, sound().Batch(ledger.BatchID{Carrier: "cuc"}))
}
