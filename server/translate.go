package server

import (
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// Everything that goes out is translated here; what comes in is validated in check.go. The enumerations of the domain
// have the numbers of the API's, which a test holds them to.

func timestamp(i calendar.Instant) *timestamppb.Timestamp {
	if i == 0 {
		return nil
	}
	return &timestamppb.Timestamp{Seconds: int64(i) / 1e9, Nanos: int32(int64(i) % 1e9)}
}

func reasonsProto(s ledger.Reasons) []holdfastv1.DeclineReason {
	if s == 0 {
		return nil
	}
	var list []holdfastv1.DeclineReason
	for r := range s.All() {
		list = append(list, holdfastv1.DeclineReason(r))
	}
	return list
}

func headroomProto(h *ledger.Headroom) *holdfastv1.Headroom {
	p := new(holdfastv1.Headroom)
	fillHeadroom(p, h)
	return p
}

func fillHeadroom(p *holdfastv1.Headroom, h *ledger.Headroom) {
	p.Limit, p.Held, p.Posted, p.Available = int64(h.Limit), int64(h.Held), int64(h.Posted), int64(h.Available)
	p.AccountLimit, p.AccountHeld, p.AccountPosted = int64(h.AccountLimit), int64(h.AccountHeld), int64(h.AccountPosted)
	p.OverLimit = h.OverLimit()
}

// authorizationProto is an outcome's authorization; nil when there is none.
func authorizationProto(out *ledger.Outcome) *holdfastv1.Authorization {
	if out.Authorization.N == 0 {
		return nil
	}
	p := &struct {
		message                  holdfastv1.Authorization
		created, expires, update timestamppb.Timestamp
	}{}
	fillAuthorization(&p.message, out, &p.created, &p.expires, &p.update)
	return &p.message
}

// fillAuthorization fills in a message whose timestamps the caller has made room for: one allocation for all.
func fillAuthorization(p *holdfastv1.Authorization, out *ledger.Outcome, created, expires, updated *timestamppb.Timestamp) {
	a := &out.Authorization
	id := ledger.AuthorizationID{Account: out.ID.Account, N: a.N}
	p.AuthorizationId, p.AccountId = id.String(), id.Account.String()
	p.Scene, p.State = holdfastv1.Scene(a.Scene), holdfastv1.AuthorizationState(a.State)
	p.OrderId, p.CarrierId, p.PhoneToken, p.Currency = string(a.Order), string(a.Carrier), string(a.Phone), string(out.Currency)
	p.RequestedAmount, p.AuthorizedAmount, p.HeldAmount = int64(a.Requested), int64(a.Authorized), int64(a.Held)
	p.CapturedAmount, p.RefundedAmount = int64(a.Captured), int64(a.Refunded)
	p.Reasons = reasonsProto(a.Reasons)
	p.CreateTime, p.UpdateTime = setInstant(created, a.Created), setInstant(updated, a.Updated)
	if a.Expires != 0 {
		p.ExpireTime = setInstant(expires, a.Expires)
	}
	for i, c := range a.Captures {
		p.Captures = append(p.Captures, &holdfastv1.CaptureRecord{
			CaptureId: id.CaptureID(i + 1), Amount: int64(c.Amount), CreateTime: timestamp(c.Time), Late: c.Late,
			Points: paymentProto(c.Points),
		})
	}
	for i, r := range a.Refunds {
		p.Refunds = append(p.Refunds, &holdfastv1.RefundRecord{
			RefundId: id.RefundID(i + 1), Amount: int64(r.Amount), CreateTime: timestamp(r.Time), Points: paymentProto(r.Points),
		})
	}
	if p.Advised = a.Advised; a.Advised {
		p.SaleTime = timestamp(a.SaleTime)
	}
	p.Plan, p.Points = offerProto(a.Plan), orderPointsProto(a.Points)
	p.BillReference, p.CarrierVersion, p.CarrierReference, p.ProductId = string(a.Bill), int32(a.Settings), string(a.Reference), string(a.Product)
	p.BundleOfferId, p.BundleOfferVersion = string(a.Bundle.Offer), int32(a.Bundle.Version)
	if a.Mandate != 0 {
		p.MandateId = ledger.MandateID{Account: id.Account, N: a.Mandate}.String()
	}
	if a.Verdict.Action > ledger.ActionApprove {
		p.RiskPolicyVersion = a.Verdict.Policy
		p.RiskAction, p.RiskReasons = riskProto(&a.Verdict)
	}
}

// riskProto is what a risk policy did beyond approving: nothing when it only approved.
func riskProto(v *ledger.Verdict) (holdfastv1.RiskAction, []string) {
	if v.Action <= ledger.ActionApprove {
		return 0, nil
	}
	return holdfastv1.RiskAction(v.Action), strings.Split(v.Reasons, ",")
}

func setInstant(t *timestamppb.Timestamp, i calendar.Instant) *timestamppb.Timestamp {
	t.Seconds, t.Nanos = int64(i)/1e9, int32(int64(i)%1e9)
	return t
}

// accountProto is an account as it stands on a civil day, with the version of its terms.
func accountProto(a *ledger.Account, today calendar.Date, version string) *holdfastv1.Account {
	whole := a.Headroom(ledger.NoScene, today)
	p := &holdfastv1.Account{
		AccountId: a.ID.String(), ConsumerToken: string(a.Consumer), Status: holdfastv1.AccountStatus(a.Status),
		StatusReason: a.StatusReason, Currency: string(a.Currency), Limit: int64(a.Limit),
		TemporaryLimit: temporaryProto(a.Temporary, today), Held: int64(whole.Held), Posted: int64(whole.Posted),
		Available: int64(whole.Available), OverLimit: whole.OverLimit(), CreateTime: timestamp(a.Created), UpdateTime: timestamp(a.Updated),
		TermsVersion: version, StatementDay: int32(a.Billing.Day), CollectionChannel: holdfastv1.CollectionChannel(a.Billing.Channel),
		Balance: int64(a.Billing.Balance()), CreditBalance: int64(a.Billing.Credit), DaysPastDue: int32(a.Billing.DaysPastDue(today)),
	}
	p.Grade, p.Score, p.ApplicationId = a.Risk.Grade, a.Risk.Score, applicationID(a.Risk.Application)
	for i := range a.Mandates {
		if a.Mandates[i].Ended != 0 {
			continue
		}
		p.Mandates = append(p.Mandates, mandateProto(a.ID, &a.Mandates[i]))
	}
	for i := range a.Lines {
		scene, l := ledger.Scene(i+1), &a.Lines[i]
		p.OpenHolds += l.Holds
		if l.Status == ledger.NoLine && l.Posted == 0 {
			continue
		}
		h := a.Headroom(scene, today)
		p.OverLimit = p.OverLimit || h.OverLimit()
		p.Lines = append(p.Lines, &holdfastv1.Line{
			Scene: holdfastv1.Scene(scene), Status: holdfastv1.LineStatus(l.Status), Limit: int64(l.Limit),
			TemporaryLimit: temporaryProto(l.Temporary, today), Held: int64(l.Held), Posted: int64(l.Posted), Available: int64(h.Available),
			AgreementVersion: l.Agreement, AcceptedAgreementVersion: l.Accepted, Controls: controlsProto(&l.Controls), Use: useProto(l.Use.At(today)),
		})
	}
	return p
}

func mandateProto(a ledger.AccountID, m *ledger.Mandate) *holdfastv1.Mandate {
	p := &holdfastv1.Mandate{
		MandateId: ledger.MandateID{Account: a, N: m.N}.String(), CarrierId: string(m.Carrier), PhoneToken: string(m.Phone),
		MonthlyCap: int64(m.Cap), Since: m.Since.String(), DeclinesInARow: int32(m.Declines), EndDate: dateProto(m.Ended), EndReason: m.Reason,
		DeclinedAuthorizationId: authorizationID(a, m.Declined),
	}
	if m.Last != 0 {
		p.LastMonth, p.LastAuthorizationId = m.Month.String(), ledger.AuthorizationID{Account: a, N: m.Last}.String()
	}
	return p
}

func temporaryProto(t ledger.TemporaryLimit, today calendar.Date) *holdfastv1.TemporaryLimit {
	if !t.Active(today) {
		return nil
	}
	return &holdfastv1.TemporaryLimit{Limit: int64(t.Limit), LastDay: t.LastDay.String()}
}

func controlsProto(c *ledger.Controls) *holdfastv1.SpendingControls {
	p := &holdfastv1.SpendingControls{
		PerOrderAmount: int64(c.PerOrder), DailyAmount: int64(c.DailyAmount), DailyCount: c.DailyCount,
		MonthlyAmount: int64(c.MonthlyAmount), MonthlyCount: c.MonthlyCount, MaxOpenHolds: c.MaxHolds,
	}
	for _, s := range c.Carriers {
		p.AllowedCarriers = append(p.AllowedCarriers, string(s))
	}
	for _, s := range c.Phones {
		p.AllowedPhoneTokens = append(p.AllowedPhoneTokens, string(s))
	}
	return p
}

func useProto(u ledger.Use) *holdfastv1.SpendingUse {
	return &holdfastv1.SpendingUse{
		DailyAmount: int64(u.DailyAmount), DailyCount: u.DailyCount, MonthlyAmount: int64(u.MonthlyAmount), MonthlyCount: u.MonthlyCount,
	}
}

func suspensionsProto(s *ledger.Shard) []*holdfastv1.Suspension {
	var list []*holdfastv1.Suspension
	for _, v := range s.Suspensions {
		scope := new(holdfastv1.SuspensionScope)
		switch {
		case v.Scope.Carrier != "":
			scope.Scope = &holdfastv1.SuspensionScope_CarrierId{CarrierId: string(v.Scope.Carrier)}
		case v.Scope.Scene != ledger.NoScene:
			scope.Scope = &holdfastv1.SuspensionScope_Scene{Scene: holdfastv1.Scene(v.Scope.Scene)}
		default:
			scope.Scope = &holdfastv1.SuspensionScope_All{All: true}
		}
		list = append(list, &holdfastv1.Suspension{Scope: scope, Reason: v.Reason, Since: timestamp(v.Since), Caller: string(v.Caller)})
	}
	return list
}
