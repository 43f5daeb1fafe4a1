package record

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// The facts on orders and holds have parts that are hardly ever there: a plan, a window that opens, a booking. Each has a
// wire of its own, so that one that is not there costs a look, and the fact's own wire stays on the stack.

func walkPlan(w *wire, n protowire.Number, o *plan.Offer) {
	if w.reading {
		if w.hasText(n) {
			readOffer(w, n, o)
		}
	} else if *o != (plan.Offer{}) {
		at := w.begin(n)
		walkOffer(w, o)
		w.end(at)
	}
}

func readOffer(w *wire, n protowire.Number, o *plan.Offer) {
	var inner wire
	inner.parse(w.text(n))
	walkOffer(&inner, o)
	w.err = errors.Join(w.err, inner.err)
}

// walkIntake walks what a capture does to what is owed, as two fields.
func walkIntake(w *wire, n protowire.Number, i *ledger.Intake) {
	if w.reading {
		if w.hasText(n) {
			readOpening(w, n, i)
		}
	} else if i.Window != (calendar.Window{}) || i.Terms != 0 || i.Agenda != 0 {
		at := w.begin(n)
		walkOpening(w, i)
		w.end(at)
	}
	walkBookingOf(w, n+1, &i.Booking)
}

func readOpening(w *wire, n protowire.Number, i *ledger.Intake) {
	var inner wire
	inner.parse(w.text(n))
	walkOpening(&inner, i)
	w.err = errors.Join(w.err, inner.err)
}

func walkOpening(w *wire, i *ledger.Intake) {
	num(w, 1, &i.Window.Opens)
	num(w, 2, &i.Window.Closes)
	num(w, 3, &i.Window.Due)
	num(w, 4, &i.Terms)
	num(w, 5, &i.Agenda)
}

// walkBookingOf walks the booking of a fact on an order or a hold; nil when there is none.
func walkBookingOf(w *wire, n protowire.Number, b **ledger.Booking) {
	switch {
	case w.reading && w.hasText(n):
		var err error
		*b, err = readBooking(w.text(n))
		w.err = errors.Join(w.err, err)
	case !w.reading && *b != nil:
		w.buf = appendBooking(w.buf, n, *b)
	}
}

func readBooking(b []byte) (*ledger.Booking, error) {
	var w wire
	v := new(ledger.Booking)
	w.parse(b)
	walkBooking(&w, v)
	return v, w.err
}

func appendBooking(b []byte, n protowire.Number, v *ledger.Booking) []byte {
	w := wire{buf: b}
	message(&w, n, v, walkBooking)
	return w.buf
}

// part walks a nested message that is not written when all of it is zero.
func part[T comparable](w *wire, n protowire.Number, v *T, walk func(*wire, *T)) {
	var zero T
	if w.reading || *v != zero {
		message(w, n, v, walk)
	}
}

// scenes walks an amount for each scene, in fields of their own that follow each other.
func scenes(w *wire, first protowire.Number, v *[ledger.Scenes]money.Amount) {
	for i := range v {
		num(w, first+protowire.Number(i), &v[i])
	}
}

func walkTermsPut(w *wire, f *ledger.TermsPut) { str(w, 1, &f.Document) }

func walkBooked(w *wire, f *ledger.Booked) {
	fixed(w, 1, &f.Account)
	str(w, 2, &f.Currency)
	message(w, 3, &f.Booking, walkBooking)
	walkPointsOf(w, &f.Points)
}

func walkBooking(w *wire, b *ledger.Booking) {
	num(w, 1, &b.Kind)
	num(w, 2, &b.Day)
	num(w, 3, &b.ValueDate)
	num(w, 4, &b.Amount)
	num(w, 5, &b.Opens)
	num(w, 6, &b.Plan)
	num(w, 7, &b.Item)
	num(w, 8, &b.Undoes)
	num(w, 9, &b.Attempt)
	num(w, 10, &b.Channel)
	str(w, 11, &b.Reference)
	str(w, 12, &b.Note)
	num(w, 13, &b.Status)
	repeated(w, 14, &b.Moves, walkMove)
	repeated(w, 15, &b.Settled, walkDebt)
	if w.reading && w.hasText(16) {
		b.Statement = new(ledger.Statement)
	}
	if b.Statement != nil {
		message(w, 16, b.Statement, walkStatement)
	}
	message(w, 17, &b.After, walkBilling)
	num(w, 18, &b.Score)
	str(w, 19, &b.ScoredBy)
	fixed(w, 20, &b.Inputs)
	part(w, 21, &b.Listed, walkListed)
}

