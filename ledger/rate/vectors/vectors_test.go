package vectors_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/rate/vectors"
)

// TestPublishedCases holds the package to the cases that lie beside the repository.
func TestPublishedCases(t *testing.T) {
	const path = "../../../../shared/vectors/apr.json"
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here", path)
	}
	require.NoError(t, err)
	defer file.Close()
	cases, err := vectors.Read(file)
	require.NoError(t, err)
	for _, c := range cases {
		figures, err := c.Check()
		require.NoError(t, err)
		require.NotEmpty(t, figures, c.ID)
		for _, f := range figures {
			t.Logf("%s: %+v", c.ID, f)
			require.True(t, f.Agrees, "%s: %+v", c.ID, f)
		}
	}
}

func read(t *testing.T, text string) []vectors.Case {
	t.Helper()
	cases, err := vectors.Read(strings.NewReader(`{"vectors": [` + text + `]}`))
	require.NoError(t, err)
	return cases
}

func TestFigures(t *testing.T) {
	for text, want := range map[string]string{
		`"method": "irr_periodic", "flows": [{"amount": 100, "period": 0}, {"amount": "-110", "period": 1}], "expected_apr_pct": 10, "tolerance_pct": 0`:                                    "[{of a period 10 10 0 0 true}]",
		`"method": "irr_periodic", "flows": [{"amount": 100, "period": 0}, {"amount": -110, "period": 1}], "expected_apr_pct": 9.99, "tolerance_pct": 0.005`:                                "[{of a period 9.99 10 0.01 0.005 false}]",
		`"method": "irr_periodic", "flows": [{"amount": 100, "period": 0}], "expected_apr_pct": 9.99, "tolerance_pct": 0.005`:                                                               "[{of a period 9.99 no rate  0.005 false}]",
		`"method": "irr_periodic", "flows": [{"amount": 100, "period": 0}, {"amount": -110, "period": 1}], "expected_apr_pct": null`:                                                        "[{of a period no rate 10   false}]",
		`"method": "irr_periodic", "flows": [], "expected_apr_pct": null`:                                                                                                                   "[{of a period no rate no rate   true}]",
		`"method": "irr_periodic", "flows": [{"amount": 100, "period": 0}, {"amount": -230, "period": 1}, {"amount": 132, "period": 2}], "expected_apr_pct": 20.001, "tolerance_pct": 0.01`: "[{of a period 20.001 each of 10, 20 0.001 0.01 true}]",
		`"method": "irr_periodic", "flows": [{"amount": 100, "period": 0}, {"amount": -230, "period": 1}, {"amount": 132, "period": 2}], "expected_apr_pct": null`:                          "[{of a period no rate each of 10, 20   false}]",
		`"method": "split", "inputs": {"amount": 100, "parts": 6}, "expected": [16.66, 16.66, 16.66, 16.66, 16.66, 16.7]`:                                                                   "[{parts 16.66 16.66 16.66 16.66 16.66 16.7 16.66 16.66 16.66 16.66 16.66 16.70 0 0 true}]",
		`"method": "split", "inputs": {"amount": 0.05, "parts": 2}, "expected": [0.03, 0.02]`:                                                                                               "[{parts 0.03 0.02 0.02 0.03 0.01 0 false}]",
		`"method": "pmt", "inputs": {"rate": 0.1, "nper": 1, "pv": 100}, "expected_payment": 110, "tolerance": 0`:                                                                           "[{payment 110 110 0 0 true}]",
		`"method": "flat_fee", "inputs": {"principal": 100, "n": 6, "fee_pct_per_month": 1.2}, "expected_apr_pct": 24.28, "tolerance_pct": 0.005`:                                           "[{nominal 24.28 24.28049687 0.0005 0.005 true}]",
		`"method": "schedule", "inputs": {"principal": 100, "annual_pct": 12, "n": 1}, "expected_rows": [{"principal": 100, "interest": 1, "due": 101, "balance": 0}]`:                      "[{row 1 100.00 + 1.00 = 101.00, 0.00 left 100.00 + 1.00 = 101.00, 0.00 left 0 0 true}]",
	} {
		figures, err := read(t, `{"id": "x", `+text+`}`)[0].Check()
		require.NoError(t, err)
		require.Equal(t, want, fmt.Sprint(figures), text)
	}
}

