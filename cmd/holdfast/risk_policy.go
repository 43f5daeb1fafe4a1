package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// RiskDefaultCmd prints the policy that ships.
type RiskDefaultCmd struct{}

// Help teaches.
func (RiskDefaultCmd) Help() string {
	return `Prints the policy that ships with Holdfast, with its comments: the way to begin one of one's own. Its scorecard is an expert's and
was not fitted to anybody's data; holdfast risk train makes one of data.

  holdfast risk default > 2027-02.yaml`
}

// Run prints.
func (RiskDefaultCmd) Run(context.Context) error {
	_, err := os.Stdout.WriteString(policy.DefaultDocument())
	return err
}

// RiskCheckCmd checks policies.
type RiskCheckCmd struct {
	Files []string `arg:"" name:"file" help:"Documents to check."`
}

// Help teaches.
func (RiskCheckCmd) Help() string {
	return `Tells everything that is wrong with policies, a line each as FILE:LINE:COLUMN: FIELD: WHAT, in the order of lines. Exit code 1 when
anything is. Wrong is also what contradicts something else: bins that overlap, grades that no score reaches, a floor above
its ceiling; conditions that nothing meets or that everything meets; rules that no order reaches, because a rule before
approves all that they are about; features that nobody declared; and attributes by which nobody may be scored.

  holdfast risk check 2027-02.yaml

Of a sound policy it prints what it does: the odds at which each grade begins, and the decision rules in their order.`
}

// Run checks.
func (c *RiskCheckCmd) Run(context.Context) error {
	faulty := false
	for i, name := range c.Files {
		p, err := readPolicy(name)
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
		printPolicy(name, p.Document())
	}
	if faulty {
		return errFaults
	}
	return nil
}

// printPolicy says what a sound policy does.
func printPolicy(name string, d *policy.Document) {
	fmt.Printf("%s: policy %s is sound: %s, %s, %s, %s, %s of monitoring\n", name, d.Version, document.Plural(int64(len(d.Features)), "feature"),
		document.Plural(int64(len(d.Admission)), "admission rule"), document.Plural(int64(len(d.Grades)), "grade"),
		document.Plural(int64(len(d.Decisions)), "decision rule"), document.Plural(int64(len(d.Accounts)+len(d.Portfolio)), "rule"))
	if s := d.Scorecard; s != nil {
		least, most := s.Range()
		fmt.Printf("scores go from %d to %d\n", least, most)
		t := &table{align: "lrrrrl"}
		t.row("grade", "from", "good to one bad", "bad", "limit", "terms")
		for i := range d.Grades {
			g := &d.Grades[i]
			price := g.Terms
			if price == "" {
				price = "of new accounts"
			}
			t.row(g.Name, fmt.Sprint(g.FromScore), fmt.Sprintf("%.1f", s.Odds(g.FromScore)), fmt.Sprintf("%.2f %%", 100*s.PD(g.FromScore)),
				d.Coin().Write(g.Floor)+" to "+d.Coin().Write(g.Ceiling), price)
		}
		fmt.Print(t)
	}
	if len(d.Decisions) == 0 {
		return
	}
	t := &table{align: "rlll"}
	t.row("", "rule", "action", "reason")
	for i, r := range d.Decisions {
		action := strings.ToLower(r.Action.String())
		if r.Action == ledger.ActionCap {
			action += " " + r.Cap
		}
		t.row(fmt.Sprint(i+1), r.Name, action, r.Reason)
	}
	fmt.Print(t)
}

// RiskDiffCmd compares two policies.
type RiskDiffCmd struct {
	Old    string `arg:"" help:"The policy before: a file, default, or a version of a server."`
	New    string `arg:"" help:"The policy after."`
	JSON   bool   `name:"json" help:"Print JSON."`
	Target string `help:"A running server whose versions may be named." placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (RiskDiffCmd) Help() string {
	return `Tells which fields differ and how, in the words of the canonical form. Rules, features, grades and bins are found by their names; one
that only one of the policies has is told as a whole, and another order of decision rules is a change too. Comments and
spelling make no difference.

  holdfast risk diff default 2027-02.yaml
  holdfast risk diff --target core.example:7600 2027-01 2027-02.yaml   a version of the server with a file`
}

// Validate refuses flags that contradict each other.
func (c *RiskDiffCmd) Validate() error {
	if c.Target == "" {
		return nil
	}
	return c.check(c.Target)
}

// Run compares.
func (c *RiskDiffCmd) Run(ctx context.Context) error {
	var both [2]*policy.Document
	for i, name := range []string{c.Old, c.New} {
		p, err := c.read(ctx, name)
		if err != nil {
			return err
		}
		both[i] = p.Document()
	}
	return printChanges(policy.Compare(both[0], both[1]), [2]string{c.Old, c.New}, [2]string{both[0].Version, both[1].Version}, c.JSON)
}

// read finds a policy: the one that ships, a file, or a version of the server.
func (c *RiskDiffCmd) read(ctx context.Context, name string) (*policy.Policy, error) {
	if name == "default" {
		return policy.Default(), nil
	}
	p, err := readPolicy(name)
	if c.Target == "" || !errors.Is(err, os.ErrNotExist) {
		return p, err
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return nil, err
	}
	defer sdk.Close()
	resp, err := sdk.GetPolicy(ctx, &holdfastv1.GetPolicyRequest{Version: name})
	if err != nil {
		return nil, c.explain(err)
	}
	return policy.Parse([]byte(resp.GetPolicy().GetDocument()))
}

const noPolicy = "this is no policy"

// readPolicy reads a document; the error of one with faults is *fileFaults.
func readPolicy(name string) (*policy.Policy, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(text)
	if faults := (*document.Faults)(nil); errors.As(err, &faults) {
		return nil, &fileFaults{name, noPolicy, faults}
	}
	return p, err
}

// dates are the forms in which a time may be given, in UTC where it does not say.
var dates = []string{time.RFC3339, "2006-01-02 15:04", time.DateOnly}

func parseTime(text string) (time.Time, error) {
	for _, form := range dates {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("want a time such as 2027-02-01T00:00:00+08:00, or 2027-02-01 in UTC, have %q", text)
}
