package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// clusterReport prints for people, or at the end one JSON object.
type clusterReport struct {
	out  io.Writer
	json bool
}

func (p *clusterReport) printf(format string, args ...any) {
	if !p.json {
		_, _ = fmt.Fprintf(p.out, format, args...)
	}
}

func (p *clusterReport) head(t *clusterTorture) {
	p.printf("seed %d, %d members of etcd, 3 nodes, %d shards, lease %v, %d workers, %d accounts, books in %s\n\n",
		t.Seed, clusterMembers, t.Shards, t.Lease, t.Workers, t.Accounts, t.dir)
	p.printf("  %5s  %-20s %8s %8s %8s %8s %6s %6s %8s %9s  %s\n", "", "", "silence", "no owner", "whole", "acknow-", "in", "carried", "sent", "journal", "")
	p.printf("  %5s  %-20s %8s %8s %8s %8s %6s %6s %8s %9s  %s\n", "round", "fault", "ms", "ms", "ms", "ledged", "doubt", "out", "again", "entries", "what was hit")
}

func (p *clusterReport) round(n int, r clusterRound) {
	audited := ""
	if r.audited {
		audited = "; states compared"
	}
	p.printf("  %5d  %-20s %8d %8d %8d %8s %6d %6d %8s %9s  %s%s\n", n, r.kind, r.silence.Milliseconds(), r.ownerless.Milliseconds(),
		r.healthy.Milliseconds(), thousands(int64(r.acknowledged)), r.doubts, r.done, thousands(int64(r.replayed)), thousands(int64(r.entries)), r.about, audited)
}

// kindSummary is what the faults of a kind did.
type kindSummary struct {
	Kind           string  `json:"kind"`
	Faults         int     `json:"faults"`
	SilenceP50MS   float64 `json:"silence_p50_ms"`
	SilenceMaxMS   float64 `json:"silence_max_ms"`
	OwnerlessP50MS float64 `json:"ownerless_p50_ms"`
	OwnerlessMaxMS float64 `json:"ownerless_max_ms"`
}

func summaries(rounds []clusterRound) (list []kindSummary) {
	for _, kind := range faultKinds {
		var silence, ownerless []time.Duration
		for _, r := range rounds {
			if r.kind == kind.name {
				silence, ownerless = append(silence, r.silence), append(ownerless, r.ownerless)
			}
		}
		if len(silence) == 0 {
			continue
		}
		slices.Sort(silence)
		slices.Sort(ownerless)
		middle, last := (len(silence)-1)/2, len(silence)-1
		list = append(list, kindSummary{
			kind.name, len(silence), inMilliseconds(silence[middle]), inMilliseconds(silence[last]),
			inMilliseconds(ownerless[middle]), inMilliseconds(ownerless[last]),
		})
	}
	return list
}

func (p *clusterReport) foot(t *clusterTorture) {
	r := t.totals
	reads := 0
	for _, round := range t.rounds {
		reads += round.reads
	}
	if p.json {
		enc := json.NewEncoder(p.out)
		enc.SetIndent("", "  ")
		_ = enc.Encode(struct { // to standard output, where nobody could be told of a failure
			Seed         uint64        `json:"seed"`
			Rounds       int           `json:"rounds"`
			Shards       int           `json:"shards"`
			Acknowledged int           `json:"acknowledged"`
			Refused      int           `json:"refused"`
			InDoubt      int           `json:"in_doubt"`
			CarriedOut   int           `json:"in_doubt_carried_out"`
			Looked       int           `json:"looked_up"`
			SentAgain    int           `json:"sent_again"`
			Fetched      int           `json:"fetched"`
			Entries      uint64        `json:"entries"`
			Kinds        []kindSummary `json:"kinds"`
			Wrong        int           `json:"faults"`
			Faults       []string      `json:"fault_list,omitempty"`
		}{t.Seed, len(t.rounds), t.Shards, r.acknowledged, r.refusals, r.doubts, r.done, reads, r.replayed, r.fetched, r.entries, summaries(t.rounds), t.wrong, t.faults})
		return
	}
	p.printf("\n  %-20s %6s  %-22s  %s\n", "", "", "longest silence, ms", "until there was an owner, ms")
	p.printf("  %-20s %6s  %10s %11s  %10s %11s\n", "fault", "faults", "p50", "max", "p50", "max")
	for _, s := range summaries(t.rounds) {
		p.printf("  %-20s %6d  %10.0f %11.0f  %10.0f %11.0f\n", s.Kind, s.Faults, s.SilenceP50MS, s.SilenceMaxMS, s.OwnerlessP50MS, s.OwnerlessMaxMS)
	}
	p.printf("\n  %d faults made; %s requests acknowledged, %s refused as they had to be, %s orders looked up meanwhile\n",
		len(t.rounds), thousands(int64(r.acknowledged)), thousands(int64(r.refusals)), thousands(int64(reads)))
	p.printf("  %s were in doubt and sent again until answered: %s had been carried out, the others were then\n",
		thousands(int64(r.doubts)), thousands(int64(r.done)))
	p.printf("  %s authorizations fetched and compared, %s requests sent again, %s entries in the journal of every node\n",
		thousands(int64(r.fetched)), thousands(int64(r.replayed)), thousands(int64(r.entries)))
	if t.wrong == 0 {
		p.printf("\nNo faults found: every acknowledged outcome is there exactly once, on every node.\n")
		return
	}
	p.printf("\n%d faults found:\n", t.wrong)
	for _, fault := range t.faults {
		p.printf("  - %s\n", fault)
	}
}
