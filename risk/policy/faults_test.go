package policy_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// TestFaults reads the documents of testdata/faults and compares what is wrong with them. A script has
//
//	parse                 a whole document
//	change                the default document, without its comments, after some of its lines are others
//	/intercept: 300/   intercept: 500
//
// where the line that has what is between the slashes becomes what follows them and a space; in it \n is a new line.
func TestFaults(t *testing.T) {
	datadriven.Walk(t, "testdata/faults", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := d.Input
			if d.Cmd == "change" {
				text = changed(t, d.Input)
			}
			p, err := policy.Parse([]byte(text))
			if err == nil {
				var b strings.Builder
				b.WriteString("fine\n")
				for _, c := range policy.Compare(policy.Default().Document(), p.Document()) {
					if d.Cmd == "change" {
						fmt.Fprintf(&b, "%s: %q, was %q\n", c.Path, c.New, c.Old)
					}
				}
				return b.String()
			}
			var faults *document.Faults
			require.True(t, errors.As(err, &faults))
			var b strings.Builder
			for _, f := range faults.List {
				fmt.Fprintln(&b, f)
			}
			return b.String()
		})
	})
}

// changed is the default document after changes.
func changed(t *testing.T, changes string) string {
	lines := strings.Split(string(policy.Format(policy.Default().Document())), "\n")
	for change := range strings.Lines(changes) {
		parts := strings.SplitN(strings.TrimRight(change, "\n"), "/", 3)
		require.Len(t, parts, 3, change)
		found := 0
		for i, line := range lines {
			if strings.Contains(line, parts[1]) {
				if found++; found == 1 {
					lines[i] = strings.ReplaceAll(strings.TrimPrefix(parts[2], " "), `\n`, "\n")
				}
			}
		}
		require.NotZero(t, found, "lines with %q", parts[1])
	}
	return strings.Join(lines, "\n")
}

// FuzzParse: nothing panics, and what is accepted can be written and is read as the same again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(policy.DefaultDocument()))
	f.Add(policy.Format(policy.Default().Document()))
	f.Add([]byte("version: a\ncurrency: CNY\nminor_digits: 2\ndecisions:\n  - {name: a, when: 'order.amount > 1', action: cap, reason: AB, cap: 1.00 CNY}\n"))
	f.Add([]byte("a: &a [*a, {? [1]: !!x y, <<: *a}]\n--- \n"))
	names, err := os.ReadDir("testdata/faults")
	require.NoError(f, err)
	for _, name := range names {
		script, err := os.ReadFile("testdata/faults/" + name.Name())
		require.NoError(f, err)
		for part := range strings.SplitSeq(string(script), "parse\n") {
			text, _, _ := strings.Cut(part, "----\n")
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse(data)
		if err != nil {
			var faults *document.Faults
			require.True(t, errors.As(err, &faults))
			require.NotEmpty(t, faults.List)
			for i, f := range faults.List {
				require.Positive(t, f.Line)
				require.Positive(t, f.Column)
				require.NotEmpty(t, f.Detail)
				require.True(t, i == 0 || faults.List[i-1].Line <= f.Line)
			}
			return
		}
		requireStable(t, p.Document())
	})
}

// requireStable: what is written is read as the same document, and written the same again.
func requireStable(t require.TestingT, want *policy.Document) {
	text := policy.Format(want)
	again, err := policy.Parse(text)
	require.NoError(t, err, "%s", text)
	require.Equal(t, want, again.Document())
	require.Empty(t, policy.Compare(want, again.Document()))
	require.Equal(t, string(text), string(policy.Format(again.Document())))
}
