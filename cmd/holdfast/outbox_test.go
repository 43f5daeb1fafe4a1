package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/client/outbox"
)

// TestDeadLettersAreLookedAfter has a core refuse what a gateway tells it, and lists, shows, retries and drops that; but not while
// the gateway has the file.
func TestDeadLettersAreLookedAfter(t *testing.T) {
	p := papers{t, t.TempDir()}
	sdk, err := client.Dial(p.serve("book"), client.WithInsecure())
	p.must(err)
	t.Cleanup(func() { _ = sdk.Close() })
	dead := make(chan outbox.Letter, 8)
	open := func() *outbox.Outbox {
		box, err := outbox.Open(p.path("outbox"), sdk, outbox.Options{Dead: func(l outbox.Letter) { dead <- l }})
		p.must(err)
		return box
	}
	nobody := "auth_00000000000010000001"
	box := open()
	for n := range 2 {
		order := fmt.Sprint("order-", n)
		p.must(box.Put(outbox.Change{Messages: []outbox.Message{outbox.Capture(order, &holdfastv1.CaptureRequest{AuthorizationId: nobody, Currency: "CNY", Amount: 100})}}))
		p.must(box.Put(outbox.Change{Messages: []outbox.Message{outbox.Void(order, &holdfastv1.VoidRequest{AuthorizationId: nobody})}}))
	}
	letters := map[string]uint64{}
	for range 2 {
		select {
		case l := <-dead:
			letters[l.OrderID] = l.Sequence
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was refused")
		}
	}
	run := func(args ...string) (string, bool) {
		return p.holdfast(append([]string{"outbox", args[0], "--file", "outbox"}, args[1:]...)...)
	}
	first, second := fmt.Sprint(letters["order-0"]), fmt.Sprint(letters["order-1"])
	for _, args := range [][]string{{"list"}, {"show", first}, {"retry", "--all"}, {"drop", first, "--order", "order-0", "--because", "x"}} {
		if out, ok := run(args...); ok || !strings.Contains(out, "a gateway has it open") {
			t.Errorf("%v while the gateway has it: %v %s", args, ok, out)
		}
	}
	p.must(box.Close(t.Context()))

	list, ok := run("list")
	for _, want := range []string{"order-0", "order-1", "Capture", "NotFound", "AUTHORIZATION_NOT_FOUND", "2 dead letters; 2 messages to be sent when the gateway runs, 2 of them behind a dead letter"} {
		if !ok || !strings.Contains(list, want) {
			t.Errorf("list has no %q: %v\n%s", want, ok, list)
		}
	}
	if out, ok := run("show", first); !ok || !strings.Contains(out, `"authorizationId": "`+nobody) || !strings.Contains(out, "AUTHORIZATION_NOT_FOUND") {
		t.Errorf("show: %v\n%s", ok, out)
	}
	for want, args := range map[string][]string{
		"is no dead letter":               {"show", "4711"},
		"is about order order-0, and not": {"drop", first, "--order", "order-1", "--because", "x"},
		"--because":                       {"drop", first, "--order", "order-0"},
		"name letters, or --all":          {"retry"},
		"there is no such file":           {"list", "--file", "elsewhere"},
	} {
		if out, ok := run(args...); ok || !strings.Contains(out, want) {
			t.Errorf("%v: no %q: %v\n%s", args, want, ok, out)
		}
	}
	if _, err := os.Stat(p.path("elsewhere")); err == nil {
		t.Error("looking made a file")
	}
	if out, ok := run("drop", first, "--order", "order-0", "--because", "settled by hand"); !ok {
		t.Errorf("drop: %s", out)
	}
	if record, err := os.ReadFile(p.path("outbox.dropped")); err != nil || !strings.Contains(string(record), `"because":"settled by hand"`) ||
		!strings.Contains(string(record), `"order":"order-0"`) || !strings.Contains(string(record), "AUTHORIZATION_NOT_FOUND") {
		t.Errorf("what was dropped is not kept: %v %s", err, record)
	}
	if out, ok := run("retry", second); !ok || !strings.Contains(out, "is sent again") {
		t.Errorf("retry: %v %s", ok, out)
	}
	if out, ok := run("list"); !ok || !strings.Contains(out, "0 dead letters; 3 messages to be sent") {
		t.Errorf("list: %v %s", ok, out)
	}

	// The gateway goes on: what was put back is refused again, and what waited behind the dropped one is sent, and refused as well.
	box = open()
	defer func() { _ = box.Close(context.Background()) }()
	again := map[string]string{}
	for range 2 {
		select {
		case l := <-dead:
			again[l.OrderID] = l.Kind()
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was sent again")
		}
	}
	if again["order-0"] != "Void" || again["order-1"] != "Capture" {
		t.Errorf("sent again: %v", again)
	}
}
