package server

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// eventProto tells an entry as an event. Its cursor is the watcher's to fill in.
func eventProto(shard int, e *ledger.Entry) *holdfastv1.Event {
	p := &holdfastv1.Event{
		Shard: int32(shard), Sequence: e.Sequence, Time: timestamp(e.Time),
		Caller: string(e.Request.Caller), RequestId: string(e.Request.ID),
	}
	if h := ledger.HoldOf(e.Fact); h != nil {
		tellHold(p, h, e.Fact)
	} else if f, ok := e.Fact.(*ledger.Booked); ok {
		p.AccountId, p.Currency = f.Account.String(), string(f.Currency)
		p.Type, p.Amount = bookingType(&f.Booking), int64(f.Booking.Amount)
		tellBooking(p, f.Account, &f.Booking)
	} else if ledger.ConsumerOf(e.Fact) != "" {
		tellDossier(p, e.Fact)
	} else if id, ok := ledger.SettlementOf(e.Fact); ok {
		tellSettlement(p, &id, e.Fact)
	} else {
		tellAccount(p, e.Fact)
	}
	if points := ledger.PointsOf(e.Fact); points != nil && points.Changes() {
		p.Points = pointsChangeProto(&points.PointsChange)
	}
	for _, posting := range ledger.Postings(e) {
		told := &holdfastv1.Posting{Book: posting.Book.String(), Amount: int64(posting.Amount)}
		if posting.Currency == ledger.PointsUnit {
			told.Unit = string(posting.Currency)
		}
		p.Postings = append(p.Postings, told)
	}
	return p
}

// tellHold tells what happened to an order or a hold.
func tellHold(p *holdfastv1.Event, h *ledger.HoldRef, f ledger.Fact) {
	p.AccountId, p.OrderId, p.CarrierId = h.Account.String(), string(h.Order), string(h.Carrier)
	p.Scene, p.Currency = holdfastv1.Scene(h.Scene), string(h.Currency)
	if h.N != 0 {
		p.AuthorizationId = h.ID().String()
	}
	p.Type = holdType(f)
	tell := func(amount money.Amount, s ledger.State) {
		p.Amount, p.State = int64(amount), holdfastv1.AuthorizationState(s)
	}
	switch f := f.(type) {
	case *ledger.OrderDecided:
		tellOrder(p, f, tell)
	case *ledger.HoldIncremented:
		tell(f.Amount, f.State)
		p.Reasons = reasonsProto(f.Reasons)
		p.RiskAction, p.RiskReasons = riskProto(&f.Verdict)
	case *ledger.HoldExtended:
		tell(0, f.State)
		p.Note = f.Expires.Time().Format("2006-01-02T15:04:05Z")
	case *ledger.HoldSubmitted:
		tell(0, ledger.Submitted)
		p.Note, p.CarrierReference = f.Expires.Time().Format("2006-01-02T15:04:05Z"), string(f.Reference)
	case *ledger.HoldCaptured:
		tell(f.Amount, f.State)
		p.Late, p.CarrierReference = f.Late, string(f.Reference)
		tellBooking(p, h.Account, f.Booking)
	case *ledger.HoldReleased:
		tell(f.Amount, f.State)
	case *ledger.OrderReversed:
		tell(f.Released+f.Refunded, ledger.Reversed)
		p.CarrierReference = string(f.Reference)
		tellBooking(p, h.Account, f.Booking)
		if f.N == 0 {
			p.State, p.Note = holdfastv1.AuthorizationState_AUTHORIZATION_STATE_UNSPECIFIED, "tombstone: the order had not arrived"
		}
	case *ledger.BundleCancelled:
		tell(f.Booking.Amount, ledger.Captured)
		tellBooking(p, h.Account, f.Booking)
	case *ledger.CaptureRefunded:
		tell(f.Amount, f.State)
		p.CarrierReference = string(f.Reference)
		tellBooking(p, h.Account, f.Booking)
	}
}

func tellOrder(p *holdfastv1.Event, f *ledger.OrderDecided, tell func(money.Amount, ledger.State)) {
	switch f.Kind {
	case ledger.OrderAuthorized:
		tell(f.Amount, ledger.Held)
	case ledger.OrderCharged:
		tell(f.Amount, ledger.Captured)
		p.PostingId = f.ID().CaptureID(1)
	case ledger.OrderAdvised:
		tell(f.Amount, ledger.Captured)
		p.PostingId = f.ID().CaptureID(1)
	case ledger.OrderDeclined:
		tell(f.Requested, ledger.Declined)
	}
	p.Reasons, p.CarrierReference = reasonsProto(f.Reasons), string(f.Reference)
	p.BillReference, p.MandateId = string(f.Bill), mandateID(f.Account, f.Mandate)
	p.RiskAction, p.RiskReasons = riskProto(&f.Verdict)
	tellBooking(p, f.Account, f.Booking)
	p.BundleOfferId = string(f.Bundle.Offer)
}

