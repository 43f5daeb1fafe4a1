package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/risk/evaluate"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// RiskEvaluateCmd tells how good a scorecard is.
type RiskEvaluateCmd struct {
	riskData  `embed:""`
	Policy    string `required:"" placeholder:"FILE" help:"Document with the sections features and scorecard."`
	Bootstrap int    `default:"1000" help:"Draws for the intervals; 0 for none."`
	Seed      uint64 `default:"1" help:"Of the draws."`
	Pictures  string `placeholder:"DIR" help:"Write ROC, KS, calibration and distribution there, as SVG and PNG."`
	JSON      bool   `help:"Print JSON."`
}

// Help teaches.
func (RiskEvaluateCmd) Help() string {
	return `Scores each row of a CSV and holds the scores against what became of it: AUC, Gini and KS with intervals of 95 % by bootstrap,
calibration by tenths, what each cutoff would decline, and how far score and features have moved from the rows that train to
those that test (PSI: below 0.1 little, above 0.25 a lot). When the spec keeps no rows back, all are evaluated. Of protected
columns it tells how the score, which does not know them, treats their groups.

  holdfast risk evaluate --data x.csv --spec features.yaml --policy policy.yaml
  holdfast risk evaluate --data x.csv --spec features.yaml --policy policy.yaml --pictures pictures
  holdfast risk evaluate --data x.csv --spec features.yaml --policy policy.yaml --json | jq .test.auc

A score that was chosen because the test rows liked it has not been tested. Choose with holdfast risk train and its folds.`
}

// Run evaluates.
func (c *RiskEvaluateCmd) Run(context.Context) error {
	if c.Bootstrap < 0 || c.Bootstrap > 1_000_000 {
		return fmt.Errorf("--bootstrap is %d: want 0 to 1000000", c.Bootstrap)
	}
	spec, data, err := c.read()
	if err != nil {
		return err
	}
	card, err := readScorecard(c.Policy, spec)
	if err != nil {
		return err
	}
	r := &evaluation{File: c.Data, Policy: c.Policy}
	training, testing := data.Training(), data.Testing()
	if r.Training, err = c.part(card, training); err != nil {
		return faultLines(c.Data, "this data has no score", err)
	}
	if testing.Rows() > 0 {
		if r.Test, err = c.part(card, testing); err != nil {
			return faultLines(c.Data, "this data has no score", err)
		}
		r.moved(card, training, testing)
	}
	r.treats(card, data)
	if c.Pictures != "" {
		if err := drawEvaluation(c.Pictures, r.tested()); err != nil {
			return err
		}
		r.Pictures = c.Pictures
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	return r.print(os.Stdout)
}

// readScorecard reads the scorecard of a policy, and sees to it that the spec means the same by its features.
func readScorecard(file string, spec *train.Spec) (*scorecard.Scorecard, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	declared, card, err := train.ReadDocument(text)
	if err != nil {
		return nil, faultLines(file, "there is no scorecard", err)
	}
	for _, name := range card.Features() {
		at := slices.IndexFunc(declared, func(d train.Declaration) bool { return d.Name == name })
		switch f := spec.Feature(name); {
		case f == nil:
			return nil, fmt.Errorf("%s scores %s, and the spec has no such feature", file, name)
		case f.Kind != declared[at].Type:
			return nil, fmt.Errorf("%s says that %s is a %s, and the spec that it is a %s", file, name, declared[at].Type, f.Kind)
		case strings.HasPrefix(declared[at].About, "= ") && declared[at].About != "= "+spec.Formula(f):
			return nil, fmt.Errorf("%s reckons %s as %s, and the spec as %s", file, name, declared[at].About[2:], spec.Formula(f))
		}
	}
	return card, nil
}

// evaluation is what a scorecard makes of data.
type evaluation struct {
	File     string      `json:"data"`
	Policy   string      `json:"policy"`
	Training *evaluated  `json:"training"`
	Test     *evaluated  `json:"test,omitempty"`
	ScorePSI *float64    `json:"score_psi,omitempty"`
	Features []stability `json:"features_psi,omitempty"`
	Groups   []treated   `json:"groups,omitempty"`
	Pictures string      `json:"pictures,omitempty"`
}

// tested is the part that counts.
func (r *evaluation) tested() *evaluated {
	if r.Test != nil {
		return r.Test
	}
	return r.Training
}

// evaluated is one part of the data.
type evaluated struct {
	evaluate.Discrimination
	Intervals   *evaluate.Intervals  `json:"intervals,omitempty"`
	Calibration evaluate.Calibration `json:"calibration"`
	Gains       []evaluate.Gain      `json:"gains"`

	sample *evaluate.Sample
}

// treated is how the score treats the groups of a protected column, with the cutoff that KS is at.
type treated struct {
	Column string        `json:"column"`
	Cutoff int           `json:"cutoff"`
	Groups []train.Group `json:"groups"`
}

// stability is how far a feature has moved.
type stability struct {
	Feature string  `json:"feature"`
	PSI     float64 `json:"psi"`
}

// part evaluates some rows. They must have both outcomes.
func (c *RiskEvaluateCmd) part(card *scorecard.Scorecard, d *train.Data) (*evaluated, error) {
	sample, err := train.Sample(card, d)
	if err != nil {
		return nil, err
	}
	p := &evaluated{Discrimination: sample.Discriminate(), sample: sample}
	if p.Goods == 0 || p.Bads == 0 {
		return nil, fmt.Errorf("of %d rows %d are bad: want some of both", d.Rows(), p.Bads)
	}
	if c.Bootstrap > 0 {
		intervals := sample.Bootstrap(c.Bootstrap, c.Seed)
		p.Intervals = &intervals
	}
	p.Calibration, p.Gains = sample.Calibrate(card.PD), sample.Gains()
	return p, nil
}

// treats says how the score treats what it does not know.
func (r *evaluation) treats(card *scorecard.Scorecard, data *train.Data) {
	p, tested := r.tested(), data.Training()
	if r.Test != nil {
		tested = data.Testing()
	}
	for i := range tested.Groups {
		c := &tested.Groups[i]
		r.Groups = append(r.Groups, treated{c.Name, p.KSAt + 1, train.GroupBy(c, p.sample, card.PD, p.KSAt+1)})
	}
}

// moved says how far score and features have moved from the rows that train to those that test.
func (r *evaluation) moved(card *scorecard.Scorecard, training, testing *train.Data) {
	psi := evaluate.ScorePSI(r.Training.sample, r.Test.sample)
	r.ScorePSI = &psi
	for i := range card.Characteristics {
		c := &card.Characteristics[i]
		then, now := train.CountBins(c, training), train.CountBins(c, testing)
		r.Features = append(r.Features, stability{c.Feature, evaluate.PSI(then, now)})
	}
}
