package record_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/record"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// TestEntries holds the encoding by hand and the generated one to each other, for anything that any fact may hold.
func TestEntries(t *testing.T) {
	for _, kind := range facts {
		t.Run(fmt.Sprintf("%T", kind), rapid.MakeCheck(func(t *rapid.T) {
			e := drawEntry(t, kind)
			b := record.AppendEntry([]byte("before"), e)
			payload, ok := bytes.CutPrefix(b, []byte("before"))
			require.True(t, ok)
			require.Equal(t, payload, record.AppendEntry(nil, e), "deterministic")

			var back ledger.Entry
			require.NoError(t, record.DecodeEntry(payload, &back))
			require.Equal(t, e, &back)

			var theirs journalv1.Entry
			require.NoError(t, proto.Unmarshal(payload, &theirs))
			require.True(t, proto.Equal(generated(e), &theirs), "%v is read as %v", generated(e), &theirs)

			bytes, err := proto.Marshal(generated(e))
			require.NoError(t, err)
			require.NoError(t, record.DecodeEntry(bytes, &back))
			require.Equal(t, e, &back)
		}))
	}
}

func sample() *ledger.Entry {
	return &ledger.Entry{
		Request: ledger.Request{Caller: "gateway-7", ID: "2f1c9a52-7b51-4e0e-9c39-6f4a2b1d0c11"},
		Print:   make([]byte, 1+4*10),
		Fact: &ledger.OrderDecided{
			HoldRef: ledger.HoldRef{Account: ledger.NewAccountID(7, 123_456), N: 17, Scene: ledger.TopUp, Carrier: "cmcc", Currency: "CNY", Order: "order-20261122-000017"},
			Kind:    ledger.OrderAuthorized, Phone: "p-6f4a2b1d0c11", Requested: 5000, Amount: 5000, Day: 20779,
			Expires: calendar.Instant(1_795_374_000_000_000_000), Terms: "default-1",
		},
	}
}

// TestLaterVersions reads entries with fields that this version does not know.
func TestLaterVersions(t *testing.T) {
	e := sample()
	payload := record.AppendEntry(nil, e)
	var unknown []byte
	for _, n := range []protowire.Number{4, 33, 1000, protowire.MaxValidNumber} {
		unknown = protowire.AppendString(protowire.AppendTag(unknown, n, protowire.BytesType), "later")
	}
	for _, n := range []protowire.Number{5, 32, 2000} {
		unknown = protowire.AppendVarint(protowire.AppendTag(unknown, n, protowire.VarintType), 1<<63)
	}
	for _, n := range []protowire.Number{6, 34} {
		unknown = protowire.AppendFixed32(protowire.AppendTag(unknown, n, protowire.Fixed32Type), 1)
	}
	var back ledger.Entry
	require.NoError(t, record.DecodeEntry(slices.Concat(unknown, payload, unknown), &back))
	require.Equal(t, e, &back)

	inner := protowire.AppendVarint(protowire.AppendTag(nil, 31, protowire.VarintType), 7)
	inner = protowire.AppendFixed64(protowire.AppendTag(inner, 1, protowire.Fixed64Type), 1)
	fact := protowire.AppendBytes(protowire.AppendTag(nil, 17, protowire.BytesType), inner)
	require.NoError(t, record.DecodeEntry(fact, &back))
	require.Equal(t, &ledger.HoldIncremented{HoldRef: ledger.HoldRef{Account: 1}}, back.Fact)

	for _, n := range []protowire.Number{31, 32, 500} {
		b := protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), []byte{8, 1})
		require.ErrorIs(t, record.DecodeEntry(b, &back), record.ErrUnknownFact, "fact %d", n)
	}
	require.ErrorIs(t, record.DecodeEntry(nil, &back), record.ErrUnknownFact)
}

// TestMalformedEntries refuses what nobody wrote.
func TestMalformedEntries(t *testing.T) {
	payload := record.AppendEntry(nil, sample())
	var e ledger.Entry
	for cut := 1; cut < len(payload); cut++ {
		require.Error(t, record.DecodeEntry(payload[:cut], &e), "cut at %d", cut)
	}
	field := func(n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
	}
	fact := func(n protowire.Number, fields ...[]byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), slices.Concat(fields...))
	}
	for name, b := range map[string][]byte{
		"two facts":                      slices.Concat(fact(26), fact(14, field(2, 1))),
		"a fact that is a number":        field(26, 1),
		"a scene of 4":                   fact(13, field(2, 4)),
		"no scene":                       fact(14),
		"a scene beyond its type":        fact(14, field(2, 257)),
		"a negative scene":               fact(14, field(2, 1<<64-1)),
		"a state of 9":                   fact(21, field(10, 9)),
		"a hold without a scene":         fact(19, field(2, 1)),
		"a number beyond its type":       fact(19, field(2, 1<<32+1), field(3, 1)),
		"a day beyond its type":          fact(10, field(4, 1<<31)),
		"a line opened without a scene":  fact(12, protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), nil)),
		"lines without scenes":           fact(9, protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), nil)),
		"an account opened without them": fact(8, protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), nil)),
		"a field written in two ways":    fact(11, field(2, 1), protowire.AppendFixed64(protowire.AppendTag(nil, 2, protowire.Fixed64Type), 1)),
		"a caller written in two ways":   slices.Concat(protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "c"), field(1, 7), fact(26)),
		"terms that cannot be read":      fact(27, protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "version: none")),
		"a close without a statement":    fact(28, fact(3, field(1, uint64(ledger.WindowClosed)))),
		"a part beyond all":              fact(28, fact(3, fact(14, field(3, uint64(ledger.PointsCostPart)+1)))),
		"more billed than planned":       fact(28, fact(3, fact(17, fact(8, field(5, 1))))),
		"a booking of a capture":         fact(20, field(3, 1), fact(13, field(10, uint64(ledger.ByHand)+1))),
		"a booking of an order":          fact(16, field(3, 1), fact(18, field(13, uint64(ledger.AccountClosed)+1))),
		"a booking cut off":              fact(23, field(3, 1), protowire.AppendBytes(protowire.AppendTag(nil, 9, protowire.BytesType), []byte{8})),
		"a plan cut off":                 fact(16, field(3, 1), protowire.AppendBytes(protowire.AppendTag(nil, 16, protowire.BytesType), []byte{8})),
		"a window cut off":               fact(20, field(3, 1), protowire.AppendBytes(protowire.AppendTag(nil, 12, protowire.BytesType), []byte{8})),
		"field 0":                        {0},
	} {
		require.Error(t, record.DecodeEntry(b, &e), name)
	}
}

