package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// CarrierBillCmd is about what carriers collect on their own bills.
type CarrierBillCmd struct {
	List   CarrierBillListCmd   `cmd:"" help:"List what a carrier has to collect, month by month."`
	Export CarrierBillExportCmd `cmd:"" help:"Write the lines of a batch as CSV."`
	Report CarrierBillReportCmd `cmd:"" help:"Tell what the carrier's bill brought, from CSV."`
}

// Help teaches.
func (CarrierBillCmd) Help() string {
	return `What is due from accounts that let a carrier collect is in the carrier's batch of the month. When the month is over the carrier takes
the batch, puts it on its bills, and reports line by line. What was refused or not reported in time falls back to direct debit.

  holdfast carrier bill list cmcc                          what there is to collect, and what became of it
  holdfast carrier bill export cmcc 2026-02 > 2026-02.csv  the lines, and a line with their control totals
  holdfast carrier bill report results.csv                 what the bill brought`
}

// CarrierBillListCmd lists batches.
type CarrierBillListCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`
	From    string `help:"The first month." placeholder:"YYYY-MM"`
	To      string `help:"The last month." placeholder:"YYYY-MM"`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	JSON    bool   `name:"json" help:"Print JSON, as the API tells it."`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (CarrierBillListCmd) Help() string {
	return `Lists the batches of a carrier with how many lines came to what, amounts in minor units. A month that is not over is open: its batch
still grows.

  holdfast carrier bill list cmcc --from 2026-01`
}

// Validate refuses flags that contradict each other.
func (c *CarrierBillListCmd) Validate() error { return c.check(c.Target) }

// Run lists.
func (c *CarrierBillListCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.ListCollectionBatches(ctx, &holdfastv1.ListCollectionBatchesRequest{CarrierId: c.Carrier, FromMonth: c.From, ToMonth: c.To})
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printProto(os.Stdout, resp)
	}
	t := &table{align: "lllrrrl"}
	t.row("month", "", "currency", "lines", "amount", "collected", "")
	for _, b := range resp.GetBatches() {
		state := "open"
		if b.GetClosed() {
			state = "closed"
		}
		var outcomes []string
		for _, o := range b.GetOutcomes() {
			outcomes = append(outcomes, fmt.Sprintf("%s %s", thousands(o.GetLines()), strings.ToLower(lineOutcome(o.GetOutcome()))))
		}
		t.row(b.GetMonth(), state, b.GetCurrency(), thousands(b.GetLines()), thousands(b.GetAmount()), thousands(b.GetCollectedAmount()), strings.Join(outcomes, ", "))
	}
	fmt.Print(t)
	return nil
}

const lineOutcomePrefix = "COLLECTION_LINE_OUTCOME_"

func lineOutcome(o holdfastv1.CollectionLineOutcome) string {
	return strings.TrimPrefix(o.String(), lineOutcomePrefix)
}

// billColumns are those of an exported batch. A report has those of them that it needs, in any order.
var billColumns = []string{
	"collection_id", "account_id", "phone_token", "day", "fall_back_date", "currency", "amount", "outcome", "collected_amount", "value_date",
	"reference", "reason",
}

// totalLine is what the line with the control totals has in place of a collection.
const totalLine = "TOTAL"

// CarrierBillExportCmd writes a batch.
type CarrierBillExportCmd struct {
	Carrier  string `arg:"" help:"The carrier's id."`
	Month    string `arg:"" help:"The month of the batch, YYYY-MM."`
	Currency string `help:"Of the batch (${default})." default:"CNY" placeholder:"CODE"`
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (CarrierBillExportCmd) Help() string {
	return `Writes a batch to the standard output, a line for each collection as it stands, amounts in minor units. The last line is TOTAL, with the
number of lines as the account, their amount, and what was collected: a file without it is not complete.

  holdfast carrier bill export cmcc 2026-02 > 2026-02.csv`
}

// Validate refuses flags that contradict each other.
func (c *CarrierBillExportCmd) Validate() error { return c.check(c.Target) }

// Run exports.
func (c *CarrierBillExportCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target)
	if err != nil {
		return err
	}
	defer sdk.Close()
	out := bufio.NewWriter(os.Stdout)
	w := csv.NewWriter(out)
	if err := w.Write(billColumns); err != nil {
		return err
	}
	var sums billSums
	req := &holdfastv1.ExportCollectionBatchRequest{CarrierId: c.Carrier, Currency: c.Currency, Month: c.Month}
	for resp, err := range sdk.ExportCollectionBatch(ctx, req) {
		if err != nil {
			return c.explain(err)
		}
		l := resp.GetLine()
		sums.add(l.GetAmount(), l.GetCollectedAmount())
		if err := w.Write([]string{
			l.GetCollectionId(), l.GetAccountId(), l.GetPhoneToken(), l.GetDay(), l.GetFallBackDate(), l.GetCurrency(), number(l.GetAmount()),
			lineOutcome(l.GetOutcome()), number(l.GetCollectedAmount()), l.GetValueDate(), l.GetReference(), l.GetReason(),
		}); err != nil {
			return err
		}
	}
	if err := w.Write(sums.line(c.Currency)); err != nil {
		return err
	}
	if w.Flush(); w.Error() != nil {
		return w.Error()
	}
	return out.Flush()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// billSums are control totals.
type billSums struct{ lines, amount, collected int64 }

func (s *billSums) add(amount, collected int64) {
	s.lines++
	s.amount += amount
	s.collected += collected
}

func (s *billSums) line(currency string) []string {
	return []string{totalLine, number(s.lines), "", "", "", currency, number(s.amount), "", number(s.collected), "", "", ""}
}

// CarrierBillReportCmd reports what a bill brought.
type CarrierBillReportCmd struct {
	File   string `arg:"" help:"What the bill brought, in CSV."`
	Target string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (CarrierBillReportCmd) Help() string {
	return `Reports the lines of a file, whose first line names its columns: collection_id, outcome (COLLECTED, PARTLY or REFUSED), currency,
