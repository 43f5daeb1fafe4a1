package main

// RiskCmd is about who gets a line, and what became of it.
type RiskCmd struct {
	Portfolio RiskPortfolioCmd `cmd:"" help:"Tell how the whole book stands: what is out, how late it is, what is likely to be lost."`
}

// Help teaches.
func (RiskCmd) Help() string {
	return `What a risk officer asks of the book. docs/RISK.md defines every figure.

  holdfast risk portfolio --data replay-data --pictures pictures`
}
