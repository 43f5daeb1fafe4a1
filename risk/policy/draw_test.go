package policy_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// draw makes a document that keeps every rule.
func draw(t *rapid.T) *policy.Document {
	d := &policy.Document{
		Version:     rapid.StringMatching(`[A-Za-z0-9._:-]{1,10}`).Draw(t, "version"),
		Currency:    money.Currency(rapid.StringMatching(`[A-Z]{3}`).Draw(t, "currency")),
		MinorDigits: rapid.IntRange(0, 4).Draw(t, "digits"),
		Features: []policy.Feature{
			{Name: "income", Type: policy.Whole, Unit: "minor units", Least: at(0), Missing: policy.Allowed, Source: policy.Application, About: words(t)},
			{Name: "spend", Type: policy.Whole, Missing: policy.Allowed, Source: policy.History},
			{Name: "ratio", Type: policy.Decimal, Least: at(-2.5), Most: at(1e6), Missing: policy.Required, Source: policy.Bureau},
			{Name: "home", Type: policy.Category, Values: []string{"own", "rent", words(t)}, Missing: policy.Allowed, Source: policy.Record},
			{Name: "verified", Type: policy.Flag, Missing: policy.Required, Source: policy.Telecom},
		},
		Limits:   policy.Limits{Income: "income", Spend: "spend"},
		Declined: policy.Declined{Reason: "TOO_LOW", Text: words(t), RetryAfterDays: rapid.IntRange(policy.Never, 3660).Draw(t, "retry")},
	}
	d.Admission = []policy.Admission{
		{Name: "unverified", When: "!verified", Reason: "UNVERIFIED", Text: words(t), RetryAfterDays: rapid.IntRange(policy.Never, 3660).Draw(t, "retry")},
		{Name: "little", When: fmt.Sprintf("has_income && income < %d", rapid.Int64Range(1, 1e12).Draw(t, "income")), Reason: "LITTLE", Text: words(t)},
	}
	points := func() int { return rapid.IntRange(-200, 200).Draw(t, "points") }
	bound := rapid.Float64Range(-2, 1e5).Draw(t, "bound") + 0 // no zero with a sign
	d.Scorecard = &scorecard.Scorecard{
		BaseScore: 600, BaseOdds: rapid.Float64Range(0.1, 1000).Draw(t, "odds"), PointsToDoubleOdds: rapid.IntRange(1, 100).Draw(t, "double"), Intercept: points(),
		Characteristics: []scorecard.Characteristic{
			{Feature: "ratio", Label: words(t), Reason: "RATIO", IV: rapid.Float64Range(0, 3).Draw(t, "iv"),
				Bins: []scorecard.Bin{{Below: &bound, Rest: scorecard.Rest{Points: points(), Share: at(0.25), WOE: at(-1.5)}}, {Rest: scorecard.Rest{Points: points()}}}},
			{Feature: "home", Label: words(t), Reason: "HOME", Missing: &scorecard.Rest{Points: points()},
				Bins: []scorecard.Bin{{Values: []string{"own"}, Rest: scorecard.Rest{Points: points()}}, {Other: true, Rest: scorecard.Rest{Points: points()}}}},
		},
		Grids: []scorecard.Grid{{Label: words(t), Reason: "BOTH", Rows: scorecard.Axis{Feature: "ratio", Below: []float64{1, 2.5}},
			Columns: scorecard.Axis{Feature: "home", Values: [][]string{{"own", "rent"}}}, Points: [][]int{{points(), 0}, {0, points()}, {1, 2}}}},
	}
	d.Grades = drawGrades(t, d.Scorecard)
	d.Decisions = drawDecisions(t, d)
	return d
}

func at(x float64) *float64 { return &x }

