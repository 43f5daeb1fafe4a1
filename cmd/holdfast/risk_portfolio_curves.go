package main

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

func (r *portfolioReport) drawAccounts() (*plot.Plot, error) {
	var list []vintage
	for _, c := range r.Cohorts {
		list = append(list, vintage{c.Month, c.Bad, c.Accounts, counted(c.Accounts, "account")})
	}
	return r.drawVintages("Accounts ever 30 days past due, by the month of their opening", "share of the accounts", list)
}

func (r *portfolioReport) drawDebts() (*plot.Plot, error) {
	var list []vintage
	for _, o := range r.Origins {
		list = append(list, vintage{o.Month, integers(o.BadBilled), int64(o.Billed), counted(o.Debts, "debt")})
	}
	return r.drawVintages("Billed principal ever 30 days past due, by the month of the window", "share of the principal billed", list)
}

func (r *portfolioReport) drawLostAccounts() (*plot.Plot, error) {
	var list []vintage
	for _, c := range r.Cohorts {
		list = append(list, vintage{c.Month, integers(c.Lost), int64(c.Bought), counted(c.Accounts, "account")})
	}
	return r.drawVintages("Charged off, by the month of the account's opening", "share of all that was bought", list)
}

func (r *portfolioReport) drawLostDebts() (*plot.Plot, error) {
	var list []vintage
	for _, o := range r.Origins {
		list = append(list, vintage{o.Month, integers(o.Lost), int64(o.Billed), counted(o.Debts, "debt")})
	}
	return r.drawVintages("Charged off, by the month of the window", "share of the principal billed", list)
}

// integers are amounts as numbers.
func integers(amounts []money.Amount) (list []int64) {
	for _, a := range amounts {
		list = append(list, int64(a))
	}
	return list
}

// vintage is what happened by months of age, of how much, and how that is told.
type vintage struct {
	month calendar.Month
	ages  []int64
	of    int64
	size  string
}

// mostVintages is how many curves can be told apart.
const mostVintages = 8

func (r *portfolioReport) drawVintages(title, y string, list []vintage) (*plot.Plot, error) {
	p := newPicture(title, "months after that month", y)
	list = slices.DeleteFunc(list, func(v vintage) bool { return r.Day.Month()-v.month < 2 || v.of == 0 }) // no two months of it are over
	list = list[max(0, len(list)-mostVintages):]
	if len(list) == 0 {
		return nil, nil
	}
	most, oldest := 0.05, 0
	for i, v := range list {
		upto := int(r.Day.Month()-v.month) - 1 // months of age that are over
		line := make(plotter.XYs, upto+1)
		sum := int64(0)
		for age := range line {
			if age < len(v.ages) {
				sum += v.ages[age]
			}
			line[age] = plotter.XY{X: float64(age), Y: float64(sum) / float64(v.of)}
			most = max(most, line[age].Y)
		}
		oldest = max(oldest, upto)
		l, points, err := plotter.NewLinePoints(line)
		if err != nil {
			return nil, err
		}
		share := float64(i) / float64(max(1, len(list)-1)) // the oldest is pale, the newest dark
		l.Color = color.RGBA{uint8(0x9f - share*0x8a), uint8(0xc4 - share*0x86), uint8(0xe8 - share*0x70), 0xff}
		l.Width, points.Color, points.Shape, points.Radius = vg.Points(1.6), l.Color, glyphs[i%len(glyphs)], vg.Points(2.6)
		p.Add(l, points)
		p.Legend.Add(fmt.Sprintf("%s (%s)", v.month, v.size), l, points)
	}
	p.X.Min, p.X.Max = 0, 1.6*float64(oldest) // beside the curves there is room for the legend
	var ticks plot.ConstantTicks
	for age := 0; age <= oldest; age += max(1, oldest/12) {
		ticks = append(ticks, plot.Tick{Value: float64(age), Label: fmt.Sprint(age)})
	}
	p.X.Tick.Marker = ticks
	shares(&p.Y, min(1, math.Ceil(most*11)/10))
	p.Legend.Top = true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(-4), vg.Points(-6)
	return p, nil
}

var glyphs = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{},
}
