package main

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
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
	p.Y.Label.Text = "owed, " + r.money.axis(&p.Y, most)
	p.Y.Max = most * 1.2
	p.X.Label.Text = "bucket, and its days past due"
	named(&p.X, names)
	return p, columns(p, list)
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
