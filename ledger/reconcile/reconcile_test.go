package reconcile_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
)

const today = calendar.Date(20_000)

// run is a reconciliation in memory: both passes and the looking up.
type run struct {
	reconcile.Matcher
	breaks       []reconcile.Break
	ours, theirs []reconcile.Item
}

func (r *run) Break(b *reconcile.Break) error        { r.breaks = append(r.breaks, *b); return nil }
func (r *run) OursLeft(i *reconcile.Item) error      { r.ours = append(r.ours, *i); return nil }
func (r *run) TheirsLeft(i *reconcile.Item) error    { r.theirs = append(r.theirs, *i); return nil }
func order(i *reconcile.Item) string                 { return i.Order }
func reference(i *reconcile.Item) string             { return i.Reference }
func nowhere(*reconcile.Item) (here *reconcile.Here) { return new(reconcile.Here) }

func sorted(items []reconcile.Item, key func(*reconcile.Item) string) reconcile.Stream {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b reconcile.Item) int { return strings.Compare(key(&a), key(&b)) })
	return func() (string, reconcile.Item, error) {
		if len(items) == 0 {
			return "", reconcile.Item{}, io.EOF
		}
		i := items[0]
		items = items[1:]
		return key(&i), i, nil
	}
}

func reconciled(t require.TestingT, fees bool, ours, theirs []reconcile.Item, look func(*reconcile.Item) *reconcile.Here) *run {
	r := &run{Matcher: reconcile.Matcher{Date: today, Fees: fees}}
	require.NoError(t, r.ByOrder(sorted(ours, order), sorted(theirs, order), r))
	ours, theirs, r.ours, r.theirs = r.ours, r.theirs, nil, nil
	require.NoError(t, r.ByReference(sorted(ours, reference), sorted(theirs, reference), r))
	for i := range r.ours {
		require.NoError(t, r.MissingThere(&r.ours[i], r))
	}
	for i := range r.theirs {
		require.NoError(t, r.Judge(&r.theirs[i], look(&r.theirs[i]), r))
	}
	r.adds(t)
	return r
}

// adds checks that the difference of the sums is the sum of the differences.
func (r *run) adds(t require.TestingT) {
	all := r.Tally.Total()
	require.Equal(t, r.Tally.Ours.Amount-r.Tally.Theirs.Amount, all.Diff, "%+v", r.Tally)
	require.Equal(t, r.Tally.Ours.Fee-r.Tally.Theirs.Fee, all.FeeDiff, "%+v", r.Tally)
	require.Equal(t, int64(len(r.breaks)), all.Count)
	for k := range reconcile.BreakKinds {
		kind, n, diff := reconcile.BreakKind(k+1), int64(0), money.Amount(0)
		for _, b := range r.breaks {
			if b.Kind == kind {
				n++
				diff += b.Diff
			}
		}
		require.Equal(t, reconcile.BreakSums{Count: n, Diff: diff, FeeDiff: r.Tally.Of(kind).FeeDiff}, *r.Tally.Of(kind))
	}
}

func (r *run) told() (list []string) {
	for i := range r.breaks {
		b := &r.breaks[i]
		list = append(list, fmt.Sprintf("%s%s: %v %d", b.Ours.Order, strings.TrimPrefix(b.Theirs.Order, b.Ours.Order), b.Kind, b.Diff))
	}
	slices.Sort(list)
	return list
}

func sale(order string, amount money.Amount) reconcile.Item {
	return reconcile.Item{Order: order, Kind: reconcile.Sale, Status: reconcile.Delivered, Date: today, Amount: amount, Fee: amount / 100}
}

// with is an item changed.
func with(i reconcile.Item, change func(*reconcile.Item)) reconcile.Item {
	change(&i)
	return i
}

func on(d calendar.Date) func(*reconcile.Item) { return func(i *reconcile.Item) { i.Date = d } }
func status(s reconcile.Status) func(*reconcile.Item) {
	return func(i *reconcile.Item) { i.Status = s }
}
func kind(k reconcile.Kind) func(*reconcile.Item) { return func(i *reconcile.Item) { i.Kind = k } }
func ref(s string) func(*reconcile.Item)          { return func(i *reconcile.Item) { i.Reference = s } }

