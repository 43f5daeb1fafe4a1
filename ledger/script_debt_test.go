package ledger_test

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// debtCommand is the command of the script's present line, if it is about what is owed.
func (s *script) debtCommand() ledger.Command {
	switch s.d.Cmd {
	case "mandate":
		return &ledger.SetMandate{Request: s.request(), Account: s.account(s.position(0)), Currency: s.currency(),
			Carrier: ledger.CarrierID(s.text("carrier", "cmcc")), Phone: ledger.PhoneToken(s.text("phone", "p1")), Cap: s.number("cap")}
	case "endmandate":
		return &ledger.EndMandate{Request: s.request(), Account: s.account(s.position(0)), Mandate: uint32(s.number("mandate")), Reason: "asked"}
	case "terms":
		return &ledger.AcceptTerms{Request: s.request(), Account: s.account(s.position(0)), Version: s.text("version", "")}
	case "day":
		return &ledger.SetStatementDay{Request: s.request(), Account: s.account(s.position(0)), Day: calendar.StatementDay(s.number("day"))}
	case "channel":
		return &ledger.SetChannel{Request: s.request(), Account: s.account(s.position(0)), Channel: ledger.Channel(s.number("to")),
			Payer: ledger.Payer{Carrier: ledger.CarrierID(s.text("carrier", "")), Phone: ledger.PhoneToken(s.text("phone", ""))}}
	case "repay":
		return &ledger.PostRepayment{Request: s.request(), Account: s.account(s.position(0)), Currency: s.currency(), Amount: s.number("amount"),
			ValueDate: s.day("value"), Reference: s.text("ref", "bank")}
	case "bounce":
		return &ledger.ReverseRepayment{Request: s.request(), Account: s.account(s.position(0)), Item: uint32(s.number("item")), Reason: "bounced"}
	case "payout":
		return &ledger.RefundCredit{Request: s.request(), Account: s.account(s.position(0)), Currency: s.currency(), Amount: s.number("amount")}
	case "report":
		return &ledger.ReportCollection{Request: s.request(), Account: s.account(s.position(0)), Item: uint32(s.number("item")),
			Succeeded: !s.flag("failed"), ValueDate: s.day("value"), Reason: s.text("failed", "")}
	case "registered", "line", "lines":
		return s.batchCommand()
	case "waive":
		return &ledger.WaiveCharges{Request: s.request(), Account: s.account(s.position(0)), Currency: s.currency(), Opens: s.day("opens"),
			Part: s.part(), Amount: s.number("amount"), Reason: "goodwill"}
	case "pause":
		return &ledger.PausePenalty{Request: s.request(), Account: s.account(s.position(0)), Pause: ledger.Pause{From: s.day("from"), To: s.day("to")}, Reason: "hardship"}
	case "reage":
		return &ledger.ReageDebt{Request: s.request(), Account: s.account(s.position(0)), Windows: int(s.number("windows")), Reason: "hardship"}
	case "plan":
		return &ledger.PlanStatement{Request: s.request(), Account: s.account(s.position(0)), Opens: s.day("opens"), Choice: s.choice()}
	case "payoff":
		return &ledger.PayOffPlan{Request: s.request(), Account: s.account(s.position(0)), Plan: uint32(s.number("plan"))}
	case "billing":
		return &ledger.GetBilling{Account: s.account(s.position(0))}
	case "statement":
		return &ledger.GetStatement{Account: s.account(s.position(0)), Opens: s.day("opens"), Limit: 1_000}
	case "statements":
		return &ledger.ListStatements{Account: s.account(s.position(0)), Before: s.day("before"), Limit: int(s.number("limit"))}
	case "items":
		return &ledger.ListItems{Account: s.account(s.position(0)), Before: uint32(s.number("before")), Limit: int(s.number("limit"))}
	case "owing":
		return &ledger.GetPayoff{Account: s.account(s.position(0)), Day: s.day("on")}
	case "quote":
		return &ledger.Quote{Purchase: s.purchase()}
	}
	return nil
}

func (s *script) day(name string) calendar.Date {
	v := s.text(name, "")
	if v == "" {
		return 0
	}
	day, err := calendar.ParseDate(v)
	if err != nil {
		s.d.Fatalf(s.t, "%v", err)
	}
	return day
}

