package ledger

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// Billing is what an account owes beside its holds, and when: the window that is open, the debts of those that have
// closed, the plans, and the credit balance. It is part of the account, because whoever repays frees the limit at once.
type Billing struct {
	Terms TermsID // that the consumer accepted

	// Day is the statement day, from DayFrom on. While a change is under way NextDay is the new one, from NextFrom on.
	Day      calendar.StatementDay
	DayFrom  calendar.Date
	NextDay  calendar.StatementDay // 0 when no change is under way
	NextFrom calendar.Date

	Open  Cycle  // the zero Cycle when nothing has happened since the last one closed
	Debts []Debt // oldest first
	Plans []Plan // oldest first; those with something to come

	// Accelerated are plans as they were when all that was to come of them became due at once, while that is owed.
	Accelerated []Plan

	// Contracts are those of bundles whose devices may be returned, oldest first.
	Contracts []Contract

	Credit money.Amount

	Channel     Channel      // how what is due is collected
	Payer       Payer        // of OnCarrier: on whose bill
	Collections []Collection // whose outcome is not known yet, oldest first

	Late       Delinquency
	Pauses     []Pause      // of penalty, oldest first
	WrittenOff money.Amount // charged off and not recovered

	Items         uint32        // number of the newest item
	LastPlan      uint32        // number of the newest plan
	Statements    uint32        // how many there are
	LastStatement calendar.Date // opening date of the newest statement's window; 0 when there is none

	// Agenda is when time next does something to the account besides letting holds expire; 0 when never.
	Agenda calendar.Instant
}

// Cycle is the window that is open, and what it has taken so far.
type Cycle struct {
	calendar.Window
	Terms     TermsID
	Purchases [Scenes]money.Amount // captured in it, less what was refunded or paid before it closes
	Fee       money.Amount         // to be billed with it, such as that of a plan paid off early
	Opening   money.Amount         // the balance with which it opened; below zero when the consumer had credit
	Flows     Flows                // what has changed the balance since
	FirstN    uint32               // no authorization before it was captured in the window
	FirstItem uint32               // the first item in the window
}

// IsOpen says whether there is an open window.
func (c *Cycle) IsOpen() bool { return c.Due != 0 }

// Flows are what changes a balance: all of them added to the opening balance are the closing one. Each is above zero
// when it adds to what is owed.
type Flows struct {
	Purchases    money.Amount
	Installments money.Amount // principal billed of plans
	Spread       money.Amount // moved into plans, below zero
	Fees         money.Amount
	Interest     money.Amount
	Penalty      money.Amount
	Refunds      money.Amount // below zero
	Repayments   money.Amount // below zero, those that bounced added again
	Waived       money.Amount // charges taken back, below zero
	PaidOut      money.Amount // of the credit balance
	WrittenOff   money.Amount // below zero
}

// Sum is by how much the balance has changed.
func (f *Flows) Sum() money.Amount {
	return f.Purchases + f.Installments + f.Spread + f.Fees + f.Interest + f.Penalty + f.Refunds + f.Repayments +
		f.Waived + f.PaidOut + f.WrittenOff
}

// Owed is an amount owed, by what it is for.
type Owed struct {
	Principal [Scenes]money.Amount
	Fee       money.Amount
	Interest  money.Amount
	Penalty   money.Amount
}

// AllPrincipal is the principal of all scenes.
func (o *Owed) AllPrincipal() (sum money.Amount) {
	for _, p := range o.Principal {
		sum += p
	}
	return sum
}

// Total is all that is owed.
func (o *Owed) Total() money.Amount { return o.AllPrincipal() + o.Fee + o.Interest + o.Penalty }

// Debt is what is left to pay of a window that has closed.
type Debt struct {
	calendar.Window               // Due is by when it is to be paid now
	First           calendar.Date // by when it was to be paid at first; Due is later when the rest was carried
	Terms           TermsID
	Owed
	Billed   money.Amount  // principal that it was for
	Minimum  money.Amount  // what is to be paid by the first due date, so that the rest is carried
	InTime   money.Amount  // what has been, by value date
	Overdue  bool          // the due date is over
	Through  calendar.Date // the last day for which interest and penalty have been reckoned
	Summed   calendar.Date // the last day that is not reckoned any more: what accrued until then is a sum
	Changes  []Change      // of the principal after that day, by day
	Accrual  Accrual
	Tried    calendar.Date // of the last collection; 0 when there was none
	Grace    calendar.Date // until when it is a carrier's to collect: it is neither late nor bears penalty before; 0 when it never was
	Fell     calendar.Date // the day on which it fell back from a carrier's bill to direct debit; 0 when it did not
	Attempts uint8
}

