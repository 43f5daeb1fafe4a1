package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/holdfast-credit/holdfast/ledger/terms"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestEveryReason provokes every reason that the API documents, over a connection: code, reason, and the details that
// help with it.
func TestEveryReason(t *testing.T) {
	terms := terms.Default()
	terms.Authorizations.MostParts = 1
	clock := VirtualClock(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	b := serveBook(t, Config{Clock: clock, Terms: terms})
	onRealTime := serveBook(t, Config{})
	ctx := t.Context()
	a, other, closed := b.account(1e6), b.account(1e6), b.account(1e6)
	_, err := b.CloseAccount(ctx, &holdfastv1.CloseAccountRequest{RequestId: "close", AccountId: closed.GetAccountId(), Reason: "x"})
	require.NoError(t, err)
	held, voided, captured, late, partly := b.held(a, 100), b.held(a, 100), b.held(a, 100), b.held(a, 100), b.held(a, 100)
	_, err = b.Void(ctx, &holdfastv1.VoidRequest{RequestId: "void", AuthorizationId: voided.GetAuthorizationId()})
	require.NoError(t, err)
	capture := func(h *holdfastv1.Authorization, amount int64) error {
		_, err := b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: b.fresh("cap"), AuthorizationId: h.GetAuthorizationId(), Currency: "CNY", Amount: amount})
		return err
	}
	require.NoError(t, capture(captured, 0))
	require.NoError(t, capture(partly, 1))
	authorize := func(a *holdfastv1.Account, change func(*holdfastv1.AuthorizeRequest)) error {
		r := orderOf(a, b.fresh("r"), b.fresh("o"), 10)
		change(r)
		_, err := b.Authorize(ctx, r)
		return err
	}
	refund := func(h *holdfastv1.Authorization, amount int64) error {
		_, err := b.Refund(ctx, &holdfastv1.RefundRequest{RequestId: b.fresh("ref"), AuthorizationId: h.GetAuthorizationId(), Currency: "CNY", Amount: amount})
		return err
	}
	line := func(scene holdfastv1.Scene) *holdfastv1.LineOpening {
		return &holdfastv1.LineOpening{Scene: scene, Limit: 1, AgreementVersion: "1"}
	}
	temporary := func(limit int64, day string) error {
		_, err := b.SetTemporaryLimit(ctx, &holdfastv1.SetTemporaryLimitRequest{RequestId: b.fresh("tmp"), AccountId: a.GetAccountId(), Currency: "CNY", Limit: limit, LastDay: day})
		return err
	}
	const bad, about, failed = "google.rpc.BadRequest", "google.rpc.ResourceInfo", "google.rpc.PreconditionFailure"
	for _, c := range []struct {
		reason  string
		code    codes.Code
		details []string
		provoke func() error
	}{
		{"INVALID_REQUEST", codes.InvalidArgument, []string{bad}, func() error {
			return authorize(a, func(r *holdfastv1.AuthorizeRequest) { r.Amount = 0 })
		}},
		{"CURRENCY_MISMATCH", codes.InvalidArgument, []string{bad}, func() error {
			return authorize(a, func(r *holdfastv1.AuthorizeRequest) { r.Currency = "USD" })
		}},
		{"REQUEST_ID_REUSED", codes.InvalidArgument, []string{bad}, func() error {
			_, err := b.Void(ctx, &holdfastv1.VoidRequest{RequestId: "void", AuthorizationId: held.GetAuthorizationId()})
			return err
		}},
		{"ACCOUNT_NOT_FOUND", codes.NotFound, []string{about}, func() error {
			_, err := b.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: "acc_00000000000zz"})
			return err
		}},
		{"AUTHORIZATION_NOT_FOUND", codes.NotFound, []string{about}, func() error {
			_, err := b.GetAuthorization(ctx, &holdfastv1.GetAuthorizationRequest{AuthorizationId: held.GetAuthorizationId()[:20] + "zzzzz"})
			return err
		}},
		{"ORDER_NOT_FOUND", codes.NotFound, []string{about}, func() error {
			_, err := b.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: "nobody-knows"})
			return err
		}},
		{"CONSUMER_HAS_ACCOUNT", codes.AlreadyExists, []string{about}, func() error {
			_, err := b.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{RequestId: "again", ConsumerToken: a.GetConsumerToken(), Currency: "CNY"})
			return err
		}},
		{"ORDER_EXISTS", codes.AlreadyExists, []string{about}, func() error {
			return authorize(a, func(r *holdfastv1.AuthorizeRequest) { r.OrderId = held.GetOrderId() })
		}},
		{"ORDER_OF_ANOTHER_ACCOUNT", codes.FailedPrecondition, []string{failed}, func() error {
			return authorize(other, func(r *holdfastv1.AuthorizeRequest) { r.OrderId = held.GetOrderId() })
		}},
		{"ORDER_REVERSED", codes.FailedPrecondition, []string{failed}, func() error {
			_, err := b.Reverse(ctx, &holdfastv1.ReverseRequest{RequestId: "rev", AccountId: a.GetAccountId(), OrderId: "never"})
			require.NoError(t, err)
			return authorize(a, func(r *holdfastv1.AuthorizeRequest) { r.OrderId = "never" })
		}},
		{"ACCOUNT_CLOSED", codes.FailedPrecondition, []string{failed}, func() error {
			_, err := b.FreezeAccount(ctx, &holdfastv1.FreezeAccountRequest{RequestId: "frz", AccountId: closed.GetAccountId(), Reason: "x"})
			return err
		}},
		{"ACCOUNT_IN_USE", codes.FailedPrecondition, []string{failed}, func() error {
			_, err := b.CloseAccount(ctx, &holdfastv1.CloseAccountRequest{RequestId: "cls", AccountId: a.GetAccountId(), Reason: "x"})
			return err
		}},
		{"LINE_ALREADY_OPEN", codes.FailedPrecondition, []string{failed}, func() error {
			_, err := b.OpenLine(ctx, &holdfastv1.OpenLineRequest{RequestId: "ol", AccountId: a.GetAccountId(), Currency: "CNY", Line: line(1)})
			return err
		}},
		{"LINE_NOT_OPEN", codes.FailedPrecondition, []string{failed}, func() error {
			_, err := b.CloseLine(ctx, &holdfastv1.CloseLineRequest{RequestId: "cl", AccountId: a.GetAccountId(), Scene: 2, Reason: "x"})
			return err
		}},
		{"NOT_A_RAISE", codes.InvalidArgument, []string{bad}, func() error { return temporary(10, "2099-01-01") }},
		{"DAY_PASSED", codes.InvalidArgument, []string{bad}, func() error { return temporary(1e9, "2020-01-01") }},
		{"HOLD_LIFETIME_OUT_OF_RANGE", codes.InvalidArgument, []string{bad}, func() error {
			return authorize(a, func(r *holdfastv1.AuthorizeRequest) { r.HoldLifetime = durationpb.New(300 * 24 * time.Hour) })
		}},
		{"AUTHORIZATION_NOT_OPEN", codes.FailedPrecondition, []string{failed, about}, func() error { return capture(voided, 0) }},
		{"CAPTURE_EXCEEDS_HOLD", codes.InvalidArgument, []string{bad}, func() error { return capture(held, 101) }},
		{"VOID_EXCEEDS_HOLD", codes.InvalidArgument, []string{bad}, func() error {
			_, err := b.Void(ctx, &holdfastv1.VoidRequest{RequestId: "v2", AuthorizationId: held.GetAuthorizationId(), Currency: "CNY", Amount: 101})
			return err
		}},
		{"TOO_MANY_PARTS", codes.FailedPrecondition, []string{failed}, func() error { return capture(partly, 1) }},
		{"NOTHING_CAPTURED", codes.FailedPrecondition, []string{failed, about}, func() error { return refund(held, 1) }},
		{"REFUND_EXCEEDS_CAPTURED", codes.InvalidArgument, []string{bad}, func() error { return refund(captured, 101) }},
		{"SALE_IN_FUTURE", codes.InvalidArgument, []string{bad}, func() error {
			_, err := b.Advise(ctx, &holdfastv1.AdviseRequest{
				RequestId: "adv", AccountId: a.GetAccountId(), Scene: 1, OrderId: "adv", CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 1,
				SaleTime: timestamppb.New(clock.Now().Time().Add(time.Second)),
			})
			return err
		}},
		{"LATE_CAPTURE_CLOSED", codes.FailedPrecondition, []string{failed, about}, func() error {
			_, err := b.AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Duration{Duration: durationpb.New(8 * 24 * time.Hour)}})
			require.NoError(t, err)
			return capture(late, 0)
		}},
		{"INVALID_REQUEST", codes.InvalidArgument, []string{bad}, func() error {
			_, err := b.AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))}})
			return err
		}},
		{"CLOCK_NOT_VIRTUAL", codes.FailedPrecondition, nil, func() error {
			_, err := onRealTime.AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Duration{Duration: durationpb.New(time.Hour)}})
			return err
		}},
		{"UNAUTHENTICATED_CALLER", codes.Unauthenticated, nil, func() error {
			_, err := b.GetAccount(b.as("no caller's name"), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
			return err
		}},
	} {
		t.Run(c.reason, func(t *testing.T) {
			err := c.provoke()
			requireReason(t, err, c.code, c.reason)
			have := map[string]bool{}
			for _, d := range status.Convert(err).Proto().GetDetails() {
				have[d.GetTypeUrl()[len("type.googleapis.com/"):]] = true
			}
			for _, want := range c.details {
				require.True(t, have[want], "want %s, have %v", want, have)
			}
		})
	}
	b.sound()
}

// TestCallerOwnsRequestsAndOrders lets two callers use the same ids without meeting.
func TestCallerOwnsRequestsAndOrders(t *testing.T) {
	b := serveBook(t, Config{Shards: 2})
	a := b.account(1000)
	for _, caller := range []string{"one", "two"} {
		resp, err := b.Authorize(b.as(caller), orderOf(a, "same", "same", 10))
		require.NoError(t, err)
		require.False(t, resp.GetReplayed())
		found, err := b.LookupOrder(b.as(caller), &holdfastv1.LookupOrderRequest{OrderId: "same"})
		require.NoError(t, err)
		require.Equal(t, resp.GetAuthorization().GetAuthorizationId(), found.GetAuthorization().GetAuthorizationId())
	}
	_, err := b.LookupOrder(b.as("three"), &holdfastv1.LookupOrderRequest{OrderId: "same"})
	requireReason(t, err, codes.NotFound, "ORDER_NOT_FOUND")
}