func (s *script) part() ledger.Part {
	return map[string]ledger.Part{"penalty": ledger.PenaltyPart, "interest": ledger.InterestPart, "fee": ledger.FeePart}[s.text("part", "penalty")]
}

// choice reads plan=flat_fee:3.
func (s *script) choice() (c ledger.PlanChoice) {
	v := s.text("plan", "")
	if v == "" {
		return c
	}
	method, months, _ := strings.Cut(v, ":")
	for m := plan.MethodFlatFee; m <= plan.MethodInterestFree; m++ {
		if m.String() == method {
			c.Method = m
		}
	}
	if _, err := fmt.Sscan(months, &c.Months); err != nil {
		s.d.Fatalf(s.t, "%v", err)
	}
	return c
}

// configDebts changes what the terms say of debts.
func (s *script) configDebts(t *terms.Terms) {
	if n := s.number("minimum"); n != 0 {
		t.MinimumDue.Rate, t.MinimumDue.DailyInterestRate = terms.Rate(n), terms.Rate(s.number("interest"))
		if s.flag("collect_minimum") {
			t.Repayment.Collect = terms.CollectMinimum
		}
	}
	if s.flag("smallest") {
		t.Penalty.SmallestCharge = s.number("smallest")
	}
	if n := s.number("cap"); n != 0 {
		t.AnnualCap = terms.Rate(n)
	}
	if n := s.number("rate"); n != 0 {
		t.Penalty.DailyRate = terms.Rate(n)
	}
	if n := s.number("principal_first"); n != 0 {
		t.Repayment.PrincipalFirstFromDay = int(n)
	}
	if n := s.number("accelerate"); n != 0 {
		t.Installments.AccelerateFromDay = int(n)
	}
	if s.flag("restores_plans") {
		t.Delinquency.CuringRestores = append(t.Delinquency.CuringRestores, terms.RestoresPlans)
	}
	if n := s.number("offered_from"); n != 0 {
		for i := range t.Installments.Offers {
			t.Installments.Offers[i].SmallestPrincipal = n
		}
	}
	if n := s.number("early_fees"); n != 0 {
		t.Installments.EarlyPayoffFees = plan.Share(n)
	}
}

// tellBooking tells what time, or a command, did to what is owed.
func tellBooking(b *strings.Builder, k *ledger.Booking) {
	fmt.Fprintf(b, "%s %s ", k.Day, k.Kind)
	figures(b, "amount", k.Amount)
	if k.Opens != 0 {
		fmt.Fprintf(b, "window %s ", k.Opens)
	}
	if k.Item != 0 {
		fmt.Fprintf(b, "item %d ", k.Item)
	}
	b.WriteString(strings.TrimPrefix(tellListed(&k.Listed), ", "))
	for i := range k.Moves {
		m := &k.Moves[i]
		fmt.Fprintf(b, "\n   %+d %s", m.Amount, m.Part)
		if m.Part == ledger.PrincipalPart {
			fmt.Fprintf(b, "/%s", m.Scene)
		}
		if m.Opens != 0 {
			fmt.Fprintf(b, " of %s", m.Opens)
		}
		if m.Plan != 0 {
			fmt.Fprintf(b, " of plan %d", m.Plan)
		}
		fmt.Fprintf(b, " against %s", ledger.BookAccount{Kind: m.Against, Carrier: m.Carrier})
	}
	b.WriteByte('\n')
}

func owed(b *strings.Builder, o *ledger.Owed) {
	for i, p := range o.Principal {
		figures(b, ledger.Scene(i+1).String(), p)
	}
	figures(b, "fee", o.Fee, "interest", o.Interest, "penalty", o.Penalty)
}

