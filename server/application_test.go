package server

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// features are those of an applicant whom the policy that ships is glad of; pairs of names and values change them.
func features(pairs ...string) (list []*holdfastv1.Feature) {
	values := map[string]string{
		"age_years": "31", "identity_verified": "true", "student": "false", "second_repayment_source": "false", "deny_listed": "false",
		"monthly_income": "900000", "monthly_debt_service": "50000", "plan_type": "postpaid", "tenure_months": "60", "postpaid_arrears_months": "0",
		"average_monthly_spend": "12000", "bureau_delinquencies_24m": "0", "bureau_utilisation_percent": "12.5", "bureau_inquiries_6m": "1",
	}
	for i := 0; i < len(pairs); i += 2 {
		if values[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
			delete(values, pairs[i])
		}
	}
	for _, f := range policy.Default().Document().Features {
		if v, ok := values[f.Name]; ok {
			list = append(list, &holdfastv1.Feature{Name: f.Name, Value: v})
		}
		delete(values, f.Name)
	}
	for name, v := range values {
		list = append(list, &holdfastv1.Feature{Name: name, Value: v})
	}
	return list
}

func consentsTo(purposes ...string) (list []*holdfastv1.ConsentGiven) {
	for _, p := range purposes {
		list = append(list, &holdfastv1.ConsentGiven{Purpose: p, Version: "2026-01"})
	}
	return list
}

// toScore are the consents that all features of the policy that ships need.
func toScore() []*holdfastv1.ConsentGiven {
	return consentsTo("assessment", "transaction-history", "credit-history", "telecom-behaviour")
}

func (b *book) apply(consumer string, pairs ...string) (*holdfastv1.Application, error) {
	resp, err := b.SubmitApplication(b.t.Context(), &holdfastv1.SubmitApplicationRequest{
		RequestId: b.fresh("r"), ConsumerToken: consumer, Currency: "CNY", AgreementVersion: "2026-01", Consents: toScore(), Features: features(pairs...),
	})
	return resp.GetApplication(), err
}

func (b *book) accept(id string) (*holdfastv1.AcceptOfferResponse, error) {
	return b.AcceptOffer(b.t.Context(), &holdfastv1.AcceptOfferRequest{
		RequestId: b.fresh("r"), ApplicationId: id, AgreementVersion: "2026-01", Consents: consentsTo("servicing"),
	})
}

// violations are the fields at fault.
func violations(err error) (fields []string) {
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return fields
}

// TestFromApplicationToFirstTopUp goes all the way, in a book of four shards.
func TestFromApplicationToFirstTopUp(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	a, err := b.apply("c-1")
	require.NoError(t, err)
	require.Equal(t, holdfastv1.ApplicationState_APPLICATION_STATE_OFFERED, a.GetState())
	v, o := a.GetAssessment(), a.GetOffer()
	require.Equal(t, "default-1", v.GetPolicyVersion())
	require.True(t, v.GetScored())
	require.NotEmpty(t, v.GetPoints())
	require.NotEmpty(t, v.GetReasons())
	require.Len(t, v.GetFeatures(), len(policy.Default().Document().Features))
	require.Equal(t, "A", o.GetGrade())
	require.Equal(t, int64(36_000/5_000*5_000), o.GetLimit(), "300 % of the spend, in steps")
	require.Equal(t, "18.25", o.GetAnnualRatePercent())
	require.Equal(t, "2026-01", o.GetAgreementVersion())
	require.Equal(t, 14*24*time.Hour, o.GetExpireTime().AsTime().Sub(a.GetCreateTime().AsTime()))
	require.Len(t, a.GetConsentPurposes(), 4)

	_, err = b.AcceptOffer(t.Context(), &holdfastv1.AcceptOfferRequest{RequestId: "x", ApplicationId: a.GetApplicationId(), AgreementVersion: "2026-01"})
	requireReason(t, err, codes.FailedPrecondition, "CONSENT_MISSING")
	got, err := b.accept(a.GetApplicationId())
	require.NoError(t, err)
	account := got.GetAccount()
	require.Equal(t, o.GetLimit(), account.GetLimit())
	require.Equal(t, "A", account.GetGrade())
	require.Equal(t, v.GetScore(), account.GetScore())
	require.Equal(t, a.GetApplicationId(), account.GetApplicationId())
	require.Equal(t, holdfastv1.ApplicationState_APPLICATION_STATE_ACCEPTED, got.GetApplication().GetState())

	auth, err := b.Authorize(t.Context(), orderOf(account, "topup-1", "o-1", 3_000))
	require.NoError(t, err)
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, auth.GetDecision())
	why, err := b.ExplainDecision(t.Context(), &holdfastv1.ExplainDecisionRequest{AuthorizationId: auth.GetAuthorization().GetAuthorizationId()})
	require.NoError(t, err)
	require.Equal(t, "default-1", why.GetOrder().GetPolicyVersion())
	require.Len(t, why.GetOrder().GetInputsHash(), 16)

	_, err = b.apply("c-1")
	requireReason(t, err, codes.AlreadyExists, "CONSUMER_HAS_ACCOUNT")
	b.sound()
	b.restart()
	again, err := b.GetApplication(t.Context(), &holdfastv1.GetApplicationRequest{ApplicationId: a.GetApplicationId()})
	require.NoError(t, err)
	require.Equal(t, got.GetApplication().String(), again.GetApplication().String())
	b.sound()
}

