package terms

import (
	_ "embed" // of the default document
	"fmt"
)

// defaultDocument is what Explain makes of it; a test holds it to that.
//
//go:embed default.yaml
var defaultDocument []byte

// Default is the terms that ship with Holdfast. What orders are decided with, by them, is ledger.DefaultTerms.
func Default() *Terms {
	t, err := Parse(defaultDocument)
	if err != nil {
		panic(fmt.Sprintf("terms: the default document: %v", err))
	}
	return t
}
