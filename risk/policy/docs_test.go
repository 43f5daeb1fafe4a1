package policy

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/feature"
)

const manual = "../../docs/RISK.md"

// The tables of docs/RISK.md are those of the schema, of package feature and of the figures.
func TestTheManualHasEverything(t *testing.T) {
	text, err := os.ReadFile(manual)
	require.NoError(t, err)
	want := string(text)
	for name, table := range map[string]string{"fields": fieldTable(), "features": featureTable(), "figures": figureTable()} {
		begin, end := "<!-- "+name+": go test ./risk/policy -rewrite writes this table -->\n", "\n<!-- end of "+name+" -->\n"
		before, rest, ok := strings.Cut(want, begin)
		require.True(t, ok, name)
		_, after, ok := strings.Cut(rest, end)
		require.True(t, ok, name)
		want = before + begin + "\n" + table + end + after
	}
	if flag.Lookup("rewrite").Value.String() == "true" {
		require.NoError(t, os.WriteFile(manual, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "go test ./risk/policy -rewrite writes it anew")
}

func fieldTable() string {
	var b strings.Builder
	b.WriteString("| field | write | meaning |\n|---|---|---|\n")
	fieldRows(&b, "", schema(&Document{}))
	return b.String()
}

func fieldRows(b *strings.Builder, path string, fields []document.Field) {
	for i := range fields {
		f := &fields[i]
		at, about := strings.TrimPrefix(path+"."+f.Key, "."), f.About
		if f.Empty != nil {
			about += " *May be left out.*"
		}
		switch {
		case f.Items != nil:
			fmt.Fprintf(b, "| `%s` | a list of %d to %d | **%s** |\n", at, f.Items.Least, f.Items.Most, about)
			if path == "behaviour.scorecard" { // as the one of applications, which is above
				continue
			}
			fieldRows(b, at+"[]", f.Items.Blank())
		case f.Leaf == nil:
			fmt.Fprintf(b, "| `%s` | | **%s** |\n", at, about)
			fieldRows(b, at, f.Fields)
		default:
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", at, strings.ReplaceAll(f.Leaf.Form, "|", "\\|"), about)
		}
	}
}

func featureTable() string {
	var b strings.Builder
	b.WriteString("| feature | is | meaning |\n|---|---|---|\n")
	row := func(info feature.Info) {
		is := map[feature.Kind]string{feature.Amount: "an amount", feature.Flag: "a flag", feature.Word: "a text"}[info.Kind]
		if info.Kind == feature.Count {
			is = strings.TrimSpace("a number, " + info.Unit)
			is = strings.TrimSuffix(is, ",")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", info.Name, is, info.Doc)
	}
	for n := range feature.Numbers {
		row(n.Info())
	}
	for t := range feature.Texts {
		row(t.Info())
	}
	return b.String()
}

func figureTable() string {
	var b strings.Builder
	b.WriteString("| figure | is | meaning |\n|---|---|---|\n")
	for _, f := range figures {
		is := f.Kind.String()
		if f.Unit != "" {
			is += ", " + f.Unit
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, is, f.Doc)
	}
	return b.String()
}
