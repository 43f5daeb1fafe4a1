package record

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
)

// AppendEntry appends an entry's payload for the journal: a holdfast.journal.v1.Entry. Sequence and time are not
// part of it; the journal keeps them.
func AppendEntry(b []byte, e *ledger.Entry) []byte {
	w := wire{buf: b}
	str(&w, 1, &e.Request.Caller)
	str(&w, 2, &e.Request.ID)
	raw(&w, 3, &e.Print)
	if n := holdField(e.Fact); n != 0 {
		at := w.begin(n)
		walkHoldFact(&w, e.Fact)
		w.end(at)
		return w.buf
	}
	return appendOther(w.buf, e.Fact)
}

// holdField is the number of the field for a fact on an order or a hold; 0 for another fact.
func holdField(f ledger.Fact) protowire.Number {
	switch f.(type) {
	case *ledger.OrderDecided:
		return 16
	case *ledger.HoldIncremented:
		return 17
	case *ledger.HoldExtended:
		return 18
	case *ledger.HoldSubmitted:
		return 19
	case *ledger.HoldCaptured:
		return 20
	case *ledger.HoldReleased:
		return 21
	case *ledger.OrderReversed:
		return 22
	case *ledger.CaptureRefunded:
		return 23
	}
	return 0
}

// walkHoldFact walks a fact on an order or a hold. These are nearly all that a journal holds.
func walkHoldFact(w *wire, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.OrderDecided:
		walkOrderDecided(w, f)
	case *ledger.HoldIncremented:
		walkHoldIncremented(w, f)
	case *ledger.HoldExtended:
		walkHoldExtended(w, f)
	case *ledger.HoldSubmitted:
		walkHoldSubmitted(w, f)
	case *ledger.HoldCaptured:
		walkHoldCaptured(w, f)
	case *ledger.HoldReleased:
		walkHoldReleased(w, f)
	case *ledger.OrderReversed:
		walkOrderReversed(w, f)
	case *ledger.CaptureRefunded:
		walkCaptureRefunded(w, f)
	}
}

// appendOther appends a fact that is not about an order or a hold.
func appendOther(b []byte, f ledger.Fact) []byte {
	w := wire{buf: b}
	switch f := f.(type) {
	case *ledger.AccountOpened:
		message(&w, 8, f, walkAccountOpened)
	case *ledger.LimitsSet:
		message(&w, 9, f, walkLimitsSet)
	case *ledger.TemporaryLimitSet:
		message(&w, 10, f, walkTemporaryLimitSet)
	case *ledger.StatusSet:
		message(&w, 11, f, walkStatusSet)
	case *ledger.LineOpened:
		message(&w, 12, f, walkLineOpened)
	case *ledger.LineEnded:
		message(&w, 13, f, walkLineEnded)
	case *ledger.AgreementSet:
		message(&w, 14, f, walkAgreementSet)
	case *ledger.ControlsSet:
		message(&w, 15, f, walkControlsSet)
	case *ledger.OrderClaimed:
		message(&w, 24, f, walkOrderClaimed)
	case *ledger.SuspensionSet:
		message(&w, 25, f, walkSuspensionSet)
	case *ledger.ClockAdvanced:
		message(&w, 26, f, func(*wire, *ledger.ClockAdvanced) {})
	case *ledger.TermsPut:
		message(&w, 27, f, walkTermsPut)
	case *ledger.Booked:
		message(&w, 28, f, walkBooked)
	case *ledger.MandateSet:
		message(&w, 29, f, walkMandateSet)
	case *ledger.MandateEnded:
		message(&w, 30, f, walkMandateEnded)
	default:
		at := w.begin(31)
		appendFurther(&w, f)
		w.end(at)
	}
	return w.buf
}