// TestDeclinedApplications says why, and when to try again.
func TestDeclinedApplications(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	young, err := b.apply("c-1", "age_years", "17")
	require.NoError(t, err)
	require.Equal(t, holdfastv1.ApplicationState_APPLICATION_STATE_DECLINED, young.GetState())
	require.Equal(t, "UNDER_AGE", young.GetAssessment().GetReasons()[0].GetCode())
	require.Equal(t, "Credit is for adults.", young.GetAssessment().GetReasons()[0].GetText())
	require.False(t, young.GetAssessment().GetScored())
	require.Nil(t, young.GetAssessment().GetRetryTime(), "waiting is not what helps")
	require.Nil(t, young.GetOffer())

	poor := []string{
		"tenure_months", "8", "postpaid_arrears_months", "2", "bureau_delinquencies_24m", "4", "bureau_utilisation_percent", "99",
		"bureau_inquiries_6m", "9", "monthly_debt_service", "200000", "average_monthly_spend", "500",
	}
	low, err := b.apply("c-2", poor...)
	require.NoError(t, err)
	require.Equal(t, "SCORE_TOO_LOW", low.GetAssessment().GetReasons()[0].GetCode())
	require.Greater(t, len(low.GetAssessment().GetReasons()), 1, "and what cost the most points")
	require.Equal(t, 90*24*time.Hour, low.GetAssessment().GetRetryTime().AsTime().Sub(low.GetCreateTime().AsTime()))
	_, err = b.apply("c-2")
	requireReason(t, err, codes.FailedPrecondition, "APPLIED_TOO_SOON")
	b.on("2026-04-06")
	better, err := b.apply("c-2")
	require.NoError(t, err)
	require.Equal(t, holdfastv1.ApplicationState_APPLICATION_STATE_OFFERED, better.GetState())
	b.on("2026-04-20")
	_, err = b.accept(better.GetApplicationId())
	requireReason(t, err, codes.FailedPrecondition, "OFFER_EXPIRED")
	b.sound()
}

