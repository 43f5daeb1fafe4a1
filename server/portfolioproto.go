package server

import (
	"fmt"
	"slices"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// PortfolioProto is a portfolio, and its expected losses, as the API tells it.
func PortfolioProto(p *portfolio.Portfolio, losses []portfolio.Loss) *holdfastv1.Portfolio {
	m := &holdfastv1.Portfolio{AccountsOpened: p.Opened}
	if p.Day != 0 {
		m.Date = p.Day.String()
	}
	for _, k := range p.Marks {
		m.Marks = append(m.Marks, &holdfastv1.PortfolioMark{Shard: int32(k.Shard), Sequence: k.Sequence, Time: timestamp(k.Time)})
	}
	for _, b := range p.Buckets {
		m.Buckets = append(m.Buckets, &holdfastv1.Bucket{Name: string(b.Bucket), FromDay: int32(b.FromDay)})
	}
	for _, s := range p.Standing {
		m.Standing = append(m.Standing, &holdfastv1.PortfolioStanding{
			Currency: string(s.Currency), Grade: s.Grade, Bucket: string(s.Bucket), Accounts: s.Accounts, Frozen: s.Frozen, Closed: s.Closed,
			Limit: int64(s.Limit), Held: int64(s.Held), Principal: int64(s.Principal), Charges: int64(s.Charges), Overdue: int64(s.Overdue),
		})
	}
	for _, b := range p.Bands {
		m.Utilisation = append(m.Utilisation, &holdfastv1.UtilisationBand{
			Currency: string(b.Currency), Used: int32(b.Used), Accounts: b.Accounts, Limit: int64(b.Limit), Amount: int64(b.Amount),
		})
	}
	for _, t := range p.Totals {
		row := &holdfastv1.PortfolioTotal{Currency: string(t.Currency), Credit: int64(t.Credit), ChargedOff: int64(t.ChargedOff), Recovered: int64(t.Recovered)}
		for i, a := range t.Principal {
			row.Principal = append(row.Principal, &holdfastv1.ScenePrincipal{Scene: holdfastv1.Scene(i + 1), Amount: int64(a)})
		}
		m.Totals = append(m.Totals, row)
	}
	for _, v := range p.Volumes {
		m.Carriers = append(m.Carriers, &holdfastv1.CarrierVolume{
			Currency: string(v.Currency), CarrierId: string(v.Carrier), Scene: holdfastv1.Scene(v.Scene),
			Held: int64(v.Held), Captured: int64(v.Captured), Refunded: int64(v.Refunded),
		})
	}
	decisionsProto(m, p)
	monthsProto(m, p)
	for _, l := range losses {
		m.ExpectedLosses = append(m.ExpectedLosses, &holdfastv1.ExpectedLoss{
			Currency: string(l.Currency), Grade: l.Grade, Exposed: int64(l.Exposed), DefaultProbability: int32(l.Default),
			Expected: int64(l.Expected), Unknown: int64(l.Unknown),
		})
	}
	return m
}

// decisionsProto tells of orders.
func decisionsProto(m *holdfastv1.Portfolio, p *portfolio.Portfolio) {
	tally := func(t portfolio.Tally) *holdfastv1.OrderTally {
		return &holdfastv1.OrderTally{Orders: t.Orders, Amount: int64(t.Amount)}
	}
	for _, x := range p.Mixes {
		row := &holdfastv1.DecisionMix{
			Month: x.Month.String(), Currency: string(x.Currency), Scene: holdfastv1.Scene(x.Scene), Approved: tally(x.Approved),
			Granted: int64(x.Granted), Reviewed: tally(x.Reviewed), Capped: tally(x.Capped), Advised: tally(x.Advised), Declined: tally(x.Declined),
		}
		for r := range portfolio.Reasons {
			if x.Any[r].Orders != 0 {
				row.Reasons = append(row.Reasons, &holdfastv1.ReasonTally{Reason: holdfastv1.DeclineReason(r), First: tally(x.First[r]), Any: tally(x.Any[r])})
			}
		}
		m.Decisions = append(m.Decisions, row)
	}
	for _, a := range p.Applied {
		m.Applications = append(m.Applications, &holdfastv1.ApplicationMix{
			Month: a.Month.String(), Currency: string(a.Currency), LimitReviews: a.Kind == ledger.LimitReview, Offered: a.Offered, Limit: int64(a.Limit),
			Declined: a.Declined, Accepted: a.Accepted,
		})
	}
	for _, g := range p.Grades {
		m.OfferedGrades = append(m.OfferedGrades, &holdfastv1.OfferedGrade{
			Month: g.Month.String(), Currency: string(g.Currency), Grade: g.Grade, Offered: g.Offered, Limit: int64(g.Limit),
		})
	}
	for _, r := range p.Refused {
		m.DeclinedReasons = append(m.DeclinedReasons, &holdfastv1.DeclinedReason{
			Month: r.Month.String(), Currency: string(r.Currency), Code: r.Code, First: r.First, Any: r.Any,
		})
	}
	for _, x := range p.Codes {
		m.Rules = append(m.Rules, &holdfastv1.RuleMix{
			Month: x.Month.String(), Currency: string(x.Currency), Scene: holdfastv1.Scene(x.Scene), Code: x.Code, Declined: tally(x.Declined), Passed: tally(x.Passed),
		})
	}
}

// monthsProto tells what became of what over the months.
func monthsProto(m *holdfastv1.Portfolio, p *portfolio.Portfolio) {
	for _, e := range p.Ends {
		m.Months = append(m.Months, &holdfastv1.BucketMonth{
			Month: e.Month.String(), Currency: string(e.Currency), Bucket: string(e.Bucket), Accounts: e.Accounts, Owed: int64(e.Owed),
		})
	}
	for _, r := range p.Rolls {
		m.Rolls = append(m.Rolls, &holdfastv1.BucketRoll{
			Month: r.Month.String(), Currency: string(r.Currency), FromBucket: string(r.From), ToBucket: string(r.To), Accounts: r.Accounts,
		})
	}
	for _, c := range p.Cohorts {
		m.AccountVintages = append(m.AccountVintages, &holdfastv1.AccountVintage{
			Month: c.Month.String(), Currency: string(c.Currency), Accounts: c.Accounts, Bought: int64(c.Bought),
			Bad: slices.Clone(c.Bad), ChargedOff: slices.Clone(c.ChargedOff), Lost: listOf[int64](c.Lost),
		})
	}
	for _, o := range p.Origins {
		m.DebtVintages = append(m.DebtVintages, &holdfastv1.DebtVintage{
			Month: o.Month.String(), Currency: string(o.Currency), Debts: o.Debts, Billed: int64(o.Billed),
			Bad: slices.Clone(o.Bad), BadBilled: listOf[int64](o.BadBilled), Lost: listOf[int64](o.Lost),
		})
	}
	for _, f := range p.Firsts {
		m.FirstPayments = append(m.FirstPayments, &holdfastv1.FirstPayment{
			Month: f.Month.String(), Currency: string(f.Currency), Accounts: f.Accounts, Matured: f.Matured, Defaulted: f.Defaulted,
		})
	}
	for _, r := range p.Recents {
		m.RecentDays = append(m.RecentDays, &holdfastv1.RecentDay{
			Date: r.Day.String(), Currency: string(r.Currency), CarrierId: string(r.Carrier), Orders: r.Orders, Declined: r.Declined,
			DeclinedByRisk: r.ByRisk, Captures: r.Captures, Captured: int64(r.Captured), Returns: r.Returns, Returned: int64(r.Returned),
			Applications: r.Applications, Offered: r.Offered,
		})
	}
	for _, s := range p.Scored {
		m.ApplicantPoints = append(m.ApplicantPoints, &holdfastv1.ApplicantPoints{
			Month: s.Month.String(), PolicyVersion: s.Policy, Characteristic: s.Characteristic, Points: s.Points, Applications: s.Applications,
		})
	}
	for _, a := range p.Alerts {
		m.Alerts = append(m.Alerts, &holdfastv1.AlertCount{Rule: a.Rule, Severity: holdfastv1.AlertSeverity(a.Severity), Raised: a.Raised})
	}
}

func listOf[T, F ~int64](from []F) (to []T) {
	for _, v := range from {
		to = append(to, T(v))
	}
	return to
}

// PortfolioOf is the portfolio, and its expected losses, that the API tells of.
func PortfolioOf(m *holdfastv1.Portfolio) (p *portfolio.Portfolio, losses []portfolio.Loss, err error) {
	p = &portfolio.Portfolio{Opened: m.GetAccountsOpened()}
	if m.GetDate() != "" {
		if p.Day, err = calendar.ParseDate(m.GetDate()); err != nil {
			return nil, nil, err
		}
	}
	for _, k := range m.GetMarks() {
		mark := portfolio.Mark{Shard: uint16(k.GetShard()), Sequence: k.GetSequence()}
		if k.GetTime() != nil {
			mark.Time = calendar.InstantOf(k.GetTime().AsTime())
		}
		p.Marks = append(p.Marks, mark)
	}
	for _, b := range m.GetBuckets() {
		p.Buckets = append(p.Buckets, portfolio.BucketInfo{Bucket: portfolio.Bucket(b.GetName()), FromDay: int(b.GetFromDay())})
	}
	for _, s := range m.GetStanding() {
		p.Standing = append(p.Standing, portfolio.Standing{
			Currency: money.Currency(s.GetCurrency()), Grade: s.GetGrade(), Bucket: portfolio.Bucket(s.GetBucket()), Accounts: s.GetAccounts(),
			Frozen: s.GetFrozen(), Closed: s.GetClosed(), Limit: money.Amount(s.GetLimit()), Held: money.Amount(s.GetHeld()),
			Principal: money.Amount(s.GetPrincipal()), Charges: money.Amount(s.GetCharges()), Overdue: money.Amount(s.GetOverdue()),
		})
	}
	for _, b := range m.GetUtilisation() {
		p.Bands = append(p.Bands, portfolio.Band{
			Currency: money.Currency(b.GetCurrency()), Used: portfolio.Used(b.GetUsed()), Accounts: b.GetAccounts(),
			Limit: money.Amount(b.GetLimit()), Amount: money.Amount(b.GetAmount()),
		})
	}
	for _, t := range m.GetTotals() {
		row := portfolio.Total{
			Currency: money.Currency(t.GetCurrency()), Credit: money.Amount(t.GetCredit()), ChargedOff: money.Amount(t.GetChargedOff()), Recovered: money.Amount(t.GetRecovered()),
		}
		for _, a := range t.GetPrincipal() {
			if s := ledger.Scene(a.GetScene()); s.Valid() {
				row.Principal[s-1] = money.Amount(a.GetAmount())
			}
		}
		p.Totals = append(p.Totals, row)
	}
	for _, v := range m.GetCarriers() {
		p.Volumes = append(p.Volumes, portfolio.Volume{
			Currency: money.Currency(v.GetCurrency()), Carrier: ledger.CarrierID(v.GetCarrierId()), Scene: ledger.Scene(v.GetScene()),
			Held: money.Amount(v.GetHeld()), Captured: money.Amount(v.GetCaptured()), Refunded: money.Amount(v.GetRefunded()),
		})
	}
	for _, l := range m.GetExpectedLosses() {
		losses = append(losses, portfolio.Loss{
			Currency: money.Currency(l.GetCurrency()), Grade: l.GetGrade(), Exposed: money.Amount(l.GetExposed()),
			Default: portfolio.Millionths(l.GetDefaultProbability()), Expected: money.Amount(l.GetExpected()), Unknown: money.Amount(l.GetUnknown()),
		})
	}
	if err := decisionsOf(m, p); err != nil {
		return nil, nil, err
	}
	return p, losses, monthsOf(m, p)
}

func tallyOf(t *holdfastv1.OrderTally) portfolio.Tally {
	return portfolio.Tally{Orders: t.GetOrders(), Amount: money.Amount(t.GetAmount())}
}

func decisionsOf(m *holdfastv1.Portfolio, p *portfolio.Portfolio) error {
	for _, x := range m.GetDecisions() {
		month, err := monthOf(x.GetMonth())
		if err != nil {
			return err
		}
		row := portfolio.Mix{
			Month: month, Currency: money.Currency(x.GetCurrency()), Scene: ledger.Scene(x.GetScene()), Approved: tallyOf(x.GetApproved()),
			Granted: money.Amount(x.GetGranted()), Reviewed: tallyOf(x.GetReviewed()), Capped: tallyOf(x.GetCapped()),
			Advised: tallyOf(x.GetAdvised()), Declined: tallyOf(x.GetDeclined()),
		}
		for _, r := range x.GetReasons() {
			if at := r.GetReason(); at >= 0 && at < portfolio.Reasons {
				row.First[at], row.Any[at] = tallyOf(r.GetFirst()), tallyOf(r.GetAny())
			}
		}
		p.Mixes = append(p.Mixes, row)
	}
	for _, x := range m.GetRules() {
		month, err := monthOf(x.GetMonth())
		if err != nil {
			return err
		}
		p.Codes = append(p.Codes, portfolio.Code{
			Month: month, Currency: money.Currency(x.GetCurrency()), Scene: ledger.Scene(x.GetScene()), Code: x.GetCode(),
			Declined: tallyOf(x.GetDeclined()), Passed: tallyOf(x.GetPassed()),
		})
	}
	return nil
}

func monthsOf(m *holdfastv1.Portfolio, p *portfolio.Portfolio) error {
	var bad error
	month := func(s string) calendar.Month {
		v, err := monthOf(s)
		if err != nil && bad == nil {
			bad = err
		}
		return v
	}
	for _, e := range m.GetMonths() {
		p.Ends = append(p.Ends, portfolio.MonthEnd{
			Month: month(e.GetMonth()), Currency: money.Currency(e.GetCurrency()), Bucket: portfolio.Bucket(e.GetBucket()),
			Accounts: e.GetAccounts(), Owed: money.Amount(e.GetOwed()),
		})
	}
	for _, r := range m.GetRolls() {
		p.Rolls = append(p.Rolls, portfolio.Roll{
			Month: month(r.GetMonth()), Currency: money.Currency(r.GetCurrency()), From: portfolio.Bucket(r.GetFromBucket()),
			To: portfolio.Bucket(r.GetToBucket()), Accounts: r.GetAccounts(),
		})
	}
	for _, c := range m.GetAccountVintages() {
		p.Cohorts = append(p.Cohorts, portfolio.Cohort{
			Month: month(c.GetMonth()), Currency: money.Currency(c.GetCurrency()), Accounts: c.GetAccounts(), Bought: money.Amount(c.GetBought()),
			Bad: c.GetBad(), ChargedOff: c.GetChargedOff(), Lost: listOf[money.Amount](c.GetLost()),
		})
	}
	for _, o := range m.GetDebtVintages() {
		p.Origins = append(p.Origins, portfolio.Origin{
			Month: month(o.GetMonth()), Currency: money.Currency(o.GetCurrency()), Debts: o.GetDebts(), Billed: money.Amount(o.GetBilled()),
			Bad: o.GetBad(), BadBilled: listOf[money.Amount](o.GetBadBilled()), Lost: listOf[money.Amount](o.GetLost()),
		})
	}
	for _, a := range m.GetApplications() {
		kind := ledger.NewLine
		if a.GetLimitReviews() {
			kind = ledger.LimitReview
		}
		p.Applied = append(p.Applied, portfolio.Applied{
			Month: month(a.GetMonth()), Currency: money.Currency(a.GetCurrency()), Kind: kind, Offered: a.GetOffered(), Limit: money.Amount(a.GetLimit()),
			Declined: a.GetDeclined(), Accepted: a.GetAccepted(),
		})
	}
	for _, g := range m.GetOfferedGrades() {
		p.Grades = append(p.Grades, portfolio.AppliedGrade{
			Month: month(g.GetMonth()), Currency: money.Currency(g.GetCurrency()), Grade: g.GetGrade(), Offered: g.GetOffered(), Limit: money.Amount(g.GetLimit()),
		})
	}
	for _, r := range m.GetDeclinedReasons() {
		p.Refused = append(p.Refused, portfolio.AppliedReason{
			Month: month(r.GetMonth()), Currency: money.Currency(r.GetCurrency()), Code: r.GetCode(), First: r.GetFirst(), Any: r.GetAny(),
		})
	}
	for _, f := range m.GetFirstPayments() {
		p.Firsts = append(p.Firsts, portfolio.FirstDue{
			Month: month(f.GetMonth()), Currency: money.Currency(f.GetCurrency()), Accounts: f.GetAccounts(), Matured: f.GetMatured(), Defaulted: f.GetDefaulted(),
		})
	}
	for _, r := range m.GetRecentDays() {
		day, err := calendar.ParseDate(r.GetDate())
		if err != nil && bad == nil {
			bad = err
		}
		p.Recents = append(p.Recents, portfolio.Recent{
			Day: day, Currency: money.Currency(r.GetCurrency()), Carrier: ledger.CarrierID(r.GetCarrierId()), Orders: r.GetOrders(),
			Declined: r.GetDeclined(), ByRisk: r.GetDeclinedByRisk(), Captures: r.GetCaptures(), Captured: money.Amount(r.GetCaptured()),
			Returns: r.GetReturns(), Returned: money.Amount(r.GetReturned()), Applications: r.GetApplications(), Offered: r.GetOffered(),
		})
	}
	for _, s := range m.GetApplicantPoints() {
		p.Scored = append(p.Scored, portfolio.Scored{
			Month: month(s.GetMonth()), Policy: s.GetPolicyVersion(), Characteristic: s.GetCharacteristic(), Points: s.GetPoints(), Applications: s.GetApplications(),
		})
	}
	for _, a := range m.GetAlerts() {
		p.Alerts = append(p.Alerts, portfolio.Alerts{Rule: a.GetRule(), Severity: ledger.Severity(a.GetSeverity()), Raised: a.GetRaised()})
	}
	return bad
}

// monthOf reads YYYY-MM.
func monthOf(s string) (calendar.Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return 0, fmt.Errorf("want a month as YYYY-MM, have %q", s)
	}
	return calendar.Month(t.Year()*12 + int(t.Month()) - 1), nil
}