func walkControls(w *wire, c *ledger.Controls) {
	num(w, 1, &c.PerOrder)
	num(w, 2, &c.DailyAmount)
	num(w, 3, &c.DailyCount)
	num(w, 4, &c.MonthlyAmount)
	num(w, 5, &c.MonthlyCount)
	strs(w, 6, &c.Carriers)
	strs(w, 7, &c.Phones)
	num(w, 8, &c.MaxHolds)
}

func walkLineOpening(w *wire, l *ledger.LineOpening) {
	num(w, 1, &l.Scene)
	num(w, 2, &l.Limit)
	str(w, 3, &l.Agreement)
	str(w, 4, &l.Accepted)
	message(w, 5, &l.Controls, walkControls)
}

func walkAccountOpened(w *wire, f *ledger.AccountOpened) {
	fixed(w, 1, &f.Account)
	str(w, 2, &f.Consumer)
	str(w, 3, &f.Currency)
	num(w, 4, &f.Limit)
	repeated(w, 5, &f.Lines, walkLineOpening)
	num(w, 6, &f.Terms)
	num(w, 7, &f.Day)
	num(w, 8, &f.Channel)
	walkRiskOf(w, 9, &f.Risk)
}

func walkLimitsSet(w *wire, f *ledger.LimitsSet) {
	fixed(w, 1, &f.Account)
	boolean(w, 2, &f.SetAccount)
	num(w, 3, &f.Limit)
	repeated(w, 4, &f.Lines, func(w *wire, l *ledger.LimitOfLine) {
		num(w, 1, &l.Scene)
		num(w, 2, &l.Limit)
	})
	walkRiskOf(w, 5, &f.Risk)
	str(w, 6, &f.Reason)
}

func walkTemporaryLimitSet(w *wire, f *ledger.TemporaryLimitSet) {
	fixed(w, 1, &f.Account)
	num(w, 2, &f.Scene)
	num(w, 3, &f.Raise.Limit)
	num(w, 4, &f.Raise.LastDay)
}

func walkStatusSet(w *wire, f *ledger.StatusSet) {
	fixed(w, 1, &f.Account)
	num(w, 2, &f.Status)
	str(w, 3, &f.Reason)
}

func walkLineOpened(w *wire, f *ledger.LineOpened) {
	fixed(w, 1, &f.Account)
	message(w, 2, &f.Line, walkLineOpening)
}

func walkLineEnded(w *wire, f *ledger.LineEnded) {
	fixed(w, 1, &f.Account)
	num(w, 2, &f.Scene)
	str(w, 3, &f.Reason)
}

func walkAgreementSet(w *wire, f *ledger.AgreementSet) {
	fixed(w, 1, &f.Account)
	num(w, 2, &f.Scene)
	str(w, 3, &f.Version)
}

func walkControlsSet(w *wire, f *ledger.ControlsSet) {
	fixed(w, 1, &f.Account)
	num(w, 2, &f.Scene)
	message(w, 3, &f.Controls, walkControls)
}

// walkRef walks the fields that every fact on an order or hold begins with.
func walkRef(w *wire, h *ledger.HoldRef) {
	fixed(w, 1, &h.Account)
	num(w, 2, &h.N)
	num(w, 3, &h.Scene)
	str(w, 4, &h.Carrier)
	str(w, 5, &h.Currency)
	str(w, 6, &h.Order)
}

func walkOrderDecided(w *wire, f *ledger.OrderDecided) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Kind)
	str(w, 8, &f.Phone)
	num(w, 9, &f.Requested)
	num(w, 10, &f.Amount)
	num(w, 11, &f.Reasons)
	num(w, 12, &f.Day)
	num(w, 13, &f.Expires)
	num(w, 14, &f.SaleTime)
	str(w, 15, &f.Terms)
	if w.endsBefore(16) {
		return
	}
	walkPlan(w, 16, &f.Plan)
	walkIntake(w, 17, &f.Intake)
	str(w, 19, &f.Bill)
	num(w, 20, &f.Mandate)
	walkVerdict(w, 21, &f.Verdict)
	walkVerdict(w, 22, &f.Shadow)
	num(w, 23, &f.Settings)
	walkClearing(w, 24, &f.Clearing)
	str(w, 25, &f.Product)
	walkBundleOrder(w, 28, &f.Bundle)
	str(w, 30, &f.Reference)
	walkPointsOf(w, &f.Points)
}