var statusEvents = map[ledger.AccountStatus]holdfastv1.EventType{
	ledger.AccountActive: holdfastv1.EventType_EVENT_TYPE_ACCOUNT_UNFROZEN,
	ledger.AccountFrozen: holdfastv1.EventType_EVENT_TYPE_ACCOUNT_FROZEN,
	ledger.AccountClosed: holdfastv1.EventType_EVENT_TYPE_ACCOUNT_CLOSED,
}

// tellAccount tells what happened to an account, or to the shard as a whole.
func tellAccount(p *holdfastv1.Event, f ledger.Fact) {
	about := func(t holdfastv1.EventType, id ledger.AccountID, s ledger.Scene, note string) {
		p.Type, p.AccountId, p.Scene, p.Note = t, id.String(), holdfastv1.Scene(s), note
	}
	switch f := f.(type) {
	case *ledger.AccountOpened:
		about(holdfastv1.EventType_EVENT_TYPE_ACCOUNT_OPENED, f.Account, 0, "")
		p.Currency, p.Amount = string(f.Currency), int64(f.Limit)
		if f.Risk.Application != 0 {
			p.ApplicationId = f.Risk.Application.String()
		}
	case *ledger.LimitsSet:
		about(holdfastv1.EventType_EVENT_TYPE_LIMITS_SET, f.Account, 0, "")
		if f.SetAccount {
			p.Amount = int64(f.Limit)
		}
		for _, l := range f.Lines {
			p.Note += fmt.Sprintf("%s %d ", l.Scene, l.Limit)
		}
		if f.Risk.Application != 0 {
			p.ApplicationId, p.RiskReasons = f.Risk.Application.String(), splitCodes(f.Reason)
			p.Note += "grade " + f.Risk.Grade
		}
	case *ledger.TemporaryLimitSet:
		about(holdfastv1.EventType_EVENT_TYPE_TEMPORARY_LIMIT_SET, f.Account, f.Scene, "")
		if p.Amount = int64(f.Raise.Limit); p.Amount != 0 {
			p.Note = "until " + f.Raise.LastDay.String()
		}
	case *ledger.StatusSet:
		about(statusEvents[f.Status], f.Account, 0, f.Reason)
	case *ledger.LineOpened:
		about(holdfastv1.EventType_EVENT_TYPE_LINE_OPENED, f.Account, f.Line.Scene, "agreement "+f.Line.Agreement)
		p.Amount = int64(f.Line.Limit)
	case *ledger.LineEnded:
		about(holdfastv1.EventType_EVENT_TYPE_LINE_CLOSED, f.Account, f.Scene, f.Reason)
	case *ledger.AgreementSet:
		about(holdfastv1.EventType_EVENT_TYPE_AGREEMENT_ACCEPTED, f.Account, f.Scene, "agreement "+f.Version)
	case *ledger.ControlsSet:
		about(holdfastv1.EventType_EVENT_TYPE_SPENDING_CONTROLS_SET, f.Account, f.Scene, "")
	case *ledger.MandateSet:
		about(holdfastv1.EventType_EVENT_TYPE_MANDATE_SET, f.Account, ledger.Bill, ledger.MandateID{Account: f.Account, N: f.Mandate.N}.String())
		p.MandateId = p.Note
		p.CarrierId, p.Amount = string(f.Mandate.Carrier), int64(f.Mandate.Cap)
	case *ledger.MandateEnded:
		about(holdfastv1.EventType_EVENT_TYPE_MANDATE_ENDED, f.Account, ledger.Bill, f.Reason)
		p.MandateId = mandateID(f.Account, f.N)
	case *ledger.OrderClaimed:
		about(holdfastv1.EventType_EVENT_TYPE_ORDER_CLAIMED, f.Account, 0, "")
		p.Caller, p.OrderId = string(f.Caller), string(f.Order)
	case *ledger.SuspensionSet:
		p.Type, p.Scene, p.CarrierId, p.Note = holdfastv1.EventType_EVENT_TYPE_SUSPENDED, holdfastv1.Scene(f.Scope.Scene), string(f.Scope.Carrier), f.Reason
		if f.Resumed {
			p.Type = holdfastv1.EventType_EVENT_TYPE_RESUMED
		}
	case *ledger.TermsPut:
		p.Type, p.Note = holdfastv1.EventType_EVENT_TYPE_TERMS_PUT, versionOf(f.Document)
	case *ledger.AlertRaised:
		p.Type, p.Note = holdfastv1.EventType_EVENT_TYPE_ALERT_RAISED, f.Rule+" "+f.Reason
		p.Scene, p.CarrierId = holdfastv1.Scene(f.Scene), string(f.Carrier)
		if f.Account != 0 {
			p.AccountId, p.Currency, p.Amount = f.Account.String(), string(f.Currency), int64(f.Limit)
		}
	case *ledger.PolicyPut:
		p.Type, p.Note = holdfastv1.EventType_EVENT_TYPE_POLICY_PUT, f.Version
	case *ledger.PolicyActivated:
		p.Type, p.Note = holdfastv1.EventType_EVENT_TYPE_POLICY_ACTIVATED, activationNote(f)
	case *ledger.CarrierPut:
		p.Type, p.CarrierId, p.Note = holdfastv1.EventType_EVENT_TYPE_CARRIER_PUT, string(f.ID), strconv.Itoa(int(f.Version))
	case *ledger.BundleOfferPut:
		p.Type, p.CarrierId, p.Note = holdfastv1.EventType_EVENT_TYPE_BUNDLE_OFFER_PUT, string(f.Settings.Carrier), strconv.Itoa(int(f.Version))
		p.BundleOfferId = string(f.ID)
	case *ledger.SliceGiven:
		p.Type = holdfastv1.EventType_EVENT_TYPE_EXPOSURE_GIVEN
		tellGift(p, f.To, &f.Gift)
	case *ledger.SliceTaken:
		p.Type = holdfastv1.EventType_EVENT_TYPE_EXPOSURE_TAKEN
		tellGift(p, f.From, &f.Gift)
	case *ledger.CarrierAdjusted:
		p.Type, p.CarrierId, p.Currency, p.Amount = holdfastv1.EventType_EVENT_TYPE_CARRIER_ADJUSTED, string(f.Carrier), string(f.Currency), int64(f.Amount)
		p.Day, p.Reference, p.Note = dateProto(f.Date), f.Reference, f.Reason
	case *ledger.ReconciliationBegun, *ledger.BreaksFound, *ledger.ReconciliationEnded, *ledger.BreakResolved:
		tellReconciliation(p, f)
	case *ledger.ClockAdvanced:
		p.Type = holdfastv1.EventType_EVENT_TYPE_CLOCK_ADVANCED
	}
}

