package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// replayReport prints what came of a replay.
type replayReport struct {
	out  io.Writer
	m    *orderMap
	file *orderFile
	*played
}

func (r *replayReport) printf(format string, args ...any) { _, _ = fmt.Fprintf(r.out, format, args...) }

// read tells what was read.
func (r *replayReport) read() {
	f := r.file
	first, last := f.orders[0].at, f.orders[len(f.orders)-1].at
	r.printf("%s rows, %s orders, %s to %s (%s)\n", thousands(int64(f.rows)), thousands(int64(len(f.orders))),
		first.Format(time.DateOnly), last.Format(time.DateOnly), r.m.Time.Zone)
	var kinds []string
	for _, category := range slices.Sorted(maps.Keys(f.leftOut)) {
		kinds = append(kinds, fmt.Sprintf("%s %s", thousands(int64(f.leftOut[category])), category))
	}
	if len(kinds) > 0 {
		r.printf("  left out by the map: %s\n", strings.Join(kinds, ", "))
	}
	if f.repeated > 0 {
		r.printf("  rows that repeat an order, of which the first counts: %s\n", thousands(int64(f.repeated)))
	}
	if len(f.bad) > 0 {
		r.printf("  %s skipped, such as:\n", badCount(len(f.bad)))
		for _, err := range f.bad[:min(3, len(f.bad))] {
			r.printf("    %v\n", err)
		}
	}
}

// result tells what became of the orders.
func (r *replayReport) result(spent time.Duration) {
	by := "the server's terms"
	if r.m.terms != nil {
		by = "terms " + r.m.terms.Version
	}
	r.printf("\n%s accounts opened, by %s, from which nobody collects; replayed in %v\n", thousands(int64(r.accounts)), by, spent.Round(10*time.Millisecond))
	r.funnel()
	r.exposure()
	r.debts()
	r.compare()
	r.latency()
	if r.refused > 0 {
		r.printf("\n%s calls were refused:\n", thousands(int64(r.refused)))
		for _, err := range r.faults {
			r.printf("  %v\n", err)
		}
	}
}

func (r *replayReport) funnel() {
	var all tallied
	for i := range r.file.orders {
		all.add(r.file.orders[i].amount)
	}
	t := &table{}
	t.row("", "orders", "share", r.m.Currency)
	line := func(name string, c tallied) {
		t.row(name, thousands(int64(c.orders)), percent(int64(c.orders), int64(all.orders)), writeAmount(c.amount, r.m.MinorDigits))
	}
	line("orders", all)
	line("  approved", r.approved)
	line("    captured", r.captured)
	line("    voided", r.voided)
	line("    expired", r.expired)
	if r.held.orders > 0 {
		line("    still held", r.held)
	}
	var declined tallied
	for _, c := range r.declined {
		declined.orders += c.orders
		declined.amount += c.amount
	}
	line("  declined", declined)
	for _, reason := range slices.Sorted(maps.Keys(r.declined)) {
		line("    "+reasonName(reason), r.declined[reason])
	}
	r.printf("\n%s", t)
	if r.late > 0 {
		r.printf("  %s captures came after the hold had expired.\n", thousands(int64(r.late)))
	}
}

// exposureRows is how many lines the plot may have; a longer time is shown at every second, fourth, ... week.
const exposureRows = 40

func (r *replayReport) exposure() {
	weeks := r.weeks
	every := 1
	for len(weeks)/every > exposureRows {
		every *= 2
	}
	most := int64(0)
	for _, w := range weeks {
		most = max(most, w.held+w.owed)
	}
	r.printf("\nExposure at the end of each week, %s (█ owed, ░ held)\n\n", r.m.Currency)
	for i, w := range weeks {
		if i%every != (len(weeks)-1)%every {
			continue // the last one is always shown
		}
		const width = 50
		owed := bar(w.owed, most, width)
		held := int(float64(w.held) / float64(max(1, most)) * width)
		if held == 0 && w.held > 0 {
			held = 1
		}
		r.printf("  %s %14s  %s%s\n", w.end.Add(-time.Second).Format(time.DateOnly), writeAmount(w.held+w.owed, r.m.MinorDigits),
			owed, strings.Repeat("░", held))
	}
}

func (r *replayReport) latency() {
	t := &table{}
	t.row("", "calls", "p50 ms", "p99 ms", "max ms")
	for _, call := range []string{"OpenAccount", "Authorize", "Capture", "Void", "GetBilling", "PostRepayment", "AdvanceClock"} {
		h := r.latencies[call]
		if h == nil {
			continue
		}
		ms := func(us int64) string { return milliseconds(time.Duration(us) * time.Microsecond) }
		t.row(call, thousands(h.TotalCount()), ms(h.ValueAtQuantile(50)), ms(h.ValueAtQuantile(99)), ms(h.Max()))
	}
	r.printf("\n%s", t)
}
