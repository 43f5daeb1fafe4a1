package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// breakOrder are the kinds of breaks in the order in which they are told, with what each means.
var breakOrder = []struct {
	kind    holdfastv1.BreakKind
	meaning string
}{
	{holdfastv1.BreakKind_BREAK_KIND_MISSING_HERE, "the carrier has it, and it is not here"},
	{holdfastv1.BreakKind_BREAK_KIND_MISSING_AT_CARRIER, "it is here, and the carrier does not have it"},
	{holdfastv1.BreakKind_BREAK_KIND_STATUS, "one side says that it took place, the other that it did not"},
	{holdfastv1.BreakKind_BREAK_KIND_AMOUNT, "both have it, with different amounts"},
	{holdfastv1.BreakKind_BREAK_KIND_DUPLICATE, "the carrier has it more than once"},
	{holdfastv1.BreakKind_BREAK_KIND_WRONG_DAY, "both have the sale, on different business dates"},
	{holdfastv1.BreakKind_BREAK_KIND_REFUND_CROSSING, "both have the refund, on different business dates"},
	{holdfastv1.BreakKind_BREAK_KIND_LATE_REVERSAL, "the carrier undid a sale of an earlier business date"},
	{holdfastv1.BreakKind_BREAK_KIND_FEE, "both have it, with different fees"},
}

// breakKind reads a kind as the command line has it, such as missing-here; unspecified for none.
func breakKind(s string) (holdfastv1.BreakKind, error) {
	if s == "" {
		return 0, nil
	}
	name := "BREAK_KIND_" + strings.ToUpper(strings.ReplaceAll(s, "-", "_"))
	if k, ok := holdfastv1.BreakKind_value[name]; ok && k != 0 {
		return holdfastv1.BreakKind(k), nil
	}
	var known []string
	for _, k := range breakOrder {
		known = append(known, strings.ReplaceAll(word(k.kind, "BREAK_KIND_"), " ", "-"))
	}
	return 0, fmt.Errorf("--kind: want %s, have %q", strings.Join(known, ", "), s)
}

// word is a value of an enumeration as people write it.
func word(v fmt.Stringer, prefix string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(v.String(), prefix), "_", " "))
}

// reconcileReport is what came of a reconciliation: its summary, and the first breaks of each kind.
type reconcileReport struct {
	lines   int // of each kind
	digits  int
	json    io.Writer // where every break goes as it comes; nil for a report
	summary *holdfastv1.Reconciliation
	breaks  [10][]*holdfastv1.ReconciliationBreak // by kind
	count   [10]int
	failed  error
}

func (r *reconcileReport) add(b *holdfastv1.ReconciliationBreak) {
	if r.json != nil {
		r.failed = errors.Join(r.failed, r.line(b))
		return
	}
	k := min(max(0, int(b.GetKind())), len(r.count)-1)
	if r.count[k]++; r.count[k] <= r.lines {
		r.breaks[k] = append(r.breaks[k], b)
	}
}

// line prints a message as a line of JSON.
func (r *reconcileReport) line(m proto.Message) error {
	text, err := protojson.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintln(r.json, strings.ReplaceAll(string(text), "\n", " "))
	}
	return errors.Join(r.failed, err)
}

func (r *reconcileReport) amount(v int64) string { return writeAmount(v, r.digits) }

// print writes the summary, and then the breaks by kind.
func (r *reconcileReport) print(to io.Writer) error {
	s := r.summary
	verdict := "both sides agree"
	if n := s.GetBreakCount(); n > 0 {
		verdict = thousands(int64(n)) + " breaks"
	}
	kept := ""
	if s.GetReplayed() {
		kept = " (kept: this request was carried out before)"
	}
	fmt.Fprintf(to, "Reconciliation %d of %s, %s, %s: %s%s\n\n", s.GetNumber(), s.GetCarrierId(), s.GetBusinessDate(), s.GetCurrency(), verdict, kept)
	t := table{}
	t.row("", "records", "amount", "fees")
	for _, side := range []struct {
		name string
		of   *holdfastv1.RecordSums
	}{{"ours", s.GetOurs()}, {"the carrier's", s.GetTheirs()}} {
		t.row(side.name, thousands(side.of.GetCount()), r.amount(side.of.GetAmount()), r.fee(side.of.GetFee()))
	}
	t.row("ours less the carrier's", "", r.amount(s.GetOurs().GetAmount()-s.GetTheirs().GetAmount()), r.fee(s.GetOurs().GetFee()-s.GetTheirs().GetFee()))
	t.row("")
	t.row("of the carrier's agree", thousands(s.GetMatchedCount()))
	t.row("failed or pending", thousands(s.GetSilentCount()))
	if n := s.GetCancelledCount(); n > 0 {
		t.row("undo each other", thousands(n))
	}
	if len(s.GetBreaks()) > 0 {
		r.sums(&t)
	}
	if _, err := io.WriteString(to, t.String()); err != nil {
		return err
	}
	r.printBreaks(to)
	return nil
}

