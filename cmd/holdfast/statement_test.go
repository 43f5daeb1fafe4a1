package main

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/server"
)

// debtor is an account of a server in this process, with a line of 5,000.00 for top-ups.
type debtor struct {
	*client.Client
	t       *testing.T
	target  string
	account string
}

func newDebtor(t *testing.T, day string) *debtor {
	t.Helper()
	d := &debtor{t: t}
	s, err := server.New(t.Context(), server.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0", Clock: server.VirtualClock(d.noon(day)), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	d.must(err)
	go func() { _ = s.Serve() }() // its end is Shutdown's to report
	d.target = s.Addr()
	d.Client, err = client.Dial(d.target, client.WithInsecure())
	d.must(err)
	t.Cleanup(func() {
		d.must(d.Close())
		d.must(s.Shutdown())
	})
	resp, err := d.OpenAccount(t.Context(), &holdfastv1.OpenAccountRequest{
		ConsumerToken: "c", Currency: "CNY", Limit: 500_000,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 500_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	d.must(err)
	d.account = resp.GetAccount().GetAccountId()
	return d
}

func (d *debtor) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *debtor) noon(day string) time.Time {
	d.t.Helper()
	at, err := time.Parse(time.DateTime, day+" 04:00:00") // in Shanghai it is noon
	d.must(err)
	return at
}

// on moves the clock to noon of a day.
func (d *debtor) on(day string) {
	d.t.Helper()
	_, err := d.Admin().AdvanceClock(d.t.Context(), &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(d.noon(day))}})
	d.must(err)
}

// buy charges an order, and answers with its authorization.
func (d *debtor) buy(order string, amount int64, plan *holdfastv1.PlanChoice) string {
	d.t.Helper()
	resp, err := d.Charge(d.t.Context(), &holdfastv1.ChargeRequest{
		AccountId: d.account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: order, CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: amount, Plan: plan,
	})
	d.must(err)
	if resp.GetDecision() != holdfastv1.Decision_DECISION_APPROVED {
		d.t.Fatalf("%s is declined: %v", order, resp.GetReasons())
	}
	return resp.GetAuthorization().GetAuthorizationId()
}

func (d *debtor) refund(authorization string, amount int64) {
	d.t.Helper()
	_, err := d.Refund(d.t.Context(), &holdfastv1.RefundRequest{AuthorizationId: authorization, Currency: "CNY", Amount: amount})
	d.must(err)
}

func (d *debtor) pay(amount int64, valueDate, reference string) string {
	d.t.Helper()
	resp, err := d.PostRepayment(d.t.Context(), &holdfastv1.PostRepaymentRequest{
		AccountId: d.account, Currency: "CNY", Amount: amount, ValueDate: valueDate, Reference: reference,
	})
	d.must(err)
	return resp.GetRepaymentId()
}

// statement reads a statement and prints it; it must add up, line by line.
func (d *debtor) statement(window string) (*statement, string) {
	d.t.Helper()
	zone, err := calendar.LoadZone("Asia/Shanghai")
	d.must(err)
	s, err := fetchStatement(d.t.Context(), d.Client, d.account, window, zone)
	d.must(err)
	d.must(s.sound())
	var b bytes.Buffer
	d.must(s.print(&b))
	sum := s.GetStatement().GetOpeningBalance()
	for _, e := range s.entries() {
		sum += e.amount
		if e.kind == "not_listed" {
			d.t.Errorf("%d are not listed:\n%s", e.amount, b.String())
		}
	}
	if sum != s.GetStatement().GetClosingBalance() {
		d.t.Errorf("the lines come to %d:\n%s", sum, b.String())
	}
	return s, b.String()
}

// wantLines is what a text has, line by line, however wide its columns are; what is not named in it may be between.
func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	var narrow strings.Builder
	for line := range strings.Lines(text) {
		narrow.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	rest := "\n" + narrow.String()
	for _, want := range lines {
		_, after, ok := strings.Cut(rest, "\n"+strings.Join(strings.Fields(want), " ")+"\n")
		if !ok {
			t.Errorf("there is no line, in its order,\n%s\nof\n%s", want, text)
			return
		}
		rest = "\n" + after
	}
}

var (
	flat3     = &holdfastv1.PlanChoice{Method: holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE, Months: 3}
	annuity12 = &holdfastv1.PlanChoice{Method: holdfastv1.PlanMethod_PLAN_METHOD_ANNUITY, Months: 12}
)

