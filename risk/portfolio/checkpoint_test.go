package portfolio_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

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

// BenchmarkFold tells how long an entry takes, of a workload's mixture.
func BenchmarkFold(b *testing.B) {
	w := newWorld(1, "Asia/Shanghai")
	var entries []ledger.Entry
	for len(entries) < 20_000 {
		c := w.work.Next(w.random)
		out, made, err := w.core.Apply(w.work.Now, c)
		if err != nil {
			b.Fatal(err)
		}
		w.work.Saw(out)
		entries = append(entries, made...)
	}
	b.ResetTimer()
	var f *portfolio.Fold
	for i := range b.N {
		if i%len(entries) == 0 {
			f = portfolio.New(shard, w.terms, w.zone)
		}
		if err := f.Add(&entries[i%len(entries)]); err != nil {
			b.Fatal(err)
		}
	}
}