// TestWhatApplicationsAreRefusedFor refuses, with every field named, and keeps nothing.
func TestWhatApplicationsAreRefusedFor(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	_, err := b.apply("c-1", "shoe_size", "43", "tenure_months", "many", "student", "perhaps", "age_years", "31.5", "plan_type", "", "deny_listed", "")
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	require.Subset(t, violations(err), []string{"features.tenure_months", "features[12].name"}, "a name that is the caller's own is not told as a field")
	_, err = b.apply("c-1", "student", "perhaps", "age_years", "31.5", "plan_type", "", "bureau_inquiries_6m", "-1")
	require.ElementsMatch(t, []string{"features.student", "features.age_years", "features.plan_type", "features.bureau_inquiries_6m"}, violations(err))

	one := &holdfastv1.SubmitApplicationRequest{
		RequestId: "r", ConsumerToken: "c-1", Currency: "CNY", AgreementVersion: "2026-01", Consents: consentsTo("assessment", "credit-history"), Features: features(),
	}
	_, err = b.SubmitApplication(t.Context(), one)
	requireReason(t, err, codes.FailedPrecondition, "CONSENT_MISSING")
	require.ErrorContains(t, err, "transaction-history")
	one.Features = append(one.Features, one.Features[0])
	one.Consents = append(one.Consents, one.Consents[0])
	_, err = b.SubmitApplication(t.Context(), one)
	require.Equal(t, []string{"consents"}, violations(err))
	_, err = b.SubmitApplication(t.Context(), &holdfastv1.SubmitApplicationRequest{})
	require.Subset(t, violations(err), []string{"request_id", "consumer_token", "currency", "agreement_version"})
	_, err = b.EraseConsumer(t.Context(), &holdfastv1.EraseConsumerRequest{RequestId: "e", ConsumerToken: "c-1"})
	requireReason(t, err, codes.NotFound, "CONSUMER_NOT_FOUND")

	_, err = b.ScoreOnly(t.Context(), &holdfastv1.ScoreOnlyRequest{Currency: "CNY", Consents: consentsTo("assessment"), Features: features()})
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	require.Len(t, violations(err), 3)
	score, err := b.ScoreOnly(t.Context(), &holdfastv1.ScoreOnlyRequest{Currency: "CNY", Consents: toScore(), Features: features()})
	require.NoError(t, err)
	require.Equal(t, "A", score.GetOffer().GetGrade())
	require.Nil(t, score.GetOffer().GetExpireTime())
	require.Empty(t, b.events(&holdfastv1.WatchEventsRequest{}), "nothing is kept")
	_, err = b.ScoreOnly(t.Context(), &holdfastv1.ScoreOnlyRequest{Currency: "USD", Consents: toScore(), Features: features()})
	require.Equal(t, []string{"currency"}, violations(err))
}

// TestLimitReviews raises, by an offer, and lowers, at once.
func TestLimitReviews(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	text := strings.Replace(policy.DefaultDocument(), "version: default-1", "version: reviews", 1)
	text = strings.Replace(text, "\nfeatures:\n", "\nfeatures:\n  - name: account_utilisation\n    type: whole\n    unit: percent\n    least: 0\n    missing: allowed\n    source: record\n    about: Of the limit.\n", 1)
	_, err := b.PutPolicy(t.Context(), &holdfastv1.PutPolicyRequest{RequestId: "put", Document: text})
	require.NoError(t, err)
	_, err = b.ActivatePolicy(t.Context(), &holdfastv1.ActivatePolicyRequest{RequestId: "act", Version: "reviews"})
	require.NoError(t, err)
	_, err = b.ActivatePolicy(t.Context(), &holdfastv1.ActivatePolicyRequest{RequestId: "shadow", Version: "default-1", Shadow: true})
	require.NoError(t, err)

	a, err := b.apply("c-1")
	require.NoError(t, err)
	require.Equal(t, "default-1", a.GetAssessment().GetShadow().GetPolicyVersion())
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, a.GetAssessment().GetShadow().GetDecision())
	got, err := b.accept(a.GetApplicationId())
	require.NoError(t, err)
	_, err = b.Authorize(t.Context(), orderOf(got.GetAccount(), "topup-1", "o-1", 7_000))
	require.NoError(t, err)
	review := func(pairs ...string) *holdfastv1.RequestLimitReviewResponse {
		resp, err := b.RequestLimitReview(t.Context(), &holdfastv1.RequestLimitReviewRequest{
			RequestId: b.fresh("r"), AccountId: got.GetAccount().GetAccountId(), Currency: "CNY", AgreementVersion: "2026-02", Features: features(pairs...),
		})
		require.NoError(t, err)
		return resp
	}
	higher := review("average_monthly_spend", "30000")
	require.Equal(t, holdfastv1.ApplicationState_APPLICATION_STATE_OFFERED, higher.GetApplication().GetState())
	require.Nil(t, higher.GetAccount())
	for _, f := range higher.GetApplication().GetAssessment().GetFeatures() {
		if f.GetName() == "account_utilisation" {
			require.True(t, f.GetOwnRecord())
			require.Equal(t, "20", f.GetValue())
		}
	}
	raised, err := b.AcceptOffer(t.Context(), &holdfastv1.AcceptOfferRequest{RequestId: "take", ApplicationId: higher.GetApplication().GetApplicationId(), AgreementVersion: "2026-02"})
	require.NoError(t, err)
	require.Equal(t, int64(90_000), raised.GetAccount().GetLimit())

	lower := review("average_monthly_spend", "8000")
	require.Equal(t, holdfastv1.ApplicationState_APPLICATION_STATE_APPLIED, lower.GetApplication().GetState())
	require.Equal(t, int64(20_000), lower.GetAccount().GetLimit())
	require.Equal(t, int64(90_000), lower.GetApplication().GetLimitBefore())
	told := b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_LIMITS_SET}})
	require.Equal(t, lower.GetApplication().GetApplicationId(), told[len(told)-1].GetApplicationId())
	require.NotEmpty(t, told[len(told)-1].GetRiskReasons())
	same := review("average_monthly_spend", "8000")
	require.Equal(t, int64(20_000), same.GetAccount().GetLimit())
	require.Equal(t, same.GetApplication().GetApplicationId(), same.GetAccount().GetApplicationId())
	b.sound()
}