func walkMove(w *wire, m *ledger.Move) {
	num(w, 1, &m.Opens)
	num(w, 2, &m.Plan)
	num(w, 3, &m.Part)
	num(w, 4, &m.Scene)
	num(w, 5, &m.Amount)
	num(w, 6, &m.Against)
	str(w, 7, &m.Carrier)
	num(w, 8, &m.Cleared)
}

func walkBilling(w *wire, b *ledger.Billing) {
	num(w, 1, &b.Terms)
	num(w, 2, &b.Day)
	num(w, 3, &b.DayFrom)
	num(w, 4, &b.NextDay)
	num(w, 5, &b.NextFrom)
	part(w, 6, &b.Open, walkCycle)
	repeated(w, 7, &b.Debts, walkDebt)
	repeated(w, 8, &b.Plans, walkPlanUnderWay)
	num(w, 9, &b.Credit)
	num(w, 10, &b.Channel)
	repeated(w, 11, &b.Collections, walkCollection)
	part(w, 12, &b.Late, walkDelinquency)
	repeated(w, 13, &b.Pauses, walkPause)
	num(w, 14, &b.WrittenOff)
	num(w, 15, &b.Items)
	num(w, 16, &b.LastPlan)
	num(w, 17, &b.Statements)
	num(w, 18, &b.LastStatement)
	num(w, 19, &b.Agenda)
	repeated(w, 20, &b.Accelerated, walkPlanUnderWay)
	repeated(w, 21, &b.Contracts, walkContract)
	part(w, 22, &b.Payer, walkPayer)
}

func walkCycle(w *wire, c *ledger.Cycle) {
	num(w, 1, &c.Opens)
	num(w, 2, &c.Closes)
	num(w, 3, &c.Due)
	num(w, 4, &c.Terms)
	scenes(w, 5, &c.Purchases)
	num(w, 8, &c.Fee)
	num(w, 9, &c.Opening)
	part(w, 10, &c.Flows, walkFlows)
	num(w, 11, &c.FirstN)
	num(w, 12, &c.FirstItem)
}

func walkFlows(w *wire, f *ledger.Flows) {
	num(w, 1, &f.Purchases)
	num(w, 2, &f.Installments)
	num(w, 3, &f.Spread)
	num(w, 4, &f.Fees)
	num(w, 5, &f.Interest)
	num(w, 6, &f.Penalty)
	num(w, 7, &f.Refunds)
	num(w, 8, &f.Repayments)
	num(w, 9, &f.Waived)
	num(w, 10, &f.PaidOut)
	num(w, 11, &f.WrittenOff)
}

func walkDebt(w *wire, d *ledger.Debt) {
	num(w, 1, &d.Opens)
	num(w, 2, &d.Closes)
	num(w, 3, &d.Due)
	num(w, 4, &d.First)
	num(w, 5, &d.Terms)
	scenes(w, 6, &d.Principal)
	num(w, 9, &d.Fee)
	num(w, 10, &d.Interest)
	num(w, 11, &d.Penalty)
	num(w, 12, &d.Billed)
	num(w, 13, &d.Minimum)
	boolean(w, 14, &d.Overdue)
	num(w, 15, &d.Through)
	num(w, 16, &d.Accrual.Interest.Exact.Minor)
	num(w, 17, &d.Accrual.Interest.Exact.Millionth)
	num(w, 18, &d.Accrual.Interest.Charged)
	num(w, 19, &d.Accrual.Penalty.Exact.Minor)
	num(w, 20, &d.Accrual.Penalty.Exact.Millionth)
	num(w, 21, &d.Accrual.Penalty.Charged)
	num(w, 22, &d.Tried)
	num(w, 23, &d.Attempts)
	num(w, 24, &d.InTime)
	var reckoned calendar.Date // no days in entries of before debts were reckoned from their changes
	if !w.reading {
		reckoned = d.Through - d.Summed
	}
	num(w, 25, &reckoned)
	d.Summed = d.Through - reckoned
	repeated(w, 26, &d.Changes, walkChange)
	num(w, 27, &d.Grace)
	num(w, 28, &d.Fell)
}

