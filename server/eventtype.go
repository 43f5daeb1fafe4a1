package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// holdType is the type of a fact on an order or a hold.
func holdType(f ledger.Fact) holdfastv1.EventType {
	switch f := f.(type) {
	case *ledger.OrderDecided:
		return orderEvents[f.Kind]
	case *ledger.HoldIncremented:
		if f.Reasons != 0 {
			return holdfastv1.EventType_EVENT_TYPE_DECLINED
		}
		return holdfastv1.EventType_EVENT_TYPE_INCREMENTED
	case *ledger.HoldExtended:
		return holdfastv1.EventType_EVENT_TYPE_EXTENDED
	case *ledger.HoldSubmitted:
		return holdfastv1.EventType_EVENT_TYPE_SUBMITTED
	case *ledger.HoldCaptured:
		return holdfastv1.EventType_EVENT_TYPE_CAPTURED
	case *ledger.HoldReleased:
		switch {
		case f.WasSubmitted:
			return holdfastv1.EventType_EVENT_TYPE_SUBMITTED_EXPIRED
		case f.Expired:
			return holdfastv1.EventType_EVENT_TYPE_EXPIRED
		}
		return holdfastv1.EventType_EVENT_TYPE_VOIDED
	case *ledger.OrderReversed:
		return holdfastv1.EventType_EVENT_TYPE_REVERSED
	case *ledger.BundleCancelled:
		return holdfastv1.EventType_EVENT_TYPE_BUNDLE_CANCELLED
	case *ledger.CaptureRefunded:
		if f.Return.Day != 0 {
			return holdfastv1.EventType_EVENT_TYPE_BUNDLE_RETURNED
		}
		return holdfastv1.EventType_EVENT_TYPE_REFUNDED
	}
	return holdfastv1.EventType_EVENT_TYPE_UNSPECIFIED
}

var orderEvents = map[ledger.OrderKind]holdfastv1.EventType{
	ledger.OrderAuthorized: holdfastv1.EventType_EVENT_TYPE_AUTHORIZED,
	ledger.OrderCharged:    holdfastv1.EventType_EVENT_TYPE_CAPTURED,
	ledger.OrderAdvised:    holdfastv1.EventType_EVENT_TYPE_ADVISED,
	ledger.OrderDeclined:   holdfastv1.EventType_EVENT_TYPE_DECLINED,
}

var bookingEvents = map[ledger.BookingKind]holdfastv1.EventType{
	ledger.WindowClosed:      holdfastv1.EventType_EVENT_TYPE_STATEMENT_CLOSED,
	ledger.FellDue:           holdfastv1.EventType_EVENT_TYPE_FELL_DUE,
	ledger.Carried:           holdfastv1.EventType_EVENT_TYPE_CARRIED,
	ledger.RepaymentPosted:   holdfastv1.EventType_EVENT_TYPE_REPAYMENT_POSTED,
	ledger.RepaymentReversed: holdfastv1.EventType_EVENT_TYPE_REPAYMENT_REVERSED,
	ledger.CreditRefunded:    holdfastv1.EventType_EVENT_TYPE_CREDIT_REFUNDED,
	ledger.ChargeWaived:      holdfastv1.EventType_EVENT_TYPE_CHARGE_WAIVED,
	ledger.PenaltyPaused:     holdfastv1.EventType_EVENT_TYPE_PENALTY_PAUSED,
	ledger.CollectionIssued:  holdfastv1.EventType_EVENT_TYPE_COLLECTION_ISSUED,
	ledger.CollectionFailed:  holdfastv1.EventType_EVENT_TYPE_COLLECTION_FAILED,
	ledger.NoticeIssued:      holdfastv1.EventType_EVENT_TYPE_NOTICE_ISSUED,
	ledger.NoticeDeferred:    holdfastv1.EventType_EVENT_TYPE_NOTICE_DEFERRED,
	ledger.DelinquencyFroze:  holdfastv1.EventType_EVENT_TYPE_DELINQUENCY_FROZE,
	ledger.ChargedOff:        holdfastv1.EventType_EVENT_TYPE_CHARGED_OFF,
	ledger.DebtReaged:        holdfastv1.EventType_EVENT_TYPE_DEBT_REAGED,
	ledger.StatementPlanned:  holdfastv1.EventType_EVENT_TYPE_STATEMENT_PLANNED,
	ledger.PlanPaidOff:       holdfastv1.EventType_EVENT_TYPE_PLAN_PAID_OFF,
	ledger.PlanAccelerated:   holdfastv1.EventType_EVENT_TYPE_PLAN_ACCELERATED,
	ledger.TermsAccepted:     holdfastv1.EventType_EVENT_TYPE_TERMS_ACCEPTED,
	ledger.StatementDaySet:   holdfastv1.EventType_EVENT_TYPE_STATEMENT_DAY_SET,
	ledger.ChannelSet:        holdfastv1.EventType_EVENT_TYPE_COLLECTION_CHANNEL_SET,
	ledger.PurchasePosted:    holdfastv1.EventType_EVENT_TYPE_CAPTURED,
	ledger.PurchaseRefunded:  holdfastv1.EventType_EVENT_TYPE_REFUNDED,
	ledger.ContractCancelled: holdfastv1.EventType_EVENT_TYPE_BUNDLE_CANCELLED,
	ledger.DeviceReturned:    holdfastv1.EventType_EVENT_TYPE_BUNDLE_RETURNED,
	ledger.PointsGranted:     holdfastv1.EventType_EVENT_TYPE_POINTS_GRANTED,
	ledger.PointsExpired:     holdfastv1.EventType_EVENT_TYPE_POINTS_EXPIRED,
}

// bookingType is the type of a booking that is a fact of its own. A payment that completes a collection is told as that.
func bookingType(b *ledger.Booking) holdfastv1.EventType {
	if b.Kind == ledger.RepaymentPosted && b.Undoes != 0 {
		return holdfastv1.EventType_EVENT_TYPE_COLLECTION_SUCCEEDED
	}
	return bookingEvents[b.Kind]
}
