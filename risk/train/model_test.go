package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/table"
)

func TestBoundsThatPeopleRead(t *testing.T) {
	for _, tc := range []struct{ low, high, want float64 }{
		{0, 1, 1}, {1, 2, 2}, {-2, -1, -1}, {-1, 0, 0}, {-3, 5, 0}, {99, 101, 100}, {0.31672, 0.31749, 0.317}, {4999, 5000, 5000},
		{12340, 12390, 12390}, {12340, 12460, 12400}, {1.0000001, 1.0000002, 1.0000002},
	} {
		require.Equal(t, tc.want, between(tc.low, tc.high), "%v to %v", tc.low, tc.high)
	}
	rapid.Check(t, func(t *rapid.T) {
		low, high := rapid.Float64Range(-1e9, 1e9).Draw(t, "low"), rapid.Float64Range(-1e9, 1e9).Draw(t, "high")
		if low >= high {
			return
		}
		x := between(low, high)
		require.True(t, low < x && x <= high, "%v is not within %v and %v", x, low, high)
	})
}

// Every row is in the prebin that its value is in, none is empty, and no value is torn apart.
func TestPrebins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &table.Column{Kind: scorecard.KindNumber}
		c.Numbers = rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 1, 2, math.NaN()})), 1, 200).Draw(t, "numbers")
		b := prebin(&Feature{Kind: "decimal"}, c, &Binning{Prebins: rapid.IntRange(2, 20).Draw(t, "prebins")})
		require.True(t, slices.IsSorted(b.below))
		filled := map[uint8]bool{}
		for row, bin := range b.index(c) {
			x := c.Numbers[row]
			filled[bin] = true
			if math.IsNaN(x) {
				require.EqualValues(t, b.size(), bin)
				continue
			}
			require.True(t, bin == 0 || b.below[bin-1] <= x)
			require.True(t, int(bin) == len(b.below) || x < b.below[bin])
		}
		for bin := range b.below {
			require.True(t, filled[uint8(bin)], "bin %d is empty", bin)
		}
	})
}

func TestRareCategoriesAreTogether(t *testing.T) {
	c := &table.Column{Kind: scorecard.KindCategory, Names: []string{"much", "few", "fewer", "many"}}
	for code, n := range []int{60, 8, 3, 29} {
		for range n {
			c.Codes = append(c.Codes, int32(code))
		}
	}
	b := prebin(&Feature{Kind: "category"}, c, &Binning{MinShare: 0.1, MinBads: 5})
	require.Equal(t, [][]string{{"few", "fewer"}, {"many"}, {"much"}}, b.values)
	require.Equal(t, 4, b.size(), "and one for what nobody has seen")
	b = prebin(&Feature{Kind: "category"}, c, &Binning{MinShare: 0.1, MinBads: 6})
	require.Equal(t, [][]string{{"many"}, {"much"}}, b.values, "eleven rows are too few for a bin")
}

// Of all ways to make neighbours one, none that keeps the rules moves the scores less.
func TestSegmentsAreTheBest(t *testing.T) {
	rules := &Binning{MinShare: 0.1, MinBads: 2}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "bins")
		cells := make([]cell, n)
		total := 0
		for i := range cells {
			cells[i] = cell{good: rapid.IntRange(0, 20).Draw(t, "good"), bad: rapid.IntRange(0, 20).Draw(t, "bad"), score: rapid.Float64Range(-3, 3).Draw(t, "score")}
			total += cells[i].rows()
		}
		most := rapid.IntRange(1, 4).Draw(t, "most")
		cost := func(groups []int) (within float64, fits bool) {
			joined := join(cells, groups)
			for _, c := range joined {
				if float64(c.rows()) < rules.MinShare*float64(total) || c.bad < rules.MinBads || c.good < rules.MinBads {
					return 0, false
				}
			}
			for i, c := range cells {
				within += float64(c.rows()) * (c.score - joined[groups[i]].score) * (c.score - joined[groups[i]].score)
			}
			return within, len(joined) <= most
		}
		best, found := math.Inf(1), false
		for mask := range 1 << (n - 1) { // where to cut
			groups := make([]int, n)
			for i := 1; i < n; i++ {
				groups[i] = groups[i-1] + mask>>(i-1)&1
			}
			if c, fits := cost(groups); fits && c < best {
				best, found = c, true
			}
		}
		got := segment(cells, most, 0, rules)
		if c, fits := cost(got); found {
			require.True(t, fits)
			require.InDelta(t, best, c, 1e-9)
		} else {
			require.Equal(t, make([]int, n), got, "all in one, when nothing fits")
		}
	})
}

func TestEvidenceByHand(t *testing.T) {
	// 79.5 good and 19.5 bad, 19.5 and 79.5 with the half rows: shares of 80 of 100 and so on, nearly.
	cells := []cell{{good: 80, bad: 20}, {good: 20, bad: 80}}
	all := cells[0].and(cells[1])
	require.InDelta(t, math.Log(80.5/20.5), woe(cells[0], all), 1e-12)
	require.InDelta(t, -math.Log(80.5/20.5), woe(cells[1], all), 1e-12)
	require.InDelta(t, 2*0.6*math.Log(80.5/20.5), iv(cells), 1e-12)
	require.InDelta(t, 0, iv([]cell{{good: 50, bad: 5}, {good: 50, bad: 5}}), 1e-12)
}

