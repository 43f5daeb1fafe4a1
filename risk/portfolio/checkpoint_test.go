package portfolio_test

import (
	"bytes"
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

var accounts = flag.Int("portfolio.accounts", 100_000, "accounts of BenchmarkBook")

// lived is a world in which something has happened, and a checkpoint of it.
func lived(t *testing.T) (*world, []byte) {
	w := newWorld(1, "Asia/Shanghai")
	for range 1500 {
		require.NoError(t, w.step())
	}
	var b bytes.Buffer
	require.NoError(t, w.fold.Write(&b))
	return w, b.Bytes()
}

// TestNoCheckpointIsBelievedThatIsNotWhole changes every byte and cuts at every length.
func TestNoCheckpointIsBelievedThatIsNotWhole(t *testing.T) {
	w, whole := lived(t)
	read := func(b []byte) error {
		_, err := portfolio.Read(bytes.NewReader(b), shard, w.terms, w.zone)
		return err
	}
	require.NoError(t, read(whole))
	step := max(1, len(whole)/2000)
	for i := 0; i < len(whole); i += step {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		require.ErrorIs(t, read(damaged), portfolio.ErrCheckpoint, "byte %d", i)
		require.ErrorIs(t, read(whole[:i]), portfolio.ErrCheckpoint, "cut at %d", i)
	}
}

func TestACheckpointIsOfItsShardTermsAndZone(t *testing.T) {
	w, whole := lived(t)
	_, err := portfolio.Read(bytes.NewReader(whole), shard+1, w.terms, w.zone)
	require.ErrorIs(t, err, portfolio.ErrCheckpoint)
	_, err = portfolio.Read(bytes.NewReader(whole), shard, w.terms, calendar.UTC)
	require.ErrorContains(t, err, "other terms or in another zone")
	other := w.terms.Clone()
	other.Delinquency.Buckets[0].Name = "one"
	_, err = portfolio.Read(bytes.NewReader(whole), shard, other, w.zone)
	require.ErrorContains(t, err, "other terms or in another zone")
}

// TestEntriesComeInOrder: one that was absorbed is left alone, one that is missing is an error.
func TestEntriesComeInOrder(t *testing.T) {
	w, _ := lived(t)
	was, next := w.fold.Portfolio(), w.fold.Mark().Sequence+1
	require.NoError(t, w.fold.Add(&ledger.Entry{Sequence: 1, Fact: &ledger.ClockAdvanced{}}))
	require.Equal(t, was, w.fold.Portfolio())
	require.ErrorContains(t, w.fold.Add(&ledger.Entry{Sequence: next + 1, Fact: &ledger.ClockAdvanced{}}), "comes after")
	lost := &ledger.StatusSet{Account: ledger.NewAccountID(shard, 1_000_000), Status: ledger.AccountFrozen}
	require.ErrorContains(t, w.fold.Add(&ledger.Entry{Sequence: next, Fact: lost}), "never opened")
}

// TestMerge: two shards together are what their rows add up to, and merging changes neither.
func TestMerge(t *testing.T) {
	w, _ := lived(t)
	one := w.fold.Portfolio()
	require.Equal(t, one, portfolio.Merge(one))
	two := portfolio.Merge(one, one)
	require.Equal(t, one, w.fold.Portfolio())
	require.Equal(t, 2*one.Opened, two.Opened)
	require.Len(t, two.Marks, 2)
	require.Equal(t, len(one.Standing), len(two.Standing))
	for i, s := range one.Standing {
		require.Equal(t, 2*s.Accounts, two.Standing[i].Accounts)
		require.Equal(t, 2*s.Exposed(), two.Standing[i].Exposed())
	}
	for i, c := range one.Cohorts {
		for age, n := range c.Bad {
			require.Equal(t, 2*n, two.Cohorts[i].Bad[age])
		}
	}
	for i, m := range one.Mixes {
		require.Equal(t, 2*m.Declined.Orders, two.Mixes[i].Declined.Orders)
	}
}

// book is a book of so many accounts, each with an order that was captured, a tenth of them past due.
func book(b *testing.B, accounts int, into func(*ledger.Entry)) {
	day := must(calendar.ParseDate("2026-01-10"))
	window := calendar.Window{Opens: day, Closes: day + 30, Due: day + 42}
	var sequence uint64
	add := func(d calendar.Date, f ledger.Fact) {
		sequence++
		into(&ledger.Entry{Sequence: sequence, Time: calendar.UTC.Start(d), Fact: f})
	}
	for i := range accounts {
		id := ledger.NewAccountID(shard, uint64(i+1))
		add(day, &ledger.AccountOpened{Account: id, Currency: "CNY", Limit: 200_000})
	}
	for i := range accounts {
		ref := ledger.HoldRef{Account: ledger.NewAccountID(shard, uint64(i+1)), N: 1, Scene: ledger.TopUp, Carrier: "cmcc", Currency: "CNY"}
		o := &ledger.OrderDecided{HoldRef: ref, Kind: ledger.OrderAuthorized, Requested: 5_000, Amount: 5_000, Day: day}
		add(day, o)
		c := &ledger.HoldCaptured{HoldRef: ref, Amount: 5_000, FromHold: 5_000, State: ledger.Captured}
		c.Window = window
		add(day, c)
	}
	for i := range accounts / 10 {
		id := ledger.NewAccountID(shard, uint64(10*i+1))
		x := ledger.Debt{Window: window, First: window.Due, Billed: 5_000, Overdue: true}
		x.Principal[0] = 5_000
		after := ledger.Billing{Debts: []ledger.Debt{x}, Late: ledger.Delinquency{Since: window.Due}}
		add(window.Due+1, &ledger.Booked{Account: id, Currency: "CNY", Booking: ledger.Booking{Kind: ledger.FellDue, Day: window.Due + 1, After: after}})
	}
	add(window.Due+200, &ledger.ClockAdvanced{})
}

// BenchmarkBook tells what a large book costs: to fold, to look at, and to write and read as a checkpoint. With -benchtime 1x, and
// -portfolio.accounts for as many accounts as one likes.
func BenchmarkBook(b *testing.B) {
	for range b.N {
		f := portfolio.New(shard, product(), calendar.UTC)
		entries, begun := 0, time.Now()
		book(b, *accounts, func(e *ledger.Entry) {
			entries++
			if err := f.Add(e); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(float64(entries)/time.Since(begun).Seconds(), "entries/s")
		b.ReportMetric(float64(f.Bytes())/float64(*accounts), "bytes/account")
		begun = time.Now()
		p := f.Portfolio()
		b.ReportMetric(time.Since(begun).Seconds(), "s/look")
		var file bytes.Buffer
		begun = time.Now()
		if err := f.Write(&file); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begun).Seconds(), "s/write")
		b.ReportMetric(float64(file.Len())/float64(*accounts), "file-bytes/account")
		begun = time.Now()
		again, err := portfolio.Read(&file, shard, product(), calendar.UTC)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begun).Seconds(), "s/read")
		if again.Mark() != p.Marks[0] || p.Opened != int64(*accounts) {
			b.Fatal("the book is another")
		}
	}
}

// FuzzRead: whatever a file has, it is a checkpoint that can be written again, or an error.
func FuzzRead(f *testing.F) {
	w := newWorld(1, "Asia/Shanghai")
	var b bytes.Buffer
	for range 60 {
		if err := w.step(); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.fold.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		fold, err := portfolio.Read(bytes.NewReader(file), shard, w.terms, w.zone)
		if err != nil {
			require.ErrorIs(t, err, portfolio.ErrCheckpoint)
			return
		}
		var again bytes.Buffer
		require.NoError(t, fold.Write(&again))
		require.Equal(t, file, again.Bytes())
	})
}
