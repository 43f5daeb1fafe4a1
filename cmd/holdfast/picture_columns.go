package main

import (
	"image/color"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// heat is a colour from pale to dark for a share from 0 to 1.
func heat(share float64) color.Color {
	mix := func(from, to uint8) uint8 { return uint8(float64(from) + share*(float64(to)-float64(from))) }
	return color.RGBA{mix(0xfd, 0x8c), mix(0xee, 0x2d), mix(0xdc, 0x04), 0xff}
}

// column is one column of columns, or one part of it.
type column struct {
	height float64
	label  string // above it
	colour color.Color
}

// columns draws columns that stand at 0, 1, 2, ..., with their labels.
func columns(p *plot.Plot, list []column) error {
	labels := plotter.XYLabels{}
	for i, c := range list {
		if err := block(p, float64(i), 0, c.height, c.colour); err != nil {
			return err
		}
		labels.XYs, labels.Labels = append(labels.XYs, plotter.XY{X: float64(i), Y: c.height}), append(labels.Labels, c.label)
	}
	return write(p, labels, text.YBottom, 9, ink)
}

// block draws a rectangle around a place on the x axis.
func block(p *plot.Plot, at, from, to float64, c color.Color) error {
	const half = 0.38
	if to <= from {
		return nil
	}
	area, err := plotter.NewPolygon(plotter.XYs{{X: at - half, Y: from}, {X: at + half, Y: from}, {X: at + half, Y: to}, {X: at - half, Y: to}})
	if err != nil {
		return err
	}
	area.Color, area.LineStyle.Width = c, 0
	p.Add(area)
	return nil
}

// write writes labels, in the middle of their places.
func write(p *plot.Plot, labels plotter.XYLabels, y text.YAlignment, size float64, c color.Color) error {
	if len(labels.Labels) == 0 {
		return nil
	}
	l, err := plotter.NewLabels(labels)
	if err != nil {
		return err
	}
	for i := range l.TextStyle {
		s := &l.TextStyle[i]
		s.Font.Typeface, s.Font.Variant, s.Font.Size, s.Color = "Liberation", "Sans", vg.Points(size), c
		s.XAlign, s.YAlign = text.XCenter, y
	}
	if y == text.YBottom {
		l.Offset = vg.Point{Y: vg.Points(2)}
	}
	p.Add(l)
	return nil
}

// named puts names at 0, 1, 2, ... of an axis.
func named(axis *plot.Axis, names []string) {
	axis.Min, axis.Max = -0.6, float64(len(names))-0.4
	var ticks plot.ConstantTicks
	for i, n := range names {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: n})
	}
	axis.Tick.Marker = ticks
	axis.Tick.Length = 0
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

// monthName is a month in little room: its year is told at the first place and with each January.
func monthName(m calendar.Month, at int) string {
	name := time.Month(int(m)%12 + 1).String()[:3]
	if at == 0 || int(m)%12 == 0 {
		name += "\n" + m.String()[:4]
	} else {
		name += "\n"
	}
	return name
}

// swatch is a colour in a legend.
type swatch struct{ colour color.Color }

// Thumbnail implements plot.Thumbnailer.
func (s swatch) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(s.colour, []vg.Point{{X: c.Min.X, Y: c.Min.Y}, {X: c.Min.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Max.Y}, {X: c.Max.X, Y: c.Min.Y}})
}
