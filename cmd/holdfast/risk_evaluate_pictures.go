package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/holdfast-credit/holdfast/risk/evaluate"
)

// drawEvaluation draws ROC, KS, calibration and the distribution of scores, as SVG and PNG.
func drawEvaluation(dir string, e *evaluated) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pictures are no secret
		return err
	}
	for _, picture := range []struct {
		name string
		draw func(*evaluated) (*plot.Plot, error)
	}{{"roc", drawROC}, {"ks", drawKS}, {"calibration", drawCalibration}, {"scores", drawScores}} {
		p, err := picture.draw(e)
		if err != nil {
			return fmt.Errorf("drawing %s: %w", picture.name, err)
		}
		if err := savePictures(dir, picture.name, p); err != nil {
			return err
		}
	}
	return nil
}

// scores makes an axis one of scores.
func scores(axis *plot.Axis, sample *evaluate.Sample) {
	least, most := slices.Min(sample.Scores), slices.Max(sample.Scores)
	step := 1
	for (most-least)/step > 8 {
		step = map[byte]int{'1': 2, '2': 5, '5': 10}[strconv.Itoa(step)[0]] * int(math.Pow10(len(strconv.Itoa(step))-1))
	}
	from := int(math.Floor(float64(least)/float64(step))) * step
	to := int(math.Ceil(float64(most+1)/float64(step))) * step
	axis.Min, axis.Max = float64(from), float64(to)
	var ticks plot.ConstantTicks
	for at := from; at <= to; at += step {
		ticks = append(ticks, plot.Tick{Value: float64(at), Label: strconv.Itoa(at)})
	}
	axis.Tick.Marker = ticks
}

// curve is a line through points; dashes when it is there to compare with.
func curve(p *plot.Plot, points []evaluate.Point, c color.Color, dashed bool, legend string) error {
	xys := make(plotter.XYs, len(points))
	for i, at := range points {
		xys[i] = plotter.XY{X: at.X, Y: at.Y}
	}
	line, err := plotter.NewLine(xys)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.8)
	if dashed {
		line.Width, line.Dashes = vg.Points(1), []vg.Length{vg.Points(4), vg.Points(3)}
	}
	p.Add(line)
	if legend != "" {
		p.Legend.Add(legend, line)
	}
	return nil
}

func drawROC(e *evaluated) (*plot.Plot, error) {
	p := newPicture(fmt.Sprintf("ROC of %s consumers, %s of them bad", thousands(int64(e.Goods+e.Bads)), thousands(int64(e.Bads))),
		"good below the cutoff", "bad below the cutoff")
	shares(&p.X, 1)
	shares(&p.Y, 1)
	legend := fmt.Sprintf("score: AUC %.3f", e.AUC)
	if e.Intervals != nil {
		legend += fmt.Sprintf(" (95 %%: %.3f to %.3f)", e.Intervals.AUC.Low, e.Intervals.AUC.High)
	}
	if err := curve(p, e.sample.ROC(), blue, false, legend); err != nil {
		return nil, err
	}
	p.Legend.YOffs, p.Legend.XOffs = vg.Points(8), vg.Points(-8)
	return p, curve(p, []evaluate.Point{{X: 0, Y: 0}, {X: 1, Y: 1}}, grey, true, "by chance: AUC 0.500")
}

func drawKS(e *evaluated) (*plot.Plot, error) {
	p := newPicture(fmt.Sprintf("KS %.3f, at a score of %d", e.KS, e.KSAt), "score", "consumers with no more than the score")
	shares(&p.Y, 1)
	scores(&p.X, e.sample)
	good, bad := e.sample.Cumulative()
	from, to := evaluate.Point{X: p.X.Min}, evaluate.Point{X: p.X.Max, Y: 1}
	if err := curve(p, append(append([]evaluate.Point{from}, bad...), to), orange, false, "bad"); err != nil {
		return nil, err
	}
	if err := curve(p, append(append([]evaluate.Point{from}, good...), to), blue, false, "good"); err != nil {
		return nil, err
	}
	at := func(points []evaluate.Point) evaluate.Point {
		for _, x := range points {
			if x.X == float64(e.KSAt) {
				return x
			}
		}
		return evaluate.Point{}
	}
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-8)
	return p, curve(p, []evaluate.Point{at(good), at(bad)}, ink, true, "greatest distance")
}