func (r *reconcileReport) fee(v int64) string {
	if !r.summary.GetHasFees() {
		return ""
	}
	return r.amount(v)
}

// sums adds a row for each kind of break, and one for all.
func (r *reconcileReport) sums(t *table) {
	t.row("")
	t.row("breaks", "count", "difference", r.heading())
	var count, difference, fees int64
	for _, k := range breakOrder {
		for _, b := range r.summary.GetBreaks() {
			if b.GetKind() == k.kind {
				t.row(word(k.kind, "BREAK_KIND_"), thousands(b.GetCount()), r.amount(b.GetDifference()), r.fee(b.GetFeeDifference()))
				count, difference, fees = count+b.GetCount(), difference+b.GetDifference(), fees+b.GetFeeDifference()
			}
		}
	}
	t.row("all", thousands(count), r.amount(difference), r.fee(fees))
}

func (r *reconcileReport) heading() string {
	if !r.summary.GetHasFees() {
		return ""
	}
	return "of fees"
}

// printBreaks writes the breaks that were kept, by kind.
func (r *reconcileReport) printBreaks(to io.Writer) {
	for _, k := range breakOrder {
		list := r.breaks[k.kind]
		if r.count[k.kind] == 0 {
			continue
		}
		name := word(k.kind, "BREAK_KIND_")
		fmt.Fprintf(to, "\n%s%s: %s\n", strings.ToUpper(name[:1]), name[1:], k.meaning)
		t := table{align: "rllrrrll"}
		for i, b := range list {
			if i == 0 {
				t.row("no.", "order", "reference", "ours", "theirs", "difference", "when", "")
			}
			t.row(r.cells(b)...)
		}
		fmt.Fprint(to, t.String())
		if more := r.count[k.kind] - len(list); more > 0 {
			fmt.Fprintf(to, "  and %s more\n", thousands(int64(more)))
		}
	}
}

// cells is a break as a row.
func (r *reconcileReport) cells(b *holdfastv1.ReconciliationBreak) []string {
	ours, theirs := b.GetOurs(), b.GetTheirs()
	order, reference, at := ours.GetOrderId(), ours.GetCarrierReference(), ours.GetTime()
	if order == "" {
		order = theirs.GetOrderId()
	}
	if theirs.GetCarrierReference() != "" {
		reference = theirs.GetCarrierReference()
	}
	if at == nil {
		at = theirs.GetTime()
	}
	when := ""
	if at != nil {
		when = at.AsTime().Format(time.DateTime) + "Z"
	}
	return []string{thousands(int64(b.GetBreakNumber())), order, reference, r.side(ours, b), r.side(theirs, b), r.amount(b.GetDifference()), when, r.remark(b)}
}

// side is what one side has.
func (r *reconcileReport) side(s *holdfastv1.ReconciledRecord, b *holdfastv1.ReconciliationBreak) string {
	switch {
	case s == nil:
		return "-"
	case s.GetStatus() != holdfastv1.RecordStatus_RECORD_STATUS_DELIVERED && s.GetAuthorizationState() != "":
		return strings.ToLower(s.GetAuthorizationState())
	case s.GetStatus() != holdfastv1.RecordStatus_RECORD_STATUS_DELIVERED:
		return word(s.GetStatus(), "RECORD_STATUS_")
	case b.GetKind() == holdfastv1.BreakKind_BREAK_KIND_FEE:
		return r.amount(s.GetFee()) + " of " + r.amount(s.GetAmount())
	}
	return r.amount(s.GetAmount())
}

// remark is what else there is to say of a break.
func (r *reconcileReport) remark(b *holdfastv1.ReconciliationBreak) string {
	var say []string
	kind := b.GetTheirs().GetKind()
	if b.GetTheirs() == nil {
		kind = b.GetOurs().GetKind()
	}
	if kind != holdfastv1.RecordKind_RECORD_KIND_SALE {
		say = append(say, word(kind, "RECORD_KIND_"))
	}
	if d := b.GetOurs().GetBusinessDate(); b.GetTheirs() != nil && d != "" && d != b.GetTheirs().GetBusinessDate() {
		say = append(say, "ours on "+d)
	}
	if how := b.GetResolution(); how != 0 {
		say = append(say, fmt.Sprintf("%s by %s, %s added: %s", word(how, "BREAK_RESOLUTION_"), b.GetOperator(), r.amount(b.GetAdjustedAmount()), b.GetReason()))
	}
	return strings.Join(say, "; ")
}
