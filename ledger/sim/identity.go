package sim

import "github.com/holdfast-credit/holdfast/ledger"

// Request is the identity of a write, to be read or changed in place; nil for a command that has none.
func Request(c ledger.Command) *ledger.Request {
	switch c := c.(type) {
	case *ledger.OpenAccount:
		return &c.Request
	case *ledger.SetLimits:
		return &c.Request
	case *ledger.SetTemporaryLimit:
		return &c.Request
	case *ledger.Freeze:
		return &c.Request
	case *ledger.Unfreeze:
		return &c.Request
	case *ledger.CloseAccount:
		return &c.Request
	case *ledger.OpenLine:
		return &c.Request
	case *ledger.CloseLine:
		return &c.Request
	case *ledger.AcceptAgreement:
		return &c.Request
	case *ledger.SetControls:
		return &c.Request
	case *ledger.Authorize:
		return &c.Request
	case *ledger.Charge:
		return &c.Request
	case *ledger.Advise:
		return &c.Request
	case *ledger.Increment:
		return &c.Request
	case *ledger.Extend:
		return &c.Request
	case *ledger.MarkSubmitted:
		return &c.Request
	case *ledger.CaptureHold:
		return &c.Request
	case *ledger.Void:
		return &c.Request
	case *ledger.Reverse:
		return &c.Request
	case *ledger.RefundCapture:
		return &c.Request
	case *ledger.Suspend:
		return &c.Request
	case *ledger.Resume:
		return &c.Request
	}
	return nil
}