// words are texts with all that YAML might take for something else.
func words(t *rapid.T) string {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9:#,{}\[\]'"&*!|>%@?=-]{1,12}( [a-zA-Z0-9:#,'"-]{1,8})?`),
		rapid.SampledFrom([]string{"true", "null", "~", "1e3", "0x1f", "- a", "a: b", "a #b", "é ü", "2026-01-01", "'", `"`, `\`, "yes", "<<"}),
	).Draw(t, "words")
}

func drawGrades(t *rapid.T, s *scorecard.Scorecard) (grades []policy.Grade) {
	least, most := s.Range()
	from := most
	for i := range rapid.IntRange(1, 4).Draw(t, "grades") {
		step := money.Amount(rapid.Int64Range(1, 1000).Draw(t, "step"))
		floor := step * money.Amount(rapid.Int64Range(1, 1e6).Draw(t, "floor"))
		g := policy.Grade{Name: string(rune('A' + i)), FromScore: from, Step: step, Floor: floor,
			Ceiling:     floor + step*money.Amount(rapid.Int64Range(0, 1e6).Draw(t, "ceiling")),
			IncomeShare: policy.Share(rapid.Int64Range(0, 100_000).Draw(t, "share")) * 100,
			SpendShare:  policy.Share(rapid.Int64Range(0, 100_000).Draw(t, "share")) * 100,
			Terms:       rapid.SampledFrom([]string{"", "default-1", "2027"}).Draw(t, "terms"),
		}
		for i := range g.Lines {
			g.Lines[i] = policy.Share(rapid.Int64Range(0, 10_000).Draw(t, "line")) * 100
		}
		g.Lines[0] += 100 * policy.Share(rapid.SampledFrom([]int64{1, 0}).Draw(t, "some"))
		g.Lines[0] = min(g.Lines[0], 1_000_000)
		if g.Lines == [ledger.Scenes]policy.Share{} {
			g.Lines[1] = 1_000_000
		}
		grades = append(grades, g)
		if from <= least {
			break
		}
		from -= rapid.IntRange(1, from-least).Draw(t, "band")
	}
	return grades
}

func drawDecisions(t *rapid.T, d *policy.Document) (list []policy.Decision) {
	for i := range rapid.IntRange(0, 5).Draw(t, "decisions") {
		r := policy.Decision{Name: fmt.Sprintf("rule_%d", i), Action: ledger.Action(rapid.IntRange(1, 4).Draw(t, "action"))}
		r.When = rapid.SampledFrom([]string{
			"order.amount > %d", "account.age_days == %d && phone.known", `order.carrier == "%d" || order.scene == 'BILL'`, "!(order.by_mandate || order.months == %d)",
			"account.available / 7 > %d ? carrier.known : phone.known",
		}).Draw(t, "when")
		r.When = fmt.Sprintf(r.When, 1000*i+rapid.IntRange(1, 999).Draw(t, "number"))
		if r.Action != ledger.ActionApprove {
			r.Reason = fmt.Sprintf("REASON_%d", i)
		} else {
			r.When = fmt.Sprintf("account.statements == %d", 1000+i) // covers no other
		}
		if r.Action == ledger.ActionCap {
			r.Cap = rapid.SampledFrom([]string{d.Coin().Write(500), "account.limit / 10", "order.amount - 1"}).Draw(t, "cap")
		}
		list = append(list, r)
	}
	return list
}

// drawInputs makes an applicant of a drawn document.
func drawInputs(t *rapid.T) policy.Inputs {
	in := policy.Inputs{
		"ratio": scorecard.Number(rapid.Float64Range(-2.5, 1e5).Draw(t, "ratio")), "verified": scorecard.Flag(rapid.IntRange(0, 4).Draw(t, "verified") > 0),
		"home": rapid.SampledFrom([]scorecard.Value{scorecard.Category("own"), scorecard.Category("rent"), scorecard.Missing}).Draw(t, "home"),
	}
	for _, name := range []string{"income", "spend"} {
		if rapid.IntRange(0, 3).Draw(t, "there") > 0 {
			in[name] = scorecard.Number(float64(rapid.Int64Range(0, 1e15).Draw(t, name)))
		}
	}
	return in
}
