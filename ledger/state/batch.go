package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// lineKey is in the order of batches, and in a batch of its lines.
func lineKey(b []byte, id ledger.BatchID, n uint32) []byte {
	b = append(b, id.Carrier...)
	b = append(b, 0)
	b = append(b, id.Currency...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(id.Month))
	return binary.BigEndian.AppendUint32(b, n)
}

// lineOf is what a key says.
func lineOf(key []byte) (id ledger.BatchID, n uint32, ok bool) {
	carrier, rest, _ := bytes.Cut(key, []byte{0})
	currency, numbers, _ := bytes.Cut(rest, []byte{0})
	if len(numbers) != 8 {
		return id, 0, false
	}
	id = ledger.BatchID{
		Carrier: ledger.CarrierID(carrier), Currency: money.Currency(currency), Month: calendar.Month(binary.BigEndian.Uint32(numbers)),
	}
	return id, binary.BigEndian.Uint32(numbers[4:]), true
}

// BatchLine finds a line of a batch.
func (b *Book) BatchLine(id ledger.BatchID, n uint32) *ledger.BatchLine {
	b.key = lineKey(b.key[:0], id, n)
	l := history(b, b.state.lines, &b.line, record.DecodeBatchLine)
	if l == nil { // whoever asks has its number from the shard or from an item
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("line %d of the batch of %s in %s of %s is gone", n, id.Carrier, id.Currency, id.Month)})
	}
	return l
}

// PutBatchLine keeps a line of a batch.
func (b *Book) PutBatchLine(id ledger.BatchID, l *ledger.BatchLine) {
	b.key = lineKey(b.key[:0], id, l.N)
	b.buf = record.AppendBatchLine(b.buf[:0], l)
	putHistory(b, b.state.lines, &b.line, l)
}

// BatchLines yields every line of the snapshot, batch by batch. What is yielded may be kept.
func (s *Snapshot) BatchLines(yield func(ledger.BatchID, *ledger.BatchLine) error) error {
	c := s.tx.Bucket(bucketLines).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		l := new(ledger.BatchLine)
		id, n, known := lineOf(k)
		row, ok := unseal(k, v)
		if !known || !ok || record.DecodeBatchLine(slices.Clone(row), l) != nil || l.N != n {
			return &CorruptError{s.path, fmt.Sprintf("line %x cannot be read", k)}
		}
		if err := yield(id, l); err != nil {
			return err
		}
	}
	return nil
}
