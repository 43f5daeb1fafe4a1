package ledger_test

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
)

// batchCommand is the command of the script's present line, if it is about collection on a carrier's bill.
func (s *script) batchCommand() ledger.Command {
	switch s.d.Cmd {
	case "registered":
		return &ledger.PutCarrier{Request: s.request(), ID: ledger.CarrierID(s.position(0)), Version: uint32(s.number("version")), Shards: 1,
			Settings: ledger.CarrierSettings{Name: "C", Collects: s.flag("collects"), Principals: []ledger.Caller{"cmcc-gateway"}}}
	case "line":
		c := &ledger.ReportBatchLine{Caller: ledger.Caller(s.text("caller", "cmcc-gateway")), Principal: true, Account: s.account(s.position(0)),
			Item: uint32(s.number("item")), Currency: s.currency(), ValueDate: s.day("value"), Reference: s.text("ref", "")}
		switch {
		case s.flag("collected"):
			c.Outcome, c.Amount = ledger.OutcomeCollected, s.number("collected")
		case s.flag("partly"):
			c.Outcome, c.Amount, c.Reason = ledger.OutcomePartly, s.number("partly"), "no more on the account"
		default:
			c.Outcome, c.Reason = ledger.OutcomeRefused, s.text("refused", "")
		}
		return c
	default:
		month := s.day("month").Month()
		return &ledger.ListBatchLines{Batch: ledger.BatchID{Carrier: ledger.CarrierID(s.position(0)), Currency: s.currency(), Month: month},
			After: uint32(s.number("after")), Limit: int(s.number("limit"))}
	}
}

func tellListed(l *ledger.Listed) string {
	if !l.Any() {
		return ""
	}
	text := fmt.Sprintf(", line %d of %s %s for %s", l.Line, l.Carrier, l.Month, l.Phone)
	if l.Outcome != ledger.OutcomePending {
		return text + " " + l.Outcome.String()
	}
	return text + " until " + l.Until.String()
}

func tellBatchLines(b *strings.Builder, out *ledger.Outcome) {
	list := out.BatchLines
	if out.BatchLine != nil {
		list = append(list, *out.BatchLine)
	}
	for i := range list {
		l := &list[i]
		fmt.Fprintf(b, "  line %d %s item %d %s %d", l.N, l.Phone, l.Item, l.Outcome, l.Amount)
		if l.Collected != 0 {
			fmt.Fprintf(b, ", collected %d as of %s", l.Collected, l.ValueDate)
		}
		if l.Reason != "" {
			fmt.Fprintf(b, " (%s)", l.Reason)
		}
		b.WriteByte('\n')
	}
}
