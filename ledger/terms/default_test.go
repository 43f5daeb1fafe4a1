package terms_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// rewriting says that files are to be written anew; the flag is that of datadriven.
func rewriting() bool { return flag.Lookup("rewrite").Value.String() == "true" }

// The document in the binary is the canonical form with comments.
func TestTheDefaultDocument(t *testing.T) {
	d := terms.Default()
	if rewriting() {
		require.NoError(t, os.WriteFile("default.yaml", terms.Explain(d), 0o644))
	}
	text, err := os.ReadFile("default.yaml")
	require.NoError(t, err)
	require.Equal(t, string(terms.Explain(d)), string(text), "go test ./ledger/terms -rewrite writes it anew")
}
