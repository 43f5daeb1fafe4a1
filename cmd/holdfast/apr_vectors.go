package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/holdfast-credit/holdfast/ledger/rate/vectors"
)

// errDisagrees says that cases do not agree; which, has been printed.
var errDisagrees = errors.New("not all cases agree")

// aprCase is a case that was checked, as JSON.
type aprCase struct {
	ID      string      `json:"id"`
	Method  string      `json:"method"`
	Source  string      `json:"source,omitempty"`
	Agrees  bool        `json:"agrees"`
	Fault   string      `json:"fault,omitempty"` // what is malformed
	Figures []aprFigure `json:"figures,omitempty"`
}

type aprFigure struct {
	Name       string `json:"name"`
	Expected   string `json:"expected"`
	Got        string `json:"got"`
	Difference string `json:"difference,omitempty"`
	Tolerance  string `json:"tolerance,omitempty"`
	Agrees     bool   `json:"agrees"`
}

// aprReport is a file of cases that was checked.
type aprReport struct {
	Cases     []aprCase `json:"cases"`
	Agree     int       `json:"agree"`
	Miss      int       `json:"miss"`
	Malformed int       `json:"malformed"`
}

// checkVectors checks a file of published cases, all of them, whatever is wrong with some.
func checkVectors(path string, asJSON bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	cases, err := vectors.Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	report := &aprReport{}
	for _, c := range cases {
		report.add(c)
	}
	if asJSON {
		err = printJSON(report)
	} else {
		report.print()
	}
	if err == nil && report.Agree < len(cases) {
		err = errDisagrees
	}
	return err
}

func (r *aprReport) add(c vectors.Case) {
	checked := aprCase{ID: c.ID, Method: c.Method, Source: c.Source, Agrees: true}
	figures, err := c.Check()
	for _, f := range figures {
		checked.Figures = append(checked.Figures, aprFigure(f))
		checked.Agrees = checked.Agrees && f.Agrees
	}
	switch {
	case err != nil:
		checked.Agrees, checked.Fault = false, err.Error()
		r.Malformed++
	case checked.Agrees:
		r.Agree++
	default:
		r.Miss++
	}
	r.Cases = append(r.Cases, checked)
}

// print is the report for people: a line for each figure, each by itself good for grep.
func (r *aprReport) print() {
	widest := 0
	for _, c := range r.Cases {
		widest = max(widest, len(c.ID))
	}
	for _, c := range r.Cases {
		if c.Fault != "" {
			fmt.Printf("MALFORMED  %s\n", c.Fault)
		}
		for _, f := range c.Figures {
			mark := "ok   "
			if !f.Agrees {
				mark = "MISS "
			}
			fmt.Printf("%s %-*s  %s\n", mark, widest, c.ID, f)
		}
	}
	fmt.Printf("\n%d cases: %d agree, %d miss, %d malformed\n", len(r.Cases), r.Agree, r.Miss, r.Malformed)
}

func (f aprFigure) String() string {
	s := fmt.Sprintf("%s: expected %s, got %s", f.Name, f.Expected, f.Got)
	if f.Difference != "" {
		s += ", difference " + f.Difference
	}
	if f.Tolerance != "" {
		s += ", tolerance " + f.Tolerance
	}
	return s
}
