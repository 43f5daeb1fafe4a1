package ledger_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// obstacle makes one reason apply to the order of TestReasons, and to no other reason.
type obstacle struct {
	reason ledger.Reason
	put    func(*stage)
}

// obstacles are the reasons in order of precedence, as the API lists them: the ones without a way to put them up are
// those that no part of the ledger gives yet.
var obstacles = []obstacle{
	{ledger.AccountNotActive, func(s *stage) { s.do(&ledger.CloseAccount{Request: s.next(), Account: s.id}) }},
	{ledger.AccountIsFrozen, func(s *stage) { s.do(&ledger.Freeze{Request: s.next(), Account: s.id}) }},
	{ledger.AccountDelinquent, nil},
	{ledger.LineNotOpen, func(s *stage) { s.do(&ledger.CloseLine{Request: s.next(), Account: s.id, Scene: ledger.TopUp}) }},
	{ledger.AgreementNotAccepted, func(s *stage) { s.accept("v0") }},
	{ledger.SceneSuspended, func(s *stage) {
		s.do(&ledger.Suspend{Request: s.next(), Scope: ledger.Scope{Scene: ledger.TopUp}})
	}},
	{ledger.CarrierSuspended, func(s *stage) {
		s.do(&ledger.Suspend{Request: s.next(), Scope: ledger.Scope{Carrier: "cmcc"}})
	}},
	{ledger.CarrierNotAllowed, func(s *stage) { s.controls.Carriers = []ledger.CarrierID{"other"} }},
	{ledger.PhoneNotAllowed, func(s *stage) { s.controls.Phones = []ledger.PhoneToken{"other"} }},
	{ledger.PerOrderLimit, func(s *stage) { s.controls.PerOrder = 99 }},
	{ledger.DailyAmountLimit, func(s *stage) { s.controls.DailyAmount = 99 }},
	{ledger.DailyCountLimit, func(s *stage) { s.controls.DailyCount = 1 }},
	{ledger.MonthlyAmountLimit, func(s *stage) { s.controls.MonthlyAmount = 99 }},
	{ledger.MonthlyCountLimit, func(s *stage) { s.controls.MonthlyCount = 1 }},
	{ledger.TooManyHolds, func(s *stage) { s.controls.MaxHolds = 1 }},
	{ledger.CarrierExposureLimit, func(s *stage) {
		s.do(&ledger.PutCarrier{Request: s.next(), ID: "cmcc", Version: 1, Shards: 1, Settings: ledger.CarrierSettings{
			ExposureLimits: []ledger.Sum{{Currency: "CNY", Amount: 99}},
		}})
	}},
	{ledger.LineLimit, func(s *stage) { s.limit(99, 1000) }},
	{ledger.AccountLimit, func(s *stage) { s.limit(1000, 99) }},
	{ledger.PointsInsufficient, nil}, // testdata/script/points
	{ledger.PlanNotOffered, nil},
	{ledger.RiskPolicy, nil},
	{ledger.MandateNotActive, nil}, // these are about bills: testdata/script/mandates
	{ledger.MandateLimit, nil},
	{ledger.BillAlreadyPaid, nil}, // testdata/script/bills
}

// together says whether two reasons can apply at once.
func together(a, b ledger.Reason) bool {
	closed := a == ledger.AccountNotActive || b == ledger.AccountNotActive
	line := a == ledger.LineNotOpen || b == ledger.LineNotOpen
	other := max(a, b) // of the two, when the other is one of these
	switch {
	case closed && line:
		return true
	case closed: // a closed account is not frozen and cannot be changed, but for what was there before
		return other != ledger.AccountIsFrozen && other != ledger.TooManyHolds
	case line: // a line that is not open is not asked for its agreement or its limits
		return min(a, b) < ledger.LineNotOpen || other == ledger.SceneSuspended || other == ledger.CarrierSuspended ||
			other == ledger.CarrierNotAllowed || other == ledger.PhoneNotAllowed || other == ledger.TooManyHolds
	}
	return true
}

