package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestCarrierReference tells a carrier's own id of a sale, and finds it again in the authorization, in events, and after a restart.
func TestCarrierReference(t *testing.T) {
	b := serveBook(t, Config{})
	ctx, account := t.Context(), b.account(10_000)
	held := b.held(account, 300)
	sent, err := b.MarkSubmitted(ctx, &holdfastv1.MarkSubmittedRequest{
		RequestId: "s", AuthorizationId: held.GetAuthorizationId(), CarrierReference: "CM 2026/1 – 7"})
	require.NoError(t, err)
	require.Equal(t, "CM 2026/1 – 7", sent.GetAuthorization().GetCarrierReference())
	sold, err := b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: "c", AuthorizationId: held.GetAuthorizationId(), Currency: "CNY", Amount: 100})
	require.NoError(t, err)
	require.Equal(t, "CM 2026/1 – 7", sold.GetAuthorization().GetCarrierReference(), "it stays")

	capture := &holdfastv1.CaptureRequest{RequestId: "c2", AuthorizationId: held.GetAuthorizationId(), Currency: "CNY", CarrierReference: strings.Repeat("x", 65)}
	_, err = b.Capture(ctx, capture)
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	capture.CarrierReference = "a\tb"
	_, err = b.Capture(ctx, capture)
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	capture.CarrierReference = "CM-8"
	_, err = b.Capture(ctx, capture)
	require.NoError(t, err)
	capture.CarrierReference = "CM-9"
	_, err = b.Capture(ctx, capture)
	requireReason(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED")

	var told []string
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{}) {
		if e.GetCarrierReference() != "" {
			told = append(told, e.GetType().String()+" "+e.GetCarrierReference())
		}
	}
	require.Equal(t, []string{"EVENT_TYPE_SUBMITTED CM 2026/1 – 7", "EVENT_TYPE_CAPTURED CM 2026/1 – 7", "EVENT_TYPE_CAPTURED CM-8"}, told)

	b.restart()
	again, err := b.GetAuthorization(ctx, &holdfastv1.GetAuthorizationRequest{AuthorizationId: held.GetAuthorizationId()})
	require.NoError(t, err)
	require.Equal(t, "CM-8", again.GetAuthorization().GetCarrierReference())
	first, err := b.MarkSubmitted(ctx, &holdfastv1.MarkSubmittedRequest{
		RequestId: "s", AuthorizationId: held.GetAuthorizationId(), CarrierReference: "CM 2026/1 – 7"})
	require.NoError(t, err)
	require.True(t, first.GetReplayed())
	require.Equal(t, "CM 2026/1 – 7", first.GetAuthorization().GetCarrierReference(), "as it was then")
}