func walkChange(w *wire, c *ledger.Change) {
	num(w, 1, &c.Day)
	num(w, 2, &c.Amount)
}

func walkOffer(w *wire, o *plan.Offer) {
	num(w, 1, &o.Method)
	num(w, 2, &o.Months)
	num(w, 3, &o.Fee)
	num(w, 4, &o.Interest)
}

func walkPlanUnderWay(w *wire, p *ledger.Plan) {
	num(w, 1, &p.N)
	part(w, 2, &p.Plan.Offer, walkOffer)
	num(w, 3, &p.Plan.Lent)
	repeated(w, 4, (*[]plan.Installment)(&p.Plan.Schedule), walkInstallment)
	num(w, 5, &p.Plan.Billed)
	num(w, 6, &p.Plan.Taken)
	num(w, 7, &p.Plan.Credited)
	num(w, 8, &p.Authorization)
	num(w, 9, &p.Opens)
	str(w, 10, &p.Carrier)
	num(w, 11, &p.Terms)
	num(w, 12, &p.Started)
	scenes(w, 13, &p.Principal)
	num(w, 16, &p.Into)
}

func walkInstallment(w *wire, i *plan.Installment) {
	num(w, 1, &i.Number)
	num(w, 2, &i.Principal)
	num(w, 3, &i.Interest)
	num(w, 4, &i.Fee)
	num(w, 5, &i.Subsidy)
}

func walkCollection(w *wire, c *ledger.Collection) {
	num(w, 1, &c.N)
	num(w, 2, &c.Opens)
	num(w, 3, &c.Amount)
	num(w, 4, &c.Attempt)
	num(w, 5, &c.Day)
	num(w, 6, &c.Channel)
	part(w, 7, &c.Listed, walkListed)
}

func walkDelinquency(w *wire, d *ledger.Delinquency) {
	num(w, 1, &d.Since)
	num(w, 2, &d.Noticed)
	num(w, 3, &d.NotBefore)
	boolean(w, 4, &d.Froze)
	boolean(w, 5, &d.Stopped)
	boolean(w, 6, &d.WroteOff)
	num(w, 7, &d.Judged)
}

func walkPause(w *wire, p *ledger.Pause) {
	num(w, 1, &p.From)
	num(w, 2, &p.To)
}

func walkStatement(w *wire, s *ledger.Statement) {
	num(w, 1, &s.N)
	num(w, 2, &s.Opens)
	num(w, 3, &s.Closes)
	num(w, 4, &s.Due)
	num(w, 5, &s.Terms)
	num(w, 6, &s.Closed)
	num(w, 7, &s.Opening)
	part(w, 8, &s.Flows, walkFlows)
	num(w, 9, &s.Closing)
	part(w, 10, &s.Bill, walkOwed)
	num(w, 11, &s.Earlier)
	num(w, 12, &s.Credit)
	num(w, 13, &s.Minimum)
	num(w, 14, &s.Unbilled)
	num(w, 15, &s.FirstN)
	num(w, 16, &s.LastN)
	num(w, 17, &s.FirstItem)
	num(w, 18, &s.LastItem)
	repeated(w, 19, &s.Charges, walkCharge)
	num(w, 20, &s.Previous)
	walkStatedPointsOf(w, &s.Points)
}

func walkOwed(w *wire, o *ledger.Owed) {
	scenes(w, 1, &o.Principal)
	num(w, 4, &o.Fee)
	num(w, 5, &o.Interest)
	num(w, 6, &o.Penalty)
}

func walkCharge(w *wire, c *ledger.StatementCharge) {
	num(w, 1, &c.Opens)
	num(w, 2, &c.Plan)
	num(w, 3, &c.Number)
	num(w, 4, &c.Of)
	num(w, 5, &c.Principal)
	num(w, 6, &c.Fee)
	num(w, 7, &c.Interest)
	num(w, 8, &c.Penalty)
	num(w, 9, &c.Subsidy)
	num(w, 10, &c.Outstanding)
	num(w, 11, &c.Terms)
	walkPlan(w, 12, &c.Agreed.Offer)
	num(w, 13, &c.Agreed.Lent)
	num(w, 14, &c.Agreed.Spread)
	num(w, 15, &c.Agreed.Started)
}
