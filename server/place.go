package server

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// anywhere is the place of a request that any node may answer.
const anywhere = -1

// placeOf is the shard that a request is about. What is to be carried out in every shard begins at the first, so that such
// requests come in one order; what the last of them gets last is asked of the last.
func (r *router) placeOf(ctx context.Context, req any) int {
	switch q := req.(type) {
	case *holdfastv1.OpenAccountRequest, *holdfastv1.SubmitApplicationRequest, *holdfastv1.WithdrawConsentRequest, *holdfastv1.EraseConsumerRequest:
		return r.hash(req.(interface{ GetConsumerToken() string }).GetConsumerToken())
	case *holdfastv1.RequestHumanReviewRequest:
		return r.within(cmp.Or(q.GetApplicationId(), q.GetAuthorizationId(), q.GetAccountId()), anywhere)
	case *holdfastv1.ExplainDecisionRequest:
		return r.within(cmp.Or(q.GetApplicationId(), q.GetAuthorizationId()), anywhere)
	case *holdfastv1.ListReviewsRequest:
		return r.within(q.GetPageToken(), 0)
	case *holdfastv1.LookupOrderRequest:
		return r.home(ledger.Caller(CallerOf(ctx).Name), ledger.OrderID(q.GetOrderId()))
	case *holdfastv1.GetAccountRequest:
		if q.GetAccountId() == "" {
			return r.hash(q.GetConsumerToken())
		}
	case *holdfastv1.ListAccountsRequest:
		return r.within(q.GetPageToken(), 0)
	case *holdfastv1.CloseSettlementRequest, *holdfastv1.GetSettlementRequest, *holdfastv1.ListSettlementsRequest, *holdfastv1.ConfirmSettlementRequest:
		return r.settlementHome(ledger.CarrierID(req.(interface{ GetCarrierId() string }).GetCarrierId()))
	case *holdfastv1.SuspendRequest, *holdfastv1.ResumeRequest, *holdfastv1.ListSuspensionsRequest, *holdfastv1.PutTermsRequest,
		*holdfastv1.PutPolicyRequest, *holdfastv1.ActivatePolicyRequest, *holdfastv1.PutCarrierRequest,
		*holdfastv1.PutBundleOfferRequest:
		return 0
	case *holdfastv1.GetReconciliationRequest, *holdfastv1.ListReconciliationsRequest, *holdfastv1.ListBreaksRequest, *holdfastv1.ResolveBreakRequest:
		return r.homeOf(ledger.CarrierID(req.(interface{ GetCarrierId() string }).GetCarrierId()))
	case *holdfastv1.GetTermsRequest, *holdfastv1.ListTermsRequest, *holdfastv1.GetPolicyRequest, *holdfastv1.ListPoliciesRequest,
		*holdfastv1.GetCarrierRequest, *holdfastv1.ListCarriersRequest, *holdfastv1.GetBundleOfferRequest, *holdfastv1.ListBundleOffersRequest:
		return len(r.writers) - 1
	}
	// What most calls are about, without reflection.
	if q, ok := req.(interface{ GetAccountId() string }); ok && q.GetAccountId() != "" {
		return r.within(q.GetAccountId(), anywhere)
	}
	if q, ok := req.(interface{ GetAuthorizationId() string }); ok {
		return r.within(q.GetAuthorizationId(), anywhere)
	}
	m, ok := req.(proto.Message)
	if !ok {
		return anywhere
	}
	reflected := m.ProtoReflect()
	for _, field := range idsOf(reflected.Descriptor()) {
		if id := reflected.Get(field).String(); id != "" {
			return r.within(id, anywhere)
		}
	}
	return anywhere
}

// within is the shard of an id, or another place when it is none: whoever carries out the request says what is wrong.
func (r *router) within(id string, other int) int {
	if shard, ok := ledger.ShardOf(id); ok && int(shard) < len(r.writers) {
		return int(shard)
	}
	return other
}

// idFields are the fields of requests whose ids begin with an account's, or with their shard as an account's does.
var idFields = map[protoreflect.Name]bool{
	"account_id": true, "authorization_id": true, "mandate_id": true, "plan_id": true, "item_id": true,
	"repayment_id": true, "collection_id": true, "capture_id": true, "refund_id": true,
	"application_id": true, "review_id": true,
}

// knownIDs are the id fields of messages, by name.
var knownIDs sync.Map // protoreflect.FullName to []protoreflect.FieldDescriptor

func idsOf(d protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if known, ok := knownIDs.Load(d.FullName()); ok {
		return known.([]protoreflect.FieldDescriptor)
	}
	var ids []protoreflect.FieldDescriptor
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); idFields[f.Name()] && f.Kind() == protoreflect.StringKind && !f.IsList() {
			ids = append(ids, f)
		}
	}
	knownIDs.Store(d.FullName(), ids)
	return ids
}

// reads says whether a method only reads.
func reads(method string) bool {
	_, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") || name == "Check" || name == "Quote" || name == "LookupOrder" ||
		name == "ExplainDecision" || name == "ScoreOnly"
}
