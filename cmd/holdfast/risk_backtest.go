package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/backtest"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// RiskBacktestCmd decides the past again.
type RiskBacktestCmd struct {
	Policy   string `help:"The policy to decide by: a YAML document." required:"" type:"existingfile" placeholder:"FILE"`
	Data     string `help:"Data directory to read; no server may be running on it (${default})." default:"data" type:"path" placeholder:"DIR"`
	Backup   string `help:"Read this backup instead." type:"existingfile" placeholder:"FILE"`
	BadDays  int    `help:"From how many days past due on a debt is bad (${default})." default:"30" placeholder:"N"`
	Currency string `help:"The currency to tell of; without it all." placeholder:"CODE"`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Help teaches.
func (RiskBacktestCmd) Help() string {
	return `Folds the journal, and asks another policy about every order that was decided in it, with the account as it was then. It prints
the swap set: the orders that would be newly approved, newly declined, capped or reviewed, their amounts, and how those turned out
that were approved then, with the 95 % interval of the bad rate; by scene, carrier, month and rule of the policy. Applications are judged again by the inputs in their entries.

  holdfast risk backtest --policy new.yaml --data replay-data
  holdfast risk backtest --policy new.yaml --backup book.hfa --bad-days 60
  holdfast risk backtest --policy new.yaml --json | jq '.currencies[0].swap'

Hard limits stay as they were. An order that was declined has no outcome, so how those newly approved would turn out is not known;
how the other orders of the same accounts did is told as a hint. docs/RISK.md says how outcomes are found.`
}

// Validate refuses what makes no sense.
func (c *RiskBacktestCmd) Validate() error {
	if c.BadDays < 1 {
		return errors.New("--bad-days must be at least 1")
	}
	return nil
}

// Run prints.
func (c *RiskBacktestCmd) Run(ctx context.Context) (err error) {
	p, err := readPolicy(c.Policy)
	if err != nil {
		return err
	}
	var rules []string
	for _, d := range p.Document().Decisions {
		rules = append(rules, d.Name)
	}
	book, err := openRested(ctx, c.Data, c.Backup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.close()) }()
	known := newCurrencies()
	var all []*backtest.Result
	for shard := range book.data.Meta.Shards {
		r, err := c.test(ctx, book, shard, backtest.Options{Policy: p, Rules: rules, BadDays: c.BadDays, Zone: book.zone, Assess: judgeAgain(p)}, known)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	r := backtest.Merge(all...)
	if c.Currency != "" {
		only(&r.Currencies, func(in backtest.InCurrency) bool { return in.Currency == money.Currency(c.Currency) })
	}
	if len(r.Currencies) == 0 {
		return errors.New("the journal has no orders that were decided")
	}
	report := &backtestReport{Result: r, known: known}
	if c.JSON {
		return report.json(os.Stdout)
	}
	report.print()
	return nil
}

// judgeAgain has a policy judge applications by the inputs in their entries. It answers false where it cannot: the policy needs
// something that the entry does not have, or declares it otherwise. What is a formula over other features is the caller's to reckon,
// so a feature that only the other policy has is missing.
func judgeAgain(p *policy.Policy) func(*ledger.ApplicationDecided) (backtest.Judged, bool) {
	declared := p.Document().Features
	return func(a *ledger.ApplicationDecided) (backtest.Judged, bool) {
		in := policy.Inputs{}
		for _, i := range a.Inputs {
			at := slices.IndexFunc(declared, func(f policy.Feature) bool { return f.Name == i.Name })
			if at < 0 || i.Missing {
				continue
			}
			in[i.Name] = scorecard.Category(i.Value)
			if t := declared[at].Type; t == policy.Whole || t == policy.Decimal {
				x, err := strconv.ParseFloat(i.Value, 64)
				if err != nil {
					return backtest.Judged{}, false
				}
				in[i.Name] = scorecard.Number(x)
			}
		}
		said, err := p.Assess(in)
		if err != nil {
			return backtest.Judged{}, false
		}
		return backtest.Judged{Offered: said.Approved, Limit: said.Limit}, true
	}
}

// backtestCache is memory for the rows of the book that is folded.
const backtestCache = 256 << 20

// test tests the policy over a shard, whose accounts are in a temporary state file, so that a large book needs little memory.
func (c *RiskBacktestCmd) test(ctx context.Context, b *restedBook, shard int, o backtest.Options, known currencies) (*backtest.Result, error) {
	dir, err := os.MkdirTemp("", "holdfast-backtest-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	fold, row, err := state.Open(filepath.Join(dir, "state.db"), uint16(shard), state.Options{CacheBytes: backtestCache})
	if err != nil {
		return nil, err
	}
	defer fold.Close()
	rows := fold.Book(row)
	test := backtest.New(rows, ledger.New(rows, terms.Default(), b.zone), o)
	err = b.entries(ctx, shard, 0, "deciding again", func(e *ledger.Entry) error {
		test.Add(e)
		rows.Settle()
		if err := errors.Join(rows.Err(), known.learnFrom(e)); err != nil || e.Sequence%16_384 != 0 || !fold.Pressed() {
			return err
		}
		return fold.Flush(ctx, state.Pipeline{
			Checkpoint: func() (*ledger.Shard, error) { return rows.Shard().Clone(), nil }, Barrier: func() error { return nil },
		}, false)
	})
	if err != nil {
		return nil, err
	}
	return test.Result(), nil
}