// TestDecoder reads batches of entries with one decoder. Each is good as long as its batch.
func TestDecoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d record.Decoder
		for range 3 {
			d.Reset()
			var want, have []*ledger.Entry
			for range rapid.IntRange(0, 20).Draw(t, "entries") {
				e, back := drawEntry(t, rapid.SampledFrom(facts).Draw(t, "kind")), new(ledger.Entry)
				require.NoError(t, d.Decode(record.AppendEntry(nil, e), back))
				want, have = append(want, e), append(have, back)
			}
			require.Equal(t, want, have)
		}
	})
}

// TestDebtOfBefore reads a debt of when what accrued was kept as a sum: all of it is one, of all days so far.
func TestDebtOfBefore(t *testing.T) {
	debt := &journalv1.Debt{Due: 20_500, First: 20_500, TopUp: 10_000, Overdue: true, Through: 20_510, AccruedPenalty: 49, AccruedPenaltyMillionths: 999_999}
	payload := must(proto.Marshal(&journalv1.Entry{Fact: &journalv1.Entry_Booked{Booked: &journalv1.Booked{
		Booking: &journalv1.Booking{Kind: int64(ledger.FellDue), After: &journalv1.Billing{Debts: []*journalv1.Debt{debt}}}}}}))
	var e ledger.Entry
	require.NoError(t, record.DecodeEntry(payload, &e))
	x := e.Fact.(*ledger.Booked).Booking.After.Debts[0]
	require.Equal(t, x.Through, x.Summed)
	require.Empty(t, x.Changes)
	require.Equal(t, money.Exact{Minor: 49, Millionth: 999_999}, x.Accrual.Penalty.Exact)
}

// FuzzDecodeEntry: no bytes make it panic, and what it reads it writes so that it is read the same.
func FuzzDecodeEntry(f *testing.F) {
	f.Add(record.AppendEntry(nil, sample()))
	for _, kind := range facts {
		f.Add(record.AppendEntry(nil, &ledger.Entry{Fact: kind}))
		f.Add(record.AppendEntry(nil, rapid.Custom(func(t *rapid.T) *ledger.Entry { return drawEntry(t, kind) }).Example(1)))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var e, again ledger.Entry
		if record.DecodeEntry(payload, &e) != nil {
			return
		}
		written := record.AppendEntry(nil, &e)
		require.NoError(t, record.DecodeEntry(written, &again))
		require.Equal(t, e, again)
		require.LessOrEqual(t, len(written), len(payload)+16*len(payload))
	})
}

// TestHotFactsAllocateNothing writes and reads the facts that nearly all entries are.
func TestHotFactsAllocateNothing(t *testing.T) {
	ref := sample().Fact.(*ledger.OrderDecided).HoldRef
	for _, f := range []ledger.Fact{sample().Fact, &ledger.HoldCaptured{HoldRef: ref, Amount: 5000, FromHold: 5000, State: ledger.Captured}} {
		e := &ledger.Entry{Fact: f}
		buf := record.AppendEntry(nil, e)
		var d record.Decoder
		var back ledger.Entry
		require.NoError(t, d.Decode(buf, &back))
		require.Zero(t, testing.AllocsPerRun(100, func() { buf = record.AppendEntry(buf[:0], e) }), "%T", f)
		require.Zero(t, testing.AllocsPerRun(100, func() { d.Reset(); _ = d.Decode(buf, &back) }), "%T", f)
	}
}

func BenchmarkAppendEntry(b *testing.B) {
	e := sample()
	buf := record.AppendEntry(nil, e)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = record.AppendEntry(buf[:0], e)
	}
}

func BenchmarkDecodeEntry(b *testing.B) {
	payload := record.AppendEntry(nil, sample())
	var e ledger.Entry
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if err := record.DecodeEntry(payload, &e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecoder(b *testing.B) {
	payload := record.AppendEntry(nil, sample())
	var d record.Decoder
	var e ledger.Entry
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		d.Reset()
		if err := d.Decode(payload, &e); err != nil {
			b.Fatal(err)
		}
	}
}
