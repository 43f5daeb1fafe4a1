package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// What follows is a booking as the generated code has it. What is zero is not there.

func booking(b *ledger.Booking) *journalv1.Booking {
	if b == nil {
		return nil
	}
	return &journalv1.Booking{
		Kind: int64(b.Kind), Day: int64(b.Day), ValueDate: int64(b.ValueDate), Amount: int64(b.Amount), Opens: int64(b.Opens),
		Plan: int64(b.Plan), Item: int64(b.Item), Undoes: int64(b.Undoes), Attempt: int64(b.Attempt), Channel: int64(b.Channel),
		Reference: b.Reference, Note: b.Note, Status: int64(b.Status), Moves: each(b.Moves, move), Settled: each(b.Settled, debt),
		Statement: statement(b.Statement), After: billing(&b.After),
		Score: int64(b.Score), ScoredBy: b.ScoredBy, Inputs: b.Inputs, Listed: listed(&b.Listed)}
}

func each[T, G any](list []T, convert func(*T) *G) (converted []*G) {
	for i := range list {
		converted = append(converted, convert(&list[i]))
	}
	return converted
}

func opened(i *ledger.Intake) *journalv1.Opening {
	if i.Window == (calendar.Window{}) && i.Terms == 0 && i.Agenda == 0 {
		return nil
	}
	return &journalv1.Opening{
		Opens: int64(i.Window.Opens), Closes: int64(i.Window.Closes), Due: int64(i.Window.Due), Terms: int64(i.Terms), Agenda: int64(i.Agenda)}
}

func move(m *ledger.Move) *journalv1.Move {
	return &journalv1.Move{
		Opens: int64(m.Opens), Plan: int64(m.Plan), Part: int64(m.Part), Scene: int64(m.Scene), Amount: int64(m.Amount),
		Against: int64(m.Against), Carrier: string(m.Carrier), Cleared: int64(m.Cleared)}
}

func billing(b *ledger.Billing) *journalv1.Billing {
	return &journalv1.Billing{
		Terms: int64(b.Terms), Day: int64(b.Day), DayFrom: int64(b.DayFrom), NextDay: int64(b.NextDay), NextFrom: int64(b.NextFrom),
		Open: cycle(&b.Open), Debts: each(b.Debts, debt), Plans: each(b.Plans, planUnderWay), Credit: int64(b.Credit),
		Channel: int64(b.Channel), Collections: each(b.Collections, collection), Late: delinquency(&b.Late),
		Pauses: each(b.Pauses, func(p *ledger.Pause) *journalv1.Pause {
			return &journalv1.Pause{From: int64(p.From), To: int64(p.To)}
		}),
		WrittenOff: int64(b.WrittenOff), Items: int64(b.Items), LastPlan: int64(b.LastPlan), Statements: int64(b.Statements),
		LastStatement: int64(b.LastStatement), Agenda: int64(b.Agenda), Accelerated: each(b.Accelerated, planUnderWay),
		Contracts: each(b.Contracts, contract), Payer: payer(&b.Payer)}
}

func cycle(c *ledger.Cycle) *journalv1.Cycle {
	if *c == (ledger.Cycle{}) {
		return nil
	}
	return &journalv1.Cycle{
		Opens: int64(c.Opens), Closes: int64(c.Closes), Due: int64(c.Due), Terms: int64(c.Terms),
		TopUp: int64(c.Purchases[0]), Bill: int64(c.Purchases[1]), Bundle: int64(c.Purchases[2]), Fee: int64(c.Fee),
		Opening: int64(c.Opening), Flows: flows(&c.Flows), FirstN: int64(c.FirstN), FirstItem: int64(c.FirstItem)}
}

func flows(f *ledger.Flows) *journalv1.Flows {
	if *f == (ledger.Flows{}) {
		return nil
	}
	return &journalv1.Flows{
		Purchases: int64(f.Purchases), Installments: int64(f.Installments), Spread: int64(f.Spread), Fees: int64(f.Fees),
		Interest: int64(f.Interest), Penalty: int64(f.Penalty), Refunds: int64(f.Refunds), Repayments: int64(f.Repayments),
		Waived: int64(f.Waived), PaidOut: int64(f.PaidOut), WrittenOff: int64(f.WrittenOff)}
}

