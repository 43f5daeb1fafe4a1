package portfolio

import (
	"cmp"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Reasons is how many reasons there may be: one for each bit of ledger.Reasons.
const Reasons = 32

// Total is what all accounts in a currency come to.
type Total struct {
	Currency   money.Currency
	Principal  [ledger.Scenes]money.Amount // owed, by scene, what plans have not billed included
	Credit     money.Amount                // to the consumers' credit
	ChargedOff money.Amount                // ever, less what was refunded of it
	Recovered  money.Amount                // of that, by payments, ever
}

// Volume is what a carrier delivers in a scene.
type Volume struct {
	Currency money.Currency
	Carrier  ledger.CarrierID
	Scene    ledger.Scene
	Held     money.Amount // by open holds
	Captured money.Amount // ever
	Refunded money.Amount // of that, ever
}

// Tally is orders, and what was requested with them.
type Tally struct {
	Orders int64
	Amount money.Amount
}

func (t *Tally) add(o Tally) {
	t.Orders += o.Orders
	t.Amount += o.Amount
}

// Mix is the decisions on orders of a scene in a month. Increments are not among them.
type Mix struct {
	Month    calendar.Month
	Currency money.Currency
	Scene    ledger.Scene
	Approved Tally
	Granted  money.Amount   // what was approved of the approved
	Reviewed Tally          // of the approved, those that a person is to look at
	Capped   Tally          // of the approved, those of which the risk policy let pass a part
	Advised  Tally          // sales that had taken place
	Declined Tally          // the sum of First
	First    [Reasons]Tally // declined, by the first reason in order of precedence
	Any      [Reasons]Tally // declined, by every reason; an order may be in several
}

// Code is the orders of a month that a reason code of the risk policy's rules was given for: declined, capped or reviewed. An order
// may be in several.
type Code struct {
	Month    calendar.Month
	Currency money.Currency
	Scene    ledger.Scene
	Code     string
	Declined Tally
	Passed   Tally // approved, whole or in part
}

func (d Code) compare(o Code) int {
	return cmp.Or(cmp.Compare(d.Month, o.Month), cmp.Compare(d.Currency, o.Currency), cmp.Compare(d.Scene, o.Scene), cmp.Compare(d.Code, o.Code))
}

// Cohort is the vintage of the accounts that were opened in a month. What happened in it is by month of age, from 0 on.
type Cohort struct {
	Month      calendar.Month
	Currency   money.Currency
	Accounts   int64        // opened
	Bought     money.Amount // captured, ever
	Bad        []int64      // accounts that came to be bad
	ChargedOff []int64      // accounts that were charged off for the first time
	Lost       []money.Amount
}

// Origin is the vintage of the debts whose windows opened in a month. What happened in it is by month of age, from 0 on.
type Origin struct {
	Month     calendar.Month
	Currency  money.Currency
	Debts     int64
	Billed    money.Amount // principal
	Bad       []int64      // debts that came to be bad
	BadBilled []money.Amount
	Lost      []money.Amount // charged off, charges included
}

func (c Cohort) compare(o Cohort) int {
	return cmp.Or(cmp.Compare(c.Month, o.Month), cmp.Compare(c.Currency, o.Currency))
}

func (d Origin) compare(o Origin) int {
	return cmp.Or(cmp.Compare(d.Month, o.Month), cmp.Compare(d.Currency, o.Currency))
}

func (f *Fold) cohort(month, currency uint16) *Cohort {
	return placed(&f.cohorts, Cohort{Month: monthAt(month), Currency: f.currencies[currency]}, Cohort.compare)
}

func (f *Fold) origin(month, currency uint16) *Origin {
	return placed(&f.origins, Origin{Month: monthAt(month), Currency: f.currencies[currency]}, Origin.compare)
}

// monthEnd is what stood in a bucket at the end of a month.
type monthEnd struct {
	month, currency uint16
	at              place
	accounts        int64
	owed            money.Amount
}

func (e monthEnd) compare(o monthEnd) int {
	return cmp.Or(cmp.Compare(e.month, o.month), cmp.Compare(e.currency, o.currency), cmp.Compare(e.at, o.at))
}

func (f *Fold) ended(month, currency uint16, at place, owed money.Amount, accounts int64) {
	e := placed(&f.ends, monthEnd{month: month, currency: currency, at: at}, monthEnd.compare)
	e.accounts += accounts
	e.owed += owed
}

// roll is how many accounts went from one bucket at the end of the month before to another at the end of a month.
type roll struct {
	month, currency uint16
	from, to        place
	accounts        int64
}

func (r roll) compare(o roll) int {
	return cmp.Or(cmp.Compare(r.month, o.month), cmp.Compare(r.currency, o.currency), cmp.Compare(r.from, o.from), cmp.Compare(r.to, o.to))
}

func (f *Fold) rolled(month, currency uint16, from, to place, accounts int64) {
	placed(&f.rolls, roll{month: month, currency: currency, from: from, to: to}, roll.compare).accounts += accounts
}

// firstDue is the accounts whose first debt was due on a day, and how many of those debts came to be bad.
type firstDue struct {
	due                 calendar.Date
	currency            uint16
	accounts, defaulted int64
}

func (d firstDue) compare(o firstDue) int {
	return cmp.Or(cmp.Compare(d.due, o.due), cmp.Compare(d.currency, o.currency))
}

func (f *Fold) firstDue(due calendar.Date, currency uint16) *firstDue {
	return placed(&f.firsts, firstDue{due: due, currency: currency}, firstDue.compare)
}
