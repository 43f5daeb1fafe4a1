package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	risktable "github.com/holdfast-credit/holdfast/risk/table"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// riskData is what training and evaluating read.
type riskData struct {
	Data  string `required:"" placeholder:"FILE" help:"CSV with a header."`
	Spec  string `required:"" placeholder:"FILE" help:"What its columns mean, in YAML."`
	Label string `placeholder:"COLUMN" help:"Column that says what became of each, instead of the spec's."`
}

// RiskTrainCmd makes a scorecard.
type RiskTrainCmd struct {
	riskData `embed:""`
	Out      string `required:"" placeholder:"FILE" help:"Where the features and the scorecard go, as sections of a policy; - prints them instead of the report."`
	Seed     uint64 `default:"1" help:"Of the dice that say which rows stop the boosting."`
	Method   string `enum:",additive,logistic" default:"" help:"Method, additive or logistic, instead of the spec's."`
	Folds    int    `default:"0" help:"Cross-validate with so many folds of the rows that train: the figure to choose parameters by."`
}

// Help teaches.
func (RiskTrainCmd) Help() string {
	return `Reads a CSV of consumers with what became of them, makes a points table of the rows that train, writes it as the sections
features and scorecard of a policy document, and prints it with the evidence for each bin. The spec says what the columns
mean, which of them may be scored, which way risk goes with each, and which rows are kept back to test: those are not looked at
here. Sex, marital status, age and other protected attributes are refused, also within a derived feature.

  holdfast risk train --data x.csv --spec features.yaml --out policy.yaml
  holdfast risk train --data x.csv --spec features.yaml --out - --method logistic
  holdfast risk train --data x.csv --spec features.yaml --out policy.yaml --folds 5

The same data, spec and seed write the same bytes.`
}

// Run trains.
func (c *RiskTrainCmd) Run(context.Context) error {
	spec, data, err := c.read()
	if err != nil {
		return err
	}
	if c.Method != "" {
		spec.Method = c.Method
	}
	if c.Folds < 0 || c.Folds == 1 || c.Folds > 100 {
		return fmt.Errorf("--folds is %d: want 2 to 100, or 0 for none", c.Folds)
	}
	begun := time.Now()
	trained, err := train.Train(spec, data, c.Seed)
	if err != nil {
		return err
	}
	r := &trainReport{Trained: trained, data: data, file: c.Data, out: c.Out, took: time.Since(begun)}
	document := trained.Document(c.Seed)
	if c.Out == "-" {
		_, err := os.Stdout.Write(document)
		return err
	}
	if c.Folds > 0 {
		if r.folds, err = train.CrossValidate(spec, data, c.Folds, c.Seed); err != nil {
			return err
		}
	}
	if err := os.WriteFile(c.Out, document, 0o644); err != nil { //nolint:gosec // a policy is no secret
		return err
	}
	return r.print(os.Stdout)
}

// read reads spec and data. What is wrong with either is told with the file's name on every line.
func (c *riskData) read() (*train.Spec, *train.Data, error) {
	text, err := os.ReadFile(c.Spec)
	if err != nil {
		return nil, nil, err
	}
	spec, err := train.Parse(text)
	if err != nil {
		return nil, nil, faultLines(c.Spec, "this is no spec", err)
	}
	if c.Label != "" {
		if err := spec.UseLabel(c.Label); err != nil {
			return nil, nil, fmt.Errorf("--label: %w", err)
		}
	}
	file, err := os.Open(c.Data)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	read, err := risktable.Read(file, spec.Wants(), risktable.Limits{})
	if err != nil {
		return nil, nil, faultLines(c.Data, "this data cannot be used", err)
	}
	data, err := spec.Data(read)
	if err != nil {
		return nil, nil, faultLines(c.Data, "this data cannot be used", err)
	}
	return spec, data, nil
}

// faultLines puts the name of a file before each line of what is wrong with it.
func faultLines(file, what string, err error) error {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = file + ":" + lines[i]
	}
	return errors.New(what + ":\n" + strings.Join(lines, "\n"))
}
