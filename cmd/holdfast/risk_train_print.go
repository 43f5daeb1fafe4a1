package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// trainReport is what a risk officer reads of a training.
type trainReport struct {
	*train.Trained
	data      *train.Data
	file, out string
	took      time.Duration
	folds     []train.Fold
}

func (r *trainReport) print(out io.Writer) error {
	var b bytes.Buffer
	s := r.Scorecard
	least, most := s.Range()
	fmt.Fprintf(&b, "%s: %s rows, of which %s train (%s bad) and %s are kept back to test.\n",
		r.file, thousands(int64(r.data.Rows())), thousands(int64(r.Rows)), inPercent(float64(r.Bads)/float64(r.Rows)),
		thousands(int64(r.data.Rows()-r.Rows)))
	fmt.Fprintf(&b, "Method %s, %s: characteristics %d, grids %d, scores %d to %d.\n",
		r.Spec.Method, r.took.Round(time.Millisecond), len(s.Characteristics), len(s.Grids), least, most)
	fmt.Fprintf(&b, "%d points are odds of %v good to one bad; %d points more double them. Everybody begins with %d.\n\n",
		s.BaseScore, s.BaseOdds, s.PointsToDoubleOdds, s.Intercept)
	r.overview(&b)
	for i := range s.Characteristics {
		printCharacteristic(&b, &s.Characteristics[i])
	}
	for i := range s.Grids {
		printGrid(&b, &s.Grids[i])
	}
	r.quality(&b)
	fmt.Fprintf(&b, "Features and scorecard are in %s.\n", r.out)
	_, err := out.Write(b.Bytes())
	return err
}

// overview is a line for each characteristic.
func (r *trainReport) overview(b *bytes.Buffer) {
	t := &table{align: "llrrrl"}
	t.row("characteristic", "feature", "IV", "bins", "points", "reason")
	for i := range r.Scorecard.Characteristics {
		c := &r.Scorecard.Characteristics[i]
		lo, hi := math.MaxInt, math.MinInt
		for j := range c.Bins {
			lo, hi = min(lo, c.Bins[j].Points), max(hi, c.Bins[j].Points)
		}
		t.row(c.Label, c.Feature, fixed(c.IV, 3), strconv.Itoa(len(c.Bins)), fmt.Sprintf("%+d to %+d", lo, hi), c.Reason)
	}
	b.WriteString(t.String() + "\n")
}

// printCharacteristic is its table of points, with the evidence.
func printCharacteristic(b *bytes.Buffer, c *scorecard.Characteristic) {
	fmt.Fprintf(b, "%s\n", c.Label)
	t := &table{}
	t.row(c.Feature, "share", "bad rate", "evidence", "points")
	line := func(text string, r scorecard.Rest) {
		rate, evidence := "", ""
		if r.BadRate != nil {
			rate, evidence = inPercent(*r.BadRate), fmt.Sprintf("%+.2f", *r.WOE)
		}
		t.row(text, inPercent(*r.Share), rate, evidence, fmt.Sprintf("%+d", r.Points))
	}
	for i := range c.Bins {
		line(c.BinText(i), c.Bins[i].Rest)
	}
	if c.Missing != nil && *c.Missing.Share > 0 {
		line("missing", *c.Missing)
	}
	b.WriteString(t.String() + "\n")
}

// printGrid is its table of points.
func printGrid(b *bytes.Buffer, g *scorecard.Grid) {
	fmt.Fprintf(b, "%s\n", g.Label)
	t := &table{}
	head := []string{g.Rows.Feature + " \\ " + g.Columns.Feature}
	for j := range g.Columns.Size() {
		head = append(head, g.Columns.BinText(j))
	}
	t.row(head...)
	for i, row := range g.Points {
		cells := []string{g.Rows.BinText(i)}
		for _, points := range row {
			cells = append(cells, fmt.Sprintf("%+d", points))
		}
		t.row(cells...)
	}
	b.WriteString(t.String() + "\n")
}

// quality says how well those that trained are told apart, and better, those that did not.
func (r *trainReport) quality(b *bytes.Buffer) {
	fmt.Fprintf(b, "On the rows that trained, which flatters: AUC %.4f, KS %.4f. Before points were rounded: AUC %.4f, KS %.4f.\n",
		r.Rounded.AUC, r.Rounded.KS, r.Exact.AUC, r.Exact.KS)
	if len(r.folds) > 0 {
		var auc, ks float64
		var each []string
		for _, f := range r.folds {
			auc, ks = auc+f.Discrimination.AUC, ks+f.Discrimination.KS
			each = append(each, fmt.Sprintf("%.4f", f.Discrimination.AUC))
		}
		n := float64(len(r.folds))
		fmt.Fprintf(b, "Cross-validated over %d folds of them: AUC %.4f (%s), KS %.4f.\n", len(r.folds), auc/n, strings.Join(each, " "), ks/n)
	}
	if r.Rows < r.data.Rows() {
		b.WriteString("How well the others are told apart: holdfast risk evaluate.\n")
	}
}

// inPercent writes a share.
func inPercent(x float64) string { return fixed(100*x, 1) + " %" }

// fixed writes a number with so many places; what is none is a dash.
func fixed(x float64, places int) string {
	if math.IsNaN(x) {
		return "-"
	}
	return strconv.FormatFloat(x, 'f', places, 64)
}
