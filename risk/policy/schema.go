package policy

import (
	"regexp"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/rule"
)

// How many there may be of everything. What goes beyond that is not read by anybody.
const (
	featuresMost  = 100
	admissionMost = 64
	gradesMost    = 26
	partsMost     = 64 // characteristics and grids of a scorecard: a decision keeps the points of each
	bandsMost     = 16
	watchesMost   = 64
	valuesMost    = 200
	daysMost      = 3660
)

// schema is every field of a document, in canonical order, bound to a document.
func schema(d *Document) []document.Field {
	return []document.Field{
		{Key: "version", Leaf: document.Token(&d.Version),
			About: "The name of this version. What is decided under it says so; a name is never used for anything else again."},
		{Key: "currency", Leaf: document.Currency(&d.Currency),
			About: "The currency of every amount below, by ISO 4217. Amounts that rules compare with are minor units and" +
				" have no currency of their own; order.currency says which they are in."},
		{Key: "minor_digits", Leaf: document.Number(&d.MinorDigits, 0, 4),
			About: "Digits of an amount after the point: 2 for CNY, 0 for JPY and UGX, 3 for KWD."},
		{Key: "features", Items: document.ItemsOf(&d.Features, "feature", 0, featuresMost, featureFields,
			func(f Feature) string { return f.Name }, nil).Written(),
			Empty: func() bool { return len(d.Features) == 0 },
			About: "What is known of an applicant. Admission rules and the scorecard read nothing else."},
		{Key: "admission", Items: document.ItemsOf(&d.Admission, "rule", 0, admissionMost, admissionFields,
			func(a Admission) string { return a.Name }, nil).Written(),
			Empty: func() bool { return len(d.Admission) == 0 },
			About: "Rules that refuse an application, whatever its score. All that hold are told."},
		scorecardField("scorecard", &d.Scorecard, "The points of an application. More is better. Left out, applications are not scored."),
		{Key: "limits", Fields: limitFields(&d.Limits), Empty: func() bool { return d.Limits == Limits{} },
			About: "What limits are reckoned from."},
		{Key: "grades", Items: document.ItemsOf(&d.Grades, "grade", 0, gradesMost, func(g *Grade) []document.Field { return gradeFields(d, g) },
			func(g Grade) string { return g.Name }, nil).Written(),
			Empty: func() bool { return len(d.Grades) == 0 },
			About: "Bands of scores, the best first, with what whoever is in them gets. Scores below the last are declined."},
		{Key: "declined", Fields: declinedFields(&d.Declined), Empty: func() bool { return d.Declined == Declined{} },
			About: "What is told of a score below all grades."},
		{Key: "decisions", Items: document.ItemsOf(&d.Decisions, "rule", 0, ledger.MaxRules, decisionFields,
			func(r Decision) string { return r.Name }, nil).Written().InOrder(),
			Empty: func() bool { return len(d.Decisions) == 0 },
			About: "Rules that every order is judged by, in this order. One that approves ends it; of the others the" +
				" strictest that holds counts, and the smallest cap."},
		behaviourField(d),
		{Key: "monitoring", Fields: []document.Field{
			watches("accounts", &d.Accounts, ledger.MostWarned, accountDeeds, "Rules about an account, asked when something happens to it."),
			watches("portfolio", &d.Portfolio, watchesMost, portfolioDeeds, "Rules about the portfolio, asked once a day."),
		}, Empty: func() bool { return len(d.Accounts)+len(d.Portfolio) == 0 },
			About: "Early warning: what is told, and what is done about it without waiting for a person."},
	}
}

