package record_test

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// generated is an entry as the generated code has it, field by field: what AppendEntry must write.
func generated(e *ledger.Entry) *journalv1.Entry {
	g := &journalv1.Entry{Caller: string(e.Request.Caller), RequestId: string(e.Request.ID), Print: e.Print}
	switch f := e.Fact.(type) {
	case *ledger.AccountOpened:
		o := &journalv1.AccountOpened{Account: uint64(f.Account), Consumer: string(f.Consumer), Currency: string(f.Currency), Limit: int64(f.Limit),
			Terms: int64(f.Terms), Day: int64(f.Day), Channel: int64(f.Channel), Risk: accountRisk(f.Risk)}
		for i := range f.Lines {
			o.Lines = append(o.Lines, opening(&f.Lines[i]))
		}
		g.Fact = &journalv1.Entry_AccountOpened{AccountOpened: o}
	case *ledger.LimitsSet:
		o := &journalv1.LimitsSet{Account: uint64(f.Account), SetAccount: f.SetAccount, Limit: int64(f.Limit), Risk: accountRisk(f.Risk), Reason: f.Reason}
		for _, l := range f.Lines {
			o.Lines = append(o.Lines, &journalv1.LimitOfLine{Scene: int64(l.Scene), Limit: int64(l.Limit)})
		}
		g.Fact = &journalv1.Entry_LimitsSet{LimitsSet: o}
	case *ledger.TemporaryLimitSet:
		g.Fact = &journalv1.Entry_TemporaryLimitSet{TemporaryLimitSet: &journalv1.TemporaryLimitSet{
			Account: uint64(f.Account), Scene: int64(f.Scene), Limit: int64(f.Raise.Limit), LastDay: int64(f.Raise.LastDay)}}
	case *ledger.StatusSet:
		g.Fact = &journalv1.Entry_StatusSet{StatusSet: &journalv1.StatusSet{Account: uint64(f.Account), Status: int64(f.Status), Reason: f.Reason}}
	case *ledger.LineOpened:
		g.Fact = &journalv1.Entry_LineOpened{LineOpened: &journalv1.LineOpened{Account: uint64(f.Account), Line: opening(&f.Line)}}
	case *ledger.LineEnded:
		g.Fact = &journalv1.Entry_LineEnded{LineEnded: &journalv1.LineEnded{Account: uint64(f.Account), Scene: int64(f.Scene), Reason: f.Reason}}
	case *ledger.AgreementSet:
		g.Fact = &journalv1.Entry_AgreementSet{AgreementSet: &journalv1.AgreementSet{Account: uint64(f.Account), Scene: int64(f.Scene), Version: f.Version}}
	case *ledger.ControlsSet:
		g.Fact = &journalv1.Entry_ControlsSet{ControlsSet: &journalv1.ControlsSet{Account: uint64(f.Account), Scene: int64(f.Scene), Controls: controls(&f.Controls)}}
	case *ledger.OrderClaimed:
		g.Fact = &journalv1.Entry_OrderClaimed{OrderClaimed: &journalv1.OrderClaimed{Account: uint64(f.Account), Caller: string(f.Caller), Order: string(f.Order)}}
	case *ledger.SuspensionSet:
		g.Fact = &journalv1.Entry_SuspensionSet{SuspensionSet: &journalv1.SuspensionSet{
			Scene: int64(f.Scope.Scene), Carrier: string(f.Scope.Carrier), Reason: f.Reason, Resumed: f.Resumed}}
	case *ledger.TermsPut:
		g.Fact = &journalv1.Entry_TermsPut{TermsPut: &journalv1.TermsPut{Document: f.Document}}
	case *ledger.Booked:
		g.Fact = &journalv1.Entry_Booked{Booked: &journalv1.Booked{
			Account: uint64(f.Account), Currency: string(f.Currency), Booking: booking(&f.Booking), Points: pointsBooking(f.Points)}}
	case *ledger.MandateSet:
		m := &f.Mandate
		g.Fact = &journalv1.Entry_MandateSet{MandateSet: &journalv1.MandateSet{
			Account: uint64(f.Account), Mandate: int64(m.N), Carrier: string(m.Carrier), Phone: string(m.Phone), Cap: int64(m.Cap),
			Since: int64(m.Since), Month: int64(m.Month), Last: int64(m.Last), Declined: int64(m.Declined), Declines: int64(m.Declines)}}
	case *ledger.MandateEnded:
		g.Fact = &journalv1.Entry_MandateEnded{MandateEnded: &journalv1.MandateEnded{Account: uint64(f.Account), Mandate: int64(f.N), Reason: f.Reason, Day: int64(f.Day)}}
	case *ledger.PolicyPut:
		g.Fact = riskFact(&journalv1.Risk{Fact: &journalv1.Risk_PolicyPut{PolicyPut: &journalv1.PolicyPut{Version: f.Version, Document: f.Document}}})
	case *ledger.AlertRaised:
		g.Fact = riskFact(&journalv1.Risk{Fact: &journalv1.Risk_AlertRaised{AlertRaised: &journalv1.AlertRaised{
			Account: uint64(f.Account), Rule: f.Rule, Severity: int64(f.Severity), Reason: f.Reason, Inputs: f.Inputs, Policy: f.Policy,
			Currency: string(f.Currency), Limit: int64(f.Limit), LimitBefore: int64(f.LimitBefore), Froze: f.Froze,
			ClosedLine: int64(f.ClosedLine), Scene: int64(f.Scene), Carrier: string(f.Carrier), Suspended: f.Suspended}}})
	case *ledger.PolicyActivated:
		g.Fact = riskFact(&journalv1.Risk{Fact: &journalv1.Risk_PolicyActivated{PolicyActivated: &journalv1.PolicyActivated{
			Version: f.Version, From: int64(f.From), Shadow: f.Shadow}}})
	case *ledger.ClockAdvanced:
		g.Fact = &journalv1.Entry_ClockAdvanced{ClockAdvanced: &journalv1.ClockAdvanced{}}
	default:
		if r := onApplication(e.Fact); r != nil {
			g.Fact = riskFact(r)
		} else if c := onCarrier(e.Fact); c != nil {
			g.Fact = &journalv1.Entry_Further{Further: &journalv1.Further{Kind: &journalv1.Further_OfCarrier{OfCarrier: c}}}
		} else if s := onSettlement(e.Fact); s != nil {
			g.Fact = &journalv1.Entry_Further{Further: &journalv1.Further{Kind: &journalv1.Further_OfSettlement{OfSettlement: s}}}
		} else if c := onReconciliation(e.Fact); c != nil {
			g.Fact = &journalv1.Entry_Further{Further: &journalv1.Further{Kind: &journalv1.Further_OfReconciliation{OfReconciliation: c}}}
		} else if b := onBundle(e.Fact); b != nil {
			g.Fact = &journalv1.Entry_Further{Further: &journalv1.Further{Kind: &journalv1.Further_Bundle{Bundle: b}}}
		} else {
			onHold(g, e.Fact)
		}
	}
	return g
}

