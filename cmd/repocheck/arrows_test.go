package repocheck

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is what the paths of this repository's packages begin with.
const module = "github.com/holdfast-credit/holdfast/"

// root is where the repository begins, seen from here.
const root = "../.."

// room is what the packages that match a pattern may import: of this module, and of others. "..." at the end of a
// pattern matches everything below; the standard library is always allowed.
type room struct {
	pattern string
	own     []string
	foreign []string // nil for nothing, "*" for anything
}

// The arrows. The first pattern that matches a package counts.
var rooms = []room{
	{pattern: "ledger/money"},
	{pattern: "ledger/token"},
	{pattern: "ledger/feature"},
	{pattern: "ledger/calendar"},
	{pattern: "ledger/rate", own: []string{"ledger/money", "ledger/calendar"}, foreign: []string{"github.com/cockroachdb/apd/v3"}},
	{pattern: "ledger/rate/vectors", own: []string{"ledger/money", "ledger/plan", "ledger/rate"}, foreign: []string{"github.com/cockroachdb/apd/v3"}},
	{pattern: "ledger/reconcile", own: []string{"ledger/money", "ledger/calendar"}},
	{pattern: "ledger/reconcile/spill"},
	{pattern: "ledger/checkpoint"},
	{pattern: "ledger/usage", own: append(slices.Clip(domain), "ledger/checkpoint")},
	{pattern: "ledger/plan", own: []string{"ledger/money", "ledger/calendar"}},
	{pattern: "ledger/document", own: []string{"ledger/money", "ledger/token"}, foreign: []string{"go.yaml.in/yaml/v3"}},
	{pattern: "ledger/terms", own: append(slices.Clip(leaves), "ledger/document")},
	{pattern: "ledger", own: append(slices.Clip(leaves), "ledger/terms")},
	{pattern: "ledger/record", own: append(domain, "proto/holdfast/journal/v1"), foreign: []string{"google.golang.org/protobuf/encoding/protowire"}},
	{pattern: "ledger/journal"},
	{pattern: "ledger/journal/mem", own: []string{"ledger/journal"}},
	{pattern: "ledger/journal/bolt", own: []string{"ledger/journal", "ledger/pages"}, foreign: []string{"go.etcd.io/bbolt/...", "golang.org/x/sys/unix"}},
	{pattern: "ledger/journal/replica", own: []string{"ledger/journal"}},
	{pattern: "ledger/journal/etcd", own: []string{"ledger/journal"}, foreign: etcdNeeds},
	{pattern: "ledger/journal/etcd/etcdtest", foreign: []string{"go.etcd.io/etcd/...", "go.uber.org/zap"}},
	{pattern: "ledger/journal/journaltest", own: []string{"ledger/journal"}, foreign: []string{"github.com/stretchr/testify/require", "pgregory.net/rapid"}},
	{pattern: "ledger/pages", foreign: []string{"go.etcd.io/bbolt/..."}},
	{pattern: "ledger/state", own: append(domain, "ledger/record", "ledger/pages"), foreign: []string{"go.etcd.io/bbolt/...", "golang.org/x/sys/unix"}},
	{pattern: "ledger/writer", own: append(domain, "ledger/record", "ledger/journal", "ledger/state")},
	{pattern: "ledger/archive", own: []string{"ledger/journal"}},
	{pattern: "ledger/audit", own: append(domain, "ledger/record", "ledger/journal", "ledger/state")},
	{pattern: "ledger/sim", own: []string{"ledger/..."}, foreign: []string{"pgregory.net/rapid"}},
	{pattern: "proto/codec", foreign: []string{"google.golang.org/grpc/...", "google.golang.org/protobuf/..."}},
	{pattern: "proto/...", own: []string{"proto/..."}, foreign: []string{"google.golang.org/grpc/...", "google.golang.org/protobuf/...", "github.com/planetscale/vtprotobuf/..."}},
	{pattern: "client", own: []string{"proto/codec", "proto/holdfast/v1"}, foreign: clientNeeds},
	{pattern: "client/outbox", own: []string{"client", "proto/holdfast/v1"}, foreign: append(slices.Clip(clientNeeds), "go.etcd.io/bbolt/...")},
	{pattern: "client/gateway", own: []string{"client", "client/outbox", "proto/holdfast/v1"}, foreign: clientNeeds},
	{pattern: "server/cluster", foreign: []string{"go.etcd.io/etcd/client/v3", "go.etcd.io/etcd/api/v3/..."}},
	{pattern: "server", own: []string{"proto/codec", "proto/holdfast/v1", "proto/holdfast/peer/v1", "server/cluster", "risk/...", "ledger/..."}, foreign: []string{"*"}},
	{pattern: "risk/scorecard"},
	{pattern: "risk/table", own: []string{"risk/scorecard"}},
	{pattern: "risk/evaluate", foreign: []string{"gonum.org/v1/gonum/mathext"}},
	{pattern: "risk/train", own: []string{"risk/scorecard", "risk/table", "risk/evaluate"}, foreign: []string{"go.yaml.in/yaml/v3", "gonum.org/v1/gonum/mat"}},
	{pattern: "risk/rule", foreign: []string{"cel.dev/cel-go/..."}},
	{pattern: "risk/...", own: append(slices.Clip(domain), "ledger/checkpoint", "risk/...")},
	{pattern: "cmd/...", own: []string{"proto/...", "client/...", "server/...", "risk/...", "ledger/..."}, foreign: []string{"*"}},
}

