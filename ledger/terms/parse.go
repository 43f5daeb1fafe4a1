package terms

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/document"
)

// MaxSize is how many bytes a document may have.
const MaxSize = 64 << 10

// What documents are made of, and told of.
type (
	// Fault is one thing that is wrong with a document.
	Fault = document.Fault
	// Faults are all that is wrong with a document, in the order of its lines. There is at least one.
	Faults = document.Faults
	// Change is a field that two documents have differently, in the words of their canonical forms.
	Change = document.Change
)

var documents = document.Sort{Subject: "the terms have", Begin: "holdfast terms print writes one to begin with", SizeMax: MaxSize}

// Parse reads a document. The error is *Faults, with everything that is wrong with it.
func Parse(data []byte) (*Terms, error) { return parse(data, false) }

// Reread is Parse for a document that Parse has accepted before. It takes for granted that the offers are within the annual
// cap, which takes nearly all of Parse's time to reckon.
func Reread(data []byte) (*Terms, error) { return parse(data, true) }

func parse(data []byte, accepted bool) (*Terms, error) {
	t := &Terms{}
	if err := documents.Read(data, schema(t), func(r *document.Reader) { (&rules{r, t, accepted}).check() }); err != nil {
		return nil, err
	}
	slices.SortFunc(t.Installments.Offers, func(a, b Offer) int {
		return cmp.Or(cmp.Compare(a.Months, b.Months), cmp.Compare(a.Method, b.Method))
	})
	return t, nil
}

// Format is the canonical form of terms: every field in the order of the schema, a line each. Parse reads it as the same
// terms.
func Format(t *Terms) []byte { return document.Format(schema(t)) }

// Explain is the canonical form with comments: before each field, what it means and what may be written.
func Explain(t *Terms) []byte { return document.Explain(schema(t)) }

// Compare lists the fields that differ, in the order of the schema. An item that only one of the two has is one change. Nil
// means that the two are the same.
func Compare(before, after *Terms) []Change { return document.Compare(schema(before), schema(after)) }
