package train

import (
	"math"
	"slices"
	"strconv"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/table"
)

// prebinsMost is bounded by the byte that an index is kept in, with one bin more for what is missing.
const prebinsMost = 254

// bins are how the values of a feature are told apart: n bounds or n lists make n + 1 bins, and what is missing is in one more.
type bins struct {
	feature *Feature
	below   []float64
	values  [][]string
}

func (b *bins) numeric() bool { return b.feature.kind() == scorecard.KindNumber }

// size is how many bins there are, without that of what is missing, which is the one after them.
func (b *bins) size() int { return len(b.below) + len(b.values) + 1 }

// prebin makes bins of about the same number of rows, or of one value each where there are few. Of categories it makes one for
// each that has the rows, and one for all that are rare; the last bin is for what nobody has seen yet.
func prebin(f *Feature, c *table.Column, rules *Binning) *bins {
	b := &bins{feature: f}
	if b.numeric() {
		b.below = quantiles(c.Numbers, rules.Prebins)
		return b
	}
	counts := make([]int, len(c.Names))
	for _, code := range c.Codes {
		if code >= 0 {
			counts[code]++
		}
	}
	var rare []string
	rares := 0
	for code, n := range counts {
		if enough := n >= 2*rules.MinBads && float64(n) >= rules.MinShare*float64(len(c.Codes)); enough && len(b.values) < prebinsMost-2 {
			b.values = append(b.values, []string{c.Names[code]})
		} else if n > 0 {
			rare, rares = append(rare, c.Names[code]), rares+n
		}
	}
	if rares >= 2*rules.MinBads {
		slices.Sort(rare)
		b.values = append(b.values, rare)
	}
	slices.SortFunc(b.values, func(a, b []string) int { return slices.Compare(a, b) })
	return b
}

// quantiles are bounds between numbers, so that about the same number of rows is between each two.
func quantiles(numbers []float64, most int) (bounds []float64) {
	sorted := make([]float64, 0, len(numbers))
	for _, x := range numbers {
		if !math.IsNaN(x) {
			sorted = append(sorted, x)
		}
	}
	slices.Sort(sorted)
	if distinct := slices.Compact(slices.Clone(sorted)); len(distinct) <= most {
		for i := 1; i < len(distinct); i++ {
			bounds = append(bounds, between(distinct[i-1], distinct[i]))
		}
		return bounds
	}
	for i := 1; i < most; i++ {
		at := i * len(sorted) / most
		if at == 0 || sorted[at] == sorted[0] {
			continue
		}
		first, _ := slices.BinarySearch(sorted, sorted[at]) // what is equal is in one bin
		if x := between(sorted[first-1], sorted[first]); len(bounds) == 0 || x > bounds[len(bounds)-1] {
			bounds = append(bounds, x)
		}
	}
	return bounds
}

// between is the number with the fewest digits that is above low and no more than high, so that people can read the bound.
func between(low, high float64) float64 {
	if low < 0 && high >= 0 {
		return 0
	}
	for digits := 1; digits < 17; digits++ {
		// Rounded to that many digits, and if need be to the next such number towards high.
		for _, near := range []float64{high, low + (high-low)/2} {
			x, err := strconv.ParseFloat(strconv.FormatFloat(near, 'e', digits-1, 64), 64)
			if err == nil && low < x && x <= high {
				return x
			}
		}
	}
	return high
}

// index says in which bin each row is.
func (b *bins) index(c *table.Column) []uint8 {
	if b.numeric() {
		index := make([]uint8, len(c.Numbers))
		for row, x := range c.Numbers {
			at, found := slices.BinarySearch(b.below, x)
			if found {
				at++
			}
			if math.IsNaN(x) {
				at = b.size()
			}
			index[row] = uint8(at)
		}
		return index
	}
	of := make([]uint8, len(c.Names))
	for code, name := range c.Names {
		at := slices.IndexFunc(b.values, func(list []string) bool { return slices.Contains(list, name) })
		if at < 0 {
			at = len(b.values)
		}
		of[code] = uint8(at)
	}
	index := make([]uint8, len(c.Codes))
	for row, code := range c.Codes {
		index[row] = uint8(b.size())
		if code >= 0 {
			index[row] = of[code]
		}
	}
	return index
}

// merged are the bins of which some are one: groups says into which each goes. Groups of numbers are neighbours, in order; the
// last one of categories has all others.
func (b *bins) merged(groups []int) *bins {
	m := &bins{feature: b.feature}
	if b.numeric() {
		for i, bound := range b.below {
			if groups[i] != groups[i+1] {
				m.below = append(m.below, bound)
			}
		}
		return m
	}
	last := groups[len(groups)-1]
	for group := range last {
		var list []string
		for i, values := range b.values {
			if groups[i] == group {
				list = append(list, values...)
			}
		}
		slices.Sort(list)
		m.values = append(m.values, list)
	}
	return m
}
