package sim

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
)

// BatchLine finds a line of a batch.
func (b *Book) BatchLine(id ledger.BatchID, n uint32) *ledger.BatchLine {
	return b.lines.get(b, lineKey{id, n})
}

// PutBatchLine keeps a line of a batch.
func (b *Book) PutBatchLine(id ledger.BatchID, l *ledger.BatchLine) {
	b.lines.put(lineKey{id, l.N}, l)
}

func cloneBatchLine(l *ledger.BatchLine) *ledger.BatchLine {
	c := *l
	return &c
}

// checkBatches adds all lines up, which must be what the shard says of its batches: numbered without a gap, each of a
// collection that says the same, none waiting that its account does not wait for.
func (b *Book) checkBatches() error {
	var tally ledger.BatchTally
	for key, line := range b.lines.rows {
		if key.N != line.N {
			return fmt.Errorf("line %d of %+v says that it is line %d", key.N, key.Batch, line.N)
		}
		tally.Add(key.Batch, line)
		if err := b.checkLine(key, line); err != nil {
			return fmt.Errorf("line %d of %+v: %w", key.N, key.Batch, err)
		}
	}
	return tally.Check(&b.shard)
}

func (b *Book) checkLine(key lineKey, line *ledger.BatchLine) error {
	item := b.items[itemKey{line.Account, line.Item}]
	if item == nil || item.Amount != line.Amount || item.Listed.Line != line.N || item.Listed.Month != key.Batch.Month || item.Listed.Payer != line.Payer {
		return fmt.Errorf("its collection is %+v", item)
	}
	waits := slices.ContainsFunc(b.accounts[line.Account].Billing.Collections, func(c ledger.Collection) bool { return c.N == line.Item })
	took := line.Outcome == ledger.OutcomeCollected || line.Outcome == ledger.OutcomePartly
	switch {
	case waits != (line.Outcome == ledger.OutcomePending):
		return fmt.Errorf("is %s, and its account waits for it: %t", line.Outcome, waits)
	case took && (line.Collected <= 0 || (line.Outcome == ledger.OutcomeCollected) != (line.Collected == line.Amount)):
		return fmt.Errorf("is %s, %d of %d", line.Outcome, line.Collected, line.Amount)
	case took && b.items[itemKey{line.Account, line.Repayment}].Amount != line.Collected:
		return fmt.Errorf("its repayment is %+v", b.items[itemKey{line.Account, line.Repayment}])
	}
	return nil
}
