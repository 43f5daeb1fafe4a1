package scorecard

import "strings"

// Scorecard is a points table, as a document has it.
type Scorecard struct {
	BaseScore          int     `yaml:"base_score"`            // the score at which the odds are BaseOdds
	BaseOdds           float64 `yaml:"base_odds"`             // good to one bad
	PointsToDoubleOdds int     `yaml:"points_to_double_odds"` // so many more points, twice the odds
	Intercept          int     `yaml:"intercept"`             // points that everybody has

	Characteristics []Characteristic `yaml:"characteristics"`
	Grids           []Grid           `yaml:"grids,omitempty"`
}

// Characteristic is one feature in bins.
type Characteristic struct {
	Feature string  `yaml:"feature"`
	Label   string  `yaml:"label"`  // short, for tables
	Reason  string  `yaml:"reason"` // the code that is told when it cost points; several characteristics may share one
	IV      float64 `yaml:"information_value,omitempty"`

	Bins    []Bin `yaml:"bins"`
	Missing *Rest `yaml:"missing,omitempty"` // without it, a value that is missing has no score
}

// Bin is one row of a characteristic: numbers below a bound, or some categories.
type Bin struct {
	Below  *float64 `yaml:"below,omitempty"`       // of numbers: the bound, which is not in the bin; the last bin has none
	Values []string `yaml:"values,omitempty,flow"` // of categories
	Other  bool     `yaml:"other,omitempty"`       // of categories: whatever no bin names
	Rest   `yaml:",inline"`
}

// Rest is what a bin says of whoever is in it. All but the points is for the reader only.
type Rest struct {
	Points  int      `yaml:"points"`
	Share   *float64 `yaml:"share,omitempty"`    // of the training part, 0 to 1
	BadRate *float64 `yaml:"bad_rate,omitempty"` // within the bin, 0 to 1
	WOE     *float64 `yaml:"woe,omitempty"`      // weight of evidence: ln of (share of the good / share of the bad)
}

// Grid is a table over two features.
type Grid struct {
	Label  string `yaml:"label"`
	Reason string `yaml:"reason"`

	Rows    Axis    `yaml:"rows"`
	Columns Axis    `yaml:"columns"`
	Points  [][]int `yaml:"points"` // a list for each row, with the points of each column
}

// Axis is one feature of a grid in bins: n bounds or n lists make n + 1 bins. A feature of numbers has bounds, one of
// categories lists, after which comes the bin of all others.
type Axis struct {
	Feature string     `yaml:"feature"`
	Below   []float64  `yaml:"below,omitempty,flow"`
	Values  [][]string `yaml:"values,omitempty,flow"`
}

// Size is how many bins there are.
func (a *Axis) Size() int { return len(a.Below) + len(a.Values) + 1 }

// Numeric says whether the bins are of numbers. Faults sees to it that they are all alike.
func (c *Characteristic) Numeric() bool {
	return len(c.Bins) > 0 && !c.Bins[0].Other && c.Bins[0].Values == nil
}

// Best is the most points that a bin has. What is missing does not count: nobody is advised to hide something.
func (c *Characteristic) Best() int {
	best := c.Bins[0].Points
	for i := range c.Bins {
		best = max(best, c.Bins[i].Points)
	}
	return best
}

// Best is the most points that a cell has.
func (g *Grid) Best() int {
	best := g.Points[0][0]
	for _, row := range g.Points {
		for _, points := range row {
			best = max(best, points)
		}
	}
	return best
}

// Range is the least and the most that the score can be.
func (s *Scorecard) Range() (least, most int) {
	least, most = s.Intercept, s.Intercept
	add := func(points []int) {
		lo, hi := points[0], points[0]
		for _, p := range points {
			lo, hi = min(lo, p), max(hi, p)
		}
		least, most = least+lo, most+hi
	}
	for i := range s.Characteristics {
		c := &s.Characteristics[i]
		var points []int
		for j := range c.Bins {
			points = append(points, c.Bins[j].Points)
		}
		if c.Missing != nil {
			points = append(points, c.Missing.Points)
		}
		add(points)
	}
	for i := range s.Grids {
		points := []int{0} // when something is missing
		for _, row := range s.Grids[i].Points {
			points = append(points, row...)
		}
		add(points)
	}
	return least, most
}

// Features are the names of the features that the scorecard reads, in its order, each once.
func (s *Scorecard) Features() (names []string) {
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for i := range s.Characteristics {
		add(s.Characteristics[i].Feature)
	}
	for i := range s.Grids {
		add(s.Grids[i].Rows.Feature)
		add(s.Grids[i].Columns.Feature)
	}
	return names
}

// BinText says in words what is in a bin.
func (c *Characteristic) BinText(i int) string {
	if !c.Numeric() {
		if c.Bins[i].Other {
			return "all others"
		}
		return strings.Join(c.Bins[i].Values, ", ")
	}
	var from, below *float64
	if i > 0 {
		from = c.Bins[i-1].Below
	}
	if i < len(c.Bins)-1 {
		below = c.Bins[i].Below
	}
	return rangeText(from, below)
}

// BinText says in words what is in a bin of the axis.
func (a *Axis) BinText(i int) string {
	if a.Values != nil {
		if i == len(a.Values) {
			return "all others"
		}
		return strings.Join(a.Values[i], ", ")
	}
	var from, below *float64
	if i > 0 {
		from = &a.Below[i-1]
	}
	if i < len(a.Below) {
		below = &a.Below[i]
	}
	return rangeText(from, below)
}

func rangeText(from, below *float64) string {
	switch {
	case from == nil && below == nil:
		return "any number"
	case from == nil:
		return "below " + writeNumber(*below)
	case below == nil:
		return writeNumber(*from) + " or more"
	default:
		return writeNumber(*from) + " to below " + writeNumber(*below)
	}
}