// TestHumanReviews has a decline overturned, within the grades of the policy.
func TestHumanReviews(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	a, err := b.apply("c-1", "age_years", "17")
	require.NoError(t, err)
	asked, err := b.RequestHumanReview(t.Context(), &holdfastv1.RequestHumanReviewRequest{RequestId: "ask", ApplicationId: a.GetApplicationId(), Statement: "I am 71"})
	require.NoError(t, err)
	id := asked.GetReview().GetReviewId()
	var pending []*holdfastv1.Review
	for token := ""; ; {
		page, err := b.ListReviews(t.Context(), &holdfastv1.ListReviewsRequest{Pending: true, PageToken: token})
		require.NoError(t, err)
		pending = append(pending, page.GetReviews()...)
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	require.Len(t, pending, 1)

	resolve := func(o *holdfastv1.ReviewedOffer) (*holdfastv1.ResolveReviewResponse, error) {
		return b.ResolveReview(t.Context(), &holdfastv1.ResolveReviewRequest{
			RequestId: b.fresh("r"), ReviewId: id, Outcome: holdfastv1.ReviewOutcome_REVIEW_OUTCOME_OVERTURNED, Note: "the digits were swapped", Offer: o,
		})
	}
	_, err = resolve(nil)
	requireReason(t, err, codes.InvalidArgument, "OFFER_REQUIRED")
	_, err = resolve(&holdfastv1.ReviewedOffer{Grade: "S", Limit: 1, AgreementVersion: "2026-01"})
	require.Equal(t, []string{"offer.grade"}, violations(err))
	_, err = resolve(&holdfastv1.ReviewedOffer{Grade: "C", Limit: 150_001, AgreementVersion: "2026-01"})
	require.Equal(t, []string{"offer.limit"}, violations(err))
	_, err = resolve(&holdfastv1.ReviewedOffer{Grade: "C", Limit: 50_000, AgreementVersion: "2026-01", LineLimits: []*holdfastv1.LineLimit{{Scene: 1, Limit: 50_001}}})
	require.Equal(t, []string{"offer.line_limits.limit"}, violations(err))
	done, err := resolve(&holdfastv1.ReviewedOffer{Grade: "C", Limit: 50_000, AgreementVersion: "2026-01"})
	require.NoError(t, err)
	require.Equal(t, id, done.GetApplication().GetOverturnedByReviewId())
	require.Equal(t, int64(20_000), done.GetApplication().GetOffer().GetLineLimits()[0].GetLimit(), "40 % for top-ups")
	got, err := b.accept(a.GetApplicationId())
	require.NoError(t, err)

	auth, err := b.Authorize(t.Context(), orderOf(got.GetAccount(), "topup-1", "o-1", 30_000))
	require.NoError(t, err)
	require.Equal(t, holdfastv1.Decision_DECISION_DECLINED, auth.GetDecision())
	_, err = b.RequestHumanReview(t.Context(), &holdfastv1.RequestHumanReviewRequest{RequestId: "two", ApplicationId: a.GetApplicationId(), AccountId: "acc_0000000000001", Statement: "?"})
	require.Equal(t, []string{"application_id"}, violations(err))
	order, err := b.RequestHumanReview(t.Context(), &holdfastv1.RequestHumanReviewRequest{RequestId: "ask-2", AuthorizationId: auth.GetAuthorization().GetAuthorizationId(), Statement: "why"})
	require.NoError(t, err)
	upheld, err := b.ResolveReview(t.Context(), &holdfastv1.ResolveReviewRequest{
		RequestId: "res-2", ReviewId: order.GetReview().GetReviewId(), Outcome: holdfastv1.ReviewOutcome_REVIEW_OUTCOME_UPHELD, Note: "above the limit of the line",
	})
	require.NoError(t, err)
	require.Nil(t, upheld.GetApplication())
	b.sound()
}

// export reads all that is held on a consumer, by kind of record.
func (b *book) export(consumer string) (kinds map[string]int, note *holdfastv1.ExportNote) {
	b.t.Helper()
	stream, err := b.ExportConsumer(b.t.Context(), &holdfastv1.ExportConsumerRequest{ConsumerToken: consumer})
	require.NoError(b.t, err)
	kinds = map[string]int{}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return kinds, note
		}
		require.NoError(b.t, err)
		require.Nil(b.t, note, "the note is the last")
		note = r.GetNote()
		f := r.ProtoReflect().WhichOneof(r.ProtoReflect().Descriptor().Oneofs().Get(0))
		kinds[string(f.Name())]++
	}
}

