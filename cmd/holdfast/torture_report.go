package main

import (
	"fmt"
	"io"
)

// tortureReport prints for people.
type tortureReport struct{ out io.Writer }

func (p *tortureReport) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format, args...)
}

func (p *tortureReport) head() {
	p.printf("  %5s  %-16s %6s %6s %8s %6s %6s %8s %8s %9s\n", "", "", "load", "start", "acknow-", "in", "carried", "", "sent", "journal")
	p.printf("  %5s  %-16s %6s %6s %8s %6s %6s %8s %8s %9s\n", "round", "ended by", "ms", "ms", "ledged", "doubt", "out", "fetched", "again", "entries")
}

func (p *tortureReport) round(n int, r tortureRound) {
	way := r.way
	if r.starts > 0 {
		way += fmt.Sprintf(" +%d", r.starts)
	}
	p.printf("  %5d  %-16s %6d %6d %8s %6d %6d %8s %8s %9s\n", n, way, r.loaded.Milliseconds(), r.restarted.Milliseconds(),
		thousands(int64(r.acknowledged)), r.doubts, r.done, thousands(int64(r.fetched)), thousands(int64(r.replayed)),
		thousands(int64(r.entries)))
}

func (p *tortureReport) foot(t *torture) {
	r := t.totals
	p.printf("\n  %s requests acknowledged, %s refused as they had to be, %s sent twice at once\n",
		thousands(int64(r.acknowledged)), thousands(int64(r.refusals)), thousands(int64(r.twins)))
	p.printf("  %s were in doubt when the server went: %s had been carried out, the others were then\n",
		thousands(int64(r.doubts)), thousands(int64(r.done)))
	p.printf("  %s authorizations fetched and compared, %s requests sent again\n",
		thousands(int64(r.fetched)), thousands(int64(r.replayed)))
	if r.exhausted > 0 {
		p.printf("  %s requests were asked again because the queue was full\n", thousands(int64(r.exhausted)))
	}
	if r.starts > 0 {
		p.printf("  the server was killed %d times more while it started (+)\n", r.starts)
	}
	if t.wrong == 0 {
		p.printf("\nNo faults: every acknowledged outcome is there exactly once.\n")
		return
	}
	p.printf("\n%d faults:\n", t.wrong)
	for _, fault := range t.faults {
		p.printf("  - %s\n", fault)
	}
}
