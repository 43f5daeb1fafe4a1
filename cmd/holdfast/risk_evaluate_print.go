package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/holdfast-credit/holdfast/risk/evaluate"
)

func (r *evaluation) print(out io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s scored by %s\n\n", r.File, r.Policy)
	r.figures(&b)
	r.calibration(&b)
	r.gains(&b)
	r.stability(&b)
	r.treatment(&b)
	if r.Pictures != "" {
		fmt.Fprintf(&b, "Pictures are in %s.\n", r.Pictures)
	}
	_, err := out.Write(b.Bytes())
	return err
}

// figures are AUC, Gini and KS, of the rows that train beside those that test.
func (r *evaluation) figures(b *bytes.Buffer) {
	t := &table{align: "lr"}
	p, before := r.tested(), r.Training
	head := []string{"", "all rows"}
	if r.Test != nil {
		head = []string{"", "test", "95 % interval", "training"}
	} else if p.Intervals != nil {
		head = append(head, "95 % interval")
	}
	t.row(head...)
	line := func(name, figure string, interval *evaluate.Interval, then string) {
		row := []string{name, figure}
		switch {
		case interval != nil:
			row = append(row, fmt.Sprintf("%.4f to %.4f", interval.Low, interval.High))
		case len(head) > 2:
			row = append(row, "")
		}
		if r.Test != nil {
			row = append(row, then)
		}
		t.row(row...)
	}
	rows := func(e *evaluated) string { return thousands(int64(e.Goods + e.Bads)) }
	line("rows", rows(p), nil, rows(before))
	line("bad rate", inPercent(p.Calibration.Seen), nil, inPercent(before.Calibration.Seen))
	var auc, gini, ks *evaluate.Interval
	if p.Intervals != nil {
		auc, gini, ks = &p.Intervals.AUC, &p.Intervals.Gini, &p.Intervals.KS
	}
	line("AUC", fixed(p.AUC, 4), auc, fixed(before.AUC, 4))
	line("Gini", fixed(p.Gini, 4), gini, fixed(before.Gini, 4))
	line("KS", fixed(p.KS, 4), ks, fixed(before.KS, 4))
	line("KS at score", strconv.Itoa(p.KSAt), nil, strconv.Itoa(before.KSAt))
	line("Brier score", fixed(p.Calibration.Brier, 4), nil, fixed(before.Calibration.Brier, 4))
	b.WriteString(t.String())
	if r.Test == nil {
		b.WriteString("\nNo row was kept back to test: if the scorecard was made from these rows, the figures flatter it.\n")
	}
	if p.Intervals != nil {
		fmt.Fprintf(b, "\nIntervals by bootstrap, %s draws.\n", thousands(int64(p.Intervals.Draws)))
	}
	b.WriteString("\n")
}

// calibration holds what was foretold against what was seen.
func (r *evaluation) calibration(b *bytes.Buffer) {
	c := &r.tested().Calibration
	fmt.Fprintf(b, "Calibration: what was foretold of each tenth, and what was seen\n")
	t := &table{align: "l"}
	t.row("scores", "rows", "bad", "foretold", "seen")
	for _, x := range c.Tenths {
		t.row(fmt.Sprintf("%d to %d", x.From, x.To), thousands(int64(x.Rows)), thousands(int64(x.Bads)), inPercent(x.Foretold), inPercent(x.Seen))
	}
	t.row("all", rowsOf(c), badsOf(c), inPercent(c.Foretold), inPercent(c.Seen))
	b.WriteString(t.String())
	fmt.Fprintf(b, "Hosmer-Lemeshow %.1f over %d tenths, p = %.3f%s\n\n", c.HosmerLemeshow, len(c.Tenths), c.P, offBy(c.P))
}

func rowsOf(c *evaluate.Calibration) string {
	n := 0
	for _, t := range c.Tenths {
		n += t.Rows
	}
	return thousands(int64(n))
}

func badsOf(c *evaluate.Calibration) string {
	n := 0
	for _, t := range c.Tenths {
		n += t.Bads
	}
	return thousands(int64(n))
}

// offBy says what Hosmer and Lemeshow's test comes to.
func offBy(p float64) string {
	if p < 0.05 {
		return ": the probabilities are off by more than chance; the order of scores may be right all the same."
	}
	return ": what is off may be chance."
}

// gains say what each cutoff would decline.
func (r *evaluation) gains(b *bytes.Buffer) {
	b.WriteString("Cutoffs: what declining all below a score does\n")
	t := &table{align: "l"}
	t.row("below", "declined", "bad declined", "good declined", "bad rate left", "lift")
	for _, g := range r.tested().Gains {
		t.row(strconv.Itoa(g.Below), inPercent(g.Declined), inPercent(g.BadsOut), inPercent(g.GoodsOut), inPercent(g.BadRate), fixed(g.Lift, 2))
	}
	b.WriteString(t.String() + "\n")
}

// stability says how far the population has moved.
func (r *evaluation) stability(b *bytes.Buffer) {
	if r.ScorePSI == nil {
		return
	}
	b.WriteString("Stability: PSI from the rows that train to those that test\n")
	t := &table{align: "lrl"}
	t.row("", "PSI", "")
	line := func(name string, psi float64) {
		verdict := "stable"
		switch {
		case psi > 0.25:
			verdict = "has moved"
		case psi > 0.1:
			verdict = "is moving"
		}
		t.row(name, fixed(psi, 4), verdict)
	}
	line("score", *r.ScorePSI)
	for _, f := range r.Features {
		line(f.Feature, f.PSI)
	}
	b.WriteString(t.String() + "\n")
}

// treatment says how the score treats groups that it does not know.
func (r *evaluation) treatment(b *bytes.Buffer) {
	for i, column := range r.Groups {
		if i == 0 {
			fmt.Fprintf(b, "Protected attributes, which the score does not know: what declining all below %d does to each group\n", column.Cutoff)
		}
		t := &table{align: "l"}
		t.row(column.Column, "rows", "foretold", "seen", "declined", "good declined", "AUC")
		for _, g := range column.Groups {
			goods, auc := "-", "-"
			if g.GoodsOut != nil {
				goods = inPercent(*g.GoodsOut)
			}
			if g.AUC != nil {
				auc = fixed(*g.AUC, 3)
			}
			t.row(g.Name, thousands(int64(g.Rows)), inPercent(g.Foretold), inPercent(g.Seen), inPercent(g.Declined), goods, auc)
		}
		b.WriteString(t.String() + "\n")
	}
}