// TestExportAndErase tells all that is held, and erases what law does not oblige to keep.
func TestExportAndErase(t *testing.T) {
	b := serveBook(t, Config{Clock: VirtualClock(noon(t, "2026-01-05")), Shards: fourShards, RecordsKept: 3})
	_, err := b.apply("c-1", "age_years", "17")
	require.NoError(t, err)
	a, err := b.apply("c-1")
	require.NoError(t, err)
	got, err := b.accept(a.GetApplicationId())
	require.NoError(t, err)
	account := got.GetAccount()
	for n := range 3 {
		o := orderOf(account, b.fresh("r"), b.fresh("o"), int64(100+n))
		_, err := b.Charge(t.Context(), &holdfastv1.ChargeRequest{RequestId: o.GetRequestId(), AccountId: o.GetAccountId(), Scene: o.GetScene(),
			OrderId: o.GetOrderId(), CarrierId: o.GetCarrierId(), PhoneToken: o.GetPhoneToken(), Currency: "CNY", Amount: o.GetAmount()})
		require.NoError(t, err)
	}
	kinds, note := b.export("c-1")
	require.Equal(t, map[string]int{"consent": 5, "application": 2, "account": 1, "billing": 1, "authorization": 3, "note": 1}, kinds)
	require.Equal(t, int32(400), note.GetReceiptsKeptDays())
	erase := func(consumer string) []*holdfastv1.Kept {
		resp, err := b.EraseConsumer(t.Context(), &holdfastv1.EraseConsumerRequest{RequestId: b.fresh("r"), ConsumerToken: consumer})
		require.NoError(t, err)
		return resp.GetKept()
	}
	kept := erase("c-1")
	require.Len(t, kept, 3)
	require.Equal(t, holdfastv1.KeptKind_KEPT_KIND_ACCOUNT, kept[0].GetKind())
	require.Equal(t, a.GetApplicationId(), kept[2].GetApplicationId())
	still, err := b.GetApplication(t.Context(), &holdfastv1.GetApplicationRequest{ApplicationId: a.GetApplicationId()})
	require.NoError(t, err)
	require.NotEmpty(t, still.GetApplication().GetAssessment().GetFeatures())

	_, err = b.PostRepayment(t.Context(), &holdfastv1.PostRepaymentRequest{RequestId: "pay", AccountId: account.GetAccountId(), Currency: "CNY", Amount: 303})
	require.NoError(t, err)
	_, err = b.CloseAccount(t.Context(), &holdfastv1.CloseAccountRequest{RequestId: "close", AccountId: account.GetAccountId(), Reason: "asked"})
	require.NoError(t, err)
	kept = erase("c-1")
	require.Len(t, kept, 1)
	require.Equal(t, holdfastv1.KeptKind_KEPT_KIND_RECORDS, kept[0].GetKind())
	require.Equal(t, "2029-01-07", kept[0].GetUntil())
	kinds, _ = b.export("c-1")
	require.Equal(t, 2, kinds["application"])
	gone, err := b.GetApplication(t.Context(), &holdfastv1.GetApplicationRequest{ApplicationId: a.GetApplicationId()})
	require.NoError(t, err)
	v := gone.GetApplication().GetAssessment()
	require.Empty(t, v.GetFeatures())
	require.Empty(t, v.GetReasons())
	require.Empty(t, v.GetPoints())
	require.Empty(t, v.GetFeaturesHash())
	require.Zero(t, v.GetScore())
	require.NotNil(t, gone.GetApplication().GetEraseTime())

	offer, err := b.apply("c-2")
	require.NoError(t, err)
	left, err := b.WithdrawConsent(t.Context(), &holdfastv1.WithdrawConsentRequest{RequestId: "wd", ConsumerToken: "c-2", Purpose: "credit-history"})
	require.NoError(t, err)
	require.Equal(t, holdfastv1.ApplicationState_APPLICATION_STATE_WITHDRAWN, left.GetApplication().GetState())
	require.Equal(t, offer.GetApplicationId(), left.GetApplication().GetApplicationId())
	require.Empty(t, erase("c-2"))
	b.sound()
	b.restart()
	b.sound()
}