// TestEachKind has each rule of doc.go once or more.
func TestEachKind(t *testing.T) {
	type items = []reconcile.Item
	a := sale("a", 1000)
	back := with(a, kind(reconcile.Refund))
	undone := with(a, kind(reconcile.Reversal))
	earlier := &reconcile.Here{Known: true, Captured: 1000, Sold: today - 40, Left: reconcile.Item{Order: "a"}}
	for name, c := range map[string]struct {
		ours, theirs items
		here         *reconcile.Here
		want         []string
	}{
		"agreed":                            {items{a}, items{a}, nil, nil},
		"refund and reversal are one class": {items{a, back}, items{a, undone}, nil, nil},
		"parts and their sum":               {items{sale("a", 300), sale("a", 700)}, items{a}, nil, nil},
		"a record for each part":            {items{sale("a", 300), sale("a", 700)}, items{sale("a", 700), sale("a", 300)}, nil, nil},
		"sold and undone there only":        {nil, items{a, undone}, nil, nil},
		"sold and undone here only":         {items{a, undone}, nil, nil, nil},
		"undone on another day":             {items{a, with(undone, on(today+1))}, nil, nil, []string{"a: missing at the carrier 1000"}},
		"nothing here, failed there":        {nil, items{with(a, status(reconcile.Failed))}, nil, nil},
		"failed, then delivered":            {items{a}, items{with(a, status(reconcile.Failed)), a}, nil, nil},
		"failed today, delivered tomorrow":  {items{with(a, on(today+1))}, items{with(a, status(reconcile.Failed))}, nil, nil},
		"missing here":                      {nil, items{a}, nil, []string{"a: missing here -1000"}},
		"another order of the carrier's":    {items{sale("b", 5)}, items{a, sale("b", 5)}, nil, []string{"a: missing here -1000"}},
		"missing at the carrier":            {items{a}, nil, nil, []string{"a: missing at the carrier 1000"}},
		"of another day":                    {items{with(a, on(today-1))}, nil, nil, nil},
		"a refund missing here":             {items{a}, items{a, back}, nil, []string{"a: missing here 1000"}},
		"a refund missing there":            {items{a, back}, items{a}, nil, []string{"a: missing at the carrier -1000"}},
		"amount":                            {items{a}, items{sale("a", 900)}, nil, []string{"a: amount 100"}},
		"failed there":                      {items{a}, items{with(a, status(reconcile.Failed))}, nil, []string{"a: status 1000"}},
		"pending there":                     {items{a}, items{with(a, status(reconcile.Pending))}, nil, []string{"a: status 1000"}},
		"parts that failed":                 {items{sale("a", 300), sale("a", 700)}, items{with(a, status(reconcile.Failed))}, nil, []string{"a: status 1000"}},
		"failed later than the day before":  {items{with(a, on(today-1))}, items{with(a, status(reconcile.Failed))}, nil, []string{"a: status 0"}},
		"not captured here": {nil, items{a}, &reconcile.Here{Known: true, Left: reconcile.Item{Order: "a", Kind: reconcile.Sale, Date: today}},
			[]string{"a: status -1000"}},
		"twice there":              {items{a}, items{a, a}, nil, []string{"a: duplicate -1000"}},
		"twice there, never here":  {nil, items{a, a}, nil, []string{"a: duplicate -1000", "a: missing here -1000"}},
		"twice here":               {items{a, a}, items{a}, nil, []string{"a: missing at the carrier 1000"}},
		"two sales of two amounts": {items{a}, items{a, sale("a", 50)}, nil, []string{"a: missing here -50"}},
		"the day before":           {items{with(a, on(today-1))}, items{a}, nil, []string{"a: wrong day -1000"}},
		"the day after":            {items{with(a, on(today+1))}, items{a}, nil, []string{"a: wrong day -1000"}},
		"long before": {nil, items{a}, &reconcile.Here{Known: true, Captured: 1000, Unseen: items{with(a, on(today-40))}},
			[]string{"a: wrong day -1000"}},
		"of the day, but told late": {nil, items{a}, &reconcile.Here{Known: true, Captured: 1000, Unseen: items{a}}, nil},
		"another amount the day before": {items{with(sale("a", 900), on(today-1))}, items{a}, nil,
			[]string{"a: amount -1000"}},
		"a refund of another day": {items{a, with(back, on(today+1))}, items{a, back}, nil, []string{"a: refund crossing periods 1000"}},
		"a refund of long ago": {nil, items{back}, &reconcile.Here{Known: true, Captured: 1000, Refunded: 1000, Unseen: items{with(back, on(today-40))}},
			[]string{"a: refund crossing periods 1000"}},
		"taken back late":      {nil, items{undone}, earlier, []string{"a: late reversal 1000"}},
		"refunded there, late": {nil, items{back}, earlier, []string{"a: missing here 1000"}},
		"taken back the day after": {items{with(a, on(today-1))}, items{undone},
			&reconcile.Here{Known: true, Captured: 1000, Sold: today - 1, Left: reconcile.Item{Order: "a"}}, []string{"a: late reversal 1000"}},
		"fee":          {items{a}, items{with(a, func(i *reconcile.Item) { i.Fee = 11 })}, nil, []string{"a: fee 0"}},
		"by reference": {items{with(a, ref("r"))}, items{with(a, func(i *reconcile.Item) { i.Order, i.Reference = "", "r" })}, nil, nil},
		"by reference, of another order id": {items{with(a, ref("r"))}, items{with(a, func(i *reconcile.Item) { i.Order, i.Reference, i.Amount = "x", "r", 900 })},
			nil, []string{"ax: amount 100"}},
		"neither order id nor reference": {items{a}, items{with(a, func(i *reconcile.Item) { i.Order = "" })}, nil,
			[]string{": missing here -1000", "a: missing at the carrier 1000"}},
	} {
		t.Run(name, func(t *testing.T) {
			look := nowhere
			if c.here != nil {
				look = func(*reconcile.Item) *reconcile.Here { return c.here }
			}
			require.Equal(t, c.want, reconciled(t, true, c.ours, c.theirs, look).told())
		})
	}
}

