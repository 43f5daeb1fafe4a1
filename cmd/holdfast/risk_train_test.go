package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
	risktable "github.com/holdfast-credit/holdfast/risk/table"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// What a policy has besides features and scorecard.
const restOfPolicy = `
version: trained-1
currency: UGX
minor_digits: 0
limits: {income: income}
grades:
  - {grade: A, from_score: 500, income_share: 20 %, spend_share: off, floor: 200 UGX, ceiling: 5000 UGX, step: 50 UGX, lines: {topup: 50 %, bill: 100 %, bundle: 80 %}}
declined: {reason: SCORE_TOO_LOW, text: Not now., retry_after_days: 90}
`

// The sections that train writes are taken by a policy as they are, and the policy scores as the scorecard does.
func TestAPolicyTakesWhatWasTrained(t *testing.T) {
	spec, err := train.Parse([]byte(`
label: {column: bad, bad: ["1"], good: ["0"]}
features:
  - {name: income, kind: whole, risk: falling, missing: worst, unit: minor units, least: 0, source: application}
  - {name: debt, kind: whole, use: input}
  - {name: burden, is: ratio, of: [debt, income], risk: rising, source: bureau}
  - {name: home, kind: category}
  - {name: autopay, kind: flag, missing: required, source: record}
`))
	require.NoError(t, err)
	var csv strings.Builder
	csv.WriteString("income,debt,home,autopay,bad\n")
	for i := range 4000 {
		income, debt, bad := 500+i*7919%4000, i*104729%3000, 0
		if i*15485863%1000 < 100+debt*500/income*(1+i%2)+300*(i%3/2) {
			bad = 1
		}
		fmt.Fprintf(&csv, "%d,%d,%s,%v,%d\n", income, debt, []string{"own", "rent"}[i%2], i%3 < 2, bad)
	}
	read, err := risktable.Read(strings.NewReader(csv.String()), spec.Wants(), risktable.Limits{})
	require.NoError(t, err)
	data, err := spec.Data(read)
	require.NoError(t, err)
	trained, err := train.Train(spec, data, 1)
	require.NoError(t, err)

	document := restOfPolicy + string(trained.Document(1))
	p, err := policy.Parse([]byte(document))
	require.NoError(t, err, document)
	inputs := policy.Inputs{
		"income": scorecard.Number(1000), "burden": scorecard.Number(0.5), "home": scorecard.Category("rent"), "autopay": scorecard.Flag(true),
	}
	assessed, err := p.Assess(inputs)
	require.NoError(t, err)
	scored, err := trained.Scorecard.Score(inputs)
	require.NoError(t, err)
	require.Equal(t, scored.Score, assessed.Score)
}