// stage is an account with one earlier order of 1 on its line, about to be asked for 100.
type stage struct {
	t        *testing.T
	core     *sim.Core
	now      calendar.Instant
	id       ledger.AccountID
	requests int
	controls ledger.Controls
	line     int64
	account  int64
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, core: sim.NewCore(0, terms.Default(), calendar.UTC), now: calendar.Instant(1e18), line: 1000, account: 1000}
	s.id = s.do(&ledger.OpenAccount{Request: s.next(), Consumer: "c", Currency: "CNY", Limit: 1000, Lines: []ledger.LineOpening{
		{Scene: ledger.TopUp, Limit: 1000, Agreement: "v1", Accepted: "v1"},
	}}).Account.ID
	return s
}

func (s *stage) next() ledger.Request {
	s.requests++
	return ledger.Request{Caller: "test", ID: ledger.RequestID(time.Duration(s.requests).String())}
}

func (s *stage) do(c ledger.Command) ledger.Outcome {
	s.t.Helper()
	out, _, err := s.core.Apply(s.now, c)
	require.NoError(s.t, err)
	require.Nil(s.t, out.Fault)
	return out
}

func (s *stage) accept(version string) {
	s.do(&ledger.AcceptAgreement{Request: s.next(), Account: s.id, Scene: ledger.TopUp, Version: version})
}

// limit lowers the limits of the line and of the account, each at most once.
func (s *stage) limit(line, account int64) {
	s.line, s.account = min(s.line, line), min(s.account, account)
}

// ask puts the obstacles up, those that end things last, and answers with why 100 are declined.
func (s *stage) ask(obstacles ...obstacle) ledger.Reasons {
	earlier := ledger.Purchase{Account: s.id, Scene: ledger.TopUp, Order: "o1", Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 1}
	closing := slices.ContainsFunc(obstacles, func(o obstacle) bool { return o.reason == ledger.AccountNotActive })
	if out := s.do(&ledger.Authorize{Request: s.next(), Purchase: earlier}); closing {
		s.do(&ledger.CaptureHold{Request: s.next(), Authorization: out.ID, Currency: "CNY"})
		s.do(&ledger.RefundCapture{Request: s.next(), Authorization: out.ID, Currency: "CNY", Amount: 1})
	}
	for _, o := range obstacles {
		if o.reason > ledger.LineNotOpen {
			o.put(s)
		}
	}
	s.do(&ledger.SetControls{Request: s.next(), Account: s.id, Scene: ledger.TopUp, Currency: "CNY", Controls: s.controls})
	s.do(&ledger.SetLimits{Request: s.next(), Account: s.id, Currency: "CNY", SetAccount: true, Limit: money.Amount(s.account), Lines: []ledger.LimitOfLine{
		{Scene: ledger.TopUp, Limit: money.Amount(s.line)},
	}})
	for _, o := range slices.Backward(obstacles) {
		if o.reason <= ledger.LineNotOpen {
			o.put(s)
		}
	}
	order := earlier
	order.Order, order.Amount = "o2", 100
	out := s.do(&ledger.Authorize{Request: s.next(), Purchase: order})
	if len(obstacles) == 0 {
		require.Equal(s.t, ledger.Approve, out.Decision)
	} else {
		require.Equal(s.t, ledger.Decline, out.Decision)
	}
	return out.Reasons
}

// TestReasons walks the list of reasons in order: each that is implemented can occur, and of two that apply the one
// that comes first in the list is the one to act on.
func TestReasons(t *testing.T) {
	require.Zero(t, newStage(t).ask())
	for i, first := range obstacles {
		require.Equal(t, ledger.Reason(i+1), first.reason, "the list is the API's, in its order")
		if first.put == nil {
			continue
		}
		require.Equal(t, only(first.reason), newStage(t).ask(first), first.reason)
		for _, second := range obstacles[i+1:] {
			if second.put == nil || !together(first.reason, second.reason) {
				continue
			}
			got := newStage(t).ask(first, second)
			require.Equal(t, only(first.reason, second.reason), got, "%s and %s", first.reason, second.reason)
			require.Equal(t, first.reason, got.First())
			require.Equal(t, []ledger.Reason{first.reason, second.reason}, slices.Collect(got.All()))
		}
	}
	require.Len(t, obstacles, int(ledger.BillAlreadyPaid))
}

func only(reasons ...ledger.Reason) (s ledger.Reasons) {
	for _, r := range reasons {
		s.Add(r)
	}
	return s
}
