package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// nowhere is a book that takes nothing: what time has done to an account can be seen in it before it is decided.
type nowhere struct{ Book }

func (nowhere) PutItem(AccountID, *Item)           {}
func (nowhere) PutStatement(AccountID, *Statement) {}
func (nowhere) PutBatchLine(BatchID, *BatchLine)   {}

// readDebt answers a command that reads what is owed; false when it is another command.
func (l *Ledger) readDebt(c Command) (Outcome, bool) {
	var id AccountID
	switch c := c.(type) {
	case *GetBilling:
		id = c.Account
	case *GetStatement:
		id = c.Account
	case *ListStatements:
		id = c.Account
	case *ListItems:
		id = c.Account
	case *GetPayoff:
		id = c.Account
	case *Quote:
		id = c.Account
	case *GetBundle:
		id = c.Authorization.Account
	case *ListBatchLines:
		return l.listLines(c), true
	case *GetTerms:
		return Outcome{Today: l.today, TermsPut: append([]TermsVersion{{Terms: l.terms}}, l.book.Shard().Terms...)}, true
	default:
		return Outcome{}, false
	}
	a, f := l.account(id)
	if f != nil {
		return refused(f), true
	}
	out := Outcome{Today: l.today, Currency: a.Currency, ID: AuthorizationID{Account: a.ID}}
	out.Billing = &BillingAnswer{Account: l.reckoned(a), Terms: l.termsOf(a.Billing.Terms).Version}
	switch c := c.(type) {
	case *GetBilling:
		out.Billing.Statement = l.statement(a, a.Billing.LastStatement)
	case *GetStatement:
		return l.getStatement(c, a, out), true
	case *ListStatements:
		return l.listStatements(c, a, out), true
	case *ListItems:
		return l.listItems(c, a, out), true
	case *GetPayoff:
		return l.getPayoff(c, a, out), true
	case *Quote:
		return l.quote(c, a, out), true
	case *GetBundle:
		return l.getBundle(c, a, out), true
	}
	return out, true
}

// reckoned is a copy of an account with its charges reckoned as of today.
func (l *Ledger) reckoned(a *Account) *Account {
	c := a.Clone()
	d := l.desk(a, NoBooking, l.today)
	for i := range d.Debts {
		d.Debts[i].reckon(l.today)
		d.charge(&d.Debts[i])
	}
	c.Billing = *d.Billing
	return c
}

// statement finds a statement, a copy; nil when there is none.
func (l *Ledger) statement(a *Account, opens calendar.Date) *Statement {
	if opens == 0 {
		return nil
	}
	s := l.book.Statement(a.ID, opens)
	if s == nil {
		return nil
	}
	c := *s
	c.Charges = slices.Clone(s.Charges)
	return &c
}

// mostLooked bounds how many authorizations and items are looked at for a page of a statement's lines, of which most may be lines of
// another statement. Then the page is short.
const mostLooked = 5_000

func (l *Ledger) getStatement(c *GetStatement, a *Account, out Outcome) Outcome {
	opens := c.Opens
	if opens == 0 {
		opens = a.Billing.LastStatement
	}
	s := l.statement(a, opens)
	if s == nil {
		return refused(fault(NotFound, "STATEMENT_NOT_FOUND", "account %s has no such statement", a.ID).on("opening_date").named(a.ID.String()))
	}
	out.Billing.Statement, out.Billing.Terms = s, l.termsOf(s.Terms).Version
	at, looked := c.From, 0
	if at.Item == 0 {
		if at, looked = l.statementOrders(c, a, s, out.Billing); at != (LinePlace{}) {
			out.Billing.Next, out.More = at, true
			return out
		}
	}
	// The items of the window, and those about its debt that came later.
	for n := max(at.Item, s.FirstItem); n <= a.Billing.Items; n++ {
		i := l.book.Item(a.ID, n)
		mine := i != nil && (n <= s.LastItem || i.touches(opens))
		if looked >= mostLooked || mine && len(out.Billing.Orders)+len(out.Billing.Items) == c.Limit {
			out.Billing.Next, out.More = LinePlace{Item: n}, true
			break
		}
		if looked++; mine {
			out.Billing.Items = append(out.Billing.Items, i.clone())
		}
	}
	return out
}

// statementOrders reads what was captured in the window of a statement, from a place on, until the page is full. It answers with the
// place to go on, which is zero when there are no more, and with how many authorizations it looked at.
func (l *Ledger) statementOrders(c *GetStatement, a *Account, s *Statement, b *BillingAnswer) (next LinePlace, looked int) {
	for n := max(c.From.N, s.FirstN); n <= s.LastN; n++ {
		if looked == mostLooked {
			return LinePlace{N: n}, looked
		}
		looked++
		h, part := l.authorization(a, n), 0
		if n == c.From.N {
			part = c.From.Part
		}
		for ; part < len(h.Captures); part++ {
			capture := h.Captures[part]
			if !s.Contains(l.zone.DateAt(capture.Time)) {
				continue
			}
			if len(b.Orders) == c.Limit {
				return LinePlace{N: n, Part: part}, looked
			}
			b.Orders = append(b.Orders, OrderLine{
				Authorization: AuthorizationID{a.ID, n}, Scene: h.Scene, Order: h.Order, Carrier: h.Carrier, Part: part + 1,
				Amount: capture.Amount, Time: capture.Time, Planned: h.Plan.Months != 0, Bill: h.Bill, Points: capture.Points,
			})
		}
	}
	return LinePlace{}, looked
}

