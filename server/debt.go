package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// What is owed, as it goes out. The enumerations of the domain have the numbers of the API's, which a test holds them to.

// dateProto is a date; empty for 0, which stands for none.
func dateProto(d calendar.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func itemID(a ledger.AccountID, n uint32) string {
	if n == 0 {
		return ""
	}
	return ledger.ItemID{Account: a, N: n}.String()
}

func planID(a ledger.AccountID, n uint32) string {
	if n == 0 {
		return ""
	}
	return ledger.PlanID{Account: a, N: n}.String()
}

func authorizationID(a ledger.AccountID, n uint32) string {
	if n == 0 {
		return ""
	}
	return ledger.AuthorizationID{Account: a, N: n}.String()
}

func owedProto(o *ledger.Owed) *holdfastv1.AmountOwed {
	p := &holdfastv1.AmountOwed{
		Principal: int64(o.AllPrincipal()), Fee: int64(o.Fee), Interest: int64(o.Interest), Penalty: int64(o.Penalty), Total: int64(o.Total()),
	}
	for i, amount := range o.Principal {
		if amount != 0 {
			p.PrincipalByScene = append(p.PrincipalByScene, &holdfastv1.SceneAmount{Scene: holdfastv1.Scene(i + 1), Amount: int64(amount)})
		}
	}
	return p
}

func changesProto(f *ledger.Flows) *holdfastv1.BalanceChanges {
	return &holdfastv1.BalanceChanges{
		Purchases: int64(f.Purchases), Installments: int64(f.Installments), Spread: int64(f.Spread), Fees: int64(f.Fees),
		Interest: int64(f.Interest), Penalty: int64(f.Penalty), Refunds: int64(f.Refunds), Repayments: int64(f.Repayments),
		Waived: int64(f.Waived), PaidOut: int64(f.PaidOut), WrittenOff: int64(f.WrittenOff),
	}
}

// billingProto is what an account owes on a day; its rates are reckoned here.
func (s *billing) billingProto(a *ledger.Account, today calendar.Date, t *lookup) *holdfastv1.Billing {
	b, accepted := &a.Billing, t.of(a.Billing.Terms)
	p := &holdfastv1.Billing{
		AccountId: a.ID.String(), Currency: string(a.Currency), AsOf: today.String(), TermsVersion: accepted.Version,
		StatementDay: int32(b.Day), NextStatementDay: int32(b.NextDay), NextStatementDayFrom: dateProto(b.NextFrom),
		CollectionChannel: holdfastv1.CollectionChannel(b.Channel), CreditBalance: int64(b.Credit), Balance: int64(b.Balance()),
		WrittenOffAmount: int64(b.WrittenOff), LatestStatement: dateProto(b.LastStatement),
		CollectionCarrierId: string(b.Payer.Carrier), CollectionPhoneToken: string(b.Payer.Phone),
	}
	if b.NextDay != 0 && today >= b.NextFrom { // no window has opened since
		p.StatementDay, p.NextStatementDay, p.NextStatementDayFrom = p.NextStatementDay, 0, ""
	}
	if b.Open.IsOpen() {
		p.OpenWindow = openWindowProto(&b.Open, t)
		p.NextDueDate = b.Open.Due.String()
	}
	var next calendar.Date
	for i := range b.Debts {
		x := &b.Debts[i]
		d := debtProto(x, today, t)
		p.Debts = append(p.Debts, d)
		if p.BilledAmount += d.GetOwed().GetTotal(); d.GetOverdue() {
			p.OverdueAmount += d.GetOwed().GetTotal()
		} else if next == 0 || x.Due < next {
			next = x.Due
		}
	}
	if next != 0 {
		p.NextDueDate = next.String()
	}
	for i := range b.Plans {
		one := s.planProto(a, &b.Plans[i], today, t)
		p.Plans, p.UnbilledPrincipal = append(p.Plans, one), p.UnbilledPrincipal+one.GetUnbilledPrincipal()
	}
	days := b.DaysPastDue(today)
	p.DaysPastDue = int32(days)
	if bucket, ok := accepted.Bucket(days); ok {
		p.Bucket = bucket.Name
	}
	p.AuthorizationsStopped = b.Late.Stopped || days > 0 && days >= accepted.Delinquency.StopAuthorizationsFromDay
	for i := range b.Collections {
		c := &b.Collections[i]
		p.PendingCollections = append(p.PendingCollections, &holdfastv1.Collection{
			CollectionId: itemID(a.ID, c.N), AccountId: p.GetAccountId(), OpeningDate: dateProto(c.Opens), Currency: p.GetCurrency(),
			Amount: int64(c.Amount), Attempt: int32(c.Attempt), Day: dateProto(c.Day), Channel: holdfastv1.CollectionChannel(c.Channel),
		})
		listedProto(p.GetPendingCollections()[i], &c.Listed)
	}
	for _, pause := range b.Pauses {
		if pause.To >= today {
			p.PenaltyPauses = append(p.PenaltyPauses, &holdfastv1.PenaltyPause{From: pause.From.String(), To: pause.To.String()})
		}
	}
	return p
}

func openWindowProto(c *ledger.Cycle, t *lookup) *holdfastv1.OpenWindow {
	return &holdfastv1.OpenWindow{
		OpeningDate: c.Opens.String(), ClosingDate: c.Closes.String(), DueDate: c.Due.String(), TermsVersion: t.of(c.Terms).Version,
		OpeningBalance: int64(c.Opening), Changes: changesProto(&c.Flows), Owed: owedProto(&ledger.Owed{Principal: c.Purchases, Fee: c.Fee}),
	}
}

func debtProto(x *ledger.Debt, today calendar.Date, t *lookup) *holdfastv1.Debt {
	p := &holdfastv1.Debt{
		OpeningDate: x.Opens.String(), DueDate: x.Due.String(), FirstDueDate: x.First.String(), TermsVersion: t.of(x.Terms).Version,
		Owed: owedProto(&x.Owed), BilledPrincipal: int64(x.Billed), Overdue: x.PayBy() < today, CollectionAttempts: int32(x.Attempts),
		GraceUntil: dateProto(x.Grace),
	}
	if today <= x.First {
		p.MinimumDue = int64(x.LeastDue())
	}
	if x.Through > x.First {
		p.ChargedThrough = x.Through.String()
	}
	return p
}

// planProto is a plan with its installments, those to come by the due dates of windows to come.
func (s *billing) planProto(a *ledger.Account, x *ledger.Plan, today calendar.Date, t *lookup) *holdfastv1.Plan {
	p := &holdfastv1.Plan{
		PlanId: planID(a.ID, x.N), Offer: offerProto(x.Plan.Offer), AuthorizationId: authorizationID(a.ID, x.Authorization),
		OpeningDate: dateProto(x.Opens), StartDate: x.Started.String(), TermsVersion: t.of(x.Terms).Version,
		Principal: int64(x.Plan.Lent), BilledInstallments: int32(x.Plan.Billed),
	}
	for _, amount := range x.Principal {
		p.UnbilledPrincipal += int64(amount)
	}
	days := planDues(&a.Billing, x, today, t.of(a.Billing.Terms))
	for i := range x.Plan.Schedule {
		p.Installments = append(p.Installments, installmentProto(&x.Plan.Schedule[i], days[i], i < x.Plan.Billed))
	}
	rates := s.planRates(x, days)
	p.NominalAnnualRate, p.EffectiveAnnualRate = rates.nominal, rates.effective
	return p
}

// planDues are the due dates of a plan's months: the next installment is billed with the window that is open.
func planDues(b *ledger.Billing, x *ledger.Plan, today calendar.Date, t *terms.Terms) []calendar.Date {
	w := b.Open.Window
	if !b.Open.IsOpen() {
		w = calendar.Cycle{Day: b.Day, DeferralDays: t.Window.DaysUntilDue}.WindowOf(today)
		w.Due = t.Window.Due(w.Due)
	}
	return dues(b, t, w, x.Plan.Billed, max(len(x.Plan.Schedule), x.Plan.Offer.Months))
}

// planRates are those of a plan as it was agreed.
func (s *billing) planRates(x *ledger.Plan, days []calendar.Date) annual {
	if len(x.Plan.Unbilled()) == 0 {
		return annual{}
	}
	agreed := x.Agreed()
	return s.rates.agreed(&agreed, days)
}

func installmentProto(i *plan.Installment, due calendar.Date, billed bool) *holdfastv1.Installment {
	return &holdfastv1.Installment{
		Number: int32(i.Number), Principal: int64(i.Principal), Fee: int64(i.Fee), Interest: int64(i.Interest), Subsidy: int64(i.Subsidy),
		Amount: int64(i.Due()), DueDate: dateProto(due), Billed: billed,
	}
}

func itemProto(a ledger.AccountID, i *ledger.Item) *holdfastv1.Item {
	if i == nil {
		return nil
	}
	p := &holdfastv1.Item{
		ItemId: itemID(a, i.N), Kind: holdfastv1.ItemKind(i.Kind), CreateTime: timestamp(i.Time), Day: dateProto(i.Day),
		ValueDate: dateProto(i.ValueDate), Amount: int64(i.Amount), Window: dateProto(i.Opens), OpeningDate: dateProto(i.About),
		PlanId: planID(a, i.Plan), AuthorizationId: authorizationID(a, i.Authorization), AboutItemId: itemID(a, i.Undoes),
		Attempt: int32(i.Attempt), Channel: holdfastv1.CollectionChannel(i.Channel), Outcome: holdfastv1.ItemOutcome(i.Outcome) + 1,
		Reference: i.Reference, Note: i.Note, Caller: string(i.Caller), Points: pointsChangeProto(i.Points),
	}
	for _, m := range i.Moves {
		p.Moves = append(p.Moves, &holdfastv1.ItemMove{
			OpeningDate: dateProto(m.Opens), PlanId: planID(a, m.Plan), Part: holdfastv1.AmountPart(m.Part), Scene: holdfastv1.Scene(m.Scene), Amount: int64(m.Amount),
		})
	}
	return p
}

func statementProto(a *ledger.Account, s *ledger.Statement, t *lookup) *holdfastv1.Statement {
	if s == nil {
		return nil
	}
	by := t.of(s.Terms)
	return &holdfastv1.Statement{
		AccountId: a.ID.String(), OpeningDate: s.Opens.String(), ClosingDate: s.Closes.String(), DueDate: s.Due.String(), Currency: string(a.Currency),
		Number: int32(s.N), TermsVersion: by.Version, CreateTime: timestamp(s.Closed), OpeningBalance: int64(s.Opening),
		Changes: changesProto(&s.Flows), ClosingBalance: int64(s.Closing), Billed: owedProto(&s.Bill), EarlierAmount: int64(s.Earlier),
		CreditBalance: int64(s.Credit), TotalDue: int64(s.Total()), MinimumDue: int64(s.Minimum), UnbilledPrincipal: int64(s.Unbilled),
		PreviousStatement: dateProto(s.Previous), PenaltyAnnualRate: perYear(by.Penalty.DailyRate), InterestAnnualRate: perYear(by.MinimumDue.DailyInterestRate),
		Points: statementPointsProto(s.Points),
	}
}

func payoffProto(p *ledger.Payoff, currency money.Currency) *holdfastv1.Payoff {
	return &holdfastv1.Payoff{
		Date: p.Day.String(), Currency: string(currency), Billed: owedProto(&p.Billed), Open: owedProto(&p.Open), Plans: owedProto(&p.Plans),
		CreditBalance: int64(p.Credit), Total: int64(p.Total()),
	}
}
