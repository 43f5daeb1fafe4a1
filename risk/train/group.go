package train

import (
	"math"
	"slices"
	"strconv"

	"github.com/holdfast-credit/holdfast/risk/evaluate"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/table"
)

// groupsMost is how many groups of one attribute a person compares.
const groupsMost = 8

// group makes few groups of a protected column: bands of about the same number of rows, when it has many numbers; else its
// categories.
func group(c *table.Column) table.Column {
	if len(c.Names) <= groupsMost {
		return *c
	}
	values := make([]float64, len(c.Names))
	for i, name := range c.Names {
		x, err := strconv.ParseFloat(name, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return *c
		}
		values[i] = x
	}
	numbers := make([]float64, len(c.Codes))
	for row, code := range c.Codes {
		numbers[row] = math.NaN()
		if code >= 0 {
			numbers[row] = values[code]
		}
	}
	axis := scorecard.Axis{Below: quantiles(numbers, 5)}
	banded := table.Column{Name: c.Name, Kind: scorecard.KindCategory, Codes: make([]int32, len(c.Codes))}
	for i := range axis.Size() {
		banded.Names = append(banded.Names, axis.BinText(i))
	}
	for row, x := range numbers {
		banded.Codes[row] = -1
		if bin, ok := axis.Bin(scorecard.Number(x)); ok {
			banded.Codes[row] = int32(bin)
		}
	}
	return banded
}

// Group is how a score treats those who have a protected attribute in common. The score does not know it; what it knows may go
// along with it.
type Group struct {
	Name     string   `json:"group"`
	Rows     int      `json:"rows"`
	Foretold float64  `json:"foretold"`            // the mean probability of default
	Seen     float64  `json:"seen"`                // the bad rate
	Declined float64  `json:"declined"`            // share below the cutoff
	GoodsOut *float64 `json:"goods_out,omitempty"` // share of the good below the cutoff, if there are good ones
	AUC      *float64 `json:"auc,omitempty"`       // within the group, if it has good and bad
}

// groupRows is how many rows a group must have to be told of; fewer say little, and may be persons whom one knows.
const groupRows = 30

// GroupBy says how a sample of the data's scores treats the groups of a protected column, with a cutoff.
func GroupBy(c *table.Column, sample *evaluate.Sample, pd func(score int) float64, cutoff int) (groups []Group) {
	parts := make([]evaluate.Sample, len(c.Names)+1)
	for row, code := range c.Codes {
		at := int(code)
		if code < 0 {
			at = len(c.Names)
		}
		parts[at].Scores = append(parts[at].Scores, sample.Scores[row])
		parts[at].Bad = append(parts[at].Bad, sample.Bad[row])
	}
	names := append(slices.Clone(c.Names), "missing")
	for at := range parts {
		if len(parts[at].Scores) >= groupRows {
			groups = append(groups, groupOf(names[at], &parts[at], pd, cutoff))
		}
	}
	return groups
}

func groupOf(name string, part *evaluate.Sample, pd func(score int) float64, cutoff int) Group {
	g := Group{Name: name, Rows: len(part.Scores)}
	goodsOut := 0.0
	for i, score := range part.Scores {
		g.Foretold += pd(score) / float64(g.Rows)
		if score < cutoff {
			g.Declined += 1 / float64(g.Rows)
			if !part.Bad[i] {
				goodsOut++
			}
		}
	}
	d := part.Discriminate()
	g.Seen = float64(d.Bads) / float64(g.Rows)
	if d.Goods > 0 {
		goodsOut /= float64(d.Goods)
		g.GoodsOut = &goodsOut
	}
	if d.Goods > 0 && d.Bads > 0 {
		g.AUC = &d.AUC
	}
	return g
}
