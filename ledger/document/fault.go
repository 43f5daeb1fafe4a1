package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a document.
type Fault struct {
	Line   int    `json:"line"`   // counted from 1
	Column int    `json:"column"` // in characters, counted from 1
	Path   string `json:"path"`   // of the field, such as installments.offers[2].months; "" for the document
	Detail string `json:"detail"`
}

func (f Fault) String() string {
	if f.Path == "" {
		return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Detail)
	}
	return fmt.Sprintf("%d:%d: %s: %s", f.Line, f.Column, f.Path, f.Detail)
}

// Faults are all that is wrong with a document, in the order of its lines. There is at least one.
type Faults struct {
	Subject string // what has them, with its verb: the terms have
	List    []Fault
}

func (f *Faults) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s:", f.Subject, Plural(int64(len(f.List)), "fault"))
	for _, fault := range f.List {
		b.WriteString("\n  " + fault.String())
	}
	return b.String()
}

func (f *Faults) sort() {
	slices.SortStableFunc(f.List, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