func TestMalformedCasesNameTheField(t *testing.T) {
	for text, want := range map[string]string{
		`"method": "irr"`: "case x: method: there is no irr; there are eu_effective, flat_fee, irr_periodic, pmt, regz_actuarial, schedule, split",
		`"method": "irr_periodic", "expected_apr_pct": 1, "tolerance_pct": 0`:                                    "case x: flows: is missing",
		`"method": "irr_periodic", "flows": 3`:                                                                   "case x: flows: want a list, have 3",
		`"method": "irr_periodic", "flows": [3]`:                                                                 "case x: flows[0]: want an object, have 3",
		`"method": "irr_periodic", "flows": [null]`:                                                              "case x: flows[0]: want an object, have null",
		`"method": "irr_periodic", "flows": [{"amount": "much"}]`:                                                "case x: flows[0].amount: want a number, have much",
		`"method": "irr_periodic", "flows": [{"amount": "NaN"}]`:                                                 "case x: flows[0].amount: want a number, have NaN",
		`"method": "irr_periodic", "flows": [{"amount": 1e40}]`:                                                  "case x: flows[0].amount: 1e40 has more than 30 digits before the point or after",
		`"method": "irr_periodic", "flows": [{"amount": 1}]`:                                                     "case x: flows[0].period: is missing",
		`"method": "irr_periodic", "flows": [{"amount": 1, "period": 1.5}]`:                                      "case x: flows[0].period: want a whole number, have 1.5",
		`"method": "irr_periodic", "flows": [{"amount": 1, "period": -1}]`:                                       "case x: flows[0].period: -1 is not within 0 and 1200",
		`"method": "irr_periodic", "flows": []`:                                                                  "case x: expected_apr_pct: is missing",
		`"method": "irr_periodic", "flows": [], "expected_apr_pct": 1`:                                           "case x: tolerance_pct: is missing",
		`"method": "irr_periodic", "flows": [], "expected_apr_pct": 1, "tolerance_pct": -1`:                      "case x: tolerance_pct: -1 is below zero",
		`"method": "eu_effective", "flows": [{"amount": 1, "years": 101}]`:                                       "case x: flows[0].years: 101 is not within 0 and 100",
		`"method": "regz_actuarial"`:                                                                             "case x: unit_periods_per_year: is missing",
		`"method": "regz_actuarial", "unit_periods_per_year": 12, "advances": [{"amount": -1, "t": 0, "f": 0}]`:  "case x: advances[0].amount: -1 is below zero: say which side it is on by putting it into advances or payments",
		`"method": "regz_actuarial", "unit_periods_per_year": 12, "advances": [{"amount": 1, "t": 0, "f": 1.1}]`: "case x: advances[0].f: 1.1 is not within 0 and 1",
		`"method": "regz_actuarial", "unit_periods_per_year": 12, "advances": [{"amount": 1, "t": 0, "f": 0}, {"amount": 1, "t": 2, "f": 0}], "payments": [{"amount": 1, "t": 1, "f": 0}, {"amount": 2, "t": 3, "f": 0}], "expected_apr_pct": 1, "tolerance_pct": 0`: "case x: flows: something is paid out after something was paid back: the actuarial method has no single rate for that",
		`"method": "pmt", "inputs": []`:                                                                                    "case x: inputs: want an object, have []",
		`"method": "pmt", "inputs": {"rate": "1/0"}`:                                                                       "case x: inputs.rate: 1/0 has nothing below the line",
		`"method": "pmt", "inputs": {"rate": "1/x"}`:                                                                       "case x: inputs.rate: want a number, have x",
		`"method": "pmt", "inputs": {"rate": -1, "nper": 1, "pv": 1}`:                                                      "case x: inputs.rate: -1 is not above -1 and up to 1000",
		`"method": "schedule", "inputs": {"principal": 100.001}`:                                                           "case x: inputs.principal: 100.001 has more than 2 places, or is too large",
		`"method": "schedule", "inputs": {"principal": 100, "annual_pct": 1, "n": 2}, "expected_rows": []`:                 "case x: expected_rows: there are 0, and 2 installments",
		`"method": "schedule", "inputs": {"principal": 100, "annual_pct": 1, "n": 1}, "expected_rows": [{"principal": 1}]`: "case x: expected_rows[0].interest: is missing",
		`"method": "split", "inputs": {"amount": 0, "parts": 1}`:                                                           "case x: inputs.amount: 0 is not above zero",
		`"method": "split", "inputs": {"amount": 1, "parts": 2}, "expected": [1]`:                                          "case x: expected: there are 1, and 2 parts",
		`"method": "split", "inputs": {"amount": 1, "parts": 1}, "expected": ["a"]`:                                        "case x: expected[0]: want a number, have a",
		`"method": "flat_fee", "inputs": {"principal": -1, "n": 6, "fee_pct_per_month": 1}`:                                "case x: inputs.principal: -1 is not above zero",
	} {
		figures, err := read(t, `{"id": "x", `+text+`}`)[0].Check()
		require.EqualError(t, err, want)
		require.Empty(t, figures)
	}
}