// PayBy is the day by which it is to be paid, so that it is not late: when it is due, or the end of the grace if that is later.
func (x *Debt) PayBy() calendar.Date { return max(x.Due, x.Grace) }

// LeastDue is what is still to be paid by the first due date, so that the rest is carried.
func (x *Debt) LeastDue() money.Amount { return min(max(0, x.Minimum-x.InTime), x.Total()) }

// Plan is an installment plan with something to come, or one of which the last installment has been billed in the window
// that is open.
type Plan struct {
	N             uint32
	Plan          plan.Plan
	Authorization uint32        // what it pays; 0 for a statement that was converted or a debt that was re-aged
	Opens         calendar.Date // of that statement's window
	Carrier       CarrierID     // pays the subsidy
	Terms         TermsID
	Started       calendar.Date
	Principal     [Scenes]money.Amount // that is not billed yet
	Into          calendar.Date        // of an accelerated plan, the window whose debt has what was to come; else 0
}

// Channel is how what is due is collected.
type Channel uint8

// The channels. Their numbers are those of the API and of the journal.
const (
	NoChannel   Channel = iota
	DirectDebit         // through the payment gateway, which reads collections
	OnCarrier           // on the carrier's bill
	ByHand              // the consumer pays; nothing is collected
	channelEnd
)

var channelNames = [...]string{"NONE", "DIRECT_DEBIT", "CARRIER", "MANUAL"}

func (c Channel) String() string { return channelNames[c] }

// Valid says whether c is one of the channels.
func (c Channel) Valid() bool { return c > NoChannel && c < channelEnd }

// Collection is an amount that is being collected, and whose outcome is not known.
type Collection struct {
	N       uint32 // number of its item
	Opens   calendar.Date
	Amount  money.Amount
	Attempt uint8 // 1, 2, 3, ...
	Day     calendar.Date
	Channel Channel
	Listed  Listed // of OnCarrier
}

// Delinquency is what has been done about an account that is past due.
type Delinquency struct {
	Since     calendar.Date    // the oldest due date that is over and unpaid; 0 when there is none
	Judged    calendar.Date    // the day that Since was found on: nothing that follows from it is dated earlier
	Noticed   int32            // days past due up to which notices were dealt with
	NotBefore calendar.Instant // for the next notice: the end of quiet hours
	Froze     bool             // the account was frozen for it
	Stopped   bool             // cured, and new authorizations are stopped still: an operator must say
	WroteOff  bool             // it was charged off
}

// Pause is days on which no penalty accrues, both ends included.
type Pause struct{ From, To calendar.Date }

// idle says that nothing is owed or to come.
func (b *Billing) idle() bool {
	return !b.Open.IsOpen() && len(b.Debts) == 0 && len(b.Plans) == 0 && b.Credit == 0
}

// Balance is what is owed of all windows, the open one included, less the credit balance. Principal that plans have not
// billed yet is not part of it.
func (b *Billing) Balance() money.Amount {
	sum := b.Open.Fee - b.Credit
	for _, p := range b.Open.Purchases {
		sum += p
	}
	for i := range b.Debts {
		sum += b.Debts[i].Total()
	}
	return sum
}

// Principal is what is posted on the line of a scene: billed and unpaid, in the open window, and to come of plans.
func (b *Billing) Principal(s Scene) money.Amount {
	sum := b.Open.Purchases[s-1]
	for i := range b.Debts {
		sum += b.Debts[i].Principal[s-1]
	}
	for i := range b.Plans {
		sum += b.Plans[i].Principal[s-1]
	}
	return sum
}

// DaysPastDue is how many days the oldest unpaid due date is over on a day.
func (b *Billing) DaysPastDue(today calendar.Date) int {
	if oldest := b.oldest(today); oldest != 0 {
		return int(today - oldest)
	}
	return 0
}

// oldest is the oldest due date that is over on a day; 0 when there is none.
func (b *Billing) oldest(today calendar.Date) (oldest calendar.Date) {
	for i := range b.Debts { // what is paid is there until the booking ends; what may be carried is not overdue until that is known
		if x := &b.Debts[i]; x.Overdue && x.PayBy() < today && (oldest == 0 || x.PayBy() < oldest) && x.Total() != 0 {
			oldest = x.PayBy()
		}
	}
	return oldest
}