// TestEnumerationsOfApplications holds the domain's numbers to the API's.
func TestEnumerationsOfApplications(t *testing.T) {
	require.Equal(t, int32(ledger.LimitApplied), int32(holdfastv1.ApplicationState_APPLICATION_STATE_APPLIED))
	require.Equal(t, int32(ledger.OfferExpired), int32(holdfastv1.ApplicationState_APPLICATION_STATE_EXPIRED))
	require.Equal(t, int32(ledger.OfferWithdrawn), int32(holdfastv1.ApplicationState_APPLICATION_STATE_WITHDRAWN))
	require.Equal(t, int32(ledger.OfferTaken), int32(holdfastv1.ApplicationState_APPLICATION_STATE_ACCEPTED))
	require.Equal(t, int32(ledger.Offered), int32(holdfastv1.ApplicationState_APPLICATION_STATE_OFFERED))
	require.Equal(t, int32(ledger.ApplicationDeclined), int32(holdfastv1.ApplicationState_APPLICATION_STATE_DECLINED))
	require.Equal(t, int32(ledger.LimitReview), int32(holdfastv1.ApplicationKind_APPLICATION_KIND_LIMIT_REVIEW))
	require.Equal(t, int32(ledger.NewLine), int32(holdfastv1.ApplicationKind_APPLICATION_KIND_NEW_ACCOUNT))
	require.Equal(t, int32(ledger.Overturned), int32(holdfastv1.ReviewOutcome_REVIEW_OUTCOME_OVERTURNED))
	require.Equal(t, int32(ledger.Upheld), int32(holdfastv1.ReviewOutcome_REVIEW_OUTCOME_UPHELD))
	require.Equal(t, int32(ledger.KeptConsents), int32(holdfastv1.KeptKind_KEPT_KIND_CONSENTS))
	require.Equal(t, int32(ledger.KeptReview), int32(holdfastv1.KeptKind_KEPT_KIND_REVIEW))
	require.Equal(t, int32(ledger.KeptApplication), int32(holdfastv1.KeptKind_KEPT_KIND_APPLICATION))
	require.Equal(t, int32(ledger.KeptRecords), int32(holdfastv1.KeptKind_KEPT_KIND_RECORDS))
	require.Equal(t, int32(ledger.KeptAccount), int32(holdfastv1.KeptKind_KEPT_KIND_ACCOUNT))
}

