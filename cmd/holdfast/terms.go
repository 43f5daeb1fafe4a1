package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TermsCmd is about documents of terms: the parameters of the product.
type TermsCmd struct {
	Print   TermsPrintCmd   `cmd:"" help:"Print the terms that ship, explained, or a file in canonical form."`
	Check   TermsCheckCmd   `cmd:"" help:"Find everything that is wrong with documents, and price their offers."`
	Compare TermsCompareCmd `cmd:"" help:"Tell which fields of two documents differ."`
	Put     TermsPutCmd     `cmd:"" help:"Add a document to the versions of a running server."`
	List    TermsListCmd    `cmd:"" help:"List the versions of a running server."`
}

// Help teaches.
func (TermsCmd) Help() string {
	return `Terms are the parameters of the product in one document: lifetimes of holds, billing windows, repayment, penalty,
delinquency, installments, and the annual cap that nothing may cost more than. A document has every field, so that nothing is
decided by what is not there.

  holdfast terms print > winter.yaml           the terms that ship, with comments that explain each field
  holdfast terms check winter.yaml             everything that is wrong with it, and what its offers cost a year
  holdfast terms compare old.yaml winter.yaml  what changes, field by field; --json for programs
  holdfast terms put winter.yaml               add it to a running server, whose new accounts then have it
  holdfast terms list                          the versions that a running server has

A server begins with the terms that ship. An account has the version that its consumer accepted.`
}

// TermsPrintCmd prints terms in canonical form.
type TermsPrintCmd struct {
	File string `arg:"" optional:"" help:"Document to print; without one, the terms that ship."`
}

// Help teaches.
func (TermsPrintCmd) Help() string {
	return `Without a file, prints the terms that ship, with comments that say what each field means and what may be written there:
the way to begin a document of one's own.

  holdfast terms print > winter.yaml    begin with the terms that ship, then give them another version
  holdfast terms print winter.yaml      the canonical form of a document, without its comments

In canonical form, fields have their order, durations the largest unit that fits, and offers are sorted by months; two
documents that mean the same are the same text.`
}

// Run prints.
func (c *TermsPrintCmd) Run(context.Context) error {
	text := terms.Explain(terms.Default())
	if c.File != "" {
		t, err := readTerms(c.File)
		if err != nil {
			return err
		}
		text = terms.Format(t)
	}
	_, err := os.Stdout.Write(text)
	return err
}

// TermsCheckCmd checks documents of terms.
type TermsCheckCmd struct {
	Files []string `arg:"" name:"file" help:"Documents to check."`
}

// Help teaches.
func (TermsCheckCmd) Help() string {
	return `Tells everything that is wrong with documents, a line each as FILE:LINE:COLUMN: FIELD: WHAT, in the order of lines. Exit
code 1 when anything is. What contradicts something else is wrong too: retry days that do not ascend, buckets of days past
due with a gap, a penalty or an offer above the annual cap.

  holdfast terms check winter.yaml
  holdfast terms check terms/*.yaml

Of a document without faults it prints what each installment offer comes to for 1000.00, or for its smallest principal where
that is more, with its nominal annual rate: 12 times the monthly internal rate of return, all fees included. A flat 1.2 % a
month over 6 months is 24.28 %, not 14.4: the fee is on the original principal, of which ever less is outstanding.`
}

// Run checks.
func (c *TermsCheckCmd) Run(context.Context) error {
	faulty := false
	for i, name := range c.Files {
		t, err := readTerms(name)
		switch found := (*fileFaults)(nil); {
		case errors.As(err, &found):
			fmt.Print(found.lines())
			faulty = true
			continue
		case err != nil:
			return err
		}
		if i > 0 {
			fmt.Println()
		}
		if err := printTermsExamples(name, t); err != nil {
			return err
		}
	}
	if faulty {
		return errFaults
	}
	return nil
}

// printTermsExamples says what the offers of sound terms come to.
func printTermsExamples(name string, t *terms.Terms) error {
	examples, err := t.Examples()
	if err != nil {
		return err
	}
	fmt.Printf("%s: terms %s are sound; annual cap %s, penalty %s in %d days\n",
		name, t.Version, t.AnnualCap, t.Penalty.DailyRate*terms.YearDays, terms.YearDays)
	for _, e := range examples {
		total := e.Schedule.Total()
		first, last := e.Schedule[0].Due(), e.Schedule[len(e.Schedule)-1].Due()
		fmt.Printf("  %s over %d months: %s is repaid in %d of %s, the last of %s: %s on top, nominal %s %% a year",
			e.Offer.Method, e.Offer.Months, t.Money(e.Principal), len(e.Schedule), t.Money(first), t.Money(last),
			t.Money(total.Due()-e.Principal), e.Nominal)
		if total.Subsidy > 0 {
			fmt.Printf("; the carrier pays %s", t.Money(total.Subsidy))
		}
		fmt.Println()
	}
	return nil
}

// TermsCompareCmd compares two documents of terms.
type TermsCompareCmd struct {
	Old  string `arg:"" help:"The document before."`
	New  string `arg:"" help:"The document after."`
	JSON bool   `help:"Print JSON."`
}

// Help teaches.
func (TermsCompareCmd) Help() string {
	return `Tells which fields differ and how, in the words of the canonical form. Offers are found by their method and months, buckets by
their names; one that only one of the documents has is told as a whole. Comments, order and spelling make no difference.

  holdfast terms compare old.yaml winter.yaml
  holdfast terms compare --json old.yaml winter.yaml | jq -r '.changes[].path'`
}

// Run compares.
func (c *TermsCompareCmd) Run(context.Context) error {
	old, err := readTerms(c.Old)
	if err != nil {
		return err
	}
	changed, err := readTerms(c.New)
	if err != nil {
		return err
	}
	return printChanges(terms.Compare(old, changed), [2]string{c.Old, c.New}, [2]string{old.Version, changed.Version}, c.JSON)
}

// printChanges tells what two documents have differently, given their names and their versions.
func printChanges(changes []document.Change, names, versions [2]string, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			Old     string            `json:"old_version"`
			New     string            `json:"new_version"`
			Changes []document.Change `json:"changes"`
		}{versions[0], versions[1], append([]document.Change{}, changes...)})
	}
	if len(changes) == 0 {
		fmt.Printf("%s and %s say the same.\n", names[0], names[1])
		return nil
	}
	for _, change := range changes {
		fmt.Println(writeChange(change))
	}
	return nil
}

func writeChange(c document.Change) string {
	switch {
	case c.Old == "":
		return fmt.Sprintf("%s: new: %s", c.Path, c.New)
	case c.New == "":
		return fmt.Sprintf("%s: gone: %s", c.Path, c.Old)
	}
	return fmt.Sprintf("%s: %s, was %s", c.Path, c.New, c.Old)
}

const noTerms = "these are no terms"

// readTerms reads a document; the error of one with faults is *fileFaults.
func readTerms(name string) (*terms.Terms, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t, err := terms.Parse(text)
	if faults := (*terms.Faults)(nil); errors.As(err, &faults) {
		return nil, &fileFaults{name, noTerms, faults}
	}
	return t, err
}

// fileFaults are the faults of a file.
type fileFaults struct {
	name   string
	what   string // it was to be
	faults *document.Faults
}

func (f *fileFaults) Error() string {
	return fmt.Sprintf("%s:\n%s", f.what, strings.TrimRight(f.lines(), "\n"))
}

func (f *fileFaults) lines() string {
	var b strings.Builder
	for _, fault := range f.faults.List {
		fmt.Fprintf(&b, "%s:%s\n", f.name, fault)
	}
	return b.String()
}
