package main

import (
	"strings"
	"testing"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestTermsOfAServer puts documents on a server, and lists what it has.
func TestTermsOfAServer(t *testing.T) {
	p := papers{t, t.TempDir()}
	target := p.serve("book", "--shards", "2")
	run := func(args ...string) (string, bool) {
		return p.holdfast(append([]string{"terms", args[0], "--target", target}, args[1:]...)...)
	}
	text := string(terms.Format(terms.Default()))
	p.write("winter.yaml", []byte(strings.Replace(text, "version: default-1", "version: winter-2026", 1)))
	p.write("other.yaml", []byte(strings.Replace(strings.Replace(text, "version: default-1", "version: winter-2026", 1), "annual_cap: 24 %", "annual_cap: 23 %", 1)))
	p.write("bad.yaml", []byte(strings.Replace(strings.Replace(text, "months: 12", "months: 13", 1), "daily_rate: 0.05 %", "daily_rate: 5 %", 1)+"colour: blue\n"))

	out, ok := run("put", "--request", "put-1", "winter.yaml")
	if want := "winter.yaml: the server has terms winter-2026 now; new accounts in CNY have them\n"; !ok || out != want {
		t.Errorf("put: %v %s", ok, out)
	}
	if out, ok := run("put", "--request", "put-1", "winter.yaml"); !ok || out != "winter.yaml: terms winter-2026 were put by this request before\n" {
		t.Errorf("put again: %v %s", ok, out)
	}
	if out, ok := run("put", "other.yaml"); ok || !strings.Contains(out, "TERMS_EXIST") {
		t.Errorf("put another document of that name: %v %s", ok, out)
	}

	// Faults are told as terms check tells them.
	checked, ok := p.holdfast("terms", "check", "bad.yaml")
	if ok || strings.Count(checked, "bad.yaml:") < 3 {
		t.Fatalf("check: %v %s", ok, checked)
	}
	if out, ok := run("put", "bad.yaml"); ok || out != checked {
		t.Errorf("put tells\n%s, check\n%s", out, checked)
	}

	out, ok = run("list")
	if !ok {
		t.Fatal(out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "default-1") || !strings.Contains(lines[1], "at the beginning") ||
		!strings.Contains(lines[2], "winter-2026") || !strings.Contains(lines[2], "annuity 15 % a year over 12 months") {
		t.Errorf("list:\n%s", out)
	}
	if out, ok := run("list", "--json"); !ok || !strings.Contains(out, `"version": "winter-2026"`) {
		t.Errorf("list --json: %v %s", ok, out)
	}
	out, ok = run("list", "--document", "winter-2026")
	if sent, err := terms.Parse([]byte(out)); !ok || err != nil || sent.Version != "winter-2026" {
		t.Errorf("the document is %v %v\n%s", ok, err, out)
	}
	for _, args := range []string{"list --document summer", "list --json --document winter-2026", "put nowhere.yaml"} {
		if out, ok := run(strings.Fields(args)...); ok {
			t.Errorf("terms %s: %s", args, out)
		}
	}
}
