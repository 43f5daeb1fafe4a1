package policy

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/risk/rule"
)

// MaxSize is how many bytes a document may have.
const MaxSize = 128 << 10

// Policy is a document that was found in order, with its rules ready to be asked. It never changes, and may be used by
// several goroutines.
type Policy struct {
	doc        Document
	applicants *rule.Env // the features of the document

	admission []*rule.Rule
	decisions []decision
	accounts  []*rule.Rule
	portfolio []*rule.Rule
}

var documents = document.Sort{Subject: "the policy has", Begin: "holdfast risk default writes one to begin with", SizeMax: MaxSize}

// Parse reads a document. The error is *document.Faults, with everything that is wrong with it.
func Parse(data []byte) (*Policy, error) {
	p := &Policy{}
	err := documents.Read(data, schema(&p.doc), func(r *document.Reader) { (&checker{r: r, d: &p.doc, p: p}).check() })
	if err != nil {
		return nil, err
	}
	p.doc.unbreak()
	return p, nil
}

// Compile is Parse as the ledger asks for it: a ledger.Policies.
func Compile(text string) (ledger.Policy, error) {
	p, err := Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Version is the name of the version.
func (p *Policy) Version() string { return p.doc.Version }

// Document is what the policy says. It must not be changed.
func (p *Policy) Document() *Document { return &p.doc }

// Format is the canonical form of a document: every field in the order of the schema. Parse reads it as the same document.
func Format(d *Document) []byte { return document.Format(schema(d)) }

// Compare lists the fields that differ, in the order of the schema; rules, grades and features are told apart by their
// names. Nil means that the two are the same.
func Compare(before, after *Document) []document.Change {
	return document.Compare(schema(before), schema(after))
}

// unbreak puts every expression on one line, as the canonical form has it.
func (d *Document) unbreak() {
	for i := range d.Admission {
		d.Admission[i].When = document.Unbroken(d.Admission[i].When)
	}
	for i := range d.Decisions {
		r := &d.Decisions[i]
		r.When, r.Cap = document.Unbroken(r.When), document.Unbroken(r.Cap)
	}
	for _, list := range [][]Watch{d.Accounts, d.Portfolio} {
		for i := range list {
			list[i].When = document.Unbroken(list[i].When)
		}
	}
}
