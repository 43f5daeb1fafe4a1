package server

import (
	"context"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// DefaultRecordsKept is for how many years records of accounts that are closed are kept, where nothing else is said.
const DefaultRecordsKept = 10

func (s *riskService) WithdrawConsent(ctx context.Context, r *holdfastv1.WithdrawConsentRequest) (*holdfastv1.WithdrawConsentResponse, error) {
	var c check
	cmd := &ledger.WithdrawConsent{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Consumer: token[ledger.ConsumerToken](&c, "consumer_token", r.GetConsumerToken()),
		Purpose:  token[ledger.Purpose](&c, "purpose", r.GetPurpose()),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.consumer(cmd.Consumer), cmd)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.WithdrawConsentResponse{Application: applicationProto(out.Dossier.Application), Replayed: out.Replayed}
	for i := range out.Dossier.Applicant.Consents {
		resp.Consents = append(resp.Consents, consentProto(&out.Dossier.Applicant.Consents[i]))
	}
	return resp, nil
}

func (s *riskService) EraseConsumer(ctx context.Context, r *holdfastv1.EraseConsumerRequest) (*holdfastv1.EraseConsumerResponse, error) {
	var c check
	cmd := &ledger.EraseConsumer{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Consumer: token[ledger.ConsumerToken](&c, "consumer_token", r.GetConsumerToken()),
		Years:    s.kept,
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.consumer(cmd.Consumer), cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.EraseConsumerResponse{Kept: keptProto(out.Dossier.Kept), Replayed: out.Replayed}, nil
}

// ExportConsumer tells all that is held on a consumer. In a cluster it is told from what this node has followed.
func (s *riskService) ExportConsumer(r *holdfastv1.ExportConsumerRequest, stream holdfastv1.RiskService_ExportConsumerServer) error {
	var c check
	consumer := token[ledger.ConsumerToken](&c, "consumer_token", r.GetConsumerToken())
	if err := c.err(); err != nil {
		return err
	}
	e := &export{riskService: s, ctx: stream.Context(), shard: s.hash(string(consumer)), send: stream.Send}
	return e.run(consumer)
}

// export is one answer to ExportConsumer.
type export struct {
	*riskService
	ctx   context.Context
	shard int
	send  func(*holdfastv1.ExportConsumerResponse) error
}

func (e *export) ask(c ledger.Command) (*ledger.Outcome, error) {
	return look(e.ctx, e.writers[e.shard], c)
}

func (e *export) run(consumer ledger.ConsumerToken) error {
	out, err := e.ask(&ledger.GetApplicant{Consumer: consumer, Years: e.kept})
	if err != nil {
		return err
	}
	p := out.Dossier.Applicant
	for i := range p.Consents {
		if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Consent{Consent: consentProto(&p.Consents[i])}}); err != nil {
			return err
		}
	}
	if err := e.applications(p); err != nil {
		return err
	}
	if id := out.Dossier.Account; id != 0 {
		if err := e.account(id); err != nil {
			return err
		}
	}
	shard, err := e.ask(&ledger.GetShard{})
	if err != nil {
		return err
	}
	made, err := e.terms.of(e.ctx, e.shard, 0)
	if err != nil {
		return err
	}
	return e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Note{Note: &holdfastv1.ExportNote{
		ConsumerToken: string(consumer), Kept: keptProto(out.Dossier.Kept),
		ReceiptsKeptDays: int32(shard.Shard.RequestsKept(made) / (24 * time.Hour)),
		Text: "Beside these records there are receipts of the requests about them, for as many days as is said, each with the request's id and what it was answered with; " +
			"and the journal, in which every change is kept as it was made. All of it is under the token: who that is, this core does not know.",
	}}})
}

// applications sends applications and reviews, newest first.
func (e *export) applications(p *ledger.Applicant) error {
	for id := p.Application; id != 0; {
		out, err := e.ask(&ledger.GetApplication{Application: id})
		if err != nil {
			return err
		}
		a := out.Dossier.Application
		if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Application{Application: applicationProto(a)}}); err != nil {
			return err
		}
		id = a.Previous
	}
	for id := p.Review; id != 0; {
		out, err := e.ask(&ledger.GetReview{Review: id})
		if err != nil {
			return err
		}
		r := out.Dossier.Review
		if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Review{Review: reviewProto(r)}}); err != nil {
			return err
		}
		id = r.Previous
	}
	return nil
}

// exportPage is how many records are read at a time.
const exportPage = 200

// account sends an account and its history.
func (e *export) account(id ledger.AccountID) error {
	out, err := e.ask(&ledger.GetAccount{Account: id})
	if err != nil {
		return err
	}
	a, err := e.accounts.tell(e.ctx, out.Account, out.Today)
	if err != nil {
		return err
	}
	if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Account{Account: a}}); err != nil {
		return err
	}
	if out, err = e.ask(&ledger.GetBilling{Account: id}); err != nil {
		return err
	}
	t := e.terms.lookup(e.ctx, id)
	owed := e.billing.billingProto(out.Billing.Account, out.Today, t)
	if t.err != nil {
		return t.err
	}
	if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Billing{Billing: owed}}); err != nil {
		return err
	}
	for _, history := range []func(ledger.AccountID, *lookup) error{e.authorizations, e.statements, e.items} {
		if err := history(id, t); err != nil {
			return err
		}
	}
	return t.err
}

func (e *export) authorizations(id ledger.AccountID, _ *lookup) error {
	for before := uint32(0); ; {
		out, err := e.ask(&ledger.ListAuthorizations{Account: id, Before: before, Limit: exportPage})
		if err != nil {
			return err
		}
		for i := range out.Authorizations {
			one := &ledger.Outcome{ID: out.ID, Currency: out.Currency, Authorization: out.Authorizations[i]}
			if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Authorization{Authorization: authorizationProto(one)}}); err != nil {
				return err
			}
			before = out.Authorizations[i].N
		}
		if !out.More {
			return nil
		}
	}
}

func (e *export) statements(id ledger.AccountID, t *lookup) error {
	for before := calendar.Date(0); ; {
		out, err := e.ask(&ledger.ListStatements{Account: id, Before: before, Limit: exportPage})
		if err != nil {
			return err
		}
		for _, one := range out.Billing.Statements {
			p := statementProto(out.Billing.Account, one, t)
			if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Statement{Statement: p}}); err != nil {
				return err
			}
			before = one.Opens
		}
		if !out.More {
			return nil
		}
	}
}

func (e *export) items(id ledger.AccountID, _ *lookup) error {
	for before := uint32(0); ; {
		out, err := e.ask(&ledger.ListItems{Account: id, Before: before, Limit: exportPage})
		if err != nil {
			return err
		}
		for _, one := range out.Billing.Items {
			if err := e.send(&holdfastv1.ExportConsumerResponse{Record: &holdfastv1.ExportConsumerResponse_Item{Item: itemProto(id, one)}}); err != nil {
				return err
			}
			before = one.N
		}
		if !out.More {
			return nil
		}
	}
}
