package main

import (
	"fmt"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/holdfast-credit/holdfast/ledger/usage"
)

// draw writes the pictures of a carrier's usage.
func (r *usageReport) draw(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pictures are no secret
		return err
	}
	if r.sum.Orders().Count == 0 {
		fmt.Fprintln(os.Stderr, "pictures: nothing was ordered")
		return nil
	}
	for _, picture := range []struct {
		name string
		draw func() (*plot.Plot, error)
	}{{"usage-days", r.drawDays}, {"usage-hours", r.drawHours}, {"usage-amounts", r.drawAmounts}} {
		p, err := picture.draw()
		if err != nil {
			return fmt.Errorf("drawing %s: %w", picture.name, err)
		}
		if err := savePictures(dir, picture.name, p); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "pictures: %s\n", dir)
	return nil
}

// drawDays draws what was ordered on each day, and what was refunded of it or declined.
func (r *usageReport) drawDays() (*plot.Plot, error) {
	p := newPicture(fmt.Sprintf("Ordered of %s by business day", r.Carrier), "", "")
	first, last := r.Days[0].Date, r.Days[len(r.Days)-1].Date
	days, most := map[int]*usage.Day{}, 0.0
	for i := range r.Days {
		d := &r.Days[i]
		days[int(d.Date-first)] = d
		most = max(most, float64(d.Orders().Amount))
	}
	n := int(last-first) + 1
	every := (n + 5) / 6 // a label for so many days
	var ticks plot.ConstantTicks
	for at := range n {
		if at%every == 0 {
			ticks = append(ticks, plot.Tick{Value: float64(at), Label: first.AddDays(at).String()})
		}
		d := days[at]
		if d == nil {
			continue
		}
		if err := block(p, float64(at), 0, float64(d.Orders().Amount), blue); err != nil {
			return nil, err
		}
		if err := block(p, float64(at), 0, float64(d.Refunded.Amount), orange); err != nil {
			return nil, err
		}
	}
	p.X.Tick.Marker, p.X.Min, p.X.Max = ticks, -0.6, float64(n)-0.4
	p.X.Label.Text = "business day, in " + r.Zone
	p.Y.Label.Text = "ordered, " + r.money.axis(&p.Y, most)
	p.Legend.Add("refunded on the day", swatch{orange})
	p.Legend.Add("ordered", swatch{blue})
	p.Legend.Top = true
	p.Legend.YOffs = vg.Points(4)
	p.Y.Max = most * 1.3
	return p, nil
}

// drawHours draws how many orders there were in each hour of the day.
func (r *usageReport) drawHours() (*plot.Plot, error) {
	p := newPicture(fmt.Sprintf("Orders of %s by hour of the day", r.Carrier), "hour of the day, in "+r.Zone, "share of orders")
	all, most := float64(r.sum.Orders().Count), 0.0
	var ticks plot.ConstantTicks
	for h, n := range r.sum.Hours {
		if h%3 == 0 {
			ticks = append(ticks, plot.Tick{Value: float64(h), Label: fmt.Sprintf("%02d:00", h)})
		}
		share := float64(n) / all
		if err := block(p, float64(h), 0, share, blue); err != nil {
			return nil, err
		}
		most = max(most, share)
	}
	p.X.Tick.Marker, p.X.Min, p.X.Max = ticks, -0.6, 23.6
	shares(&p.Y, most*1.1)
	return p, nil
}

// drawAmounts draws the amounts that were ordered most.
func (r *usageReport) drawAmounts() (*plot.Plot, error) {
	d := &r.sum.Denominations
	top, others, _ := d.Top(usageTop)
	p := newPicture(fmt.Sprintf("Amounts ordered most of %s", r.Carrier), "amount, "+r.money.unit(), "share of orders")
	var list []column
	var names []string
	most := 0.0
	for _, n := range top {
		names = append(names, r.write(n.Amount))
		list = append(list, column{float64(n.Orders) / float64(d.Orders), percent(n.Orders, d.Orders), blue})
	}
	if others > 0 {
		names = append(names, "others")
		list = append(list, column{float64(others) / float64(d.Orders), percent(others, d.Orders), grey})
	}
	for _, c := range list {
		most = max(most, c.height)
	}
	named(&p.X, names)
	shares(&p.Y, most*1.15)
	return p, columns(p, list)
}
