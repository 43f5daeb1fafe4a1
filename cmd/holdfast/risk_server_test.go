package main

import (
	"strings"
	"testing"

	"github.com/holdfast-credit/holdfast/risk/policy"
)

// TestPoliciesOfAServer puts policies on a server, has them decide, and lists what it has.
func TestPoliciesOfAServer(t *testing.T) {
	p := papers{t, t.TempDir()}
	target := p.serve("book", "--shards", "2")
	run := func(args ...string) (string, bool) {
		return p.holdfast(append([]string{"risk", args[0], "--target", target}, args[1:]...)...)
	}
	const small = "version: small\ncurrency: CNY\nminor_digits: 2\ndecisions:\n  - {name: night, when: order.hour < 5, action: review, reason: NIGHT}\n"
	p.write("small.yaml", []byte(small))
	p.write("later.yaml", []byte(strings.Replace(small, "version: small", "version: later", 1)))
	p.write("other.yaml", []byte(strings.Replace(small, "hour < 5", "hour < 6", 1)))
	p.write("bad.yaml", []byte(strings.Replace(small, "hour < 5", "hour < 0", 1)+"colour: blue\n"))

	out, ok := run("put", "--request", "put-1", "small.yaml")
	if want := "small.yaml: the server has policy small now; holdfast risk activate small puts it in force\n"; !ok || out != want {
		t.Errorf("put: %v %s", ok, out)
	}
	if out, ok := run("put", "--request", "put-1", "small.yaml"); !ok || out != "small.yaml: the policy was put by this request before\n" {
		t.Errorf("put again: %v %s", ok, out)
	}
	if out, ok := run("put", "other.yaml"); ok || !strings.Contains(out, "POLICY_EXISTS") {
		t.Errorf("put another document of that name: %v %s", ok, out)
	}
	if out, ok := run("put", "later.yaml"); !ok {
		t.Errorf("put: %s", out)
	}

	// Faults are told as risk check tells them.
	checked, ok := p.holdfast("risk", "check", "bad.yaml")
	if ok || strings.Count(checked, "bad.yaml:") != 2 {
		t.Fatalf("check: %v %s", ok, checked)
	}
	if out, ok := run("put", "bad.yaml"); ok || out != checked {
		t.Errorf("put tells\n%s, check\n%s", out, checked)
	}

	if out, ok := run("activate", "small"); !ok || !strings.Contains(out, " small is in force\n") {
		t.Errorf("activate: %v %s", ok, out)
	}
	if out, ok := run("activate", "later", "--at", "2100-01-01"); !ok || !strings.Contains(out, "from 2100-01-01 00:00:00 UTC later is in force\n") {
		t.Errorf("activate later: %v %s", ok, out)
	}
	if out, ok := run("activate", "later", "--shadow"); !ok || !strings.Contains(out, " later is the shadow\n") {
		t.Errorf("activate the shadow: %v %s", ok, out)
	}
	out, ok = run("list")
	if !ok {
		t.Fatal(out)
	}
	for _, want := range []string{"  default-1  at the beginning", "small ", "in force", "the shadow", "from 2100-01-01 00:00:00 UTC later is in force"} {
		if !strings.Contains(out, want) {
			t.Errorf("list has no %q:\n%s", want, out)
		}
	}
	if out, ok := run("activate", "--end-shadow"); !ok {
		t.Errorf("end the shadow: %s", out)
	}
	if out, ok := run("list"); !ok || strings.Contains(strings.SplitN(out, "from ", 2)[0], "the shadow") {
		t.Errorf("list after the shadow:\n%s", out)
	}
	if out, ok := run("list", "--json"); !ok || !strings.Contains(out, `"activeVersion": "small"`) {
		t.Errorf("list --json: %v %s", ok, out)
	}
	if out, ok := run("list", "--document", "small"); !ok || out != small {
		t.Errorf("the document is %v\n%s", ok, out)
	}
	if out, ok := run("list", "--document", "default-1"); !ok || out != policy.DefaultDocument() {
		t.Errorf("the policy that ships is %v\n%s", ok, out)
	}
	if out, ok := run("diff", "small", "other.yaml"); !ok || out != "decisions[night].when: order.hour < 6, was order.hour < 5\n" {
		t.Errorf("diff: %v %s", ok, out)
	}
	for _, args := range []string{"list --document summer", "list --json --document small", "put nowhere.yaml", "activate summer", "diff small summer"} {
		if out, ok := run(strings.Fields(args)...); ok {
			t.Errorf("risk %s: %s", args, out)
		}
	}
}