// TestSentAgainUnderAnotherPolicy answers a request as before, though the policy that is in force by then could not judge it.
func TestSentAgainUnderAnotherPolicy(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	apply := &holdfastv1.SubmitApplicationRequest{
		RequestId: "apply", ConsumerToken: "c-1", Currency: "CNY", AgreementVersion: "2026-01", Consents: toScore(), Features: features("age_years", "17"),
	}
	first, err := b.SubmitApplication(t.Context(), apply)
	require.NoError(t, err)
	asked, err := b.RequestHumanReview(t.Context(), &holdfastv1.RequestHumanReviewRequest{RequestId: "ask", ApplicationId: first.GetApplication().GetApplicationId(), Statement: "why"})
	require.NoError(t, err)
	overturn := &holdfastv1.ResolveReviewRequest{
		RequestId: "overturn", ReviewId: asked.GetReview().GetReviewId(), Outcome: holdfastv1.ReviewOutcome_REVIEW_OUTCOME_OVERTURNED, Note: "seen",
		Offer: &holdfastv1.ReviewedOffer{Grade: "D", Limit: 20_000, AgreementVersion: "2026-01"},
	}
	done, err := b.ResolveReview(t.Context(), overturn)
	require.NoError(t, err)

	text := strings.Replace(policy.DefaultDocument(), "version: default-1", "version: shoes", 1)
	text = strings.Replace(text, "\nfeatures:\n", "\nfeatures:\n  - name: shoe_size\n    type: whole\n    unit: sizes\n    missing: required\n    source: application\n    about: Of the left foot.\n", 1)
	text = strings.Replace(text, "ceiling: 500.00 CNY", "ceiling: 100.00 CNY", 1)
	_, err = b.PutPolicy(t.Context(), &holdfastv1.PutPolicyRequest{RequestId: "put", Document: text})
	require.NoError(t, err)
	_, err = b.ActivatePolicy(t.Context(), &holdfastv1.ActivatePolicyRequest{RequestId: "act", Version: "shoes"})
	require.NoError(t, err)

	again, err := b.SubmitApplication(t.Context(), apply)
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	require.Equal(t, done.GetApplication().String(), again.GetApplication().String(), "as it is now")
	once, err := b.ResolveReview(t.Context(), overturn)
	require.NoError(t, err)
	require.True(t, once.GetReplayed())
	apply.RequestId = "another"
	_, err = b.SubmitApplication(t.Context(), apply)
	require.Equal(t, []string{"features.shoe_size"}, violations(err))
	overturn.Offer.Limit = 20_001
	_, err = b.ResolveReview(t.Context(), overturn)
	require.Equal(t, []string{"offer.limit"}, violations(err))
}

// TestApplicationsAtAnyNode has each call on an application made at another node than the one before, and all of them told the same.
func TestApplicationsAtAnyNode(t *testing.T) {
	ns := serveNodes(t, 3, fourShards, nil)
	for i, b := range ns.list {
		b.serial = (i + 1) * 10_000
	}
	node := func(n int) *book { return ns.list[n%len(ns.list)] }
	for n := range 6 {
		consumer := fmt.Sprintf("c-%d", n)
		declined, err := node(n).apply(consumer, "age_years", "17")
		require.NoError(t, err)
		asked, err := node(n+1).RequestHumanReview(t.Context(), &holdfastv1.RequestHumanReviewRequest{RequestId: "ask-" + consumer, ApplicationId: declined.GetApplicationId(), Statement: "why"})
		require.NoError(t, err)
		_, err = node(n+2).ResolveReview(t.Context(), &holdfastv1.ResolveReviewRequest{
			RequestId: "res-" + consumer, ReviewId: asked.GetReview().GetReviewId(), Outcome: holdfastv1.ReviewOutcome_REVIEW_OUTCOME_UPHELD, Note: "it is so",
		})
		require.NoError(t, err)
		a, err := node(n + 1).apply(consumer)
		require.NoError(t, err)
		for k := range ns.list { // the same request, at each node: it is carried out once
			got, err := node(n+k).AcceptOffer(t.Context(), &holdfastv1.AcceptOfferRequest{
				RequestId: "take-" + consumer, ApplicationId: a.GetApplicationId(), AgreementVersion: "2026-01", Consents: consentsTo("servicing"),
			})
			require.NoError(t, err)
			require.Equal(t, k > 0, got.GetReplayed())
			require.Equal(t, a.GetApplicationId(), got.GetAccount().GetApplicationId())
			why, err := node(n+k).ExplainDecision(t.Context(), &holdfastv1.ExplainDecisionRequest{ApplicationId: declined.GetApplicationId()})
			require.NoError(t, err)
			require.Equal(t, "UNDER_AGE", why.GetApplication().GetAssessment().GetReasons()[0].GetCode())
		}
	}
	ns.alike()
	for _, b := range ns.list {
		seen, token := 0, ""
		for {
			page, err := b.ListReviews(t.Context(), &holdfastv1.ListReviewsRequest{PageSize: 2, PageToken: token})
			require.NoError(t, err)
			seen += len(page.GetReviews())
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		require.Equal(t, 6, seen)
		kinds, _ := b.export("c-3")
		require.Equal(t, map[string]int{"consent": 5, "application": 2, "review": 1, "account": 1, "billing": 1, "note": 1}, kinds)
		b.sound()
	}
}
