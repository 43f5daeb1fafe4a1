package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

func TestSumsAfter(t *testing.T) {
	approved := &holdfastv1.AuthorizeResponse{Decision: holdfastv1.Decision_DECISION_APPROVED}
	declined := &holdfastv1.AuthorizeResponse{Decision: holdfastv1.Decision_DECISION_DECLINED}
	s := sums{}
	if got := s.after(&holdfastv1.AuthorizeRequest{Amount: 100}, declined); got != (sums{}) {
		t.Errorf("declined: %+v", got)
	}
	s = s.after(&holdfastv1.AuthorizeRequest{Amount: 100}, approved)
	s = s.after(&holdfastv1.IncrementRequest{Amount: 50}, &holdfastv1.IncrementResponse{Decision: holdfastv1.Decision_DECISION_APPROVED})
	s = s.after(&holdfastv1.CaptureRequest{Amount: 40}, &holdfastv1.CaptureResponse{})
	s = s.after(&holdfastv1.VoidRequest{Amount: 10}, &holdfastv1.VoidResponse{})
	if s != (sums{held: 100, captured: 40}) {
		t.Errorf("%+v", s)
	}
	if got := s.after(&holdfastv1.CaptureRequest{}, &holdfastv1.CaptureResponse{}); got != (sums{captured: 140}) {
		t.Errorf("capture of all: %+v", got)
	}
	s = s.after(&holdfastv1.CaptureRequest{Amount: 20, Final: true}, &holdfastv1.CaptureResponse{})
	s = s.after(&holdfastv1.RefundRequest{Amount: 5}, &holdfastv1.RefundResponse{})
	if s != (sums{captured: 60, refunded: 5}) {
		t.Errorf("%+v", s)
	}
	if s = s.after(&holdfastv1.ReverseRequest{}, &holdfastv1.ReverseResponse{}); s != (sums{captured: 60, refunded: 60}) {
		t.Errorf("reversed: %+v", s)
	}
}

// TestTortureNotices: a book that forgot what it acknowledged must not pass. It is made by putting back what the files
// were before the load.
func TestTortureNotices(t *testing.T) {
	dir := t.TempDir()
	tt := &torture{
		TortureCmd: &TortureCmd{Workers: 8, Connections: 2, Accounts: 8, Shards: 1, Seed: 1},
		dir:        filepath.Join(dir, "book"), random: rand.New(rand.NewPCG(1, 1)),
	}
	ctx := context.Background()
	if err := tt.start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tt.hangUp(); tt.server.kill() })
	if err := tt.openAccounts(ctx); err != nil {
		t.Fatal(err)
	}
	restart := func() {
		tt.hangUp()
		if err := tt.server.stop(); err != nil {
			t.Fatal(err)
		}
	}
	restart()
	if err := os.CopyFS(filepath.Join(dir, "before"), os.DirFS(tt.dir)); err != nil {
		t.Fatal(err)
	}
	if err := tt.start(ctx); err != nil {
		t.Fatal(err)
	}
	l := &load{t: tt, sdks: tt.sdks}
	loading, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	l.run(loading, 1)
	if tt.wrong > 0 || len(l.calls) == 0 {
		t.Fatalf("%d calls, faults: %v", len(l.calls), tt.faults)
	}
	restart()
	tt.dir = filepath.Join(dir, "before")
	if err := tt.start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := tt.check(ctx, l, &tortureRound{}); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(tt.faults, "\n")
	for _, want := range []string{"and gone"} {
		if !strings.Contains(all, want) {
			t.Errorf("no fault says %q:\n%s", want, all)
		}
	}
	if tt.wrong < len(l.sales)/2 {
		t.Errorf("%d faults for %d sales that are gone", tt.wrong, len(l.sales))
	}
}