// With one feature of two values, logistic regression without a ridge foretells what was seen.
func TestRegressionByHand(t *testing.T) {
	d := &Data{Features: []table.Column{{Kind: scorecard.KindNumber}}}
	for i := range 200 {
		d.Features[0].Numbers = append(d.Features[0].Numbers, float64(i/100))
		d.Bad = append(d.Bad, i < 20 || i >= 140) // 20 of 100, then 60 of 100
	}
	sh := &shape{feature: &Feature{Kind: "decimal"}, bins: &bins{feature: &Feature{Kind: "decimal"}, below: []float64{1}}}
	sh.cells = count(sh.bins.index(&d.Features[0]), d.Bad, 3)
	sh.evidence()
	m := &model{shapes: []*shape{sh}}
	factors, err := m.regress(d, 0)
	require.NoError(t, err)
	odds := func(bin int) float64 { return factors[1] + factors[0]*sh.cells[bin].score }
	require.InDelta(t, math.Log(20.0/80), odds(0), 1e-6)
	require.InDelta(t, math.Log(60.0/40), odds(1), 1e-6)

	m.shapes = append(m.shapes, sh)
	_, err = m.regress(d, 0)
	require.ErrorContains(t, err, "features say")
	_, err = m.regress(d, 1)
	require.NoError(t, err, "a ridge shares the evidence out")
}

// Made rows: risk rises with x where an order is asked for, and wiggles all the same.
func made(n int, seed uint64) (x, y []float64, bad []bool) {
	r := rand.New(rand.NewPCG(seed, 0))
	for range n {
		a, b := r.Float64()*4, r.Float64()*4
		x, y = append(x, a), append(y, b)
		odds := -1 + a/2 + math.Sin(3*a) - b/3 + math.Cos(2*b)
		if a > 2 && b > 2 {
			odds += 1.5
		}
		bad = append(bad, r.Float64() < 1/(1+math.Exp(-odds)))
	}
	return x, y, bad
}

// Whatever the rows say, steps go the way that is asked for, in bins and in grids.
func TestBoostingIsMonotone(t *testing.T) {
	x, y, bad := made(3000, 5)
	d := &Data{Bad: bad, Features: []table.Column{{Kind: scorecard.KindNumber, Numbers: x}, {Kind: scorecard.KindNumber, Numbers: y}}}
	fx := &Feature{Kind: "decimal"}
	a := &shape{feature: fx, at: 0, order: 1, bins: prebin(fx, &d.Features[0], &Binning{Prebins: 30})}
	b := &shape{feature: fx, at: 1, order: -1, bins: prebin(fx, &d.Features[1], &Binning{Prebins: 30})}
	p := &pair{a: a, b: b, rows: &bins{feature: fx, below: []float64{1, 2, 3}}, columns: &bins{feature: fx, below: []float64{1, 2, 3}}}
	for _, leaves := range []int{2, 3, 5} {
		rules := &Additive{Bags: 2, Rate: 0.2, Rounds: 50, Patience: 10, Leaves: leaves}
		terms := []*term{a.term(d), b.term(d), p.term(d)}
		scores := boost(terms, bad, make([]float64, len(bad)), rules, 1)
		require.True(t, ascends(scores[0][:a.bins.size()], 1), "%v", scores[0])
		require.True(t, ascends(scores[1][:b.bins.size()], -1), "%v", scores[1])
		require.Greater(t, scores[0][a.bins.size()-1], scores[0][0]+0.1, "something was learned")
		for i := range 4 {
			require.True(t, ascends(scores[2][4*i:4*i+4], -1), "row %d of %v", i, scores[2])
			require.True(t, ascends([]float64{scores[2][i], scores[2][4+i], scores[2][8+i], scores[2][12+i]}, 1), "column %d of %v", i, scores[2])
		}
		require.Zero(t, scores[2][16], "what is missing does not move")
	}
}

func ascends(list []float64, order float64) bool {
	for i := 1; i < len(list); i++ {
		if order*(list[i]-list[i-1]) < -1e-9 {
			return false
		}
	}
	return true
}

func TestPooling(t *testing.T) {
	m := []float64{1, 3, 2, 2, 5, 0}
	h := []float64{0, 0, 0, 0, 0, 2} // with the ridge, weights of 1, and 3 for the last
	require.True(t, pool(m, h, []int{0, 1, 2, 3, 4, 5}, 1))
	want := []float64{1, 12.0 / 7, 12.0 / 7, 12.0 / 7, 12.0 / 7, 12.0 / 7} // (3 + 2 + 2 + 5 + 3 x 0) / 7
	require.InDeltaSlice(t, want, m, 1e-12)
	require.False(t, pool(m, h, []int{0, 1, 2, 3, 4, 5}, 1))
}