// onHold fills in the facts on orders and holds.
func onHold(g *journalv1.Entry, fact ledger.Fact) {
	h := ledger.HoldOf(fact)
	account, n, scene := uint64(h.Account), int64(h.N), int64(h.Scene)
	carrier, currency, order := string(h.Carrier), string(h.Currency), string(h.Order)
	switch f := fact.(type) {
	case *ledger.OrderDecided:
		g.Fact = &journalv1.Entry_OrderDecided{OrderDecided: &journalv1.OrderDecided{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order,
			Kind: int64(f.Kind), Phone: string(f.Phone), Requested: int64(f.Requested), Amount: int64(f.Amount), Reasons: int64(f.Reasons),
			Day: int64(f.Day), Expires: int64(f.Expires), SaleTime: int64(f.SaleTime), Terms: f.Terms,
			Plan: offer(f.Plan), Opening: opened(&f.Intake), Booking: booking(f.Booking), Bill: string(f.Bill), Mandate: int64(f.Mandate),
			Verdict: verdict(f.Verdict), Shadow: verdict(f.Shadow), Settings: int64(f.Settings), Clearing: clearing(f.Clearing), Product: string(f.Product), Reference: string(f.Reference), Points: pointsBooking(f.Points),
			Bundle: bundleOrder(f.Bundle)}}
	case *ledger.HoldIncremented:
		g.Fact = &journalv1.Entry_HoldIncremented{HoldIncremented: &journalv1.HoldIncremented{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order,
			Amount: int64(f.Amount), Reasons: int64(f.Reasons), Day: int64(f.Day), State: int64(f.State),
			Verdict: verdict(f.Verdict), Shadow: verdict(f.Shadow)}}
	case *ledger.HoldExtended:
		g.Fact = &journalv1.Entry_HoldExtended{HoldExtended: &journalv1.HoldExtended{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order,
			Expires: int64(f.Expires), State: int64(f.State)}}
	case *ledger.HoldSubmitted:
		g.Fact = &journalv1.Entry_HoldSubmitted{HoldSubmitted: &journalv1.HoldSubmitted{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order, Expires: int64(f.Expires),
			Reference: string(f.Reference)}}
	case *ledger.HoldCaptured:
		g.Fact = &journalv1.Entry_HoldCaptured{HoldCaptured: &journalv1.HoldCaptured{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order,
			Amount: int64(f.Amount), FromHold: int64(f.FromHold), Released: int64(f.Released), Late: f.Late, State: int64(f.State),
			Opening: opened(&f.Intake), Booking: booking(f.Booking), Clearing: clearing(f.Clearing), Reference: string(f.Reference), Points: pointsBooking(f.Points),
			Began: int64(f.Began.Day), Until: int64(f.Began.Until)}}
	case *ledger.HoldReleased:
		g.Fact = &journalv1.Entry_HoldReleased{HoldReleased: &journalv1.HoldReleased{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order,
			Amount: int64(f.Amount), Expired: f.Expired, WasSubmitted: f.WasSubmitted, State: int64(f.State), Points: pointsBooking(f.Points)}}
	case *ledger.OrderReversed:
		g.Fact = &journalv1.Entry_OrderReversed{OrderReversed: &journalv1.OrderReversed{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order,
			Released: int64(f.Released), Refunded: int64(f.Refunded), Booking: booking(f.Booking), Clearing: clearing(f.Clearing), Reference: string(f.Reference), Points: pointsBooking(f.Points)}}
	case *ledger.CaptureRefunded:
		g.Fact = &journalv1.Entry_CaptureRefunded{CaptureRefunded: &journalv1.CaptureRefunded{
			Account: account, N: n, Scene: scene, Carrier: carrier, Currency: currency, Order: order,
			Amount: int64(f.Amount), State: int64(f.State), Booking: booking(f.Booking), Clearing: clearing(f.Clearing), Reference: string(f.Reference), Points: pointsBooking(f.Points),
			Returned: int64(f.Return.Day), Billed: int64(f.Return.Billed)}}
	default:
		panic(fmt.Sprintf("no fact %T", fact))
	}
}

func opening(l *ledger.LineOpening) *journalv1.LineOpening {
	return &journalv1.LineOpening{
		Scene: int64(l.Scene), Limit: int64(l.Limit), Agreement: l.Agreement, Accepted: l.Accepted, Controls: controls(&l.Controls)}
}

func controls(c *ledger.Controls) *journalv1.Controls {
	g := &journalv1.Controls{
		PerOrder: int64(c.PerOrder), DailyAmount: int64(c.DailyAmount), DailyCount: int64(c.DailyCount),
		MonthlyAmount: int64(c.MonthlyAmount), MonthlyCount: int64(c.MonthlyCount), MaxHolds: int64(c.MaxHolds)}
	for _, v := range c.Carriers {
		g.Carriers = append(g.Carriers, string(v))
	}
	for _, v := range c.Phones {
		g.Phones = append(g.Phones, string(v))
	}
	return g
}
