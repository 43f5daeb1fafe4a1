package server

import (
	"fmt"
	"strconv"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// tellReconciliation tells what happened to a reconciliation.
func tellReconciliation(p *holdfastv1.Event, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.ReconciliationBegun:
		p.Type, p.CarrierId, p.Currency = holdfastv1.EventType_EVENT_TYPE_RECONCILIATION_BEGUN, string(f.Carrier), string(f.Currency)
		p.Day, p.PostingId = dateProto(f.Date), strconv.Itoa(int(f.N))
	case *ledger.BreaksFound:
		p.Type, p.CarrierId = holdfastv1.EventType_EVENT_TYPE_BREAKS_FOUND, string(f.Carrier)
		p.PostingId, p.Note = strconv.Itoa(int(f.N)), strconv.Itoa(len(f.Breaks))
	case *ledger.ReconciliationEnded:
		p.Type, p.CarrierId = holdfastv1.EventType_EVENT_TYPE_RECONCILIATION_ENDED, string(f.Carrier)
		p.PostingId, p.Amount, p.Note = strconv.Itoa(int(f.N)), int64(f.Tally.Ours.Amount-f.Tally.Theirs.Amount), f.Failed
		if f.Failed == "" {
			p.Note = strconv.FormatInt(f.Tally.Total().Count, 10)
		}
	case *ledger.BreakResolved:
		p.Type, p.CarrierId = holdfastv1.EventType_EVENT_TYPE_BREAK_RESOLVED, string(f.Carrier)
		p.PostingId, p.Amount, p.Note = fmt.Sprintf("%d/%d", f.Reconciliation, f.N), int64(f.Adjusted), f.Reason
	}
}