// TestStatementLines: whatever is done to what is owed, the lines lead from one balance to the next.
func TestStatementLines(t *testing.T) {
	d := newDebtor(t, "2026-01-05")
	ctx := t.Context()
	first := d.buy("o-1", 10_000, nil)
	planned := d.buy("o-2", 120_000, annuity12)
	d.refund(first, 2_000)
	d.on("2026-01-20")
	d.pay(9_000, "2026-01-19", "bank-1") // 1,000 more than is owed
	d.buy("o-3", 30_000, flat3)          // of which the credit pays 1,000

	d.on("2026-02-05")
	_, text := d.statement("")
	wantLines(t, text,
		"Statement 1 of acc_0000000000001: 2026-01-05 to 2026-02-04, due 2026-02-16",
		"2026-01-05 opening balance 0.00",
		"2026-01-05 purchase o-1 TOPUP cmcc +100.00",
		"2026-01-05 purchase o-2 TOPUP cmcc pln_00000000000010000001 (1,200.00 of it by installments)",
		"2026-01-05 refund o-1 -20.00",
		"2026-01-20 purchase o-3 TOPUP cmcc pln_00000000000010000002 (290.00 of it by installments) +10.00",
		"2026-01-20 repayment bank-1 (as of 2026-01-19) -90.00",
		"2026-02-04 installment 1 of 12, pln_00000000000010000001 +93.31",
		"2026-02-04 installment interest 1 of 12, pln_00000000000010000001 at 15.00 % a year, effective 15.10 % +15.00",
		"2026-02-04 installment 1 of 3, pln_00000000000010000002 +96.66",
		"2026-02-04 installment fee 1 of 3, pln_00000000000010000002 at 14.34 % a year, effective 16.01 % +2.32",
		"2026-02-04 closing balance 207.29",
		"total due by 2026-02-16 207.29",
		"still to come of plans, not part of it 1,300.03",
		"pln_00000000000010000001 annuity 15 % a year over 12 months 1 of 12 1,106.69 15.00 % 15.10 %",
		"207.29 of it is left to pay today, 2026-02-05: principal 189.97, fees 2.32, interest 15.00; due 2026-02-16. The account owes 207.29 in all.",
		"It adds up: opening 0.00 + purchases 110.00 + installments 189.97 + fees 2.32 + interest 15.00 - refunds 20.00 - repayments 90.00 = closing 207.29",
	)

	// A refund off a plan, and a payment that bounces when the debt is overdue; a waiver; a statement in installments.
	d.refund(planned, 50_000)
	bounced := d.pay(5_000, "", "bank-2")
	d.on("2026-02-20")
	_, err := d.ReverseRepayment(ctx, &holdfastv1.ReverseRepaymentRequest{RepaymentId: bounced, Reason: "returned by the bank"})
	d.must(err)
	_, err = d.WaiveCharges(ctx, &holdfastv1.WaiveChargesRequest{
		AccountId: d.account, Currency: "CNY", OpeningDate: "2026-01-05", Part: holdfastv1.AmountPart_AMOUNT_PART_PENALTY, Amount: 10, Reason: "bank was down",
	})
	d.must(err)
	d.pay(40_000, "2026-02-18", "bank-3")
	d.on("2026-03-01")
	_, err = d.RefundCreditBalance(ctx, &holdfastv1.RefundCreditBalanceRequest{AccountId: d.account, Currency: "CNY", Amount: 500, Reference: "out-1"})
	d.must(err)
	_, err = d.PayOffPlan(ctx, &holdfastv1.PayOffPlanRequest{AccountId: d.account, PlanId: "pln_00000000000010000002"})
	d.must(err)
	d.buy("o-4", 60_000, nil)
	d.on("2026-03-06")
	_, text = d.statement("")
	for _, want := range []string{"repayment reversed", "(returned by the bank)", "charge waived", "credit refunded", "plan paid off", "taken back", "charged"} {
		if !strings.Contains(text, "  "+want) && !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	_, err = d.PlanStatement(ctx, &holdfastv1.PlanStatementRequest{AccountId: d.account, OpeningDate: "2026-02-05", Plan: flat3})
	d.must(err)
	d.on("2026-04-05")
	d.statement("")
	_, text = d.statement("2026-02-05")
	wantLines(t, text, "Since then")
	if !strings.Contains(text, "  statement planned") {
		t.Errorf("what happened later is missing in\n%s", text)
	}

	// Hardship, and in the end what is owed is charged off, and recovered.
	d.on("2026-05-10")
	_, err = d.ReageDebt(ctx, &holdfastv1.ReageDebtRequest{AccountId: d.account, Windows: 3, Reason: "hardship"})
	d.must(err)
	d.on("2026-07-01")
	for _, window := range []string{"2026-04-05", "2026-05-05"} {
		zone, err := calendar.LoadZone("Asia/Shanghai")
		d.must(err)
		s, err := fetchStatement(ctx, d.Client, d.account, window, zone)
		d.must(err)
		d.must(s.sound()) // of what is spread, what accrued on the day itself is not listed by itself
	}
	d.on("2027-03-01")
	d.pay(1_000_000, "", "bank-4")
	d.on("2027-03-06")
	_, text = d.statement("")
	if !strings.Contains(text, "of what was charged off") {
		t.Errorf("the recovery is missing in\n%s", text)
	}
	all, err := d.ListStatements(ctx, &holdfastv1.ListStatementsRequest{AccountId: d.account, PageSize: 500})
	d.must(err)
	for i, s := range all.GetStatements()[:len(all.GetStatements())-1] {
		if before := all.GetStatements()[i+1]; s.GetOpeningBalance() != before.GetClosingBalance() && s.GetPreviousStatement() == before.GetOpeningDate() {
			t.Errorf("%s opens with %d, and %s closed with %d", s.GetOpeningDate(), s.GetOpeningBalance(), before.GetOpeningDate(), before.GetClosingBalance())
		}
	}
}

// TestStatementCommand prints in every way.
func TestStatementCommand(t *testing.T) {
	d := newDebtor(t, "2026-01-05")
	p := papers{t, t.TempDir()}
	run := func(args ...string) (string, bool) {
		return p.holdfast(append([]string{"statement", "--target", d.target, "--account", d.account}, args...)...)
	}
	if out, ok := run(); ok || !strings.Contains(out, "acc_0000000000001 has no statements yet") {
		t.Errorf("without a statement: %v\n%s", ok, out)
	}
	if out, ok := run("--list"); !ok || !strings.Contains(out, "has no statements yet") {
		t.Errorf("the list without a statement: %v\n%s", ok, out)
	}
	id := d.buy("o-1", 123_450, nil)
	d.buy("o-2", 10_000, flat3)
	d.refund(id, 450)
	d.on("2026-02-05")
	d.pay(100_000, "", "bank-1")
	d.on("2026-03-05")

	out, ok := run("--window", "2026-01-05")
	if !ok {
		t.Fatal(out)
	}
	wantLines(t, out,
		"2026-01-05 purchase o-1 TOPUP cmcc +1,234.50",
		"2026-02-05 repayment bank-1 -1,000.00",
		"It adds up: opening 0.00 + purchases 1,234.50 + installments 33.33 + fees 0.80 - refunds 4.50 = closing 1,264.13",
	)
	out, ok = run("--window", "2026-01-05", "--csv")
	want := `account,window,due,date,entry,order,scene,carrier,plan,installment,installments,reference,amount,currency,nominal_annual_rate,effective_annual_rate
acc_0000000000001,2026-01-05,2026-02-16,2026-01-05,opening_balance,,,,,,,,0.00,CNY,,
acc_0000000000001,2026-01-05,2026-02-16,2026-01-05,purchase,o-1,TOPUP,cmcc,,,,,1234.50,CNY,,
acc_0000000000001,2026-01-05,2026-02-16,2026-01-05,purchase,o-2,TOPUP,cmcc,pln_00000000000010000001,,,,0.00,CNY,,
acc_0000000000001,2026-01-05,2026-02-16,2026-01-05,refund,o-1,,,,,,,-4.50,CNY,,
acc_0000000000001,2026-01-05,2026-02-16,2026-02-04,installment,,,,pln_00000000000010000001,1,3,,33.33,CNY,,
acc_0000000000001,2026-01-05,2026-02-16,2026-02-04,installment_fee,,,,pln_00000000000010000001,1,3,,0.80,CNY,14.34,12.64
acc_0000000000001,2026-01-05,2026-02-16,2026-02-04,total,,,,,,,,1264.13,CNY,,
`
	if !ok || out != want {
		t.Errorf("the CSV is %v\n%s", ok, out)
	}
	if out, ok := run("--window", "2026-01-05", "--json"); !ok || !strings.Contains(out, `"totalDue": "126413"`) || !strings.Contains(out, `"orderId": "o-2"`) {
		t.Errorf("the JSON is %v\n%s", ok, out)
	}
	out, ok = run("--list")
	if !ok {
		t.Fatal(out)
	}
	wantLines(t, out,
		"opens closes due terms opening changes closing total due minimum due currency",
		"2 2026-02-05 2026-03-04 2026-03-19 default-1 1,264.13 -963.76 300.37 300.37 300.37 CNY",
	)
	if out, ok := run("--list", "--csv"); !ok || !strings.Contains(out, "1,2026-01-05,2026-02-04,2026-02-16,default-1,0.00,1264.13,1264.13,1264.13,1264.13,CNY\n") {
		t.Errorf("the list as CSV is %v\n%s", ok, out)
	}
	for _, tc := range []struct{ want, args string }{
		{"STATEMENT_NOT_FOUND", "--window 2026-01-06"}, {"give one", "--csv --json"}, {"--list is for all", "--list --window 2026-01-05"}, {"--zone", "--zone Mars/Olympus"},
	} {
		if out, ok := run(strings.Fields(tc.args)...); ok || !strings.Contains(out, tc.want) {
			t.Errorf("%s: %v %s", tc.args, ok, out)
		}
	}
}
