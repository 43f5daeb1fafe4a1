package repocheck

import (
	"bufio"
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What may lie at the top: the rooms, what Go and buf need, and the usual papers.
var top = []string{
	"proto", "server", "client", "ledger", "risk", "cmd", "docs", ".ci",
	"go.mod", "go.sum", "buf.yaml", "buf.gen.yaml", ".gitignore", ".gitattributes", ".golangci.yml", "Makefile",
	"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE",
}

// tracked are the files that belong to the repository, with slashes.
func tracked(t *testing.T) []string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Skipf("not a git checkout, so it is not known which files belong to it: %v", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}

func TestTheTopLevelStays(t *testing.T) {
	for _, file := range tracked(t) {
		if first, _, _ := strings.Cut(file, "/"); !slices.Contains(top, first) {
			t.Errorf("%s: nothing belongs at the top but %s", file, strings.Join(top, ", "))
		}
	}
}

// A package of one file may introduce itself there; a larger one has a doc.go.
func TestEveryPackageIntroducesItself(t *testing.T) {
	for pkg, files := range packages(t) {
		if strings.HasPrefix(pkg, "proto/") {
			continue // the .proto files do
		}
		var code, with []string
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			code = append(code, filepath.Base(file))
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Doc != nil {
				with = append(with, filepath.Base(file))
			}
		}
		want := "doc.go"
		if len(code) == 1 {
			want = code[0]
		}
		if !slices.Equal(with, []string{want}) {
			t.Errorf("package %s: want its comment in %s, have it in %v", pkg, want, with)
		}
	}
}

// later is what people write when they mean to come back; the word is put together so that this file is clean.
var later = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|HA` + `CK)\b`)

// machine is a path that only one machine has.
var machine = regexp.MustCompile(`/(ho` + `me|Us` + `ers|wo` + `rk|ro` + `ot)/[a-z]`)

func TestNothingIsLeftForLater(t *testing.T) {
	for _, file := range tracked(t) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil || path.Base(file) == "go.sum" || bytes.IndexByte(text, 0) >= 0 {
			continue // deleted just now, a list of hashes, or not a text
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			if word := later.FindString(lines.Text()); word != "" {
				t.Errorf("%s:%d: %s: do it, or say in the changelog what is missing", file, n, word)
			}
			if found := machine.FindString(lines.Text()); found != "" {
				t.Errorf("%s:%d: %s... is a path of one machine", file, n, found)
			}
		}
	}
}
