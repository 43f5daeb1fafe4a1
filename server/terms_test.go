package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// termsText is the terms that ship, with texts replaced.
func termsText(t testing.TB, replace ...string) string {
	t.Helper()
	text := string(terms.Format(terms.Default()))
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, text, replace[i])
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	return text
}

// TestTermsAreTakenEverywhere puts terms in a book of several shards: new accounts have them, wherever they are.
func TestTermsAreTakenEverywhere(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	ctx := t.Context()
	old := b.accountIn(2, 10_000)
	r := &holdfastv1.PutTermsRequest{RequestId: "put", Document: termsText(t, "version: default-1", "version: winter", "default_statement_day: 5", "default_statement_day: 9")}
	put, err := b.PutTerms(ctx, r)
	require.NoError(t, err)
	require.Equal(t, "winter", put.GetTerms().GetVersion())
	require.Equal(t, "24", put.GetTerms().GetAnnualCapPercent())
	require.Equal(t, r.GetDocument(), put.GetTerms().GetDocument())
	require.Len(t, put.GetTerms().GetOffers(), 5)
	again, err := b.PutTerms(ctx, r)
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	for shard := range fourShards {
		a := b.accountIn(shard, 10_000)
		require.Equal(t, "winter", a.GetTermsVersion())
		require.EqualValues(t, 9, a.GetStatementDay())
		require.Equal(t, "winter", b.billing(a).GetTermsVersion())
	}
	read, err := b.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: old.GetAccountId()})
	require.NoError(t, err)
	require.Equal(t, "default-1", read.GetAccount().GetTermsVersion(), "an account keeps what was accepted")
	accepted, err := b.AcceptTerms(ctx, &holdfastv1.AcceptTermsRequest{RequestId: "acc", AccountId: old.GetAccountId(), TermsVersion: "winter"})
	require.NoError(t, err)
	require.Equal(t, "winter", accepted.GetBilling().GetTermsVersion())

	b.restart()
	list, err := b.ListTerms(ctx, &holdfastv1.ListTermsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetTerms(), 2)
	require.Equal(t, "default-1 winter", list.GetTerms()[0].GetVersion()+" "+list.GetTerms()[1].GetVersion())
	require.Nil(t, list.GetTerms()[0].GetCreateTime())
	require.Empty(t, list.GetTerms()[1].GetDocument())
	require.Equal(t, LocalCaller, list.GetTerms()[1].GetCaller())
	shipped, err := b.GetTerms(ctx, &holdfastv1.GetTermsRequest{Version: "default-1"})
	require.NoError(t, err)
	require.Equal(t, termsText(t), shipped.GetTerms().GetDocument())
	require.Equal(t, "winter", b.billing(old).GetTermsVersion())
	events := b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_TERMS_PUT}})
	require.Len(t, events, fourShards)
	require.Equal(t, "winter", events[0].GetNote())

	_, err = b.PutTerms(ctx, &holdfastv1.PutTermsRequest{RequestId: "other", Document: termsText(t, "version: default-1", "version: winter")})
	requireReason(t, err, codes.AlreadyExists, "TERMS_EXIST")
	_, err = b.GetTerms(ctx, &holdfastv1.GetTermsRequest{Version: "summer"})
	requireReason(t, err, codes.NotFound, "TERMS_NOT_FOUND")
	_, err = b.AcceptTerms(ctx, &holdfastv1.AcceptTermsRequest{RequestId: "acc-2", AccountId: old.GetAccountId(), TermsVersion: "summer"})
	requireReason(t, err, codes.NotFound, "TERMS_NOT_FOUND")
	b.sound()
}

// TestTermsTellEveryFault puts a document with faults of all kinds: each is told with its line.
func TestTermsTellEveryFault(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	_, err := b.PutTerms(t.Context(), &holdfastv1.PutTermsRequest{RequestId: "put", Document: termsText(t,
		"version: default-1", "version: winter", "days_until_due: 42", "days_until_due: 4", "default_statement_day: 5", "default_statement_day: 31",
		"months: 6, fee_per_month: 0.8 %", "months: 6, fee_per_month: 1.2 %", "early_payoff_fees:", "early_payof_fees:",
	)})
	requireReason(t, err, codes.InvalidArgument, "INVALID_TERMS")
	require.Equal(t, []string{
		"document.window.days_until_due", "document.window.default_statement_day", "document.installments.early_payoff_fees",
		"document.installments.offers[2].fee_per_month", "document.installments.early_payof_fees",
	}, fieldsOf(err))
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			require.Regexp(t, `^line \d+, column \d+: want a whole number from 38 to 120`, bad.GetFieldViolations()[0].GetDescription())
			require.Regexp(t, `^line \d+, column \d+: flat_fee 6 costs 24.2\d % a year nominal: more than annual_cap of 24 %`, bad.GetFieldViolations()[3].GetDescription())
		}
	}
	list, err := b.ListTerms(t.Context(), &holdfastv1.ListTermsRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetTerms(), 1)

	// A status travels in headers, so what is told has an end.
	_, err = b.PutTerms(t.Context(), &holdfastv1.PutTermsRequest{RequestId: "put", Document: strings.Repeat("x: {}\n", 10_000)})
	requireReason(t, err, codes.InvalidArgument, "INVALID_TERMS")
	require.Len(t, fieldsOf(err), mostDocumentFaults)
}

// TestOperatorsActs are refused to gateways and storefronts; the calls beside them are not.
func TestOperatorsActs(t *testing.T) {
	b := serveBook(t, Config{Edge: EdgeConfig{Callers: testCallers(t)}})
	as := func(token string) metadata.MD { return metadata.Pairs("authorization", "Bearer "+token) }
	operators := map[string]bool{
		"RefundCreditBalance": true, "WaiveCharges": true, "PausePenalty": true, "ReageDebt": true, "PutTerms": true,
	}
	for _, m := range rpcs() {
		service := string(m.Parent().Name())
		if service != "BillingService" && service != "TermsService" {
			continue
		}
		for token, operator := range map[string]bool{"gw-token": false, "shop-old": false, "ops-token": true, "root-token": true} {
			ctx, want := metadata.NewOutgoingContext(t.Context(), as(token)), codes.InvalidArgument
			if m.Name() == "ListTerms" || m.Name() == "StreamCollections" {
				continue // there is nothing to refuse in an empty request
			}
			if operators[string(m.Name())] && !operator {
				want = codes.PermissionDenied
			}
			_, err := call(ctx, b.conn, m, message(m.Input()))
			require.Equal(t, want, status.Code(err), "%s as %s: %v", m.Name(), token, err)
		}
		delete(operators, string(m.Name()))
	}
	require.Empty(t, operators)
}
