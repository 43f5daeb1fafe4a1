package terms

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/document"
)

// The table is between two comments.
const (
	manual = "../../docs/TERMS.md"
	begin  = "<!-- fields: go test ./ledger/terms -rewrite writes this table -->\n\n"
	end    = "\n<!-- end of fields -->\n"
)

// The table of docs/TERMS.md is that of the schema.
func TestTheDocumentHasEveryField(t *testing.T) {
	text, err := os.ReadFile(manual)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := before + begin + table() + end + after
	if flag.Lookup("rewrite").Value.String() == "true" {
		require.NoError(t, os.WriteFile(manual, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "go test ./ledger/terms -rewrite writes it anew")
}

// table is every field with its default, what may be written, and what it means.
func table() string {
	var b strings.Builder
	b.WriteString("| field | default | write | meaning |\n|---|---|---|---|\n")
	rows(&b, "", schema(Default()), true)
	return b.String()
}

func rows(b *strings.Builder, path string, fields []document.Field, defaults bool) {
	for i := range fields {
		f := &fields[i]
		at := strings.TrimPrefix(path+"."+f.Key, ".")
		switch {
		case f.Items != nil:
			fmt.Fprintf(b, "| `%s` | %s | a list of %d to %d | %s |\n", at, document.Plural(int64(f.Items.Size()), f.Items.What), f.Items.Least, f.Items.Most, f.About)
			rows(b, at+"[]", f.Items.Blank(), false)
		case f.Leaf == nil:
			fmt.Fprintf(b, "| `%s` | | | **%s** |\n", at, f.About)
			rows(b, at, f.Fields, defaults)
		case defaults:
			fmt.Fprintf(b, "| `%s` | `%s` | %s | %s |\n", at, f.Leaf.Write(), f.Leaf.Form, f.About)
		default:
			fmt.Fprintf(b, "| `%s` | | %s | %s |\n", at, f.Leaf.Form, f.About)
		}
	}
}