func tellGift(p *holdfastv1.Event, other uint16, g *ledger.Gift) {
	p.CarrierId, p.Currency, p.Amount, p.Note = string(g.Carrier), string(g.Currency), int64(g.Amount), strconv.Itoa(int(other))
}

// activationNote says what was activated, and from when on.
func activationNote(f *ledger.PolicyActivated) string {
	from := " from " + f.From.Time().Format("2006-01-02T15:04:05Z")
	switch {
	case f.Version == "":
		return "no shadow" + from
	case f.Shadow:
		return f.Version + " as shadow" + from
	}
	return f.Version + from
}

// versionOf is the version of a document of terms. It was checked before it was put, and that takes long.
func versionOf(document string) string {
	var head struct {
		Version string `yaml:"version"`
	}
	if yaml.Unmarshal([]byte(document), &head) != nil {
		return ""
	}
	return head.Version
}

// tellBooking tells what was done to what an account owes; nothing when that is nil.
func tellBooking(p *holdfastv1.Event, a ledger.AccountID, b *ledger.Booking) {
	if b == nil {
		return
	}
	p.ItemId, p.AboutItemId, p.PlanId = itemID(a, b.Item), itemID(a, b.Undoes), planID(a, b.Plan)
	p.OpeningDate, p.Day, p.ValueDate = dateProto(b.Opens), dateProto(b.Day), dateProto(b.ValueDate)
	p.Attempt, p.Channel, p.Reference = int32(b.Attempt), holdfastv1.CollectionChannel(b.Channel), b.Reference
	p.AccountStatus = holdfastv1.AccountStatus(b.Status)
	if b.Listed.Carrier != "" {
		p.CarrierId = string(b.Listed.Carrier)
	}
	if b.Listed.Any() {
		p.CollectionMonth, p.CollectionLineOutcome = b.Listed.Month.String(), holdfastv1.CollectionLineOutcome(b.Listed.Outcome)+1
	}
	if b.Note != "" {
		p.Note = b.Note
	}
}