func (s *script) tellBilling(b *strings.Builder, out *ledger.BillingAnswer) {
	if out.Statement != nil && len(out.Statements) == 0 {
		s.tellStatement(b, out)
	}
	for _, st := range out.Statements {
		fmt.Fprintf(b, "  statement %d of %s total %d\n", st.N, st.Opens, st.Total())
	}
	for _, i := range out.Items {
		fmt.Fprintf(b, "  item %d %s %s %d outcome %d ", i.N, i.Day, i.Kind, i.Amount, i.Outcome)
		if i.Points != nil {
			tellChange(b, i.Points)
		}
		b.WriteByte('\n')
	}
	if p := out.Payoff; p != nil {
		fmt.Fprintf(b, "  on %s %d: billed ", p.Day, p.Total())
		owed(b, &p.Billed)
		b.WriteString("open ")
		owed(b, &p.Open)
		b.WriteString("plans ")
		owed(b, &p.Plans)
		figures(b, "credit", p.Credit)
		b.WriteByte('\n')
	}
	if q := out.Quote; q != nil {
		fmt.Fprintf(b, "  due %s, %d days\n", q.Window.Due, q.Window.DaysDeferred(q.Today))
		for _, i := range q.Schedule {
			fmt.Fprintf(b, "  %d: %d + %d + %d\n", i.Number, i.Principal, i.Interest, i.Fee)
		}
	}
	if s.d.Cmd == "billing" {
		s.tellDebts(b, &out.Account.Billing)
	}
}

func (s *script) tellDebts(b *strings.Builder, l *ledger.Billing) {
	if o := &l.Open; o.IsOpen() {
		fmt.Fprintf(b, "  open %s to %s due %s opening %d ", o.Opens, o.Closes, o.Due, o.Opening)
		open := ledger.Owed{Principal: o.Purchases, Fee: o.Fee}
		owed(b, &open)
		b.WriteByte('\n')
	}
	for i := range l.Debts {
		x := &l.Debts[i]
		fmt.Fprintf(b, "  debt %s due %s ", x.Opens, x.Due)
		words(b, x.Overdue, "overdue ")
		if x.Grace != 0 {
			fmt.Fprintf(b, "grace until %s ", x.Grace)
		}
		owed(b, &x.Owed)
		figures(b, "minimum", x.LeastDue())
		b.WriteByte('\n')
	}
	for i := range l.Plans {
		p := &l.Plans[i]
		fmt.Fprintf(b, "  plan %d %s:", p.N, p.Plan.Offer.Method)
		for _, i := range p.Plan.Unbilled() {
			fmt.Fprintf(b, " %d", i.Principal)
			if c := i.Fee + i.Interest; c != 0 {
				fmt.Fprintf(b, "+%d", c)
			}
		}
		b.WriteByte('\n')
	}
	for _, c := range l.Collections {
		fmt.Fprintf(b, "  collecting %d of %s, item %d, attempt %d%s\n", c.Amount, c.Opens, c.N, c.Attempt, tellListed(&c.Listed))
	}
	today := s.zone.DateAt(s.now)
	figures(b, "  balance", l.Balance(), "credit", l.Credit, "written off", l.WrittenOff, "days past due", money.Amount(l.DaysPastDue(today)))
	b.WriteByte('\n')
}

func (s *script) tellStatement(b *strings.Builder, out *ledger.BillingAnswer) {
	st := out.Statement
	f := &st.Flows
	fmt.Fprintf(b, "  statement %d: %s to %s due %s\n  opening %d ", st.N, st.Opens, st.Closes, st.Due, st.Opening)
	figures(b, "purchases", f.Purchases, "installments", f.Installments, "spread", f.Spread, "fees", f.Fees, "interest", f.Interest, "penalty", f.Penalty,
		"refunds", f.Refunds, "repayments", f.Repayments, "waived", f.Waived, "paid out", f.PaidOut, "written off", f.WrittenOff)
	fmt.Fprintf(b, "closing %d\n  total %d minimum %d ", st.Closing, st.Total(), st.Minimum)
	figures(b, "earlier", st.Earlier, "credit", st.Credit, "unbilled", st.Unbilled)
	b.WriteString("bill ")
	owed(b, &st.Bill)
	b.WriteByte('\n')
	if st.Points != nil {
		tellStatedPoints(b, st.Points)
	}
	for _, c := range st.Charges {
		fmt.Fprintf(b, "  charge on %s ", c.Opens)
		if c.Plan != 0 {
			fmt.Fprintf(b, "plan %d installment %d of %d ", c.Plan, c.Number, c.Of)
		}
		figures(b, "principal", c.Principal, "fee", c.Fee, "interest", c.Interest, "penalty", c.Penalty, "subsidy", c.Subsidy, "outstanding", c.Outstanding)
		b.WriteByte('\n')
	}
	for _, o := range out.Orders {
		fmt.Fprintf(b, "  %s %s %d %s\n", short(o.Authorization), o.Order, o.Amount, s.zone.DateAt(o.Time))
	}
}
