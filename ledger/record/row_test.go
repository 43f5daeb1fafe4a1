package record_test

import (
	"iter"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// kind is a kind of row: how it is written, how it is read, and how one is drawn that a shard could have.
type kind[T any] struct {
	append func([]byte, *T) []byte
	decode func([]byte, *T) error
	draw   func(*rapid.T) T
}

var (
	accounts     = kind[ledger.Account]{record.AppendAccount, record.DecodeAccount, drawAccount}
	endeds       = kind[ledger.Authorization]{record.AppendEnded, record.DecodeEnded, plain[ledger.Authorization]}
	items        = kind[ledger.Item]{record.AppendItem, record.DecodeItem, plain[ledger.Item]}
	statements   = kind[ledger.Statement]{record.AppendStatement, record.DecodeStatement, plain[ledger.Statement]}
	lines        = kind[ledger.BatchLine]{record.AppendBatchLine, record.DecodeBatchLine, plain[ledger.BatchLine]}
	orders       = kind[ledger.Order]{record.AppendOrder, record.DecodeOrder, plain[ledger.Order]}
	receipts     = kind[ledger.Receipt]{record.AppendReceipt, record.DecodeReceipt, drawReceipt}
	applicants   = kind[ledger.Applicant]{record.AppendApplicant, record.DecodeApplicant, plain[ledger.Applicant]}
	applications = kind[ledger.Application]{record.AppendApplication, record.DecodeApplication, plain[ledger.Application]}
	reviews      = kind[ledger.Review]{record.AppendReview, record.DecodeReview, plain[ledger.Review]}
	settlements  = kind[ledger.Settlement]{record.AppendSettlement, record.DecodeSettlement, drawSettlement}
	shards       = kind[ledger.Shard]{record.AppendShard, record.DecodeShard, plain[ledger.Shard]}
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

// drawSettlement draws a settlement, which is in a state.
func drawSettlement(t *rapid.T) ledger.Settlement {
	s := drawn[ledger.Settlement](t, "settlement")
	s.State = ledger.SettlementState(rapid.IntRange(1, int(ledger.SettlementConfirmed)).Draw(t, "state"))
	return s
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
	t.Run("item", rapid.MakeCheck(items.check))
	t.Run("statement", rapid.MakeCheck(statements.check))
	t.Run("line", rapid.MakeCheck(lines.check))
	t.Run("order", rapid.MakeCheck(orders.check))
	t.Run("receipt", rapid.MakeCheck(receipts.check))
	t.Run("applicant", rapid.MakeCheck(applicants.check))
	t.Run("application", rapid.MakeCheck(applications.check))
	t.Run("review", rapid.MakeCheck(reviews.check))
	t.Run("settlement", rapid.MakeCheck(settlements.check))
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

// TestEachFieldOfBilling has an account that owes nothing but for one field: it must not be taken for one without billing.
func TestEachFieldOfBilling(t *testing.T) {
	var a ledger.Account
	bare := len(record.AppendAccount(nil, &a))
	var set func(name string, v reflect.Value)
	set = func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				set(name+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		case reflect.Array:
			for i := range v.Len() {
				set(name, v.Index(i))
			}
			return
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case reflect.Bool:
			v.SetBool(true)
		case reflect.String:
			v.SetString("x")
		case reflect.Int32, reflect.Int64:
			v.SetInt(1)
		default:
			v.SetUint(1)
		}
		var back ledger.Account
		b := record.AppendAccount(nil, &a)
		require.Greater(t, len(b), bare, name)
		require.NoError(t, record.DecodeAccount(b, &back))
		require.Equal(t, a, tidied(back), name)
		v.SetZero()
	}
	set("Billing", reflect.ValueOf(&a.Billing).Elem())
}

// TestBillingThatTheLedgerWouldNotSurvive refuses rows with values that index arrays.
func TestBillingThatTheLedgerWouldNotSurvive(t *testing.T) {
	for name, spoil := range map[string]func(*ledger.Billing){
		"statement day": func(b *ledger.Billing) { b.Day = 29 },
		"next day":      func(b *ledger.Billing) { b.NextDay = 29 },
		"channel":       func(b *ledger.Billing) { b.Channel = ledger.ByHand + 1 },
		"of collection": func(b *ledger.Billing) { b.Collections = []ledger.Collection{{Channel: ledger.ByHand + 1}} },
		"of a line": func(b *ledger.Billing) {
			b.Collections = []ledger.Collection{{Listed: ledger.Listed{Outcome: ledger.BatchOutcomes}}}
		},
		"before it": func(b *ledger.Billing) {
			b.Collections = []ledger.Collection{{Listed: ledger.Listed{Was: ledger.BatchOutcomes}}}
		},
		"billed":      func(b *ledger.Billing) { b.Plans = []ledger.Plan{{Plan: plan.Plan{Billed: 1}}} },
		"none billed": func(b *ledger.Billing) { b.Plans = []ledger.Plan{{Plan: plan.Plan{Billed: -1}}} },
	} {
		var a ledger.Account
		spoil(&a.Billing)
		require.ErrorIs(t, record.DecodeAccount(record.AppendAccount(nil, &a), &a), record.ErrRow, name)
	}
	for name, i := range map[string]ledger.Item{
		"channel": {Channel: ledger.ByHand + 1},
		"outcome": {Outcome: ledger.Partly + 1},
		"part":    {Moves: []ledger.Move{{Part: ledger.PointsCostPart + 1}}},
		"scene":   {Moves: []ledger.Move{{Scene: ledger.Scenes + 1}}},
		"book":    {Moves: []ledger.Move{{Against: ledger.BookPointsIssued + 1}}},
	} {
		require.ErrorIs(t, record.DecodeItem(record.AppendItem(nil, &i), &i), record.ErrRow, name)
	}
	line := ledger.BatchLine{Outcome: ledger.BatchOutcomes}
	require.ErrorIs(t, record.DecodeBatchLine(record.AppendBatchLine(nil, &line), &line), record.ErrRow)
	s := ledger.Shard{Terms: []ledger.TermsVersion{{Document: "version: none"}}}
	require.ErrorIs(t, record.DecodeShard(record.AppendShard(nil, &s), &s), record.ErrRow)
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
		require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(64*len(b)+64<<10)+reading(v))
		if err != nil {
			return
		}
		require.NoError(t, k.decode(k.append(nil, &v), &again))
		require.Equal(t, tidied(v), tidied(again))
	})
}

