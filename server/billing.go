package server

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// billing is BillingService. Its calls that write are here, those that read in statement.go, and the stream of collections
// in collection.go.
type billing struct {
	holdfastv1.UnimplementedBillingServiceServer
	*feed
	zone  calendar.Zone
	terms *termsBook
	rates rates
}

// booked is what every write answers with.
type booked struct {
	item     *holdfastv1.Item
	billing  *holdfastv1.Billing
	replayed bool
}

// book carries out a command on what an account owes. A request that was answered before is told how things are now.
func (s *billing) book(ctx context.Context, c *check, id ledger.AccountID, cmd ledger.Command) (*booked, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, id, cmd)
	if err != nil {
		return nil, err
	}
	b := &booked{replayed: out.Replayed, item: itemProto(id, out.Billing.Item)}
	t := s.terms.lookup(ctx, id)
	if !out.Replayed {
		b.billing = s.billingProto(out.Account, s.zone.DateAt(out.Account.Updated), t)
		return b, t.err
	}
	if out, err = s.on(ctx, id, &ledger.GetBilling{Account: id}); err != nil {
		return nil, err
	}
	b.billing = s.billingProto(out.Billing.Account, out.Today, t)
	return b, t.err
}

func (s *billing) PostRepayment(ctx context.Context, r *holdfastv1.PostRepaymentRequest) (*holdfastv1.PostRepaymentResponse, error) {
	var c check
	cmd := &ledger.PostRepayment{
		Request:   c.request(callerOf(ctx), r.GetRequestId()),
		Account:   c.account(r.GetAccountId()),
		Currency:  c.currency(r.GetCurrency()),
		Amount:    c.amount("amount", r.GetAmount(), 1),
		ValueDate: c.dateOr("value_date", r.GetValueDate()),
		Reference: c.text("reference", r.GetReference()),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.PostRepaymentResponse{RepaymentId: b.item.GetItemId(), Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) ReverseRepayment(ctx context.Context, r *holdfastv1.ReverseRepaymentRequest) (*holdfastv1.ReverseRepaymentResponse, error) {
	var c check
	id := c.item("repayment_id", r.GetRepaymentId())
	cmd := &ledger.ReverseRepayment{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Account: id.Account, Item: id.N, Reason: c.note("reason", r.GetReason()),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.ReverseRepaymentResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) RefundCreditBalance(ctx context.Context, r *holdfastv1.RefundCreditBalanceRequest) (*holdfastv1.RefundCreditBalanceResponse, error) {
	var c check
	cmd := &ledger.RefundCredit{
		Request:   c.request(callerOf(ctx), r.GetRequestId()),
		Account:   c.account(r.GetAccountId()),
		Currency:  c.currency(r.GetCurrency()),
		Amount:    c.amount("amount", r.GetAmount(), 0),
		Reference: c.text("reference", r.GetReference()),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.RefundCreditBalanceResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) ReportCollection(ctx context.Context, r *holdfastv1.ReportCollectionRequest) (*holdfastv1.ReportCollectionResponse, error) {
	var c check
	id := c.item("collection_id", r.GetCollectionId())
	cmd := &ledger.ReportCollection{Request: c.request(callerOf(ctx), r.GetRequestId()), Account: id.Account, Item: id.N}
	switch r.GetOutcome() {
	case holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_SUCCEEDED:
		cmd.Succeeded = true
		cmd.ValueDate = c.dateOr("value_date", r.GetValueDate())
		cmd.Reference = c.text("reference", r.GetReference())
		if r.GetReason() != "" {
			c.fault("reason", "is only for a collection that failed")
		}
	case holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_FAILED:
		cmd.Reason = c.note("reason", r.GetReason())
		if r.GetValueDate() != "" {
			c.fault("value_date", "is only for a collection that succeeded")
		}
		if r.GetReference() != "" {
			c.fault("reference", "is only for a collection that succeeded")
		}
	default:
		c.fault("outcome", "is required: COLLECTION_OUTCOME_SUCCEEDED or COLLECTION_OUTCOME_FAILED")
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.ReportCollectionResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

// waivable are the parts of what is owed that an operator may take back.
var waivable = map[holdfastv1.AmountPart]ledger.Part{
	holdfastv1.AmountPart_AMOUNT_PART_PENALTY:  ledger.PenaltyPart,
	holdfastv1.AmountPart_AMOUNT_PART_INTEREST: ledger.InterestPart,
	holdfastv1.AmountPart_AMOUNT_PART_FEE:      ledger.FeePart,
}

func (s *billing) WaiveCharges(ctx context.Context, r *holdfastv1.WaiveChargesRequest) (*holdfastv1.WaiveChargesResponse, error) {
	var c check
	part, ok := waivable[r.GetPart()]
	if !ok {
		c.fault("part", "is required: AMOUNT_PART_PENALTY, AMOUNT_PART_INTEREST or AMOUNT_PART_FEE")
	}
	cmd := &ledger.WaiveCharges{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Account:  c.account(r.GetAccountId()),
		Currency: c.currency(r.GetCurrency()),
		Opens:    c.date("opening_date", r.GetOpeningDate()),
		Part:     part,
		Amount:   c.amount("amount", r.GetAmount(), 0),
		Reason:   c.note("reason", r.GetReason()),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.WaiveChargesResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) PausePenalty(ctx context.Context, r *holdfastv1.PausePenaltyRequest) (*holdfastv1.PausePenaltyResponse, error) {
	var c check
	cmd := &ledger.PausePenalty{
		Request: c.request(callerOf(ctx), r.GetRequestId()),
		Account: c.account(r.GetAccountId()),
		Pause:   ledger.Pause{From: c.date("from", r.GetFrom()), To: c.date("to", r.GetTo())},
		Reason:  c.note("reason", r.GetReason()),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.PausePenaltyResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

// The windows that a debt may be spread over.
const (
	fewestWindows = 2
	mostWindows   = 24
)

func (s *billing) ReageDebt(ctx context.Context, r *holdfastv1.ReageDebtRequest) (*holdfastv1.ReageDebtResponse, error) {
	var c check
	cmd := &ledger.ReageDebt{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId()),
		Windows: int(r.GetWindows()), Reason: c.note("reason", r.GetReason()),
	}
	if cmd.Windows < fewestWindows || cmd.Windows > mostWindows {
		c.fault("windows", "%d is not within %d and %d", cmd.Windows, fewestWindows, mostWindows)
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.ReageDebtResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) PlanStatement(ctx context.Context, r *holdfastv1.PlanStatementRequest) (*holdfastv1.PlanStatementResponse, error) {
	var c check
	cmd := &ledger.PlanStatement{
		Request: c.request(callerOf(ctx), r.GetRequestId()),
		Account: c.account(r.GetAccountId()),
		Opens:   c.date("opening_date", r.GetOpeningDate()),
		Choice:  c.plan(r.GetPlan(), true),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.PlanStatementResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) PayOffPlan(ctx context.Context, r *holdfastv1.PayOffPlanRequest) (*holdfastv1.PayOffPlanResponse, error) {
	var c check
	cmd := &ledger.PayOffPlan{Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId())}
	if r.GetPlanId() != "" {
		id, err := ledger.ParsePlanID(r.GetPlanId())
		if err != nil {
			c.fault("plan_id", "is malformed: %v", err)
		} else if id.Account != cmd.Account {
			c.fault("plan_id", "is of another account")
		}
		cmd.Plan = id.N
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.PayOffPlanResponse{Item: b.item, Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) AcceptTerms(ctx context.Context, r *holdfastv1.AcceptTermsRequest) (*holdfastv1.AcceptTermsResponse, error) {
	var c check
	cmd := &ledger.AcceptTerms{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId()),
		Version: c.version("terms_version", r.GetTermsVersion(), true),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.AcceptTermsResponse{Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) SetStatementDay(ctx context.Context, r *holdfastv1.SetStatementDayRequest) (*holdfastv1.SetStatementDayResponse, error) {
	var c check
	cmd := &ledger.SetStatementDay{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId()), Day: c.statementDay(r.GetStatementDay(), true),
	}
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.SetStatementDayResponse{Billing: b.billing, Replayed: b.replayed}, nil
}

func (s *billing) SetCollectionChannel(ctx context.Context, r *holdfastv1.SetCollectionChannelRequest) (*holdfastv1.SetCollectionChannelResponse, error) {
	var c check
	cmd := &ledger.SetChannel{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Account: c.account(r.GetAccountId()),
		Channel: c.channel("collection_channel", r.GetCollectionChannel(), true),
	}
	cmd.Payer = c.payer(cmd.Channel, r.GetCarrierId(), r.GetPhoneToken())
	b, err := s.book(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.SetCollectionChannelResponse{Billing: b.billing, Replayed: b.replayed}, nil
}