func debt(d *ledger.Debt) *journalv1.Debt {
	interest, penalty := &d.Accrual.Interest, &d.Accrual.Penalty
	return &journalv1.Debt{
		Opens: int64(d.Opens), Closes: int64(d.Closes), Due: int64(d.Due), First: int64(d.First), Terms: int64(d.Terms),
		TopUp: int64(d.Principal[0]), Bill: int64(d.Principal[1]), Bundle: int64(d.Principal[2]), Fee: int64(d.Fee),
		Interest: int64(d.Interest), Penalty: int64(d.Penalty), Billed: int64(d.Billed), Minimum: int64(d.Minimum), InTime: int64(d.InTime), Overdue: d.Overdue,
		Through: int64(d.Through), AccruedInterest: int64(interest.Exact.Minor), AccruedInterestMillionths: int64(interest.Exact.Millionth),
		ChargedInterest: int64(interest.Charged), AccruedPenalty: int64(penalty.Exact.Minor),
		AccruedPenaltyMillionths: int64(penalty.Exact.Millionth), ChargedPenalty: int64(penalty.Charged), Tried: int64(d.Tried),
		Attempts: int64(d.Attempts), Reckoned: int64(d.Through - d.Summed), Changes: each(d.Changes, change), Grace: int64(d.Grace), Fell: int64(d.Fell)}
}

func change(c *ledger.Change) *journalv1.Change {
	return &journalv1.Change{Day: int64(c.Day), Amount: int64(c.Amount)}
}

func offer(o plan.Offer) *journalv1.Offer {
	if o == (plan.Offer{}) {
		return nil
	}
	return &journalv1.Offer{Method: int64(o.Method), Months: int64(o.Months), Fee: int64(o.Fee), Interest: int64(o.Interest)}
}

func planUnderWay(p *ledger.Plan) *journalv1.Plan {
	return &journalv1.Plan{
		N: int64(p.N), Offer: offer(p.Plan.Offer), Lent: int64(p.Plan.Lent), Schedule: each(p.Plan.Schedule, installment),
		Billed: int64(p.Plan.Billed), Taken: int64(p.Plan.Taken), Credited: int64(p.Plan.Credited), Authorization: int64(p.Authorization),
		Opens: int64(p.Opens), Carrier: string(p.Carrier), Terms: int64(p.Terms), Started: int64(p.Started),
		TopUp: int64(p.Principal[0]), Bill: int64(p.Principal[1]), Bundle: int64(p.Principal[2]), Into: int64(p.Into)}
}

func installment(i *plan.Installment) *journalv1.Installment {
	return &journalv1.Installment{
		Number: int64(i.Number), Principal: int64(i.Principal), Interest: int64(i.Interest), Fee: int64(i.Fee), Subsidy: int64(i.Subsidy)}
}

func collection(c *ledger.Collection) *journalv1.Collection {
	return &journalv1.Collection{
		N: int64(c.N), Opens: int64(c.Opens), Amount: int64(c.Amount), Attempt: int64(c.Attempt), Day: int64(c.Day), Channel: int64(c.Channel), Listed: listed(&c.Listed)}
}

func delinquency(d *ledger.Delinquency) *journalv1.Delinquency {
	if *d == (ledger.Delinquency{}) {
		return nil
	}
	return &journalv1.Delinquency{
		Since: int64(d.Since), Noticed: int64(d.Noticed), NotBefore: int64(d.NotBefore), Froze: d.Froze, Stopped: d.Stopped, WroteOff: d.WroteOff, Judged: int64(d.Judged)}
}

func statement(s *ledger.Statement) *journalv1.Statement {
	if s == nil {
		return nil
	}
	return &journalv1.Statement{
		N: int64(s.N), Opens: int64(s.Opens), Closes: int64(s.Closes), Due: int64(s.Due), Terms: int64(s.Terms), Closed: int64(s.Closed),
		Opening: int64(s.Opening), Flows: flows(&s.Flows), Closing: int64(s.Closing), Bill: owed(&s.Bill), Earlier: int64(s.Earlier),
		Credit: int64(s.Credit), Minimum: int64(s.Minimum), Unbilled: int64(s.Unbilled), FirstN: int64(s.FirstN), LastN: int64(s.LastN),
		FirstItem: int64(s.FirstItem), LastItem: int64(s.LastItem), Charges: each(s.Charges, charge), Previous: int64(s.Previous), Points: statedPoints(s.Points)}
}

func owed(o *ledger.Owed) *journalv1.Owed {
	if *o == (ledger.Owed{}) {
		return nil
	}
	return &journalv1.Owed{
		TopUp: int64(o.Principal[0]), Bill: int64(o.Principal[1]), Bundle: int64(o.Principal[2]), Fee: int64(o.Fee),
		Interest: int64(o.Interest), Penalty: int64(o.Penalty)}
}

func charge(c *ledger.StatementCharge) *journalv1.StatementCharge {
	return &journalv1.StatementCharge{
		Opens: int64(c.Opens), Plan: int64(c.Plan), Number: int64(c.Number), Of: int64(c.Of), Principal: int64(c.Principal),
		Fee: int64(c.Fee), Interest: int64(c.Interest), Penalty: int64(c.Penalty), Subsidy: int64(c.Subsidy), Outstanding: int64(c.Outstanding),
		Terms: int64(c.Terms), Offer: offer(c.Agreed.Offer), Lent: int64(c.Agreed.Lent), Spread: int64(c.Agreed.Spread), Started: int64(c.Agreed.Started)}
}
