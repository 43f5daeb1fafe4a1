package main

// RiskCmd is about who gets a line, and what became of it.
type RiskCmd struct {
	Portfolio RiskPortfolioCmd `cmd:"" help:"Tell how the whole book stands: what is out, how late it is, what is likely to be lost."`
	Backtest  RiskBacktestCmd  `cmd:"" help:"Decide the orders of a journal again, under another policy, and tell what would change and how that turned out."`
	Train     RiskTrainCmd     `cmd:"" help:"Make a scorecard of a CSV of consumers and of what became of them."`
	Evaluate  RiskEvaluateCmd  `cmd:"" help:"Tell how well a scorecard tells good from bad."`
}

// Help teaches.
func (RiskCmd) Help() string {
	return `What a risk officer asks of the book, and of data. docs/RISK.md defines every figure.

  holdfast risk portfolio --data replay-data --pictures pictures
  holdfast risk backtest --policy new.yaml --data replay-data
  holdfast risk train --data x.csv --spec features.yaml --out policy.yaml
  holdfast risk evaluate --data x.csv --spec features.yaml --policy policy.yaml`
}
