package main

import (
	"encoding/json"
	"io"
	"os"
	"slices"
	"testing"
	"time"
)

// A small run measures every part, and says so in JSON.
func TestBenchCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the etcd server and runs twelve processes")
	}
	program, err := buildDevcluster(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	out, err := os.Create("out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	stdout := os.Stdout
	os.Stdout = out
	code := run(t.Context(), []string{
		"bench", "--cluster", "--devcluster", program, "--accounts", "300", "--concurrency", "4", "--rounds", "1", "--duration", "200ms",
		"--warm-up", "50ms", "--parts", "nodes,move,kill,join", "--moves", "1", "--kills", "1", "--join", "1500", "--json",
	})
	os.Stdout = stdout
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name    string
		RPS     float64
		Entries int
	}
	if err := json.NewDecoder(out).Decode(&rows); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range rows {
		names = append(names, r.Name)
	}
	want := []string{"3 nodes, 4 shards, to owners", "3 nodes, 4 shards, to one", "move", "kill", "join"}
	if !slices.Equal(names, want) || rows[0].RPS <= 0 || rows[1].RPS <= 0 || rows[4].Entries < 1500 {
		t.Errorf("%+v", rows)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("it leaves %v behind: %v", left, err)
	}
}

// A gap counts from the last answer before the instant, and one that has not ended counts until now.
func TestPulseGap(t *testing.T) {
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	p := &pulse{answers: []time.Time{ago(900 * time.Millisecond), ago(500 * time.Millisecond), ago(400 * time.Millisecond), ago(350 * time.Millisecond)}}
	for _, tc := range []struct{ from, want time.Duration }{{600 * time.Millisecond, 400 * time.Millisecond}, {390 * time.Millisecond, 350 * time.Millisecond}} {
		got, err := p.gap(ago(tc.from))
		if err != nil || got < tc.want-5*time.Millisecond || got > tc.want+300*time.Millisecond {
			t.Errorf("since %v: %v, want %v: %v", tc.from, got, tc.want, err)
		}
	}
}
