package repocheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// documents are the Markdown files of the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[strings.TrimPrefix(filepath.ToSlash(name), root+"/")] = string(text)
		}
	}
	return texts
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, ok := documents(t)[name]
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	return text
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	noSlug  = regexp.MustCompile(`[^a-z0-9 _-]`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	texts := documents(t)
	for name, text := range texts {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			to, anchor := found[1], strings.TrimPrefix(found[2], "#")
			if strings.Contains(to, "://") {
				continue
			}
			target := name
			if to != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), to))
				if !exists(filepath.Join(root, target)) {
					t.Errorf("%s: %s leads nowhere", name, to)
					continue
				}
			}
			if anchor != "" && !slices.Contains(anchors(texts[target]), anchor) {
				t.Errorf("%s: %s has no heading #%s", name, target, anchor)
			}
		}
	}
}

// anchors are what the headings of a document can be linked by.
func anchors(text string) (list []string) {
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return list
}

var (
	helpCommand = regexp.MustCompile(`(?m)^  ([a-z]+)\b`)
	flag        = regexp.MustCompile(`--[a-z][a-z-]*`)
	called      = regexp.MustCompile(`\bholdfast ([a-z]+(?: (?:(?:offer|bill) (?:put|list|show|export|report)|breaks|resolve|day|cancel|return|status|move|drain|undrain|forget|put|show|print|check|list|unsettled|close|confirm|export|compare|portfolio|backtest|train|evaluate|gateway|carrier|usage|retry|drop)\b)?)[^\n` + "`" + `]*`)
)

