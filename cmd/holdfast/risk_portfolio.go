package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
	"github.com/holdfast-credit/holdfast/server"
)

// RiskPortfolioCmd tells how the book stands.
type RiskPortfolioCmd struct {
	Data     string        `help:"Data directory to read; no server may be running on it (${default})." default:"data" type:"path" placeholder:"DIR"`
	Backup   string        `help:"Read this backup instead." type:"existingfile" placeholder:"FILE"`
	Target   string        `help:"Ask this running server instead." placeholder:"HOST:PORT"`
	AsOf     []string      `help:"As of this entry: a sequence, or SHARD:SEQUENCE for each shard. Without it the last." placeholder:"SEQ" sep:","`
	Currency string        `help:"The currency to tell of; without it that of most accounts." placeholder:"CODE"`
	Policy   string        `help:"Take grades' probabilities of default from this policy's scorecard, and tell how far those who apply are from those whom it was made from." type:"existingfile" placeholder:"FILE"`
	LGD      float64       `name:"lgd" help:"Loss given default in percent: what is lost of an account that is charged off. An assumption (${default})." default:"75" placeholder:"PERCENT"`
	Timeout  time.Duration `help:"How long a server may take (${default})." default:"1m" placeholder:"D"`
	JSON     bool          `name:"json" help:"Print JSON, as the API tells it, of all currencies."`
	Pictures string        `help:"Write pictures into this directory, as SVG and PNG." type:"path" placeholder:"DIR"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (RiskPortfolioCmd) Help() string {
	return `Folds the journal, or asks a server that has, and prints what is out and how late it is by bucket, how accounts rolled from
bucket to bucket between month ends, what became of accounts by the month of their opening and of debts by that of their window,
first payments that defaulted, decisions by reason, how much of their limits accounts use, and expected loss.

  holdfast risk portfolio                                 ./data, with the server stopped
  holdfast risk portfolio --target 127.0.0.1:7600         a server while it goes on
  holdfast risk portfolio --backup book.hfa --pictures pictures
  holdfast risk portfolio --as-of 120000                  as it stood after entry 120,000
  holdfast risk portfolio --json | jq .portfolio.standing

docs/RISK.md defines every figure.`
}

// Validate refuses flags that contradict each other.
func (c *RiskPortfolioCmd) Validate() error {
	switch {
	case c.Target != "" && c.Backup != "":
		return errors.New("--target and --backup: one of them at a time")
	case c.LGD <= 0 || c.LGD > 100:
		return errors.New("--lgd must be above 0 and at most 100")
	}
	return c.check(c.Target)
}

// Run prints.
func (c *RiskPortfolioCmd) Run(ctx context.Context) error {
	asOf, err := c.sequences()
	if err != nil {
		return err
	}
	var p *policy.Policy
	if c.Policy != "" {
		if p, err = readPolicy(c.Policy); err != nil {
			return err
		}
	}
	var r *portfolioReport
	if c.Target != "" {
		r, err = c.ask(ctx, asOf, gradeDefaults(p))
	} else {
		r, err = c.fold(ctx, asOf, gradeDefaults(p))
	}
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printProto(os.Stdout, &holdfastv1.GetPortfolioResponse{Portfolio: server.PortfolioProto(r.Portfolio, r.losses)}); err != nil {
			return err
		}
	}
	if err := r.choose(money.Currency(c.Currency)); err != nil {
		return err
	}
	r.policy = p
	if !c.JSON {
		r.print()
	}
	if c.Pictures == "" {
		return nil
	}
	return r.draw(c.Pictures)
}

// gradeDefaults are the probabilities of default of a policy's grades: what its scorecard says at the least score of each, which is
// the worst that the grade has. None without a policy, or one without a scorecard.
func gradeDefaults(p *policy.Policy) map[string]portfolio.Millionths {
	grades := map[string]portfolio.Millionths{}
	if p == nil || p.Document().Scorecard == nil {
		return grades
	}
	for _, g := range p.Document().Grades {
		grades[g.Name] = portfolio.Millionths(math.Round(p.Document().Scorecard.PD(g.FromScore) * float64(portfolio.Whole)))
	}
	return grades
}

// sequences reads --as-of.
func (c *RiskPortfolioCmd) sequences() (map[int]uint64, error) {
	asOf := map[int]uint64{}
	for _, text := range c.AsOf {
		shard, sequence, both := strings.Cut(text, ":")
		if !both {
			shard, sequence = "0", text
		}
		n, err := strconv.Atoi(shard)
		at, err2 := strconv.ParseUint(sequence, 10, 64)
		if _, twice := asOf[n]; err != nil || err2 != nil || n < 0 || at == 0 || twice {
			return nil, fmt.Errorf("--as-of: want a sequence, or SHARD:SEQUENCE once for a shard, have %q", text)
		}
		asOf[n] = at
	}
	return asOf, nil
}

func (c *RiskPortfolioCmd) lgd() portfolio.Millionths {
	return portfolio.Millionths(math.Round(c.LGD * 10_000))
}

// fold reads the journals of a book at rest.
func (c *RiskPortfolioCmd) fold(ctx context.Context, asOf map[int]uint64, grades map[string]portfolio.Millionths) (_ *portfolioReport, err error) {
	book, err := openRested(ctx, c.Data, c.Backup)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, book.close()) }()
	known := newCurrencies()
	var all []*portfolio.Portfolio
	for shard := range book.data.Meta.Shards {
		f := portfolio.New(uint16(shard), terms.Default(), book.zone)
		err := book.entries(ctx, shard, asOf[shard], "folding", func(e *ledger.Entry) error {
			return errors.Join(f.Add(e), known.learnFrom(e))
		})
		if err != nil {
			return nil, err
		}
		delete(asOf, shard)
		all = append(all, f.Portfolio())
	}
	for shard := range asOf {
		return nil, fmt.Errorf("--as-of: there is no shard %d", shard)
	}
	p := portfolio.Merge(all...)
	return &portfolioReport{Portfolio: p, losses: p.Losses(c.lgd(), grades), lgd: c.lgd(), known: known, zone: book.data.Meta.Zone}, nil
}

// ask asks a server.
func (c *RiskPortfolioCmd) ask(ctx context.Context, asOf map[int]uint64, grades map[string]portfolio.Millionths) (*portfolioReport, error) {
	sdk, err := c.dial(c.Target, client.WithTimeout(c.Timeout))
	if err != nil {
		return nil, err
	}
	defer sdk.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	ask := &holdfastv1.GetPortfolioRequest{LossGivenDefault: int32(c.lgd())}
	for shard, sequence := range asOf {
		ask.AsOf = append(ask.AsOf, &holdfastv1.ShardSequence{Shard: int32(shard), Sequence: sequence})
	}
	for _, g := range slices.Sorted(maps.Keys(grades)) {
		ask.Grades = append(ask.Grades, &holdfastv1.GradeProbability{Grade: g, DefaultProbability: int32(grades[g])})
	}
	resp, err := sdk.Portfolio().GetPortfolio(ctx, ask)
	if err != nil {
		return nil, c.explain(err)
	}
	p, losses, err := server.PortfolioOf(resp.GetPortfolio())
	if err != nil {
		return nil, err
	}
	known, err := currenciesOf(ctx, sdk)
	if err != nil {
		return nil, c.explain(err)
	}
	return &portfolioReport{Portfolio: p, losses: losses, lgd: c.lgd(), known: known}, nil
}

// choose leaves only what is about a currency.
func (r *portfolioReport) choose(c money.Currency) error {
	accounts := map[money.Currency]int64{}
	var all []string
	for _, s := range r.Standing {
		if accounts[s.Currency] == 0 {
			all = append(all, string(s.Currency))
		}
		accounts[s.Currency] += s.Accounts
	}
	if len(all) == 0 {
		return errors.New("the book has no accounts")
	}
	if c == "" {
		c = money.Currency(slices.MaxFunc(all, func(a, b string) int {
			return cmp.Or(cmp.Compare(accounts[money.Currency(a)], accounts[money.Currency(b)]), strings.Compare(b, a))
		}))
	}
	if accounts[c] == 0 {
		return fmt.Errorf("--currency: the book has no accounts in %s, but in %s", c, strings.Join(all, ", "))
	}
	for _, other := range all {
		if other != string(c) {
			r.others = append(r.others, other)
		}
	}
	r.currency, r.money = c, r.known.of(c)
	only(&r.Standing, func(s portfolio.Standing) bool { return s.Currency == c })
	only(&r.Bands, func(s portfolio.Band) bool { return s.Currency == c })
	only(&r.Totals, func(s portfolio.Total) bool { return s.Currency == c })
	only(&r.Volumes, func(s portfolio.Volume) bool { return s.Currency == c })
	only(&r.Mixes, func(s portfolio.Mix) bool { return s.Currency == c })
	only(&r.Codes, func(s portfolio.Code) bool { return s.Currency == c })
	only(&r.Applied, func(s portfolio.Applied) bool { return s.Currency == c })
	only(&r.Grades, func(s portfolio.AppliedGrade) bool { return s.Currency == c })
	only(&r.Refused, func(s portfolio.AppliedReason) bool { return s.Currency == c })
	only(&r.Ends, func(s portfolio.MonthEnd) bool { return s.Currency == c })
	only(&r.Cohorts, func(s portfolio.Cohort) bool { return s.Currency == c })
	only(&r.Origins, func(s portfolio.Origin) bool { return s.Currency == c })
	only(&r.Firsts, func(s portfolio.FirstDue) bool { return s.Currency == c })
	only(&r.losses, func(s portfolio.Loss) bool { return s.Currency == c })
	return nil
}

func only[T any](list *[]T, keep func(T) bool) {
	*list = slices.DeleteFunc(*list, func(v T) bool { return !keep(v) })
}
