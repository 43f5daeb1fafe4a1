package server

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/figures"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// MonitorName is who raises alerts about the portfolio, and does what their rules say, in the journal.
const MonitorName = "risk-monitor"

// How often the monitor looks whether a day has begun, and how long it may take over one.
const (
	monitorEvery  = time.Second
	monitorWithin = 2 * time.Minute
)

// monitor asks the rules of the risk policy about the portfolio, once a civil day, at whoever decides for the first shard. It
// is in nobody's way: what it finds is recorded as any other request is. What it was interrupted in is done again, under the
// same request ids.
type monitor struct {
	*riskService
	portfolios *portfolios
	zone       calendar.Zone
	now        func() calendar.Instant
	logger     *slog.Logger

	asked atomic.Int32 // the last day that is done with, a calendar.Date
	stop  context.CancelFunc
	done  sync.WaitGroup
}

func (m *monitor) start() {
	ctx, cancel := context.WithCancel(WithCaller(context.Background(), Caller{Name: MonitorName, Role: RoleAdmin}))
	m.stop = cancel
	m.done.Go(func() {
		tick := time.NewTicker(monitorEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			today := m.zone.DateAt(m.now())
			if today == calendar.Date(m.asked.Load()) || !m.writers[0].Stats().Leads {
				continue
			}
			within, cancel := context.WithTimeout(ctx, monitorWithin)
			if err := m.look(within, today); err == nil {
				m.asked.Store(int32(today))
			} else if ctx.Err() == nil {
				m.logger.Warn("the portfolio could not be looked at; it is tried again", "error", err)
			}
			cancel()
		}
	})
}

func (m *monitor) close() {
	if m.stop != nil {
		m.stop()
		m.done.Wait()
	}
}

// look asks the rules about the portfolio as it is now, for each currency by itself.
func (m *monitor) look(ctx context.Context, today calendar.Date) error {
	p, err := m.inForce(ctx)
	if err != nil || len(p.Document().Portfolio) == 0 {
		return err
	}
	last, err := m.durable()
	if err != nil {
		return err
	}
	var all []*portfolio.Portfolio
	for shard, f := range m.portfolios.folds {
		one, err := f.since(ctx, last[shard])
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	whole := portfolio.Merge(all...)
	for _, t := range whole.Totals {
		asked, worst := figures.Of(whole, t.Currency, DefaultLossGivenDefault, p.Document().Scorecard, p.Version())
		for _, w := range p.WatchPortfolio(asked) {
			if err := m.raise(ctx, today, t.Currency, p.Version(), w, worst); err != nil {
				return err
			}
		}
	}
	return nil
}

// inForce is the policy that decides now.
func (m *monitor) inForce(ctx context.Context) (*policy.Policy, error) {
	known, err := m.policies(ctx, m.everybodys())
	if err != nil {
		return nil, err
	}
	for i := range known.Versions {
		if known.Versions[i].Version == known.InForce {
			return policy.Parse([]byte(known.Versions[i].Document))
		}
	}
	return m.made, nil
}

// raise records a warning, and does what the rule says. A rule that is silent of late does nothing.
func (m *monitor) raise(ctx context.Context, today calendar.Date, c money.Currency, version string, w policy.PortfolioWarning, worst ledger.CarrierID) error {
	id := fmt.Sprintf("%s-%s-%s", w.Name, c, today)
	cmd := &ledger.RaiseAlert{
		Request: ledger.Request{Caller: MonitorName, ID: ledger.RequestID(id)}, Rule: w.Name, Severity: ledger.Severity(w.Severity), Reason: w.Reason,
		Inputs: w.Inputs, Policy: version, Currency: c, Cooldown: time.Duration(w.CooldownDays) * 24 * time.Hour,
	}
	var scopes []ledger.Scope
	for _, act := range w.Actions {
		switch {
		case act.Deed == policy.SuspendScene:
			cmd.Scene, cmd.Suspended = act.Scene, true
			scopes = append(scopes, ledger.Scope{Scene: act.Scene})
		case act.Deed == policy.SuspendCarrier && worst != "":
			cmd.Carrier, cmd.Suspended = worst, true
			scopes = append(scopes, ledger.Scope{Carrier: worst})
		}
	}
	out, err := submit(ctx, m.writers[0], cmd)
	if err != nil || !out.Raised && !out.Replayed {
		return err
	}
	for i, scope := range scopes {
		r := &holdfastv1.SuspendRequest{RequestId: fmt.Sprintf("%s-%d", id, i), Reason: w.Reason}
		if r.Scope = (&holdfastv1.SuspendRequest_CarrierId{CarrierId: string(scope.Carrier)}); scope.Carrier == "" {
			r.Scope = &holdfastv1.SuspendRequest_Scene{Scene: holdfastv1.Scene(scope.Scene)}
		}
		suspend := &ledger.Suspend{Request: ledger.Request{Caller: MonitorName, ID: ledger.RequestID(r.GetRequestId())}, Scope: scope, Reason: w.Reason}
		if _, err := m.everywhere(ctx, suspend, holdfastv1.AdminService_Suspend_FullMethodName, r, &holdfastv1.SuspendResponse{}); err != nil {
			return err
		}
	}
	return nil
}
