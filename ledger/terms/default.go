package terms

import (
	_ "embed" // of the default document
	"fmt"
	"sync"
)

// defaultDocument is what Explain makes of it; a test holds it to that.
//
//go:embed default.yaml
var defaultDocument []byte

// Default is the terms that ship with Holdfast, a copy of its own.
func Default() *Terms { return parseDefault().Clone() }

var parseDefault = sync.OnceValue(func() *Terms {
	t, err := Parse(defaultDocument)
	if err != nil {
		panic(fmt.Sprintf("terms: the default document: %v", err))
	}
	return t
})
