package terms_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestFaults reads the documents of testdata/faults and compares what is wrong with them. A script has
//
//	parse                 a whole document
//	change                the default document, without its comments, after some of its lines are others
//	/annual_cap/ annual_cap: 0 %
//
// where the line that has what is between the slashes becomes what follows them and a space; in it \n is a new line.
func TestFaults(t *testing.T) {
	datadriven.Walk(t, "testdata/faults", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := d.Input
			if d.Cmd == "change" {
				text = changed(t, d.Input)
			}
			parsed, err := terms.Parse([]byte(text))
			if err == nil {
				return "fine: " + fmt.Sprint(terms.Compare(terms.Default(), parsed)) + "\n"
			}
			var faults *terms.Faults
			require.True(t, errors.As(err, &faults))
			var b strings.Builder
			for _, f := range faults.List {
				fmt.Fprintln(&b, f)
			}
			return b.String()
		})
	})
}

// TestRereadTakesTheCapForGranted reads what ships as Parse does, and a document whose offers are above the cap besides; of
// what is wrong with another it finds all.
func TestRereadTakesTheCapForGranted(t *testing.T) {
	again, err := terms.Reread(terms.Format(terms.Default()))
	require.NoError(t, err)
	require.Equal(t, terms.Default(), again)

	dear := []byte(changed(t, "/annuity, months: 12/     - {method: annuity, months: 12, annual_rate: 24.01 %, paid_by: consumer, smallest_principal: 500.00 CNY}"))
	_, err = terms.Parse(dear)
	require.ErrorContains(t, err, "more than annual_cap")
	_, err = terms.Reread(dear)
	require.NoError(t, err)

	_, err = terms.Reread([]byte(changed(t, "/annual_cap/ annual_cap: 1 %")))
	require.ErrorContains(t, err, "penalty.daily_rate")
	require.NotContains(t, err.Error(), "offers")
}

func BenchmarkParse(b *testing.B)  { read(b, terms.Parse) }
func BenchmarkReread(b *testing.B) { read(b, terms.Reread) }

func read(b *testing.B, parse func([]byte) (*terms.Terms, error)) {
	document := terms.Format(terms.Default())
	for b.Loop() {
		if _, err := parse(document); err != nil {
			b.Fatal(err)
		}
	}
}

// changed is the default document after changes.
func changed(t *testing.T, changes string) string {
	lines := strings.Split(string(terms.Format(terms.Default())), "\n")
	for change := range strings.Lines(changes) {
		parts := strings.SplitN(strings.TrimRight(change, "\n"), "/", 3)
		require.Len(t, parts, 3, change)
		found := 0
		for i, line := range lines {
			if strings.Contains(line, parts[1]) {
				lines[i] = strings.ReplaceAll(strings.TrimPrefix(parts[2], " "), `\n`, "\n")
				found++
			}
		}
		require.Equal(t, 1, found, "lines with %q", parts[1])
	}
	return strings.Join(lines, "\n")
}

func TestFaultsAreOneError(t *testing.T) {
	_, err := terms.Parse([]byte("version: a b\n"))
	require.ErrorContains(t, err, "the terms have 11 faults:\n  1:1: currency: is missing: want a currency of three capital letters, such as CNY\n")
	require.ErrorContains(t, err, "\n  1:10: version: want a name of 1 to 64 characters")
}

// A document from before there was a choice of what is collected is read as it was meant.
func TestCollectMayBeLeftOut(t *testing.T) {
	text := string(terms.Format(terms.Default()))
	older := strings.Replace(text, "  collect: statement\n", "", 1)
	require.NotEqual(t, text, older)
	parsed, err := terms.Parse([]byte(older))
	require.NoError(t, err)
	require.Equal(t, terms.Default(), parsed)

	_, err = terms.Parse([]byte(strings.Replace(text, "collect: statement", "collect: minimum", 1)))
	require.ErrorContains(t, err, "repayment.collect: is minimum, and minimum_due.rate is off: statements are paid in full")
}

func TestDocumentsAreBounded(t *testing.T) {
	text := terms.Format(terms.Default())
	text = append(text, strings.Repeat("#", terms.MaxSize-len(text))...)
	_, err := terms.Parse(text)
	require.NoError(t, err)
	_, err = terms.Parse(append(text, '#'))
	require.ErrorContains(t, err, "1:1: the document has 65537 bytes, more than 65536")
}

// FuzzParse: nothing panics, and what is accepted can be written and is read as the same again.
func FuzzParse(f *testing.F) {
	f.Add(terms.Format(terms.Default()))
	f.Add(terms.Explain(terms.Default()))
	f.Add([]byte("a: &a [*a, {? [1]: !!x y, <<: *a}]\n--- \n"))
	for _, name := range []string{"testdata/faults/many", "testdata/faults/yaml"} {
		script, err := os.ReadFile(name)
		require.NoError(f, err)
		for part := range strings.SplitSeq(string(script), "parse\n") {
			document, _, _ := strings.Cut(part, "----\n")
			f.Add([]byte(document))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := terms.Parse(data)
		if err != nil {
			var faults *terms.Faults
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
		requireStable(t, parsed)
	})
}

// tb is a testing.T or a rapid.T.
type tb interface {
	require.TestingT
	Helper()
}

// requireStable: both forms are read as the same terms, and are written the same again.
func requireStable(t tb, want *terms.Terms) {
	t.Helper()
	for _, write := range []func(*terms.Terms) []byte{terms.Format, terms.Explain} {
		text := write(want)
		again, err := terms.Parse(text)
		require.NoError(t, err, "%s", text)
		require.Empty(t, terms.Compare(want, again))
		require.Equal(t, want, again)
		require.Equal(t, string(text), string(write(again)))
	}
}
