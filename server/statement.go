package server

import (
	"cmp"
	"context"
	"fmt"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// The calls of BillingService that read.

func (s *billing) GetBilling(ctx context.Context, r *holdfastv1.GetBillingRequest) (*holdfastv1.GetBillingResponse, error) {
	var c check
	q := &ledger.GetBilling{Account: c.account(r.GetAccountId())}
	out, err := s.ask(ctx, &c, q.Account, q)
	if err != nil {
		return nil, err
	}
	t := s.terms.lookup(ctx, q.Account)
	resp := &holdfastv1.GetBillingResponse{
		Billing:         s.billingProto(out.Billing.Account, out.Today, t),
		LatestStatement: statementProto(out.Billing.Account, out.Billing.Statement, t),
	}
	return resp, t.err
}

// ask reads something of an account.
func (s *billing) ask(ctx context.Context, c *check, id ledger.AccountID, q ledger.Command) (*ledger.Outcome, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	return s.on(ctx, id, q)
}

func (s *billing) GetStatement(ctx context.Context, r *holdfastv1.GetStatementRequest) (*holdfastv1.GetStatementResponse, error) {
	var c check
	q := &ledger.GetStatement{
		Account: c.account(r.GetAccountId()), Opens: c.dateOr("opening_date", r.GetOpeningDate()),
		From: c.linePlace(r.GetPageToken()), Limit: c.page(cmp.Or(r.GetPageSize(), largestPage)),
	}
	out, err := s.ask(ctx, &c, q.Account, q)
	if err != nil {
		return nil, err
	}
	a, statement, t := out.Billing.Account, out.Billing.Statement, s.terms.lookup(ctx, q.Account)
	resp := &holdfastv1.GetStatementResponse{Statement: statementProto(a, statement, t)}
	for _, o := range out.Billing.Orders {
		resp.Captures = append(resp.Captures, &holdfastv1.StatementCapture{
			CaptureId: o.Authorization.CaptureID(o.Part), AuthorizationId: o.Authorization.String(), OrderId: string(o.Order),
			Scene: holdfastv1.Scene(o.Scene), CarrierId: string(o.Carrier), Amount: int64(o.Amount), CreateTime: timestamp(o.Time), Planned: o.Planned,
			BillReference: string(o.Bill), Points: paymentProto(o.Points),
		})
	}
	if r.GetPageToken() == "" {
		s.listCharges(resp, a.ID, statement, t)
	}
	if out.More {
		resp.NextPageToken = lineToken(out.Billing.Next)
	}
	for _, i := range out.Billing.Items {
		if i.N <= statement.LastItem {
			resp.Items = append(resp.Items, itemProto(a.ID, i))
		} else {
			resp.LaterItems = append(resp.LaterItems, itemProto(a.ID, i))
		}
	}
	for i := range a.Billing.Debts {
		if x := &a.Billing.Debts[i]; x.Opens == statement.Opens {
			resp.Debt = debtProto(x, out.Today, t)
		}
	}
	return resp, t.err
}

// lineToken is a place in the lines of a statement as a token of pages.
func lineToken(p ledger.LinePlace) string { return fmt.Sprintf("%d.%d.%d", p.N, p.Part, p.Item) }

// linePlace reads what lineToken writes; the first place for an empty token.
func (c *check) linePlace(token string) (p ledger.LinePlace) {
	if token == "" {
		return p
	}
	if _, err := fmt.Sscanf(token, "%d.%d.%d", &p.N, &p.Part, &p.Item); err != nil || p.Part < 0 || lineToken(p) != token {
		c.fault("page_token", "is not a token of this list")
	}
	return p
}

// listCharges lists what was billed as the window closed: installments, and interest and penalty of debts.
func (s *billing) listCharges(resp *holdfastv1.GetStatementResponse, id ledger.AccountID, statement *ledger.Statement, t *lookup) {
	for i := range statement.Charges {
		charge := &statement.Charges[i]
		by := t.of(charge.Terms)
		if charge.Plan == 0 {
			resp.Accruals = append(resp.Accruals, &holdfastv1.StatementAccrual{
				OpeningDate: dateProto(charge.Opens), Interest: int64(charge.Interest), Penalty: int64(charge.Penalty),
				InterestAnnualRate: perYear(by.MinimumDue.DailyInterestRate), PenaltyAnnualRate: perYear(by.Penalty.DailyRate),
			})
			continue
		}
		rates := s.rates.agreed(&charge.Agreed, statementDues(statement, charge, by))
		resp.Installments = append(resp.Installments, &holdfastv1.StatementInstallment{
			PlanId: planID(id, charge.Plan), Number: charge.Number, Of: charge.Of, Principal: int64(charge.Principal), Fee: int64(charge.Fee),
			Interest: int64(charge.Interest), Subsidy: int64(charge.Subsidy), OutstandingPrincipal: int64(charge.Outstanding),
			NominalAnnualRate: rates.nominal, EffectiveAnnualRate: rates.effective,
		})
	}
}

// statementDues are the due dates of a plan's months as a statement tells them that bills one: its own, and those before and after
// it as if the statement day never changed, so that a statement tells the same whenever it is read.
func statementDues(s *ledger.Statement, charge *ledger.StatementCharge, t *terms.Terms) []calendar.Date {
	day := calendar.StatementDay((s.Closes + 1).DayOfMonth())
	return dues(&ledger.Billing{Day: day}, t, s.Window, int(charge.Number)-1, charge.Agreed.Offer.Months)
}

func (s *billing) ListStatements(ctx context.Context, r *holdfastv1.ListStatementsRequest) (*holdfastv1.ListStatementsResponse, error) {
	var c check
	q := &ledger.ListStatements{Account: c.account(r.GetAccountId()), Limit: c.page(r.GetPageSize())}
	if r.GetPageToken() != "" {
		before, err := calendar.ParseDate(r.GetPageToken())
		if err != nil {
			c.fault("page_token", "is not a token of this list")
		}
		q.Before = before
	}
	out, err := s.ask(ctx, &c, q.Account, q)
	if err != nil {
		return nil, err
	}
	t := s.terms.lookup(ctx, q.Account)
	resp := &holdfastv1.ListStatementsResponse{}
	for _, statement := range out.Billing.Statements {
		resp.Statements = append(resp.Statements, statementProto(out.Billing.Account, statement, t))
	}
	if n := len(resp.Statements); out.More && n > 0 {
		resp.NextPageToken = resp.Statements[n-1].GetOpeningDate()
	}
	return resp, t.err
}

func (s *billing) ListItems(ctx context.Context, r *holdfastv1.ListItemsRequest) (*holdfastv1.ListItemsResponse, error) {
	var c check
	q := &ledger.ListItems{Account: c.account(r.GetAccountId()), Limit: c.page(r.GetPageSize())}
	if r.GetPageToken() != "" {
		before, err := ledger.ParseItemID(r.GetPageToken())
		if err != nil || before.Account != q.Account {
			c.fault("page_token", "is not a token of this list")
		}
		q.Before = before.N
	}
	out, err := s.ask(ctx, &c, q.Account, q)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ListItemsResponse{}
	for _, i := range out.Billing.Items {
		resp.Items = append(resp.Items, itemProto(q.Account, i))
	}
	if n := len(resp.Items); out.More && n > 0 {
		resp.NextPageToken = resp.Items[n-1].GetItemId()
	}
	return resp, nil
}

func (s *billing) GetPayoff(ctx context.Context, r *holdfastv1.GetPayoffRequest) (*holdfastv1.GetPayoffResponse, error) {
	var c check
	q := &ledger.GetPayoff{Account: c.account(r.GetAccountId()), Day: c.dateOr("date", r.GetDate())}
	out, err := s.ask(ctx, &c, q.Account, q)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetPayoffResponse{Payoff: payoffProto(out.Billing.Payoff, out.Currency)}, nil
}

// Quote has the ledger say what would be billed when; what that costs a year is reckoned here.
func (s *billing) Quote(ctx context.Context, r *holdfastv1.QuoteRequest) (*holdfastv1.QuoteResponse, error) {
	var c check
	q := &ledger.Quote{Purchase: ledger.Purchase{
		Account: c.account(r.GetAccountId()), Scene: c.scene("scene", r.GetScene()), Currency: c.currency(r.GetCurrency()),
		Amount: c.amount("amount", r.GetAmount(), leastAmount(r)), Plan: c.plan(r.GetPlan(), false),
		Points: c.points("points_to_redeem", r.GetPointsToRedeem(), 0),
	}}
	if r.GetCarrierId() != "" {
		q.Carrier = token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId())
	}
	if r.GetPhoneToken() != "" {
		q.Phone = token[ledger.PhoneToken](&c, "phone_token", r.GetPhoneToken())
	}
	if r.GetBillReference() != "" || r.GetMandateId() != "" {
		payBill(&c, r, &q.Purchase)
	}
	if r.GetBundleOfferId() != "" {
		q.Bundle = c.bundle(r.GetBundleOfferId(), q.Scene, q.Plan)
	}
	out, err := s.ask(ctx, &c, q.Account, q)
	if err != nil {
		return nil, err
	}
	quote, a, t := out.Billing.Quote, out.Billing.Account, s.terms.lookup(ctx, q.Account)
	resp := &holdfastv1.QuoteResponse{
		OpeningDate: quote.Window.Opens.String(), ClosingDate: quote.Window.Closes.String(), DueDate: quote.Window.Due.String(),
		DaysDeferred: int32(quote.Window.DaysDeferred(quote.Today)), TermsVersion: out.Billing.Terms, Offer: offerProto(quote.Offer),
		Points: paymentProto(out.Redeems),
	}
	schedule := quote.Schedule
	if schedule == nil {
		schedule = plan.Schedule{{Number: 1, Principal: q.Amount - out.Redeems.Worth}}
	}
	days := dues(&a.Billing, t.of(a.Billing.Terms), quote.Window, 0, len(schedule))
	for i := range quote.Schedule {
		resp.Installments = append(resp.Installments, installmentProto(&quote.Schedule[i], days[i], false))
	}
	total, rates := schedule.Total(), s.rates.of(quote.Today, schedule, days)
	resp.TotalAmount, resp.NominalAnnualRate, resp.EffectiveAnnualRate = int64(total.Due()), rates.nominal, rates.effective
	resp.TotalCost, resp.SubsidyAmount = resp.GetTotalAmount(), int64(total.Subsidy)
	resp.Reasons = reasonsProto(out.Reasons)
	if quote.Bundle != nil {
		resp.Bundle = bundleOfferProto(quote.Bundle)
		resp.TotalCost += int64(quote.Bundle.DownPayment)
	}
	return resp, t.err
}
