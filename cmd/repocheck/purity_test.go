package repocheck

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The packages that must be pure, each after those that it imports, and what of the standard library, and besides, they
// may use.
var (
	pure = []string{
		"ledger/money", "ledger/calendar", "ledger/rate", "ledger/plan", "ledger/token", "ledger/feature", "ledger/reconcile", "ledger/document",
		"ledger/terms", "ledger", "ledger/checkpoint", "ledger/usage",
		"risk/scorecard", "risk/portfolio", "risk/backtest", "risk/table", "risk/evaluate", "risk/train",
		"risk/rule", "risk/policy",
	}
	pureImports = []string{
		"bytes", "cmp", "crypto/sha256", "encoding/binary", "errors", "fmt", "iter", "math/big", "math/bits", "slices", "sort", "strconv", "strings", "time",
		"maps",                         // whose keys are sorted before they are walked
		"time/tzdata",                  // the zones, embedded in the binary
		"math",                         // of floats, where they may be
		"encoding/csv", "math/rand/v2", // tables, and dice with a seed
		"gonum.org/v1/gonum/mat", "gonum.org/v1/gonum/mathext", // regression, and the tail of chi-squared
		"cel.dev/cel-go/cel", "cel.dev/cel-go/common", "cel.dev/cel-go/common/ast", "cel.dev/cel-go/common/cost", // conditions: parsed and checked
		"cel.dev/cel-go/common/operators", "cel.dev/cel-go/common/overloads", "cel.dev/cel-go/common/types",
		"github.com/cockroachdb/apd/v3",                                                  // decimals
		"go.yaml.in/yaml/v3", "embed", "io", "regexp", "sync", "unicode", "unicode/utf8", // documents, the default ones, read once
	}
)

// Names of allowed packages that reach out of the program, and who may use them all the same.
var impure = map[string][]string{
	"time": {
		"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation", "LoadLocationFromTZData",
	},
	"math/rand/v2": {
		"ExpFloat64", "Float32", "Float64", "Int", "Int32", "Int32N", "Int64", "Int64N", "IntN", "N", "NormFloat64", "Perm", "Shuffle", "Uint32",
		"Uint32N", "Uint64", "Uint64N", "UintN",
	},
	"fmt": {"Print", "Printf", "Println", "Fprint", "Fprintf", "Fprintln", "Scan", "Scanf", "Scanln"},
}

// A zone is loaded once, when a server is set up, and then it is data.
// Faults and documents are written into buffers.
var pureExceptions = []string{"ledger/calendar: time.LoadLocation", "ledger/document: fmt.Fprintf"}

// Features of consumers and probabilities are floats; what is decided by them is compared and summed in one order.
var withFloats = []string{"risk/rule", "risk/policy", "risk/scorecard", "risk/backtest", "risk/table", "risk/evaluate", "risk/train"}

func TestTheDomainIsPure(t *testing.T) {
	fset := token.NewFileSet()
	known := &ownFirst{own: map[string]*types.Package{}, std: importer.ForCompiler(fset, "source", nil)}
	for _, pkg := range pure {
		names, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatalf("package %s has no files: %v", pkg, err)
		}
		c := &purity{t: t, fset: fset, pkg: pkg, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}}
		var files []*ast.File
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		config := types.Config{Importer: known}
		checked, err := config.Check(module+pkg, fset, files, c.info)
		if err != nil {
			t.Fatal(err)
		}
		known.own[module+pkg] = checked
		for _, file := range files {
			c.file(file)
		}
	}
}

// ownFirst imports the packages that were checked before, and the standard library from its source.
type ownFirst struct {
	own map[string]*types.Package
	std types.Importer
}

func (o *ownFirst) Import(p string) (*types.Package, error) {
	if pkg, ok := o.own[p]; ok {
		return pkg, nil
	}
	return o.std.Import(p)
}

// purity looks through one package for what a pure one may not have.
type purity struct {
	t    *testing.T
	fset *token.FileSet
	pkg  string
	info *types.Info
}

func (c *purity) fault(n ast.Node, format string, args ...any) {
	c.t.Helper()
	c.t.Errorf("%s: "+format, append([]any{c.fset.Position(n.Pos())}, args...)...)
}

func (c *purity) file(file *ast.File) {
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			c.t.Fatal(err)
		}
		if !strings.HasPrefix(p, module) && !slices.Contains(pureImports, p) {
			c.fault(spec, "package %s is not for the domain", p)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		c.node(n)
		return true
	})
}

func (c *purity) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.fault(n, "a goroutine is started")
	case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
		c.fault(n, "a channel is used")
	case *ast.FuncDecl:
		if n.Name.Name == "init" && n.Recv == nil {
			c.fault(n, "init has side effects")
		}
	case *ast.RangeStmt:
		if _, ok := c.info.TypeOf(n.X).Underlying().(*types.Map); ok {
			c.fault(n, "a map is walked, whose order may show: sort its keys, or use a slice")
		}
	case *ast.Ident:
		c.use(n)
	}
	if e, ok := n.(ast.Expr); ok && !slices.Contains(withFloats, c.pkg) {
		c.float(e)
	}
}

// float finds numbers that are not exact. A constant like 1e15 that becomes an integer is none.
func (c *purity) float(e ast.Expr) {
	tv, ok := c.info.Types[e]
	if !ok || tv.Type == nil {
		return
	}
	if b, ok := tv.Type.Underlying().(*types.Basic); ok && b.Info()&(types.IsFloat|types.IsComplex) != 0 {
		c.fault(e, "%s is used", b.Name())
	}
}

// use finds what reaches out of the program: clocks, timers, standard output.
func (c *purity) use(id *ast.Ident) {
	o := c.info.Uses[id]
	if o == nil || o.Pkg() == nil || o.Parent() != o.Pkg().Scope() {
		return // not a name that a package exports
	}
	name := o.Pkg().Path() + "." + o.Name()
	if slices.Contains(impure[o.Pkg().Path()], o.Name()) && !slices.Contains(pureExceptions, c.pkg+": "+name) {
		c.fault(id, "%s is used", name)
	}
}
