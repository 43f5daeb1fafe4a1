package record_test

import (
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// kind is a kind of row: how it is written, how it is read, and how one is drawn that a shard could have.
type kind[T any] struct {
	append func([]byte, *T) []byte
	decode func([]byte, *T) error
	draw   func(*rapid.T) T
}

var (
	accounts = kind[ledger.Account]{record.AppendAccount, record.DecodeAccount, drawAccount}
	endeds   = kind[ledger.Authorization]{record.AppendEnded, record.DecodeEnded, plain[ledger.Authorization]}
	orders   = kind[ledger.Order]{record.AppendOrder, record.DecodeOrder, plain[ledger.Order]}
	receipts = kind[ledger.Receipt]{record.AppendReceipt, record.DecodeReceipt, drawReceipt}
	shards   = kind[ledger.Shard]{record.AppendShard, record.DecodeShard, plain[ledger.Shard]}
)

func plain[T any](t *rapid.T) T { return drawn[T](t, "row") }

// drawAccount draws an account. Its sequence is kept beside its row, and of a line that nobody touched only that.
func drawAccount(t *rapid.T) ledger.Account {
	a := drawn[ledger.Account](t, "account")
	a.Sequence = 0
	for i := range a.Lines {
		if l := &a.Lines[i]; l.Status == ledger.NoLine {
			if rapid.Bool().Draw(t, "untouched") {
				*l = ledger.Line{}
			} else {
				l.Posted = 1
			}
		}
	}
	return a
}

func drawReceipt(t *rapid.T) ledger.Receipt {
	v := drawn[ledger.Receipt](t, "receipt")
	v.Mark.Captures, v.Mark.Refunds = max(0, v.Mark.Captures), max(0, v.Mark.Refunds)
	if rapid.Bool().Draw(t, "of an account") {
		a := drawAccount(t)
		v.Account = &a
	}
	return v
}

// check holds a kind of row to what every one must do: it comes back as it was, whatever it is read into, is written the
// same each time, and no part of it is taken for the whole.
func (k kind[T]) check(t *rapid.T) {
	v := k.draw(t)
	b := k.append(nil, &v)
	require.Equal(t, b, k.append(nil, &v), "deterministic")
	back := k.draw(t)
	require.NoError(t, k.decode(b, &back))
	require.Equal(t, tidied(v), tidied(back))
	require.Equal(t, b, k.append(nil, &back), "canonical")
	for _, cut := range []int{0, 1, len(b) / 2, len(b) - 1} {
		require.ErrorIs(t, k.decode(b[:cut], &back), record.ErrRow, "cut at %d", cut)
	}
	require.ErrorIs(t, k.decode(append(slices.Clone(b), 0), &back), record.ErrRow, "something after it")
	b[0]++
	require.ErrorIs(t, k.decode(b, &back), record.ErrRow, "another version")
}

// tidied is a value whose empty lists are none.
func tidied[T any](v T) T {
	tidy(reflect.ValueOf(&v).Elem())
	return v
}

func tidy(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			tidy(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			tidy(v.Field(i))
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetZero()
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			tidy(v.Index(i))
		}
	}
}

func TestRows(t *testing.T) {
	t.Run("account", rapid.MakeCheck(accounts.check))
	t.Run("ended", rapid.MakeCheck(endeds.check))
	t.Run("order", rapid.MakeCheck(orders.check))
	t.Run("receipt", rapid.MakeCheck(receipts.check))
	t.Run("shard", rapid.MakeCheck(shards.check))
}

// TestDecodeAccountReuses decodes one account after the other into the same memory.
func TestDecodeAccountReuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var into ledger.Account
		for range 3 {
			a := drawAccount(t)
			require.NoError(t, record.DecodeAccount(record.AppendAccount(nil, &a), &into))
			require.Equal(t, tidied(a), tidied(*into.Clone()))
		}
	})
}

// fuzz: no bytes make a decoder panic or take memory out of proportion, and what it reads it writes so that it is read
// the same.
func (k kind[T]) fuzz(f *testing.F) {
	for seed := range 8 {
		v := rapid.Custom(k.draw).Example(seed)
		f.Add(k.append(nil, &v))
	}
	var zero T
	f.Add(k.append(nil, &zero))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, again T
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := k.decode(b, &v)
		runtime.ReadMemStats(&after)
		require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(64*len(b)+64<<10))
		if err != nil {
			return
		}
		require.NoError(t, k.decode(k.append(nil, &v), &again))
		require.Equal(t, tidied(v), tidied(again))
	})
}

func FuzzDecodeAccount(f *testing.F) { accounts.fuzz(f) }
func FuzzDecodeEnded(f *testing.F)   { endeds.fuzz(f) }
func FuzzDecodeOrder(f *testing.F)   { orders.fuzz(f) }
func FuzzDecodeReceipt(f *testing.F) { receipts.fuzz(f) }
func FuzzDecodeShard(f *testing.F)   { shards.fuzz(f) }

// typical is an account as most are: one line, two open holds.
func typical() *ledger.Account {
	a := &ledger.Account{
		ID: ledger.NewAccountID(7, 123_456), Consumer: "c-6f4a2b1d0c116f4a2b1d0c11", Status: ledger.AccountActive, Currency: "CNY",
		Limit: 500_000, Created: 1_795_374_000_000_000_000, Updated: 1_795_374_000_000_000_000, LastN: 17,
	}
	a.Lines[0] = ledger.Line{Status: ledger.LineOpen, Limit: 200_000, Held: 10_000, Holds: 2, Posted: 30_000, Agreement: "2026-01", Accepted: "2026-01",
		Use: ledger.Use{Day: 20779, DailyAmount: 40_000, DailyCount: 8, Month: 24322, MonthlyAmount: 40_000, MonthlyCount: 8}}
	for n := range uint32(2) {
		a.Holds = append(a.Holds, ledger.Authorization{
			N: 16 + n, Sequence: 1_000_000, Scene: ledger.TopUp, State: ledger.Held, Caller: "gateway-7", Order: "order-20261122-000017", Carrier: "cmcc",
			Phone: "p-6f4a2b1d0c11", Requested: 5000, Authorized: 5000, Held: 5000, Created: 1_795_374_000_000_000_000, Day: 20779,
			Expires: 1_795_375_800_000_000_000, Updated: 1_795_374_000_000_000_000,
		})
	}
	return a
}

func BenchmarkAppendAccount(b *testing.B) {
	a := typical()
	buf := record.AppendAccount(nil, a)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = record.AppendAccount(buf[:0], a)
	}
}

func BenchmarkDecodeAccount(b *testing.B) {
	row := record.AppendAccount(nil, typical())
	var a ledger.Account
	b.SetBytes(int64(len(row)))
	b.ReportAllocs()
	for b.Loop() {
		if err := record.DecodeAccount(row, &a); err != nil {
			b.Fatal(err)
		}
	}
}