func TestMalformedFiles(t *testing.T) {
	for text, want := range map[string]string{
		``:                           `want {"vectors": [...]}: EOF`,
		`{}`:                         `want {"vectors": [...]}: there is no case in it`,
		`{"vectors": [{}]}`:          `case 1 of the file: id: is missing`,
		`{"vectors": [{"id": 3}]}`:   `case 1 of the file: id: want a text, have 3`,
		`{"vectors": [{"id": "a"}]}`: `case 1 of the file: method: is missing`,
		`{"vectors": [{"id": "a", "method": "pmt"}, {"id": "a", "method": "pmt"}]}`: `case 2 of the file: id: there are two of a`,
		`{"vectors": [{"id": "a", "method": "pmt"}]} 3`:                             `want {"vectors": [...]} and nothing after it`,
	} {
		_, err := vectors.Read(strings.NewReader(text))
		require.EqualError(t, err, want)
	}
}

// Whatever a file has in it, it is checked or refused.
func FuzzRead(f *testing.F) {
	f.Add(`{"vectors": [{"id": "x", "method": "irr_periodic", "flows": [{"amount": 1, "period": 0}, {"amount": -2, "period": 1}], "expected_apr_pct": 1, "tolerance_pct": 0}]}`)
	f.Add(`{"vectors": [{"id": "x", "method": "eu_effective", "flows": [{"amount": 1, "years": 0}, {"amount": -2, "years": 1.5}], "expected_apr_pct": null}]}`)
	f.Add(`{"vectors": [{"id": "x", "method": "pmt", "inputs": {"rate": "0.08/12", "nper": 60, "pv": 15000}, "expected_payment": "304.1", "tolerance": 1e-9}]}`)
	f.Add(`{"vectors": [{"id": "x", "method": "split", "inputs": {"amount": 175, "parts": 3}, "expected": [58.33, 58.33, 58.34]}]}`)
	f.Add(`{"vectors": [{"id": "x", "method": "flat_fee", "inputs": {"principal": 12000, "n": 3, "fee_pct_per_month": 0.8}, "expected_apr_pct": 14.3, "tolerance_pct": 1}]}`)
	f.Add(`{"vectors": [{"id": "x", "method": "schedule", "inputs": {"principal": 9, "annual_pct": 12, "n": 1}, "expected_rows": [{"principal": 9, "interest": 1, "due": 1, "balance": 0}]}]}`)
	f.Add(`{"vectors": [{"id": "x", "method": "regz_actuarial", "unit_periods_per_year": 12, "advances": [{"amount": 5, "t": 0, "f": 0}], "payments": [{"amount": 6, "t": 1, "f": 0.5}], "expected_apr_pct": 1, "tolerance_pct": 1}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		cases, err := vectors.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range cases {
			if figures, err := c.Check(); err == nil && len(figures) == 0 {
				t.Errorf("case %s was neither checked nor refused", c.ID)
			}
		}
	})
}