// debt finds the debt of a window.
func (b *Billing) debt(opens calendar.Date) *Debt {
	for i := range b.Debts {
		if b.Debts[i].Opens == opens {
			return &b.Debts[i]
		}
	}
	return nil
}

func (b *Billing) plan(n uint32) *Plan {
	for i := range b.Plans {
		if b.Plans[i].N == n {
			return &b.Plans[i]
		}
	}
	return nil
}

func (b *Billing) clone() Billing {
	c := *b
	c.Debts, c.Plans = slices.Clone(b.Debts), slices.Clone(b.Plans) // nobody changes a schedule in place
	c.Collections, c.Pauses, c.Accelerated = slices.Clone(b.Collections), slices.Clone(b.Pauses), slices.Clone(b.Accelerated)
	c.Contracts = slices.Clone(b.Contracts)
	return c
}

// check says what does not hold of what is owed by itself.
func (b *Billing) check() error {
	if err := b.checkOpen(); err != nil {
		return err
	}
	for i := range b.Debts {
		x := &b.Debts[i]
		switch {
		case i > 0 && x.Opens <= b.Debts[i-1].Opens:
			return fmt.Errorf("the debt of %s comes after that of %s", x.Opens, b.Debts[i-1].Opens)
		case b.Open.IsOpen() && x.Opens >= b.Open.Opens:
			return fmt.Errorf("the debt of %s is not older than the open window", x.Opens)
		case x.Fee < 0 || x.Interest < 0 || x.Penalty < 0 || slices.Min(x.Principal[:]) < 0 || x.Total() == 0:
			return fmt.Errorf("the debt of %s is %+v", x.Opens, x.Owed)
		case x.Due < x.First || x.Through < x.First || x.Minimum < 0 || x.InTime < 0:
			return fmt.Errorf("the debt of %s is due on %s, at first on %s, and reckoned through %s", x.Opens, x.Due, x.First, x.Through)
		case x.Summed < x.First || len(x.Changes) > mostChanges || !slices.IsSortedFunc(x.Changes, Change.compare):
			return fmt.Errorf("the debt of %s is summed through %s, and changed %v after it", x.Opens, x.Summed, x.Changes)
		}
	}
	for i := range b.Accelerated {
		if p := &b.Accelerated[i]; b.debt(p.Into) == nil || b.plan(p.N) != nil {
			return fmt.Errorf("plan %d was accelerated into the debt of %s", p.N, p.Into)
		}
	}
	for i := range b.Plans {
		p := &b.Plans[i]
		var principal money.Amount
		for _, part := range p.Principal {
			principal += part
		}
		if unbilled := p.Plan.Unbilled(); unbilled.Total().Principal != principal || len(unbilled) == 0 {
			return fmt.Errorf("plan %d has %d to come, its lines %d", p.N, unbilled.Total().Principal, principal)
		}
	}
	switch {
	case b.Credit < 0 || b.WrittenOff < 0:
		return fmt.Errorf("the credit balance is %d, %d are written off", b.Credit, b.WrittenOff)
	case !b.Open.IsOpen() && (len(b.Debts) > 0 || len(b.Plans) > 0 || b.Credit > 0):
		return errors.New("something is owed, and no window is open")
	case b.Open.IsOpen() && b.Agenda == 0:
		return errors.New("a window is open, and never closes")
	}
	return nil
}

func (b *Billing) checkOpen() error {
	o := &b.Open
	if !o.IsOpen() {
		if *o != (Cycle{}) {
			return fmt.Errorf("no window is open, and it has %+v", *o)
		}
		return nil
	}
	switch {
	case o.Closes < o.Opens || o.Due < o.Closes:
		return fmt.Errorf("the open window is %+v", o.Window)
	case o.Fee < 0 || slices.Min(o.Purchases[:]) < 0:
		return fmt.Errorf("the open window has purchases of %d and a fee of %d", o.Purchases, o.Fee)
	case o.Opening+o.Flows.Sum() != b.Balance():
		return fmt.Errorf("the balance is %d, and was %d, changed by %d", b.Balance(), o.Opening, o.Flows.Sum())
	}
	return nil
}
