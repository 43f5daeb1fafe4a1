package terms

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table is between two comments.
const (
	document = "../../docs/TERMS.md"
	begin    = "<!-- fields: go test ./ledger/terms -rewrite writes this table -->\n\n"
	end      = "\n<!-- end of fields -->\n"
)

// The table of docs/TERMS.md is that of the schema.
func TestTheDocumentHasEveryField(t *testing.T) {
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := before + begin + table() + end + after
	if flag.Lookup("rewrite").Value.String() == "true" {
		require.NoError(t, os.WriteFile(document, []byte(want), 0o644))
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

func rows(b *strings.Builder, path string, fields []field, defaults bool) {
	for i := range fields {
		f := &fields[i]
		at := join(path, f.key)
		switch {
		case f.items != nil:
			fmt.Fprintf(b, "| `%s` | %s | a list of %d to %d | %s |\n", at, plural(int64(f.items.size()), f.items.what), f.items.least, f.items.most, f.about)
			rows(b, at+"[]", f.items.blank(), false)
		case f.leaf == nil:
			fmt.Fprintf(b, "| `%s` | | | **%s** |\n", at, f.about)
			rows(b, at, f.fields, defaults)
		case defaults:
			fmt.Fprintf(b, "| `%s` | `%s` | %s | %s |\n", at, f.leaf.write(), f.leaf.form, f.about)
		default:
			fmt.Fprintf(b, "| `%s` | | %s | %s |\n", at, f.leaf.form, f.about)
		}
	}
}
