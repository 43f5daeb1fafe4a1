package backtest

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Class is how another decision differs from the one that was made.
type Class uint8

// The classes.
const (
	Kept          Class = iota // approved by both, for the same amount
	NewlyDeclined              // was approved, would be declined
	Capped                     // was approved, would be for less at most; for nothing if the caller takes no part
	Raised                     // the policy had let a part pass, more would
	NewlyApproved              // the policy had declined, all would be approved
	NewlyInPart                // the policy had declined, a part would be approved if the caller takes one
	StillDeclined              // declined by both policies
	HardDeclined               // declined for other reasons, whatever a policy says
	classes
)

// Classes is how many classes there are.
const Classes = int(classes)

var classNames = [Classes]string{
	"kept", "newly declined", "capped", "raised", "newly approved", "newly approved in part", "declined by both", "declined by hard limits",
}

func (c Class) String() string { return classNames[c] }

// Decided says whether orders of the class were approved when they were decided, and may have an outcome.
func (c Class) Decided() bool { return c <= Raised }

// classify says how a verdict differs from what was decided, and how much of the order it would approve.
func classify(f *ledger.OrderDecided, v *ledger.Verdict) (c Class, would money.Amount) {
	would = f.Requested
	switch v.Action {
	case ledger.ActionDecline:
		would = 0
	case ledger.ActionCap:
		would = max(0, min(would, v.Cap))
	}
	if f.Kind == ledger.OrderDeclined {
		switch {
		case f.Reasons&^(1<<ledger.RiskPolicy) != 0:
			return HardDeclined, 0
		case would == 0:
			return StillDeclined, 0
		case would < f.Requested:
			return NewlyInPart, would
		}
		return NewlyApproved, would
	}
	if f.Verdict.Action != ledger.ActionCap { // it was a limit that let only a part pass, and it still would
		would = min(would, f.Amount)
	}
	switch {
	case would == 0:
		return NewlyDeclined, 0
	case would < f.Amount:
		return Capped, would
	case would > f.Amount:
		return Raised, would
	}
	return Kept, would
}