func walkMandateSet(w *wire, f *ledger.MandateSet) {
	fixed(w, 1, &f.Account)
	num(w, 2, &f.Mandate.N)
	str(w, 3, &f.Mandate.Carrier)
	str(w, 4, &f.Mandate.Phone)
	num(w, 5, &f.Mandate.Cap)
	num(w, 6, &f.Mandate.Since)
	num(w, 7, &f.Mandate.Month)
	num(w, 8, &f.Mandate.Last)
	num(w, 9, &f.Mandate.Declined)
	num(w, 10, &f.Mandate.Declines)
}

func walkMandateEnded(w *wire, f *ledger.MandateEnded) {
	fixed(w, 1, &f.Account)
	num(w, 2, &f.N)
	str(w, 3, &f.Reason)
	num(w, 4, &f.Day)
}

func walkHoldIncremented(w *wire, f *ledger.HoldIncremented) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Amount)
	num(w, 8, &f.Reasons)
	num(w, 9, &f.Day)
	num(w, 10, &f.State)
	walkVerdict(w, 11, &f.Verdict)
	walkVerdict(w, 12, &f.Shadow)
}

func walkHoldExtended(w *wire, f *ledger.HoldExtended) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Expires)
	num(w, 8, &f.State)
}

func walkHoldSubmitted(w *wire, f *ledger.HoldSubmitted) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Expires)
	str(w, 20, &f.Reference)
}

func walkHoldCaptured(w *wire, f *ledger.HoldCaptured) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Amount)
	num(w, 8, &f.FromHold)
	num(w, 9, &f.Released)
	boolean(w, 10, &f.Late)
	num(w, 11, &f.State)
	if w.endsBefore(12) {
		return
	}
	walkIntake(w, 12, &f.Intake)
	walkClearing(w, 14, &f.Clearing)
	str(w, 20, &f.Reference)
	num(w, 24, &f.Began.Day)
	num(w, 25, &f.Began.Until)
	walkPointsOf(w, &f.Points)
}

func walkHoldReleased(w *wire, f *ledger.HoldReleased) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Amount)
	boolean(w, 8, &f.Expired)
	boolean(w, 9, &f.WasSubmitted)
	num(w, 10, &f.State)
	walkPointsOf(w, &f.Points)
}

func walkOrderReversed(w *wire, f *ledger.OrderReversed) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Released)
	num(w, 8, &f.Refunded)
	walkBookingOf(w, 9, &f.Booking)
	walkClearing(w, 10, &f.Clearing)
	str(w, 20, &f.Reference)
	walkPointsOf(w, &f.Points)
}

func walkCaptureRefunded(w *wire, f *ledger.CaptureRefunded) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Amount)
	num(w, 8, &f.State)
	walkBookingOf(w, 9, &f.Booking)
	walkClearing(w, 10, &f.Clearing)
	str(w, 20, &f.Reference)
	num(w, 24, &f.Return.Day)
	num(w, 25, &f.Return.Billed)
	walkPointsOf(w, &f.Points)
}

func walkOrderClaimed(w *wire, f *ledger.OrderClaimed) {
	fixed(w, 1, &f.Account)
	str(w, 2, &f.Caller)
	str(w, 3, &f.Order)
}

func walkSuspensionSet(w *wire, f *ledger.SuspensionSet) {
	num(w, 1, &f.Scope.Scene)
	str(w, 2, &f.Scope.Carrier)
	str(w, 3, &f.Reason)
	boolean(w, 4, &f.Resumed)
}