// book is a random day, with what was done to it and the breaks that this must make.
type book struct {
	t            *rapid.T
	ours, theirs []reconcile.Item
	here         map[string]*reconcile.Here
	want         []string
}

func (b *book) breaks(order string, k reconcile.BreakKind, diff money.Amount) {
	b.want = append(b.want, fmt.Sprintf("%s: %v %d", order, k, diff))
}

// story adds an order, as both sides have it, and one that was damaged in a way of its own.
func (b *book) story(n int, damage reconcile.BreakKind) {
	id := fmt.Sprintf("o%d", n)
	amount := money.Amount(rapid.IntRange(2, 5_000).Draw(b.t, "amount"))
	item := with(sale(id, amount), ref(fmt.Sprintf("ref %d", n)))
	if rapid.Bool().Draw(b.t, "return") {
		item.Kind = rapid.SampledFrom([]reconcile.Kind{reconcile.Refund, reconcile.Reversal}).Draw(b.t, "kind")
	}
	other := today + calendar.Date(rapid.SampledFrom([]int{-1, 1}).Draw(b.t, "beside"))
	ours, theirs := item, item
	if rapid.Bool().Draw(b.t, "by reference") {
		theirs.Order = ""
	}
	switch damage {
	case 0:
		b.ours, b.theirs = append(b.ours, ours), append(b.theirs, theirs)
	case reconcile.MissingHere:
		b.theirs = append(b.theirs, item)
		b.breaks(id, damage, -item.Net())
	case reconcile.MissingThere:
		b.ours = append(b.ours, item)
		b.breaks(id, damage, item.Net())
	case reconcile.Amount:
		theirs.Amount += money.Amount(rapid.SampledFrom([]int{-1, 1, 100}).Draw(b.t, "more"))
		b.ours, b.theirs = append(b.ours, ours), append(b.theirs, theirs)
		b.breaks(id, damage, ours.Net()-theirs.Net())
	case reconcile.Outcome:
		theirs.Status = rapid.SampledFrom([]reconcile.Status{reconcile.Failed, reconcile.Pending}).Draw(b.t, "status")
		b.ours, b.theirs = append(b.ours, ours), append(b.theirs, theirs)
		b.breaks(id, damage, ours.Net())
	case reconcile.Duplicate:
		b.ours, b.theirs = append(b.ours, ours), append(b.theirs, item, item)
		b.breaks(id, damage, -item.Net())
	case reconcile.WrongDay, reconcile.RefundCrossing:
		ours.Kind = reconcile.Sale
		if damage == reconcile.RefundCrossing {
			ours.Kind = reconcile.Refund
		}
		theirs.Kind, ours.Date = ours.Kind, other
		b.ours, b.theirs = append(b.ours, ours), append(b.theirs, theirs)
		b.breaks(id, damage, -theirs.Net())
	case reconcile.Fee:
		theirs.Fee++
		b.ours, b.theirs = append(b.ours, ours), append(b.theirs, theirs)
		b.breaks(id, damage, 0)
	case reconcile.LateReversal:
		item.Kind = reconcile.Reversal
		b.theirs = append(b.theirs, item)
		b.here[id] = &reconcile.Here{Known: true, Captured: amount, Sold: today - 7, Left: reconcile.Item{Order: id}}
		b.breaks(id, damage, amount)
	}
}

