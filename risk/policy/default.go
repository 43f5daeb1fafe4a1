package policy

import (
	_ "embed" // of the default document
	"fmt"
	"sync"
)

//go:embed default.yaml
var defaultDocument string

// DefaultDocument is the policy that ships with Holdfast, with the comments that say why its numbers are what they are.
func DefaultDocument() string { return defaultDocument }

// Default is the policy that ships with Holdfast.
func Default() *Policy { return parseDefault() }

var parseDefault = sync.OnceValue(func() *Policy {
	p, err := Parse([]byte(defaultDocument))
	if err != nil {
		panic(fmt.Sprintf("policy: the default document: %v", err))
	}
	return p
})