// touches says whether an item is about the debt of a window.
func (i *Item) touches(opens calendar.Date) bool {
	return i.About == opens || slices.ContainsFunc(i.Moves, func(m Move) bool { return m.Opens == opens })
}

func (i *Item) clone() *Item {
	c := *i
	c.Moves, c.Settled = slices.Clone(i.Moves), slices.Clone(i.Settled)
	return &c
}

func (l *Ledger) listStatements(c *ListStatements, a *Account, out Outcome) Outcome {
	opens := a.Billing.LastStatement
	for opens != 0 {
		s := l.statement(a, opens)
		if s == nil {
			break
		}
		if c.Before == 0 || s.Opens < c.Before {
			if out.More = len(out.Billing.Statements) == c.Limit; out.More {
				break
			}
			out.Billing.Statements = append(out.Billing.Statements, s)
		}
		opens = s.Previous
	}
	return out
}

func (l *Ledger) listItems(c *ListItems, a *Account, out Outcome) Outcome {
	n := a.Billing.Items
	if c.Before != 0 {
		n = min(n, c.Before-1)
	}
	for ; n > 0 && len(out.Billing.Items) < c.Limit; n-- {
		if i := l.book.Item(a.ID, n); i != nil {
			out.Billing.Items = append(out.Billing.Items, i.clone())
		}
	}
	out.More = n > 0
	return out
}

// getPayoff reckons what pays everything off on a day.
func (l *Ledger) getPayoff(c *GetPayoff, a *Account, out Outcome) Outcome {
	day := c.Day
	if day == 0 {
		day = l.today
	}
	if day < l.today || day > l.today.AddDays(mostPayoffDays) {
		return refused(fault(Invalid, "DAY_OUT_OF_RANGE", "date %s is not within today, %s, and %d days from it", day, l.today, mostPayoffDays).on("date"))
	}
	p := &Payoff{Day: day, Credit: a.Billing.Credit}
	d := l.desk(a, PlanPaidOff, day).opened()
	p.Open.Principal, p.Open.Fee = d.Open.Purchases, d.Open.Fee
	for i := range d.Debts {
		x := &d.Debts[i]
		x.reckon(day)
		d.charge(x)
		p.Billed = p.Billed.plus(x.Owed)
	}
	before := d.Open
	for i := range d.Plans {
		d.payOff(&d.Plans[i])
	}
	for s := range p.Plans.Principal {
		p.Plans.Principal[s] = d.Open.Purchases[s] - before.Purchases[s]
	}
	p.Plans.Fee = d.Open.Fee - before.Fee
	out.Billing.Payoff = p
	return out
}

// mostPayoffDays is how far ahead a payoff is reckoned.
const mostPayoffDays = 400

func (o Owed) plus(p Owed) Owed {
	for s := range o.Principal {
		o.Principal[s] += p.Principal[s]
	}
	o.Fee, o.Interest, o.Penalty = o.Fee+p.Fee, o.Interest+p.Interest, o.Penalty+p.Penalty
	return o
}

// quote reckons what a purchase would cost: when it would be due, and the installments of its plan.
func (l *Ledger) quote(c *Quote, a *Account, out Outcome) Outcome {
	if f := checkCurrency(a, string(c.Currency)); f != nil {
		return refused(f)
	}
	p, f := l.ordered(&c.Purchase, false)
	if f != nil {
		return refused(f)
	}
	points, f := l.redemption(a, p)
	if f != nil {
		return refused(f)
	}
	t, lent := l.termsOf(a.Billing.Terms), p.Amount-points.Worth
	q := &Quoted{Today: l.today, Window: a.Billing.Open.Window}
	if !a.Billing.Open.IsOpen() {
		q.Window = a.Billing.windowAt(l.today, t)
	}
	if f := q.plan(t, p, lent); f != nil {
		return refused(f)
	}
	out.Billing.Quote = q
	out.Amount, out.Reasons = l.judge(a, question{Purchase: p, orders: 1, holds: 1, points: points})
	if c.Carrier == "" { // nothing can be said against what was not said
		out.Reasons &^= 1 << CarrierNotAllowed
	}
	if c.Phone == "" {
		out.Reasons &^= 1 << PhoneNotAllowed
	}
	out.Redeems = points
	if out.Decision = Approve; out.Reasons != 0 {
		out.Decision = Decline
	}
	out.Headroom = a.Headroom(c.Scene, l.today)
	return out
}

// plan reckons the plan of a purchase of which so much is lent, if it has one.
func (q *Quoted) plan(t *terms.Terms, p *Purchase, lent money.Amount) *Fault {
	if p.Plan.Months == 0 {
		return nil
	}
	if _, ok := offered(t, p, lent); !ok {
		return fault(FailedPrecondition, "PLAN_NOT_OFFERED", "%s over %d months is not offered for %d", p.Plan.Method, p.Plan.Months, lent).on("plan")
	}
	o, _ := t.Offer(p.Plan.Method, p.Plan.Months)
	q.Offer = o.Offer
	if p.offer != nil {
		q.Offer, q.Bundle = p.offer.Plan, p.offer
	}
	schedule, err := q.Offer.Schedule(lent)
	if err != nil {
		return fault(Invalid, "AMOUNT_OUT_OF_RANGE", "%v", err).on("amount")
	}
	q.Schedule = schedule
	return nil
}