// help is what the program says of itself, or of a command.
func help(t *testing.T, command ...string) string {
	t.Helper()
	out, err := exec.Command(holdfastBinary(t), append(command, "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("holdfast %s --help: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// Every command is in the README's table, and the table has no other.
func TestTheREADMEHasEveryCommand(t *testing.T) {
	_, list, ok := strings.Cut(help(t), "Commands:")
	if !ok {
		t.Fatal("the help has no list of commands")
	}
	var coded []string
	for _, found := range helpCommand.FindAllStringSubmatch(list, -1) {
		coded = append(coded, found[1])
	}
	var told []string
	for _, found := range regexp.MustCompile("(?m)^\\| `holdfast ([a-z]+)` \\|").FindAllStringSubmatch(document(t, "README.md"), -1) {
		told = append(told, found[1])
	}
	compare(t, "commands", coded, told)
}

// Commands that documents call are there, and know the flags that they are called with.
func TestCalledCommandsKnowTheirFlags(t *testing.T) {
	helps := map[string]string{}
	for name, text := range documents(t) {
		text = strings.ReplaceAll(text, "\\\n", " ")
		for _, found := range called.FindAllStringSubmatch(text, -1) {
			flags := flag.FindAllString(found[0], -1)
			if len(flags) == 0 {
				continue // prose
			}
			if _, ok := helps[found[1]]; !ok {
				helps[found[1]] = help(t, strings.Fields(found[1])...)
			}
			for _, f := range flags {
				if !regexp.MustCompile(regexp.QuoteMeta(f) + `\b`).MatchString(helps[found[1]]) {
					t.Errorf("%s: holdfast %s has no flag %s", name, found[1], f)
				}
			}
		}
	}
}

// Flags that documents name by themselves belong to some command.
func TestNamedFlagsAreThere(t *testing.T) {
	all := help(t)
	_, list, _ := strings.Cut(all, "Commands:")
	for _, found := range helpCommand.FindAllStringSubmatch(list, -1) {
		own := help(t, found[1])
		all += own
		if _, below, group := strings.Cut(own, "Commands:"); group {
			for _, sub := range helpCommand.FindAllStringSubmatch(strings.ReplaceAll(below, "  "+found[1]+" ", "  "), -1) {
				all += help(t, found[1], sub[1])
			}
		}
	}
	for name, text := range documents(t) {
		for _, found := range regexp.MustCompile("`(--[a-z][a-z-]*)[^`]*`").FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(regexp.QuoteMeta(found[1]) + `\b`).MatchString(all) {
				t.Errorf("%s: no command has a flag %s", name, found[1])
			}
		}
	}
}

var metric = regexp.MustCompile(`\bholdfast_[a-z_]+\b`)

// Every metric is in docs/OPERATIONS.md, and those that it names exist.
func TestOperationsHasEveryMetric(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir(), binary: holdfastBinary(t)}
	defer r.stop()
	r.serve(nil)
	resp, err := http.Get("http://" + r.ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var coded []string
	for _, found := range regexp.MustCompile("(?m)^# HELP (holdfast_[a-z_]+) ").FindAllStringSubmatch(string(body), -1) {
		coded = append(coded, found[1])
	}
	told := metric.FindAllString(document(t, "docs/OPERATIONS.md"), -1)
	for i := range told {
		told[i] = strings.TrimSuffix(strings.TrimSuffix(told[i], "_bucket"), "_count")
	}
	// A counter with labels is not exported before it has counted; the name is in the code.
	for _, name := range told {
		if !slices.Contains(coded, name) && strings.Contains(readAll(t, "server/metrics.go"), strconv.Quote(name)) {
			coded = append(coded, name)
		}
	}
	// This server is no cluster's node, which exports more, its book is empty, and no carrier has a limit or is owed
	// anything.
	for _, file := range []string{"server/clustermetrics.go", "server/portfoliometrics.go", "server/exposuremetrics.go", "server/settlementmetrics.go"} {
		for _, found := range regexp.MustCompile(`"(holdfast_[a-z_]+)"`).FindAllStringSubmatch(readAll(t, file), -1) {
			if !slices.Contains(coded, found[1]) {
				coded = append(coded, found[1])
			}
		}
	}
	compare(t, "metrics", coded, told)
}

// Every decline is in docs/API.md, in order of precedence.
func TestTheGuideHasEveryDeclineInOrder(t *testing.T) {
	var coded []string
	for n := range int32(len(holdfastv1.DeclineReason_name)) {
		if n > 0 {
			coded = append(coded, strings.TrimPrefix(holdfastv1.DeclineReason_name[n], "DECLINE_REASON_"))
		}
	}
	var told []string
	for _, found := range regexp.MustCompile(`(?m)^\| \d+ \| \*?([A-Z_]+)\*? \|`).FindAllStringSubmatch(document(t, "docs/API.md"), -1) {
		told = append(told, found[1])
	}
	if !slices.Equal(coded, told) {
		t.Errorf("the guide has the declines %v, the API %v", told, coded)
	}
}

// Every reason of an error is in docs/API.md with its code, and the guide has no other.
func TestTheGuideHasEveryReason(t *testing.T) {
	var coded, told []string
	for _, found := range regexp.MustCompile(`(?m)^\| ([A-Z_]+) \| ([A-Z_]+) \|`).FindAllStringSubmatch(document(t, "docs/API.md"), -1) {
		told = append(told, found[1]+" "+found[2])
	}
	for pkg, files := range packages(t) {
		if pkg != "ledger" && pkg != "server" {
			continue
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				coded = append(coded, reasonsIn(t, file)...)
			}
		}
	}
	compare(t, "reasons", coded, told)
}

// codesOf are gRPC codes by what stands for them in the code.
var codesOf = map[string]string{
	"Invalid": "INVALID_ARGUMENT", "NotFound": "NOT_FOUND", "Exists": "ALREADY_EXISTS", "FailedPrecondition": "FAILED_PRECONDITION",
	"Denied":          "PERMISSION_DENIED",
	"InvalidArgument": "INVALID_ARGUMENT", "Unauthenticated": "UNAUTHENTICATED", "PermissionDenied": "PERMISSION_DENIED",
	"DeadlineExceeded": "DEADLINE_EXCEEDED", "Canceled": "CANCELLED", "ResourceExhausted": "RESOURCE_EXHAUSTED",
	"Unavailable": "UNAVAILABLE", "DataLoss": "DATA_LOSS", "Internal": "INTERNAL", "OutOfRange": "OUT_OF_RANGE",
}

// reasonsIn finds the calls of fault(kind, reason, ...) and failed(code, reason, ...) in a file.
func reasonsIn(t *testing.T, file string) (reasons []string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		f, ok := call.Fun.(*ast.Ident)
		if !ok || f.Name != "fault" && f.Name != "failed" {
			return true
		}
		code := ""
		switch arg := call.Args[0].(type) {
		case *ast.Ident:
			code = arg.Name
		case *ast.SelectorExpr:
			code = arg.Sel.Name
		}
		reason, ok := call.Args[1].(*ast.BasicLit)
		if !ok || codesOf[code] == "" {
			return true // made of a value: its literals are elsewhere
		}
		text, err := strconv.Unquote(reason.Value)
		if err != nil {
			t.Fatal(err)
		}
		reasons = append(reasons, text+" "+codesOf[code])
		return true
	})
	return reasons
}

func readAll(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compare says what is in one set and not in the other.
func compare(t *testing.T, what string, coded, told []string) {
	t.Helper()
	if len(coded) == 0 || len(told) == 0 {
		t.Errorf("%s: %d in the code, %d in the document", what, len(coded), len(told))
	}
	for _, r := range coded {
		if !slices.Contains(told, r) {
			t.Errorf("%s: the document does not have %s", what, r)
		}
	}
	for _, r := range told {
		if !slices.Contains(coded, r) {
			t.Errorf("%s: the code does not have %s", what, r)
		}
	}
}
