package main

import (
	"strings"
	"testing"
	"time"
)

func TestClose(t *testing.T) {
	t.Chdir(t.TempDir()) // the book is made in the present directory
	var out strings.Builder
	b := &bench{BenchCmd: &BenchCmd{
		Accounts: 200, Close: 150, Concurrency: []int{4}, Streams: 1, Window: 8, Connections: 1, Rounds: 1,
		Duration: 200 * time.Millisecond, WarmUp: 50 * time.Millisecond,
	}, out: &out}
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
	k := findings[0].(*closing)
	if err := k.failure(); err != nil {
		t.Error(err)
	}
	if k.windows != 150 || k.took <= 0 || k.before.answers == 0 {
		t.Errorf("%+v", k)
	}
	for _, want := range []string{"150 accounts bought something in ", "\n  while they close  ", "  150 windows became statements within "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	var objects strings.Builder
	if err := writeBenchJSON(&objects, k.objects()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"name": "before windows close"`, `"name": "while windows close"`, `"windows": 150`} {
		if !strings.Contains(objects.String(), want) {
			t.Errorf("%s is not in\n%s", want, &objects)
		}
	}
	if err := (&BenchCmd{Accounts: 1, Close: 2, Streams: 1, Window: 1, Connections: 1, Rounds: 1, Duration: time.Second}).Validate(); err == nil {
		t.Error("more windows than accounts")
	}
}