var (
	leaves = []string{"ledger/money", "ledger/calendar", "ledger/rate", "ledger/plan", "ledger/token", "ledger/feature", "ledger/reconcile"}
	domain = slices.Clip(append([]string{"ledger", "ledger/terms", "ledger/document"}, leaves...))

	// The client of etcd, and never its server.
	etcdNeeds = []string{"go.etcd.io/etcd/api/v3/...", "go.etcd.io/etcd/client/v3/...", "google.golang.org/grpc/...", "go.uber.org/zap"}

	// What the SDK brings along is what everybody who uses it has to carry.
	clientNeeds = []string{
		"google.golang.org/grpc/...", "google.golang.org/protobuf/...", "google.golang.org/genproto/googleapis/rpc/...", "github.com/google/uuid",
	}
)

func matches(pattern, pkg string) bool {
	if pattern == "*" {
		return true
	}
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == below || strings.HasPrefix(pkg, below+"/")
	}
	return pattern == pkg
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

func TestImportsFollowTheArrows(t *testing.T) {
	for pkg, files := range packages(t) {
		at := slices.IndexFunc(rooms, func(r room) bool { return matches(r.pattern, pkg) })
		if at < 0 {
			t.Errorf("package %s has no room: say in rooms what it may import, and in ARCHITECTURE.md what it is", pkg)
			continue
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				checkArrows(t, &rooms[at], pkg, file)
			}
		}
	}
}

func checkArrows(t *testing.T, r *room, pkg, file string) {
	for _, imported := range importsOf(t, file) {
		own, ours := strings.CutPrefix(imported, module)
		switch {
		case ours && matchesAny(r.own, own):
		case !ours && !strings.Contains(strings.Split(imported, "/")[0], "."): // the standard library
		case !ours && matchesAny(r.foreign, imported):
		default:
			t.Errorf("%s: package %s may not import %s", file, pkg, imported)
		}
	}
}

// The SDK is used by people who have no ledger. That holds for its tests as well: they run against a fake.
func TestTheClientKnowsNothingOfTheLedger(t *testing.T) {
	for pkg, files := range packages(t) {
		if !matches("client/...", pkg) {
			continue
		}
		for _, file := range files {
			for _, imported := range importsOf(t, file) {
				own, ours := strings.CutPrefix(imported, module)
				if ours && !matches("client/...", own) && !strings.HasPrefix(own, "proto/") {
					t.Errorf("%s imports %s", file, imported)
				}
			}
		}
	}
}

// What is made for tests is not part of the program.
func TestTestingStaysInTests(t *testing.T) {
	forTests := []string{
		"testing", module + "ledger/journal/mem", module + "ledger/journal/journaltest", module + "ledger/journal/etcd/etcdtest",
	}
	for pkg, files := range packages(t) {
		if pkg == "ledger/journal/journaltest" || pkg == "cmd/devcluster" {
			continue
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, imported := range importsOf(t, file) {
				if slices.Contains(forTests, imported) {
					t.Errorf("%s imports %s, which is for tests", file, imported)
				}
			}
		}
	}
}

// Whoever runs the program has etcd elsewhere: it speaks with etcd, and does not carry its server, which is half as
// large again as the program.
func TestTheProgramHasNoEtcdServer(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "./cmd/holdfast", "./client", "./server")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(out)) {
		if matches("go.etcd.io/etcd/server/v3/...", pkg) || matches("go.etcd.io/raft/v3/...", pkg) {
			t.Errorf("the program has %s", pkg)
		}
	}
}

// packages are the Go files of the repository by the paths of their packages, below the module's.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() && p != root && exists(filepath.Join(p, "go.mod")):
			return fs.SkipDir // a module of its own
		case !d.IsDir() && strings.HasSuffix(p, ".go"):
			rel, err := filepath.Rel(root, p)
			if err != nil {
				return err
			}
			pkg := path.Dir(filepath.ToSlash(rel))
			found[pkg] = append(found[pkg], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("only %d packages were found: is %s the repository?", len(found), root)
	}
	return found
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func importsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}