var (
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	featureForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}(\.[a-z0-9_]{1,32}){0,3}$`)
	reasonForm  = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)
)

// name is what a rule or a feature is called.
func name(p *string) *document.Leaf {
	return document.Pattern(p, "a name of 1 to 64 small letters, digits and underscores, such as too_young", nameForm.MatchString)
}

// featureName is the name of a feature of the document, or, with dots, of one that the core knows.
func featureName(p *string) *document.Leaf {
	return document.Pattern(p, "the name of a feature, such as tenure_months or account.late_statements", featureForm.MatchString)
}

// reason is a code that programs and manuals know.
func reason(p *string) *document.Leaf {
	return document.Pattern(p, "a code of 2 to 64 capitals, digits and underscores, such as UNDER_AGE", reasonForm.MatchString)
}

func condition(p *string) *document.Leaf {
	return document.Expression(p, "a condition, such as order.amount > account.limit / 2", rule.LengthMost)
}

func shortWords(p *string) *document.Leaf { return document.Words(p, 1, 300) }

// empty says that a text may be left out, and is.
func empty(p *string) func() bool { return func() bool { return *p == "" } }

func featureFields(f *Feature) []document.Field {
	numeric := func() document.Belonging { return f.Type.belonging(Whole, Decimal) }
	return []document.Field{
		{Key: "name", Leaf: name(&f.Name), About: "What rules and the scorecard call it."},
		{Key: "type", Leaf: document.Choice(&f.Type, types),
			About: "whole: a number without a fraction; amounts are whole numbers of minor units. decimal: a number with" +
				" one. category: one of a list. flag: true or false."},
		{Key: "unit", Leaf: document.Words(&f.Unit, 1, 40), Empty: empty(&f.Unit), When: numeric,
			About: "What it is counted in, for people."},
		{Key: "least", Leaf: maybeDecimal(&f.Least, -1e15, 1e15), Empty: func() bool { return f.Least == nil }, When: numeric,
			About: "The least that it can be. An application with less is refused as faulty."},
		{Key: "most", Leaf: maybeDecimal(&f.Most, -1e15, 1e15), Empty: func() bool { return f.Most == nil }, When: numeric,
			About: "The most that it can be."},
		{Key: "values", Leaf: document.Texts(&f.Values, 2, valuesMost, 64), When: func() document.Belonging { return f.Type.belonging(Category) },
			About: "All that it can be."},
		{Key: "missing", Leaf: document.Choice(&f.Missing, missings),
			About: "required: an application without it is not complete. allowed: it is judged without; rules ask has_ and" +
				" its name before they read it, and the scorecard has points for it."},
		{Key: "source", Leaf: document.Choice(&f.Source, sources),
			About: "Where it comes from: the applicant, transactions, a bureau, the carrier, or what the core knows itself." +
				" Consent is given by source."},
		{Key: "about", Leaf: shortWords(&f.About), Empty: empty(&f.About), About: "What it is, in a sentence."},
	}
}

// belonging says whether a field is for this type.
func (t Type) belonging(of ...Type) document.Belonging {
	if t == 0 {
		return document.Unclear
	}
	for _, o := range of {
		if t == o {
			return document.Belongs
		}
	}
	return document.Foreign
}

func admissionFields(a *Admission) []document.Field {
	return []document.Field{
		{Key: "name", Leaf: name(&a.Name), About: "What the rule is called."},
		{Key: "when", Leaf: condition(&a.When),
			About: "Whoever meets this is refused. It reads the features, and has_ and a feature's name where that may be" +
				" missing."},
		{Key: "reason", Leaf: reason(&a.Reason), About: "The code that is told and kept."},
		{Key: "text", Leaf: shortWords(&a.Text), About: "What the consumer is told."},
		{Key: "retry_after_days", Leaf: retryAfter(&a.RetryAfterDays), About: "When it is worth to apply again."},
	}
}

func limitFields(l *Limits) []document.Field {
	return []document.Field{
		{Key: "income", Leaf: name(&l.Income), Empty: empty(&l.Income),
			About: "The feature that is a month's income, in minor units."},
		{Key: "spend", Leaf: name(&l.Spend), Empty: empty(&l.Spend),
			About: "The feature that is the average spent a month, in minor units."},
	}
}

func gradeFields(d *Document, g *Grade) []document.Field {
	amount := func(p *money.Amount) *document.Leaf { return amountOf(d, p, money.Max) }
	share := func(p *Share) *document.Leaf {
		return document.Share(p, document.BasisPoint, 1000*document.Percent, document.BasisPoint, true)
	}
	line := func(p *Share) *document.Leaf {
		return document.Share(p, 0, 1000*document.Percent, document.BasisPoint, false)
	}
	return []document.Field{
		{Key: "grade", Leaf: document.Token(&g.Name), About: "Its name: a letter, as a rule."},
		{Key: "from_score", Leaf: document.Number(&g.FromScore, -scoreMost, scoreMost),
			About: "The least score of the band, which ends where the better grade begins."},
		{Key: "income_share", Leaf: share(&g.IncomeShare),
			About: "The limit is at most this share of a month's income; off where income does not bound it."},
		{Key: "spend_share", Leaf: share(&g.SpendShare),
			About: "The limit is at most this share of the average spent a month; off where that does not bound it."},
		{Key: "floor", Leaf: amount(&g.Floor), About: "The limit is no less, whatever the shares come to."},
		{Key: "ceiling", Leaf: amount(&g.Ceiling), About: "The limit is no more. It is the limit where no share bounds it."},
		{Key: "step", Leaf: amount(&g.Step), About: "The limit is rounded down to a multiple of this."},
		{Key: "lines",
			About: "The share of the limit that each scene may use; together they may be more than the limit, each by itself" +
				" not. 0 % opens no line.", Fields: []document.Field{
				{Key: scenes[0], Leaf: line(&g.Lines[0]), About: "Of prepaid top-ups."},
				{Key: scenes[1], Leaf: line(&g.Lines[1]), About: "Of postpaid bills."},
				{Key: scenes[2], Leaf: line(&g.Lines[2]), About: "Of contract bundles."},
			}},
		{Key: "terms", Leaf: document.Token(&g.Terms), Empty: empty(&g.Terms),
			About: "The version of the terms that is the price of the grade. Left out, it is that of new accounts. All terms" +
				" keep their annual cap, so no price breaches it."},
	}
}

const scoreMost = 1_000_000

// amountOf is money of the policy, which has read its currency and digits by then.
func amountOf(d *Document, p *money.Amount, most money.Amount) *document.Leaf {
	return document.Money(d.Coin, []string{"currency", "minor_digits"}, p, 1, most,
		"an amount in the currency of the policy, such as 500.00 CNY")
}

func declinedFields(x *Declined) []document.Field {
	return []document.Field{
		{Key: "reason", Leaf: reason(&x.Reason), About: "The code that is told and kept, before those of the scorecard."},
		{Key: "text", Leaf: shortWords(&x.Text), About: "What the consumer is told."},
		{Key: "retry_after_days", Leaf: retryAfter(&x.RetryAfterDays), About: "When it is worth to apply again."},
	}
}

var actionNames = []string{"approve", "review", "cap", "decline"}

func decisionFields(r *Decision) []document.Field {
	of := func(actions ...ledger.Action) func() document.Belonging {
		return func() document.Belonging {
			if r.Action == ledger.NoAction {
				return document.Unclear
			}
			for _, a := range actions {
				if r.Action == a {
					return document.Belongs
				}
			}
			return document.Foreign
		}
	}
	return []document.Field{
		{Key: "name", Leaf: name(&r.Name), About: "What the rule is called."},
		{Key: "when", Leaf: condition(&r.When), About: "The orders that it is about. It reads the features of orders."},
		{Key: "action", Leaf: document.Choice(&r.Action, actionNames),
			About: "approve: the rules after it are not asked. review: it is approved, and a person looks at it afterwards." +
				" cap: no more than an amount is approved. decline: it is declined."},
		{Key: "reason", Leaf: reason(&r.Reason), When: of(ledger.ActionReview, ledger.ActionCap, ledger.ActionDecline),
			About: "Of review, cap and decline: the code that is told and kept."},
		{Key: "cap", Leaf: capLeaf(&r.Cap),
			When: of(ledger.ActionCap), About: "Of cap: the most that is approved. An amount caps only orders in its currency; a sum is in minor units of the order's."},
	}
}

func capLeaf(p *string) *document.Leaf {
	return document.Expression(p, "an amount such as 500.00 CNY, or a sum in minor units such as account.limit / 10", rule.LengthMost)
}

// retryAfter is a number of days, or never.
func retryAfter(p *int) *document.Leaf {
	const form = "a number of days from 0 to 3660, or never"
	write := func() string {
		if *p == Never {
			return "never"
		}
		return document.WriteNumber(*p)
	}
	return &document.Leaf{Form: form, Write: write, Read: func(v document.Value) {
		text, ok := v.Text(form)
		switch {
		case !ok:
		case text == "never":
			*p = Never
		default:
			if n, ok := v.Digits(form, 0, daysMost); ok {
				*p = n
			}
		}
	}}
}

// words joins names for messages.
func words(names []string) string { return strings.Join(names, ", ") }
