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
