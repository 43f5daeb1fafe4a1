package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// WatchAlerts is the journal, told as far as it raises alerts.
func (s *riskService) WatchAlerts(r *holdfastv1.WatchAlertsRequest, stream holdfastv1.RiskService_WatchAlertsServer) error {
	last, err := s.durable()
	if err != nil {
		return err
	}
	var c check
	at := s.cursor(stream.Context(), &c, r.GetCursor(), last)
	if _, known := holdfastv1.AlertSeverity_name[int32(r.GetLeastSeverity())]; !known {
		c.fault("least_severity", "%d is not a severity", r.GetLeastSeverity())
	}
	var account ledger.AccountID
	if r.GetAccountId() != "" {
		account = c.account(r.GetAccountId())
	}
	if err := c.err(); err != nil {
		return err
	}
	see, err := s.sightOf(stream.Context(), last)
	if err != nil {
		return err
	}
	w := watch{at: at, last: last, untilNow: r.GetUntilNow()}
	w.wants = func(shard int, e *ledger.Entry) (bool, error) {
		f, ok := e.Fact.(*ledger.AlertRaised)
		if !ok || int32(f.Severity) < int32(r.GetLeastSeverity()) || account != 0 && f.Account != account {
			return false, see.moved(stream.Context(), shard, e)
		}
		told := about(shard, e)
		return see.sees(&told), nil
	}
	w.tell = func(_ int, e *ledger.Entry, at cursor) error {
		return stream.Send(&holdfastv1.WatchAlertsResponse{Cursor: at.String(), Alert: alertProto(e, e.Fact.(*ledger.AlertRaised))})
	}
	if r.GetTellProgress() {
		w.progress = func(at cursor) error { return stream.Send(&holdfastv1.WatchAlertsResponse{Cursor: at.String()}) }
	}
	return s.watch(stream.Context(), &w)
}

// alertProto is an alert as it was raised.
func alertProto(e *ledger.Entry, f *ledger.AlertRaised) *holdfastv1.Alert {
	p := &holdfastv1.Alert{
		Rule: f.Rule, Severity: holdfastv1.AlertSeverity(f.Severity), Reason: f.Reason, Inputs: f.Inputs, PolicyVersion: f.Policy,
		CreateTime: timestamp(e.Time), Currency: string(f.Currency), LoweredLimit: int64(f.Limit), LimitBefore: int64(f.LimitBefore),
		FrozeAccount: f.Froze, ClosedLine: holdfastv1.Scene(f.ClosedLine), Scene: holdfastv1.Scene(f.Scene), CarrierId: string(f.Carrier),
		Suspended: f.Suspended,
	}
	if f.Account != 0 {
		p.AccountId = f.Account.String()
	}
	return p
}
