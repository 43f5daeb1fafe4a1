package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// draw writes the pictures of a portfolio. One of which there is nothing to show yet is not written.
func (r *portfolioReport) draw(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pictures are no secret
		return err
	}
	for _, picture := range []struct {
		name string
		draw func() (*plot.Plot, error)
	}{
		{"exposure", r.drawExposure}, {"past-due", r.drawPastDue}, {"roll-rates", r.drawRolls}, {"vintages-accounts", r.drawAccounts},
		{"vintages-debts", r.drawDebts}, {"charge-off-accounts", r.drawLostAccounts}, {"charge-off-debts", r.drawLostDebts}, {"utilisation", r.drawUtilisation}, {"decisions", r.drawDecisions},
	} {
		p, err := picture.draw()
		if err != nil {
			return fmt.Errorf("drawing %s: %w", picture.name, err)
		}
		if p == nil {
			continue
		}
		if err := savePictures(dir, picture.name, p); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "pictures: %s\n", dir)
	return nil
}

// heat is a colour from pale to dark for a share from 0 to 1.
func heat(share float64) color.Color {
	mix := func(from, to uint8) uint8 { return uint8(float64(from) + share*(float64(to)-float64(from))) }
	return color.RGBA{mix(0xfd, 0x8c), mix(0xee, 0x2d), mix(0xdc, 0x04), 0xff}
}