// reading is how much memory it may take to read the terms of a row, beside the row.
func reading(row any) (bytes uint64) {
	if s, ok := row.(ledger.Shard); ok {
		for i := range s.Terms {
			bytes += 16<<20 + 1<<10*uint64(len(s.Terms[i].Document))
		}
	}
	return bytes
}

func FuzzDecodeAccount(f *testing.F)     { accounts.fuzz(f) }
func FuzzDecodeEnded(f *testing.F)       { endeds.fuzz(f) }
func FuzzDecodeItem(f *testing.F)        { items.fuzz(f) }
func FuzzDecodeStatement(f *testing.F)   { statements.fuzz(f) }
func FuzzDecodeOrder(f *testing.F)       { orders.fuzz(f) }
func FuzzDecodeReceipt(f *testing.F)     { receipts.fuzz(f) }
func FuzzDecodeApplicant(f *testing.F)   { applicants.fuzz(f) }
func FuzzDecodeApplication(f *testing.F) { applications.fuzz(f) }
func FuzzDecodeReview(f *testing.F)      { reviews.fuzz(f) }
func FuzzDecodeSettlement(f *testing.F)  { settlements.fuzz(f) }
func FuzzDecodeShard(f *testing.F)       { shards.fuzz(f) }

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

// billed is the same account as it is where things are billed: a window is open.
func billed() *ledger.Account {
	a := typical()
	a.Billing = ledger.Billing{
		Day: 5, DayFrom: 20_400, Channel: ledger.DirectDebit, Agenda: 1_796_432_400_000_000_000, Statements: 11, LastStatement: 20_733, Items: 23,
		Open: ledger.Cycle{
			Window: calendar.Window{Opens: 20_763, Closes: 20_792, Due: 20_805}, Purchases: [ledger.Scenes]money.Amount{30_000},
			Flows: ledger.Flows{Purchases: 30_000}, FirstN: 12, FirstItem: 23},
	}
	return a
}

// late is an account with all that there may be: debts past due, and a plan.
func late() *ledger.Account {
	a := billed()
	for n := range calendar.Date(3) {
		opens := 20_763 - 30*(3-n)
		a.Billing.Debts = append(a.Billing.Debts, ledger.Debt{
			Window: calendar.Window{Opens: opens, Closes: opens + 29, Due: opens + 42}, First: opens + 42, Billed: 40_000, Overdue: n < 2, Through: 20_778, Summed: opens + 42,
			Owed:    ledger.Owed{Principal: [ledger.Scenes]money.Amount{40_000}, Penalty: 320},
			Accrual: ledger.Accrual{Penalty: ledger.Accrued{Exact: money.Exact{Minor: 319, Millionth: 990_000}, Charged: 320}},
		})
	}
	p := must(plan.New(plan.Offer{Method: plan.MethodFlatFee, Months: 12, Fee: 6_000}, 120_000))
	a.Billing.Plans = []ledger.Plan{{N: 1, Plan: p, Authorization: 9, Carrier: "cmcc", Started: 20_700, Principal: [ledger.Scenes]money.Amount{120_000}}}
	a.Billing.LastPlan, a.Billing.Late = 1, ledger.Delinquency{Since: 20_715, Noticed: 61}
	return a
}

func BenchmarkAppendAccount(b *testing.B) {
	for name, a := range benched() {
		b.Run(name, func(b *testing.B) {
			buf := record.AppendAccount(nil, a)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf = record.AppendAccount(buf[:0], a)
			}
		})
	}
}

func BenchmarkDecodeAccount(b *testing.B) {
	for name, typical := range benched() {
		b.Run(name, func(b *testing.B) {
			row := record.AppendAccount(nil, typical)
			var a ledger.Account
			b.SetBytes(int64(len(row)))
			b.ReportAllocs()
			for b.Loop() {
				if err := record.DecodeAccount(row, &a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benched() iter.Seq2[string, *ledger.Account] {
	return func(yield func(string, *ledger.Account) bool) {
		_ = yield("typical", typical()) && yield("billed", billed()) && yield("late", late())
	}
}