// TestExactlyWhatWasBroken damages random books, and finds the damage and nothing else.
func TestExactlyWhatWasBroken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &book{t: t, here: make(map[string]*reconcile.Here)}
		n := rapid.IntRange(0, 40).Draw(t, "orders")
		for i := range n {
			damage := reconcile.BreakKind(max(0, rapid.IntRange(-10, reconcile.BreakKinds).Draw(t, "damage")))
			b.story(i, damage)
		}
		shuffled := rapid.Permutation(b.theirs).Draw(t, "theirs")
		r := reconciled(t, true, b.ours, shuffled, func(i *reconcile.Item) *reconcile.Here {
			if h := b.here[i.Order]; h != nil {
				return h
			}
			return new(reconcile.Here)
		})
		slices.Sort(b.want)
		require.Equal(t, b.want, r.told())
	})
}

// TestAlwaysAddsUp reconciles items that have nothing to do with each other, and with many in common: whatever they are, the
// sums agree, and each item is in one break at most.
func TestAlwaysAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.Custom(func(t *rapid.T) reconcile.Item {
			return reconcile.Item{
				Order: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "order"), Reference: rapid.SampledFrom([]string{"", "r", "s"}).Draw(t, "reference"),
				Kind: reconcile.Kind(rapid.IntRange(1, 3).Draw(t, "kind")), Status: reconcile.Delivered,
				Date: today + calendar.Date(rapid.IntRange(-1, 1).Draw(t, "day")), Amount: money.Amount(rapid.IntRange(0, 4).Draw(t, "amount")),
				Fee: money.Amount(rapid.IntRange(0, 2).Draw(t, "fee")), Time: calendar.Instant(rapid.Int64().Draw(t, "time")),
			}
		})
		ours, theirs := rapid.SliceOfN(item, 0, 12).Draw(t, "ours"), rapid.SliceOfN(item, 0, 12).Draw(t, "theirs")
		for i := range theirs {
			theirs[i].Status, theirs[i].Date = reconcile.Status(rapid.IntRange(1, 3).Draw(t, "status")), today
		}
		here := &reconcile.Here{
			Known: rapid.Bool().Draw(t, "known"), Captured: money.Amount(rapid.IntRange(0, 3).Draw(t, "captured")), Sold: today - 3,
			Unseen: rapid.SliceOfN(item, 0, 2).Draw(t, "unseen"),
		}
		r := reconciled(t, rapid.Bool().Draw(t, "fees"), ours, theirs, func(*reconcile.Item) *reconcile.Here {
			h := *here
			here.Unseen = nil // none is found twice
			return &h
		})
		require.LessOrEqual(t, len(r.breaks), len(ours)+len(theirs))
	})
}

// TestTooManyOfOneKey is about memory: one order cannot be the whole file.
func TestTooManyOfOneKey(t *testing.T) {
	many := slices.Repeat([]reconcile.Item{sale("a", 1)}, reconcile.MostOfKey+1)
	r := &run{Matcher: reconcile.Matcher{Date: today}}
	require.ErrorIs(t, r.ByOrder(sorted(nil, order), sorted(many, order), r), reconcile.ErrTooMany)
	require.NoError(t, r.ByOrder(sorted(nil, order), sorted(many[1:], order), r))
}
