package main

// RiskCmd is about who gets a line, how much, what becomes of each order, and how the book stands.
type RiskCmd struct {
	Default   RiskDefaultCmd   `cmd:"" help:"Print the policy that ships, with comments that say why its numbers are what they are."`
	Check     RiskCheckCmd     `cmd:"" help:"Find everything that is wrong with policies, and tell what sound ones do."`
	Diff      RiskDiffCmd      `cmd:"" help:"Tell what two policies have differently."`
	Put       RiskPutCmd       `cmd:"" help:"Add a policy to the versions of a running server."`
	Activate  RiskActivateCmd  `cmd:"" help:"Say from when on a version is in force, or decides alongside as the shadow."`
	List      RiskListCmd      `cmd:"" help:"List the versions of a running server, and which is in force."`
	Portfolio RiskPortfolioCmd `cmd:"" help:"Tell how the whole book stands: what is out, how late it is, what is likely to be lost."`
	Backtest  RiskBacktestCmd  `cmd:"" help:"Decide the orders of a journal again, under another policy, and tell what would change and how that turned out."`
	Train     RiskTrainCmd     `cmd:"" help:"Make a scorecard of a CSV of consumers and of what became of them."`
	Evaluate  RiskEvaluateCmd  `cmd:"" help:"Tell how well a scorecard tells good from bad."`
}

// Help teaches.
func (RiskCmd) Help() string {
	return `A risk policy is one document: which applications are admitted, how they are scored, what each grade gets, what becomes of every
order, and what is watched afterwards. docs/RISK.md explains each field, and defines every figure of the portfolio.

  holdfast risk default > 2027-02.yaml             begin with the policy that ships, then give it another version
  holdfast risk check 2027-02.yaml                 everything that is wrong with it, and what it does
  holdfast risk diff default 2027-02.yaml          what changes, field by field
  holdfast risk put 2027-02.yaml                   add it to a running server; it decides nothing yet
  holdfast risk activate 2027-02 --shadow          have it decide alongside, only recorded
  holdfast risk activate 2027-02 --at 2027-02-01   have it decide from then on
  holdfast risk list                               the versions that a running server has
  holdfast risk portfolio --data replay-data       how the book stands
  holdfast risk backtest --policy 2027-02.yaml --data replay-data
  holdfast risk train --data x.csv --spec features.yaml --out policy.yaml
  holdfast risk evaluate --data x.csv --spec features.yaml --policy policy.yaml`
}