// colour is that of a bucket: blue while nothing is past due, then darker and darker.
func (r *portfolioReport) colour(b portfolio.Bucket) color.Color {
	if b == portfolio.NothingOwed {
		return pale
	}
	if b == portfolio.Current {
		return blue
	}
	var late []portfolio.Bucket
	for i := range r.Buckets {
		if r.Buckets[i].PastDue() {
			late = append(late, r.Buckets[i].Bucket)
		}
	}
	at := slices.Index(late, b)
	if at < 0 {
		return ink
	}
	return heat(0.3 + 0.7*float64(at)/float64(max(1, len(late)-1)))
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

// amounts makes an axis one of amounts from 0 to the top. It answers with the unit to be told of the axis.
func (r *portfolioReport) amounts(axis *plot.Axis, most float64) (unit string) {
	unit = r.money.unit()
	scale, word := 1.0, ""
	for range r.money.digits {
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

func (r *portfolioReport) drawExposure() (*plot.Plot, error) {
	p := newPicture(fmt.Sprintf("What is owed, by days past due, on %s", r.Day), "", "")
	var list []column
	var names []string
	all, most := r.sum(everything), 0.0
	if all.Owed() == 0 {
		return nil, nil
	}
	for i := range r.Buckets {
		b := &r.Buckets[i]
		s := r.sum(in(b.Bucket))
		if b.Bucket == portfolio.NothingOwed || b.Bucket == portfolio.ChargedOff {
			continue // nothing is owed there
		}
		name := string(b.Bucket)
		if b.PastDue() {
			name += "\n" + r.days(i)
		}
		names = append(names, name)
		list = append(list, column{float64(s.Owed()), "0", r.colour(b.Bucket)})
		if s.Owed() > 0 {
			list[len(list)-1].label = fmt.Sprintf("%s\n%s", percent(int64(s.Owed()), int64(all.Owed())), counted(s.Accounts, "account"))
		}
		most = max(most, float64(s.Owed()))
	}
	p.Y.Label.Text = "owed, " + r.amounts(&p.Y, most)
	p.Y.Max = most * 1.2
	p.X.Label.Text = "bucket, and its days past due"
	named(&p.X, names)
	return p, columns(p, list)
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

func (r *portfolioReport) drawPastDue() (*plot.Plot, error) {
	list := months(r.Ends, func(e portfolio.MonthEnd) calendar.Month { return e.Month })
	if len(list) < 2 {
		return nil, nil
	}
	p := newPicture("Owed by accounts past due, of all that is owed, at month ends", "end of the month", "share of what is owed")
	names, most := []string{}, 0.05
	for i, m := range list {
		names = append(names, monthName(m, i))
		owed, all := map[portfolio.Bucket]float64{}, 0.0
		for _, e := range r.Ends {
			if e.Month == m {
				owed[e.Bucket] += float64(e.Owed)
				all += float64(e.Owed)
			}
		}
		from := 0.0
		for j := range r.Buckets {
			if b := &r.Buckets[j]; b.PastDue() && all > 0 {
				to := from + owed[b.Bucket]/all
				if err := block(p, float64(i), from, to, r.colour(b.Bucket)); err != nil {
					return nil, err
				}
				from = to
			}
		}
		most = max(most, from)
	}
	for i := len(r.Buckets) - 1; i >= 0; i-- {
		if b := &r.Buckets[i]; b.PastDue() {
			p.Legend.Add(fmt.Sprintf("%s: %s days", b.Bucket, r.days(i)), swatch{r.colour(b.Bucket)})
		}
	}
	named(&p.X, names)
	shares(&p.Y, min(1, math.Ceil(most*10)/10))
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-6)
	return p, nil
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

func (r *portfolioReport) drawRolls() (*plot.Plot, error) {
	m, from, to := r.matrix()
	if m == nil {
		return nil, nil
	}
	p := newPicture(fmt.Sprintf("Roll rates from month end to month end, %s to %s", from, to), "at the end of the next month", "at the end of a month (account months)")
	var down, across []string
	dark, light := plotter.XYLabels{}, plotter.XYLabels{}
	for i := range m.Buckets {
		across = append(across, strings.ReplaceAll(string(m.Buckets[i].Bucket), " ", "\n"))
		row := len(m.Buckets) - 1 - i
		down = append([]string{fmt.Sprintf("%s (%s)", m.Buckets[i].Bucket, thousands(m.Row(i)))}, down...)
		for j := range m.Buckets {
			share := 0.0
			if of := m.Row(i); of > 0 {
				share = float64(m.Counts[i][j]) / float64(of)
			}
			if m.Counts[i][j] == 0 {
				continue
			}
			const half = 0.5
			x, y := float64(j), float64(row)
			area, err := plotter.NewPolygon(plotter.XYs{{X: x - half, Y: y - half}, {X: x + half, Y: y - half}, {X: x + half, Y: y + half}, {X: x - half, Y: y + half}})
			if err != nil {
				return nil, err
			}
			area.Color, area.LineStyle.Color, area.LineStyle.Width = heat(share), color.White, vg.Points(1)
			p.Add(area)
			to := &dark
			if share > 0.55 {
				to = &light
			}
			to.XYs, to.Labels = append(to.XYs, plotter.XY{X: x, Y: y}), append(to.Labels, fmt.Sprintf("%.1f %%", 100*share))
		}
	}
	if err := write(p, dark, text.YCenter, 8.5, ink); err != nil {
		return nil, err
	}
	if err := write(p, light, text.YCenter, 8.5, color.White); err != nil {
		return nil, err
	}
	named(&p.X, across)
	named(&p.Y, down)
	return p, nil
}

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

func (r *portfolioReport) drawUtilisation() (*plot.Plot, error) {
	p := newPicture("How much of their limits accounts use", "held and principal, of the limit", "share of the accounts")
	var all int64
	counts := map[portfolio.Used]int64{}
	for _, b := range r.Bands {
		counts[b.Used] += b.Accounts
		all += b.Accounts
	}
	if all == 0 {
		return nil, nil
	}
	var list []column
	var names []string
	most := 0.0
	for u := portfolio.Used(0); u <= portfolio.NoLimit; u++ {
		if u > 10 && counts[u] == 0 {
			continue
		}
		name := map[portfolio.Used]string{0: "nothing", portfolio.OverLimit: "over", portfolio.NoLimit: "limit 0"}[u]
		if name == "" {
			name = fmt.Sprintf("to %d %%", 10*int(u))
		}
		names = append(names, name)
		c := column{float64(counts[u]) / float64(all), "", blue}
		if counts[u] > 0 {
			c.label = thousands(counts[u])
		}
		if u == portfolio.OverLimit || u == portfolio.NoLimit {
			c.colour = orange
		}
		list, most = append(list, c), max(most, c.height)
	}
	named(&p.X, names)
	p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = 0.6, text.XRight, text.YTop
	shares(&p.Y, min(1.1, math.Ceil(most*1.1*10)/10))
	p.Title.Text = fmt.Sprintf("How much of their limits %s use", counted(all, "account"))
	return p, columns(p, list)
}

func (r *portfolioReport) drawDecisions() (*plot.Plot, error) {
	list := months(r.Mixes, func(m portfolio.Mix) calendar.Month { return m.Month })
	if len(list) < 2 {
		return nil, nil
	}
	p := newPicture("Orders declined, by the first reason", "month, and how many orders were decided in it", "share of the orders")
	orders, declined := map[calendar.Month]int64{}, map[calendar.Month]*[portfolio.Reasons]int64{}
	var sums [portfolio.Reasons]int64
	for _, m := range r.Mixes {
		if declined[m.Month] == nil {
			declined[m.Month] = &[portfolio.Reasons]int64{}
		}
		orders[m.Month] += m.Approved.Orders + m.Declined.Orders
		for i, t := range m.First {
			declined[m.Month][i] += t.Orders
			if slices.Contains(list, m.Month) {
				sums[i] += t.Orders
			}
		}
	}
	var reasons []int // the most common ones; the others are one
	for i, n := range sums {
		if n > 0 {
			reasons = append(reasons, i)
		}
	}
	slices.SortStableFunc(reasons, func(a, b int) int { return int(sums[b] - sums[a]) })
	palette := []color.Color{blue, orange, color.RGBA{0x5b, 0x8f, 0x4e, 0xff}, color.RGBA{0x8f, 0x5b, 0x9e, 0xff}, color.RGBA{0xc2, 0xa5, 0x3a, 0xff}}
	shown := reasons[:min(len(reasons), len(palette))]
	most, names := 0.02, []string{}
	for i, m := range list {
		names = append(names, fmt.Sprintf("%s\n%s", monthName(m, i), thousands(orders[m])))
		from, all := 0.0, float64(max(1, orders[m]))
		rest := 0.0
		for _, at := range reasons {
			if k := slices.Index(shown, at); k < 0 {
				rest += float64(declined[m][at]) / all
			} else if err := block(p, float64(i), from, from+float64(declined[m][at])/all, palette[k]); err != nil {
				return nil, err
			} else {
				from += float64(declined[m][at]) / all
			}
		}
		if err := block(p, float64(i), from, from+rest, grey); err != nil {
			return nil, err
		}
		most = max(most, from+rest)
	}
	for k, at := range shown {
		p.Legend.Add(fmt.Sprintf("%s: %s", reasonText(ledger.Reason(at)), thousands(sums[at])), swatch{palette[k]})
	}
	if len(reasons) > len(shown) {
		p.Legend.Add("others", swatch{grey})
	}
	named(&p.X, names)
	shares(&p.Y, min(1, math.Ceil(most*1.35*50)/50))
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-6)
	return p, nil
}
