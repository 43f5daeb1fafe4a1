package reconcile

import (
	"encoding/binary"
	"errors"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// ErrItem says that an item's bytes cannot be read.
var ErrItem = errors.New("reconcile: malformed item")

// Append appends an item's bytes, for sorting on disk. They are good for nothing that is kept.
func (i *Item) Append(b []byte) []byte {
	for _, s := range []string{i.Order, i.Reference} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	noFee := int64(0)
	if i.NoFee {
		noFee = 1
	}
	for _, v := range i.numbers(noFee) {
		b = binary.AppendVarint(b, v)
	}
	return binary.LittleEndian.AppendUint64(b, i.Account)
}

func (i *Item) numbers(noFee int64) [10]int64 {
	return [...]int64{int64(i.Kind), int64(i.Status), int64(i.Date), int64(i.Time), int64(i.Amount), int64(i.Fee), int64(i.Count), int64(i.N),
		int64(i.State), noFee}
}

// DecodeItem reads what Append wrote.
func DecodeItem(b []byte) (i Item, err error) {
	for _, s := range []*string{&i.Order, &i.Reference} {
		n, size := binary.Uvarint(b)
		if size <= 0 || uint64(len(b)-size) < n {
			return Item{}, ErrItem
		}
		*s, b = string(b[size:size+int(n)]), b[size+int(n):]
	}
	var v [10]int64
	for at := range v {
		n, size := binary.Varint(b)
		if size <= 0 {
			return Item{}, ErrItem
		}
		v[at], b = n, b[size:]
	}
	if len(b) != 8 {
		return Item{}, ErrItem
	}
	i.Kind, i.Status, i.Date, i.Time = Kind(v[0]), Status(v[1]), calendar.Date(v[2]), calendar.Instant(v[3])
	i.Amount, i.Fee, i.Count, i.N, i.State, i.NoFee = money.Amount(v[4]), money.Amount(v[5]), int32(v[6]), uint32(v[7]), uint8(v[8]), v[9] != 0
	i.Account = binary.LittleEndian.Uint64(b)
	return i, nil
}
