package main

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours tell good and bad apart for those who do not see red and green as different, and when printed in grey.
var (
	ink    = color.RGBA{0x26, 0x2b, 0x33, 0xff}
	pale   = color.RGBA{0xd9, 0xdd, 0xe2, 0xff}
	blue   = color.RGBA{0x1f, 0x5f, 0xa8, 0xff}
	orange = color.RGBA{0xd9, 0x6b, 0x0b, 0xff}
	grey   = color.RGBA{0x8a, 0x91, 0x9c, 0xff}
)

const (
	pictureWidth  = 6 * vg.Inch
	pictureHeight = 4.5 * vg.Inch
)

// savePictures writes a picture into a directory, as SVG and PNG.
func savePictures(dir, name string, p *plot.Plot) error {
	svg, png := vgsvg.New(pictureWidth, pictureHeight), vgimg.NewWith(vgimg.UseWH(pictureWidth, pictureHeight), vgimg.UseDPI(144))
	if err := savePicture(p, svg, svg, filepath.Join(dir, name+".svg")); err != nil {
		return err
	}
	return savePicture(p, png, vgimg.PngCanvas{Canvas: png}, filepath.Join(dir, name+".png"))
}

// savePicture draws with a margin around, so that the last label of an axis is not cut.
func savePicture(p *plot.Plot, canvas vg.CanvasSizer, encoded io.WriterTo, name string) error {
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	p.Draw(draw.Crop(all, vg.Points(8), -vg.Points(24), vg.Points(8), -vg.Points(10)))
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := encoded.WriteTo(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// newPicture is an empty one with labels and a grid.
func newPicture(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	p.Title.TextStyle.Font.Size = vg.Points(13)
	p.X.Padding, p.Y.Padding = vg.Points(3), vg.Points(3)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size = vg.Points(11)
		axis.Label.Padding = vg.Points(4)
		axis.Tick.Label.Font.Size = vg.Points(9.5)
		axis.Color, axis.Tick.Color = grey, grey
		axis.Label.TextStyle.Color, axis.Tick.Label.Color = ink, ink
	}
	p.Title.TextStyle.Color = ink
	for _, style := range []*text.Style{
		&p.Title.TextStyle, &p.Legend.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label,
	} {
		style.Font.Typeface, style.Font.Variant = "Liberation", "Sans"
	}
	p.Legend.TextStyle.Font.Size = vg.Points(10)
	p.Legend.TextStyle.Color = ink
	p.Legend.Padding = vg.Points(3)
	lines := plotter.NewGrid()
	lines.Horizontal.Color, lines.Vertical.Color = pale, pale
	p.Add(lines)
	return p
}

// shares makes an axis one of shares, from 0 to most, in percent.
func shares(axis *plot.Axis, most float64) {
	axis.Min, axis.Max = 0, most
	step := 0.2
	for _, finer := range []float64{0.1, 0.05, 0.02, 0.01} {
		if most/step < 4 {
			step = finer
		}
	}
	var ticks plot.ConstantTicks
	for i := 0; float64(i)*step <= most+1e-9; i++ {
		ticks = append(ticks, plot.Tick{Value: float64(i) * step, Label: fmt.Sprintf("%.0f %%", 100*float64(i)*step)})
	}
	axis.Tick.Marker = ticks
}

// axis makes an axis one of amounts from 0 to the top. It answers with the unit to be told of the axis.
func (w amountWriter) axis(axis *plot.Axis, most float64) (unit string) {
	unit = w.unit()
	scale, word := 1.0, ""
	for range w.digits {
		scale *= 10
	}
	for _, larger := range []struct {
		by   float64
		word string
	}{{1e3, "thousand "}, {1e6, "million "}, {1e9, "billion "}} {
		if most/scale >= 2*larger.by {
			word = larger.word
		}
	}
	scale *= map[string]float64{"": 1, "thousand ": 1e3, "million ": 1e6, "billion ": 1e9}[word]
	step := math.Pow10(int(math.Floor(math.Log10(max(most/scale, 1e-9)))))
	for _, finer := range []float64{0.5, 0.2} {
		if most/scale/(step*finer) <= 6 {
			step *= finer
			break
		}
	}
	axis.Min, axis.Max = 0, most*1.12
	var ticks plot.ConstantTicks
	for at := 0.0; at*scale <= axis.Max; at += step {
		ticks = append(ticks, plot.Tick{Value: at * scale, Label: fmt.Sprintf("%.4g", at)})
	}
	axis.Tick.Marker = ticks
	return word + unit
}
