package server

import (
	"context"
	"slices"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

func (s *accounts) SetMandate(ctx context.Context, r *holdfastv1.SetMandateRequest) (*holdfastv1.SetMandateResponse, error) {
	var c check
	cmd := &ledger.SetMandate{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Account:  c.account(r.GetAccountId()),
		Currency: c.currency(r.GetCurrency()),
		Carrier:  token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()),
		Phone:    token[ledger.PhoneToken](&c, "phone_token", r.GetPhoneToken()),
		Cap:      c.amount("monthly_cap", r.GetMonthlyCap(), 1),
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.SetMandateResponse{Account: a, Replayed: replayed}
	if i := slices.IndexFunc(a.GetMandates(), func(m *holdfastv1.Mandate) bool {
		return m.GetCarrierId() == r.GetCarrierId() && m.GetPhoneToken() == r.GetPhoneToken()
	}); i >= 0 {
		resp.MandateId = a.GetMandates()[i].GetMandateId()
	}
	return resp, nil
}

func (s *accounts) EndMandate(ctx context.Context, r *holdfastv1.EndMandateRequest) (*holdfastv1.EndMandateResponse, error) {
	var c check
	id := c.mandate(r.GetMandateId())
	cmd := &ledger.EndMandate{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Account: id.Account, Mandate: id.N, Reason: c.note("reason", r.GetReason()),
	}
	a, replayed, err := s.change(ctx, &c, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.EndMandateResponse{Account: a, Replayed: replayed}, nil
}

func (s *accounts) ListMandates(ctx context.Context, r *holdfastv1.ListMandatesRequest) (*holdfastv1.ListMandatesResponse, error) {
	var c check
	id := c.account(r.GetAccountId())
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, id, &ledger.GetAccount{Account: id})
	if err != nil {
		return nil, err
	}
	resp := new(holdfastv1.ListMandatesResponse)
	for i := range out.Account.Mandates {
		resp.Mandates = append(resp.Mandates, mandateProto(id, &out.Account.Mandates[i]))
	}
	return resp, nil
}

// mandateID is the id of a mandate of an account; empty for none.
func mandateID(a ledger.AccountID, n uint32) string {
	if n == 0 {
		return ""
	}
	return ledger.MandateID{Account: a, N: n}.String()
}