collected_amount in minor units, and where there are any value_date, reference and reason. An exported batch with these filled in will do;
lines that are PENDING or have no outcome are left out. A line TOTAL, if there is one, has the number of lines that are reported and
what they collected, and is held against the file before anything is sent.

The same file may be reported again: what was said before changes nothing. Lines that are refused are printed with the reason, and the
command fails, with all others reported.

  holdfast carrier bill report results.csv`
}

// Validate refuses flags that contradict each other.
func (c *CarrierBillReportCmd) Validate() error { return c.check(c.Target) }

// Run reports.
func (c *CarrierBillReportCmd) Run(ctx context.Context) error {
	sums, err := c.checkTotals()
	if err != nil {
		return err
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(time.Minute))
	if err != nil {
		return err
	}
	defer sdk.Close()
	r := billReport{sdk: sdk, total: sums.lines, progress: newProgress("report")}
	err = c.each(func(line *holdfastv1.CollectionLineResult) error { return r.add(ctx, line) })
	if err == nil {
		err = r.send(ctx)
	}
	if err != nil {
		return c.explain(err)
	}
	fmt.Printf("%s lines: %s reported, %s as before, %s refused\n", thousands(r.done), thousands(r.done-r.again-r.refused), thousands(r.again), thousands(r.refused))
	if r.refused > 0 {
		return fmt.Errorf("%d lines were refused", r.refused)
	}
	return nil
}

// billReport sends lines, as many at a time as the API takes.
type billReport struct {
	sdk                  *client.Client
	pending              []*holdfastv1.CollectionLineResult
	done, again, refused int64
	total                int64
	progress             *progress
}

const mostBillLines = 500

func (r *billReport) add(ctx context.Context, line *holdfastv1.CollectionLineResult) error {
	if r.pending = append(r.pending, line); len(r.pending) < mostBillLines {
		return nil
	}
	return r.send(ctx)
}

func (r *billReport) send(ctx context.Context) error {
	if len(r.pending) == 0 {
		return nil
	}
	resp, err := r.sdk.ReportCollectionLines(ctx, &holdfastv1.ReportCollectionLinesRequest{Results: r.pending})
	if err != nil {
		return err
	}
	for _, a := range resp.GetAnswers() {
		switch {
		case a.GetReason() != "":
			r.refused++
			fmt.Printf("%s %s: %s\n", a.GetCollectionId(), a.GetReason(), a.GetMessage())
		case a.GetReplayed():
			r.again++
		}
	}
	r.done += int64(len(r.pending))
	r.pending = r.pending[:0]
	r.progress.update(r.done, r.total)
	return nil
}

// checkTotals reads the whole file, and holds it to its control totals.
func (c *CarrierBillReportCmd) checkTotals() (sums billSums, err error) {
	var total []string
	err = c.rows(func(at map[string]int, row []string) error {
		if row[at["collection_id"]] == totalLine {
			total = row
			return nil
		}
		line, err := billLine(at, row)
		if err == nil && line != nil {
			sums.add(0, line.GetAmount())
		}
		if err == nil && total != nil {
			err = fmt.Errorf("comes after %s", totalLine)
		}
		return err
	})
	if err != nil || total == nil {
		return sums, err
	}
	for _, want := range []int64{sums.lines, sums.collected} {
		found := false
		for _, cell := range total {
			found = found || cell == number(want)
		}
		if !found {
			return sums, fmt.Errorf("%s: %d lines collected %d, and %s says otherwise: %s", c.File, sums.lines, sums.collected, totalLine, strings.Join(total, ","))
		}
	}
	return sums, nil
}

// each tells every line that is to be reported.
func (c *CarrierBillReportCmd) each(tell func(*holdfastv1.CollectionLineResult) error) error {
	return c.rows(func(at map[string]int, row []string) error {
		if row[at["collection_id"]] == totalLine {
			return nil
		}
		line, err := billLine(at, row)
		if err != nil || line == nil {
			return err
		}
		return tell(line)
	})
}

// rows tells every row of the file with where its columns are.
func (c *CarrierBillReportCmd) rows(tell func(at map[string]int, row []string) error) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReader(f))
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.TrimSpace(name)] = i
	}
	for _, name := range []string{"collection_id", "outcome", "currency", "collected_amount"} {
		if _, there := at[name]; !there {
			return fmt.Errorf("%s: there is no column %s", c.File, name)
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = tell(at, row)
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", c.File, line, err)
		}
	}
}

// billLine reads a row; nil when there is nothing to be reported of it.
func billLine(at map[string]int, row []string) (*holdfastv1.CollectionLineResult, error) {
	cell := func(name string) string {
		if i, there := at[name]; there {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	name := strings.ToUpper(cell("outcome"))
	if name == "" || name == "PENDING" {
		return nil, nil
	}
	outcome, known := holdfastv1.CollectionLineOutcome_value[lineOutcomePrefix+name]
	if !known {
		return nil, fmt.Errorf("outcome %q is none: want COLLECTED, PARTLY or REFUSED", name)
	}
	line := &holdfastv1.CollectionLineResult{
		CollectionId: cell("collection_id"), Outcome: holdfastv1.CollectionLineOutcome(outcome), Currency: cell("currency"),
		ValueDate: cell("value_date"), Reference: cell("reference"), Reason: cell("reason"),
	}
	if text := cell("collected_amount"); text != "" {
		amount, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("collected_amount %q is no amount in minor units", text)
		}
		line.Amount = amount
	}
	return line, nil
}
