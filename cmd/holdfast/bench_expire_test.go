package main

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestExpire(t *testing.T) {
	var out strings.Builder
	b := &bench{BenchCmd: &BenchCmd{
		Accounts: 200, Expire: 400, Concurrency: []int{4}, Streams: 1, Window: 8, Connections: 1, Rounds: 1,
		Duration: 200 * time.Millisecond, WarmUp: 50 * time.Millisecond, Data: t.TempDir(),
	}, out: &out, lead: 300 * time.Millisecond}
	if err := b.Validate(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := b.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	findings, err := b.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := findings[0].(*expiry)
	if err := e.failure(); err != nil {
		t.Error(err)
	}
	if e.holds != 400 || e.each != 2 || e.expired != 400 || e.took < time.Second || e.others != 0 {
		t.Errorf("%+v", e)
	}
	for _, leg := range []benchLeg{e.before, e.during} {
		if leg.answers == 0 || leg.p50 <= 0 || leg.p99 < leg.p50 {
			t.Errorf("%+v", leg)
		}
	}
	for _, want := range []string{"400 holds, 2 an account, placed in ", "\n  400 of 400 holds expired within ", "\n  while they expire  "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	var objects strings.Builder
	if err := writeBenchJSON(&objects, e.objects()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"name": "before expiry"`, `"name": "during expiry"`, `"expired": 400`, `"finished": true`} {
		if !strings.Contains(objects.String(), want) {
			t.Errorf("%s is not in\n%s", want, &objects)
		}
	}
}

// Holds go to all accounts alike, and to different ones as long as there are enough.
func TestPlacingSpreads(t *testing.T) {
	var book accountBook
	for _, c := range "abcdefghij" {
		book.ids += "acc_000000000000" + string(c)
	}
	for _, holds := range []int64{1, 4, 10, 25} {
		p := placing{holds: holds, accounts: book}
		count := map[string]int64{}
		for n := range holds {
			count[p.account(n)]++
		}
		for id, n := range count {
			if n > holds/10+1 {
				t.Errorf("%d of %d holds are for %s", n, holds, id)
			}
		}
		if len(count) != int(min(holds, 10)) {
			t.Errorf("%d holds are for %d accounts", holds, len(count))
		}
	}
}

// Not all expired: that is a failure, and says so.
func TestExpiryThatDidNotFinish(t *testing.T) {
	e := &expiry{holds: 10, expired: 7, took: 61 * time.Second}
	if err := e.failure(); err == nil || err.Error() != "3 of 10 holds had not expired 61 s after their end" {
		t.Error(err)
	}
	(&benchReport{out: io.Discard}).expiry(&BenchCmd{}, e)
}