func drawCalibration(e *evaluated) (*plot.Plot, error) {
	p := newPicture("Calibration by tenths of the score", "foretold probability of default", "bad rate seen")
	most := 0.1
	points := make(plotter.XYs, len(e.Calibration.Tenths))
	errors := make(plotter.YErrors, len(points))
	for i, t := range e.Calibration.Tenths {
		points[i] = plotter.XY{X: t.Foretold, Y: t.Seen}
		low, high := wilson(t.Bads, t.Rows)
		errors[i].Low, errors[i].High = t.Seen-low, high-t.Seen
		most = max(most, t.Foretold, high)
	}
	most = min(1, math.Ceil(most*20)/20)
	shares(&p.X, most)
	shares(&p.Y, most)
	if err := curve(p, []evaluate.Point{{X: 0, Y: 0}, {X: most, Y: most}}, grey, true, "as foretold"); err != nil {
		return nil, err
	}
	bars, err := plotter.NewYErrorBars(struct {
		plotter.XYer
		plotter.YErrorer
	}{points, errors})
	if err != nil {
		return nil, err
	}
	bars.Color, bars.Width, bars.CapWidth = blue, vg.Points(1.2), vg.Points(5)
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return nil, err
	}
	dots.Color, dots.Shape, dots.Radius = blue, draw.CircleGlyph{}, vg.Points(3.2)
	p.Add(bars, dots)
	p.Legend.Add("a tenth, with its 95 % interval", dots)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-8)
	return p, nil
}

// wilson is the interval of 95 % of a share that was seen.
func wilson(n, of int) (low, high float64) {
	const z = 1.959963984540054
	p, m := float64(n)/float64(of), float64(of)
	middle, half := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return (middle - half) / (1 + z*z/m), (middle + half) / (1 + z*z/m)
}

func drawScores(e *evaluated) (*plot.Plot, error) {
	p := newPicture("Scores of the good and of the bad", "score", "share of the good, of the bad")
	least, most := slices.Min(e.sample.Scores), slices.Max(e.sample.Scores)
	width := max(1, int(math.Ceil(float64(most-least+1)/40)))
	bars := func(bad bool) []evaluate.Point {
		counts, n := make([]float64, (most-least)/width+1), 0.0
		for i, s := range e.sample.Scores {
			if e.sample.Bad[i] == bad {
				counts[(s-least)/width]++
				n++
			}
		}
		points := []evaluate.Point{{X: float64(least), Y: 0}}
		for i, count := range counts {
			from, to := float64(least+i*width), float64(least+(i+1)*width)
			points = append(points, evaluate.Point{X: from, Y: count / n}, evaluate.Point{X: to, Y: count / n})
		}
		return append(points, evaluate.Point{X: float64(least + len(counts)*width), Y: 0})
	}
	highest := 0.0
	for _, part := range []struct {
		bad    bool
		c      color.RGBA
		legend string
	}{{false, blue, "good"}, {true, orange, "bad"}} {
		points := bars(part.bad)
		xys := make(plotter.XYs, len(points))
		for i, at := range points {
			xys[i] = plotter.XY{X: at.X, Y: at.Y}
			highest = max(highest, at.Y)
		}
		area, err := plotter.NewPolygon(xys)
		if err != nil {
			return nil, err
		}
		area.Color = color.NRGBA{part.c.R, part.c.G, part.c.B, 0x50}
		area.LineStyle.Color, area.LineStyle.Width = part.c, vg.Points(1.4)
		p.Add(area)
		p.Legend.Add(fmt.Sprintf("%s: %s", part.legend, map[bool]string{false: thousands(int64(e.Goods)), true: thousands(int64(e.Bads))}[part.bad]), area)
	}
	scores(&p.X, e.sample)
	shares(&p.Y, math.Ceil(highest*1.05*50)/50)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-8)
	return p, nil
}
