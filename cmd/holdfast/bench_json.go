package main

import (
	"encoding/json"
	"io"
	"time"
)

// writeBenchJSON prints an array with an object for each row.
func writeBenchJSON(w io.Writer, objects []any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(objects)
}

// objects is a case's row. Without an echo its figures are left out.
func (r *benchResult) objects() []any {
	type object struct {
		Name        string   `json:"name"`
		Concurrency int      `json:"concurrency"`
		EchoRPS     *float64 `json:"echo_rps,omitempty"`
		RPS         float64  `json:"rps"`
		Ratio       *float64 `json:"ratio,omitempty"`
		EchoP50MS   *float64 `json:"echo_p50_ms,omitempty"`
		P50MS       float64  `json:"p50_ms"`
		EchoP99MS   *float64 `json:"echo_p99_ms,omitempty"`
		P99MS       float64  `json:"p99_ms"`
		P999MS      float64  `json:"p999_ms"`
		memoryObject
	}
	ms := func(legs []benchLeg, figure func(benchLeg) time.Duration) float64 {
		return inMilliseconds(median(legs, figure))
	}
	rps := func(legs []benchLeg) float64 {
		return float64(int64(median(legs, func(l benchLeg) float64 { return l.rps })))
	}
	o := object{
		Name: r.name, Concurrency: r.concurrency, RPS: rps(r.holdfast),
		P50MS: ms(r.holdfast, p50), P99MS: ms(r.holdfast, p99), P999MS: ms(r.holdfast, p999),
		memoryObject: r.memory().object(),
	}
	if len(r.echo) > 0 {
		echoRPS, ratio := rps(r.echo), thousandths(r.ratio())
		echoP50, echoP99 := ms(r.echo, p50), ms(r.echo, p99)
		o.EchoRPS, o.Ratio, o.EchoP50MS, o.EchoP99MS = &echoRPS, &ratio, &echoP50, &echoP99
	}
	return []any{o}
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// inSeconds has no more digits than were measured.
func inSeconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

func thousandths(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }
