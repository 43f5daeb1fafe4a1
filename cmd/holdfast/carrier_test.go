package main

import (
	"strings"
	"testing"
)

// TestCarriersOfAServer registers a carrier, changes what was agreed, and reads both versions.
func TestCarriersOfAServer(t *testing.T) {
	p := papers{t, t.TempDir()}
	target := p.serve("book", "--shards", "2")
	run := func(args ...string) (string, bool) {
		return p.holdfast(append([]string{"carrier", args[0], "--target", target}, args[1:]...)...)
	}
	const first = "name: China Mobile\nprincipals:\n  - cmcc-gateway\nsettlement:\n  cycle: SETTLEMENT_CYCLE_DAILY\n  cut_off: \"23:00\"\n  zone: Asia/Shanghai\nhold_lifetime: 1800s\n"
	p.write("cmcc.yaml", []byte(first))
	p.write("more.yaml", []byte(first+"capture_tolerance_basis_points: 0\n"))
	p.write("bad.yaml", []byte(strings.Replace(first, "Asia/Shanghai", "Shanghai", 1)+"principals_only: true\ncollects: true\nfees: [{basis_points: 20000}]\n"))
	p.write("odd.yaml", []byte(first+"colour: blue\n"))

	if out, ok := run("put", "--request", "put-1", "cmcc", "cmcc.yaml"); !ok || out != "cmcc: version 1 is in force now\n" {
		t.Errorf("put: %v %s", ok, out)
	}
	if out, ok := run("put", "--request", "put-1", "cmcc", "cmcc.yaml"); !ok || out != "cmcc: version 1 was put by this request before\n" {
		t.Errorf("put again: %v %s", ok, out)
	}
	if out, ok := run("put", "cmcc", "cmcc.yaml"); !ok || out != "cmcc: version 1 is in force now\n" {
		t.Errorf("the same makes another version: %v %s", ok, out)
	}
	if out, ok := run("put", "cmcc", "more.yaml"); !ok || out != "cmcc: version 2 is in force now\n" {
		t.Errorf("put: %v %s", ok, out)
	}
	if out, ok := run("put", "--version", "2", "cmcc", "cmcc.yaml"); ok || !strings.Contains(out, "CARRIER_VERSION_EXISTS") {
		t.Errorf("put a version that is there: %v %s", ok, out)
	}
	if out, ok := run("put", "cmcc", "bad.yaml"); ok || !strings.Contains(out, "settings.settlement.zone") || !strings.Contains(out, "settings.fees[0].basis_points") {
		t.Errorf("put what is wrong: %v %s", ok, out)
	}
	if out, ok := run("put", "cmcc", "odd.yaml"); ok || !strings.Contains(out, "colour") {
		t.Errorf("put an unknown field: %v %s", ok, out)
	}
	if out, ok := run("show", "--settings", "--version", "1", "cmcc"); !ok || out != strings.ReplaceAll(first, `"`, "") {
		t.Errorf("show: %v\n%s", ok, out)
	}
	if out, ok := run("show", "cmcc"); !ok || !strings.HasPrefix(out, "# cmcc, version 2, put ") || !strings.Contains(out, "capture_tolerance_basis_points: 0\n") {
		t.Errorf("show: %v\n%s", ok, out)
	}
	if out, ok := run("list"); !ok || !strings.Contains(out, "China Mobile") {
		t.Errorf("list: %v\n%s", ok, out)
	}
	if out, ok := run("show", "other"); ok || !strings.Contains(out, "CARRIER_NOT_FOUND") {
		t.Errorf("show another: %v %s", ok, out)
	}
}
