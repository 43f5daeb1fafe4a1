package main

import (
	"bytes"
	"fmt"
	"strings"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// joined are two notes as one.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// pointsNote says what something did to points; nothing when it did nothing.
func pointsNote(c *holdfastv1.PointsChange) string {
	var parts []string
	for _, f := range flowsOf(c.GetFlows()) {
		if f.points != 0 {
			parts = append(parts, fmt.Sprintf("%d points %s", f.points, f.name))
		}
	}
	if f := c.GetFlows(); f.GetEarned() != 0 || f.GetGranted() != 0 {
		parts = append(parts, "to be spent by "+c.GetLastDay())
	}
	return strings.Join(parts, ", ")
}

// flowOf is a number of points, and what has become of them.
type flowOf struct {
	name   string
	points int64
	adds   int64 // 1, or -1
}

func flowsOf(f *holdfastv1.PointsFlows) []flowOf {
	return []flowOf{
		{"earned", f.GetEarned(), 1}, {"granted", f.GetGranted(), 1}, {"restored", f.GetRestored(), 1},
		{"redeemed", f.GetRedeemed(), -1}, {"expired", f.GetExpired(), -1}, {"taken back", f.GetTakenBack(), -1},
	}
}

// earnedEntry tells what a capture earned, which is listed by itself; nothing when it earned nothing.
func earnedEntry(e *entry, i *holdfastv1.Item) []entry {
	if i.GetPoints().GetFlows().GetEarned() == 0 {
		return nil
	}
	e.kind = "points_earned"
	e.note = fmt.Sprintf("%d points, to be spent by %s", i.GetPoints().GetFlows().GetEarned(), i.GetPoints().GetLastDay())
	return []entry{*e}
}

// printPoints tells what has become of points since the statement before.
func (s *statement) printPoints(b *bytes.Buffer) {
	p := s.GetStatement().GetPoints()
	if p == nil {
		return
	}
	t := &table{}
	t.row("opening", fmt.Sprint(p.GetOpening()))
	for _, f := range flowsOf(p.GetFlows()) {
		if f.points != 0 {
			t.row(f.name, fmt.Sprintf("%+d", f.adds*f.points))
		}
	}
	t.row("closing", fmt.Sprint(p.GetClosing()))
	if p.GetHeld() != 0 {
		t.row("  of it held for orders", fmt.Sprint(p.GetHeld()))
	}
	if next := p.GetExpiresNext(); next != nil {
		t.row("  of it to be spent by "+next.GetLastDay(), fmt.Sprint(next.GetPoints()))
	}
	fmt.Fprintf(b, "\nPoints\n%s", t)
}

// soundPoints says whether points add up.
func soundPoints(p *holdfastv1.StatementPoints) error {
	sum := p.GetOpening()
	for _, f := range flowsOf(p.GetFlows()) {
		sum += f.adds * f.points
	}
	if sum != p.GetClosing() {
		return fmt.Errorf("the points come to %d, and the statement closes with %d", sum, p.GetClosing())
	}
	return nil
}
