package server

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/protoadapt"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// termsService is TermsService.
type termsService struct {
	holdfastv1.UnimplementedTermsServiceServer
	*termsBook
}

// mostDocumentFaults bounds the faults of a document that are told, because a status travels in headers.
const mostDocumentFaults = 200

func (s *termsService) PutTerms(ctx context.Context, r *holdfastv1.PutTermsRequest) (*holdfastv1.PutTermsResponse, error) {
	var c check
	cmd := &ledger.PutTerms{Request: c.request(callerOf(ctx), r.GetRequestId()), Document: r.GetDocument()}
	if r.GetDocument() == "" {
		c.fault("document", "is required")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	var err error
	if cmd.Parsed, err = terms.Parse([]byte(cmd.Document)); err != nil {
		message, details := documentFaults(err, "INVALID_TERMS")
		return nil, failed(codes.InvalidArgument, "INVALID_TERMS", message, details)
	}
	replayed, err := s.everywhere(ctx, cmd, holdfastv1.TermsService_PutTerms_FullMethodName, r, &holdfastv1.PutTermsResponse{})
	if err != nil {
		return nil, err
	}
	if _, one := onlyShard(ctx); one {
		return &holdfastv1.PutTermsResponse{Replayed: replayed}, nil
	}
	v, err := s.find(ctx, firsts, cmd.Parsed.Version)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.PutTermsResponse{Terms: termsProto(v, true), Replayed: replayed}, nil
}

// documentFaults tells everything that is wrong with a document, in words and as details, each with the reason.
func documentFaults(err error, reason string) (message string, details protoadapt.MessageV1) {
	bad := &errdetails.BadRequest{}
	var faults *document.Faults
	if !errors.As(err, &faults) {
		return err.Error(), bad
	}
	for i, f := range faults.List {
		if i == mostDocumentFaults {
			break
		}
		field := "document"
		if f.Path != "" {
			field += "." + f.Path
		}
		bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
			Field: field, Description: fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Detail), Reason: reason,
		})
	}
	first := bad.FieldViolations[0]
	return fmt.Sprintf("%s %d fault(s), which the details tell; the first: %s: %s", faults.Subject, len(faults.List), first.Field, first.Description), bad
}

func (s *termsService) GetTerms(ctx context.Context, r *holdfastv1.GetTermsRequest) (*holdfastv1.GetTermsResponse, error) {
	var c check
	version := c.version("version", r.GetVersion(), true)
	if err := c.err(); err != nil {
		return nil, err
	}
	v, err := s.find(ctx, s.everybodys(), version)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetTermsResponse{Terms: termsProto(v, true)}, nil
}

func (s *termsService) ListTerms(ctx context.Context, _ *holdfastv1.ListTermsRequest) (*holdfastv1.ListTermsResponse, error) {
	list, err := s.versions(ctx, s.everybodys())
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ListTermsResponse{}
	for i := range list {
		resp.Terms = append(resp.Terms, termsProto(&list[i], false))
	}
	return resp, nil
}

func (s *termsService) find(ctx context.Context, shard int, version string) (*ledger.TermsVersion, error) {
	list, err := s.versions(ctx, shard)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Terms.Version == version {
			return &list[i], nil
		}
	}
	return nil, failed(codes.NotFound, "TERMS_NOT_FOUND", "there are no terms "+version,
		&errdetails.ResourceInfo{ResourceName: version, Description: "there are no such terms"})
}

func termsProto(v *ledger.TermsVersion, withDocument bool) *holdfastv1.TermsVersion {
	p := &holdfastv1.TermsVersion{
		Version: v.Terms.Version, Currency: string(v.Terms.Currency), CreateTime: timestamp(v.Put), Caller: string(v.Caller),
		AnnualCapPercent: percent(int64(v.Terms.AnnualCap)),
	}
	for _, o := range v.Terms.Installments.Offers {
		p.Offers = append(p.Offers, offerProto(o.Offer))
	}
	if withDocument {
		if p.Document = v.Document; p.Document == "" {
			p.Document = string(terms.Format(v.Terms)) // the server was started with them, and not with a document
		}
	}
	return p
}

// offerProto is what a plan costs; nil for the zero Offer.
func offerProto(o plan.Offer) *holdfastv1.PlanOffer {
	if o.Months == 0 {
		return nil
	}
	p := &holdfastv1.PlanOffer{Method: holdfastv1.PlanMethod(o.Method), Months: int32(o.Months)}
	if o.Method == plan.MethodAnnuity {
		p.AnnualInterestPercent = percent(int64(o.Interest))
	} else {
		p.MonthlyFeePercent = percent(int64(o.Fee))
	}
	return p
}
