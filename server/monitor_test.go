package server

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/risk/policy"
)

// alerts are all that have been raised.
func (b *book) alerts(r *holdfastv1.WatchAlertsRequest) (list []*holdfastv1.Alert) {
	b.t.Helper()
	r.UntilNow = true
	stream, err := b.WatchAlerts(b.t.Context(), r)
	require.NoError(b.t, err)
	for {
		resp, err := stream.Recv()
		if err == io.EOF {
			return list
		}
		require.NoError(b.t, err)
		require.NotEmpty(b.t, resp.GetCursor())
		list = append(list, resp.GetAlert())
	}
}

// TestThePortfolioIsWatched has the carrier's captures of a day returned: the rule about that raises an alert once a day at most,
// suspends the carrier, and says so in the metrics.
func TestThePortfolioIsWatched(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	ctx := t.Context()
	document := strings.Replace(policy.DefaultDocument(), "reason: CARRIER_RETURNS\n", "reason: CARRIER_RETURNS\n      actions: [suspend_carrier]\n", 1)
	_, err := b.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: "put", Document: strings.Replace(document, "version: default-1", "version: acts", 1)})
	require.NoError(t, err)
	_, err = b.ActivatePolicy(ctx, &holdfastv1.ActivatePolicyRequest{RequestId: "act", Version: "acts"})
	require.NoError(t, err)
	a := b.account(1e7)
	for i := range 120 {
		c, err := b.Charge(ctx, &holdfastv1.ChargeRequest{
			RequestId: b.fresh("r"), AccountId: a.GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: b.fresh("o"), CarrierId: "cmcc",
			PhoneToken: "p", Currency: "CNY", Amount: 10,
		})
		require.NoError(t, err)
		if i < 40 {
			_, err = b.Refund(ctx, &holdfastv1.RefundRequest{RequestId: b.fresh("r"), AuthorizationId: c.GetAuthorization().GetAuthorizationId(), Currency: "CNY", Amount: 10})
			require.NoError(t, err)
		}
	}
	require.Empty(t, b.alerts(&holdfastv1.WatchAlertsRequest{LeastSeverity: holdfastv1.AlertSeverity_ALERT_SEVERITY_CRITICAL}))
	b.config.Clock.AdvanceTo(b.config.Clock.Now().Add(24 * time.Hour))
	require.Eventually(t, func() bool {
		return len(b.alerts(&holdfastv1.WatchAlertsRequest{LeastSeverity: holdfastv1.AlertSeverity_ALERT_SEVERITY_CRITICAL})) > 0
	}, 30*time.Second, 20*time.Millisecond)
	alert := b.alerts(&holdfastv1.WatchAlertsRequest{LeastSeverity: holdfastv1.AlertSeverity_ALERT_SEVERITY_CRITICAL})[0]
	require.Equal(t, "carrier_takes_orders_back", alert.GetRule())
	require.Equal(t, "CARRIER_RETURNS", alert.GetReason())
	require.Equal(t, "cmcc", alert.GetCarrierId())
	require.True(t, alert.GetSuspended())
	require.Equal(t, "acts", alert.GetPolicyVersion())
	require.True(t, strings.HasPrefix(alert.GetInputs(), "carrier_returned_percent=33.3"), alert.GetInputs())
	require.Eventually(t, func() bool {
		resp, err := b.Authorize(ctx, orderOf(a, b.fresh("r"), b.fresh("o"), 10))
		return err == nil && len(resp.GetReasons()) == 1 && resp.GetReasons()[0] == holdfastv1.DeclineReason_DECLINE_REASON_CARRIER_SUSPENDED
	}, 30*time.Second, 20*time.Millisecond)
	whole, err := holdfastv1.NewPortfolioServiceClient(b.conn).GetPortfolio(ctx, &holdfastv1.GetPortfolioRequest{})
	require.NoError(t, err)
	require.Len(t, whole.GetPortfolio().GetAlerts(), 2)
	require.Equal(t, "orders_come_back", whole.GetPortfolio().GetAlerts()[1].GetRule())
	require.EqualValues(t, 1, whole.GetPortfolio().GetAlerts()[1].GetRaised(), "of the account")
	require.Equal(t, "1", sample(t, scrape(t, b.server.metrics), `holdfast_risk_alerts_total{rule="carrier_takes_orders_back",severity="CRITICAL"}`))

	// The same day is not warned of again, by whoever looks.
	b.restart()
	require.Eventually(t, func() bool { return b.server.monitor.asked.Load() != 0 }, 30*time.Second, 20*time.Millisecond)
	require.Len(t, b.alerts(&holdfastv1.WatchAlertsRequest{LeastSeverity: holdfastv1.AlertSeverity_ALERT_SEVERITY_CRITICAL}), 1)
	b.sound()
}
