package backtest

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// DefaultBadDays is from how many days past due on a debt is bad, unless somebody says otherwise.
const DefaultBadDays = 30

// Options say what is tested.
type Options struct {
	Policy  ledger.Policy
	Rules   []string // names of its decision rules, in their order
	BadDays int      // DefaultBadDays when 0
	Zone    calendar.Zone

	// Assess judges an application by another policy; false where it cannot. Nil leaves applications out.
	Assess func(*ledger.ApplicationDecided) (Judged, bool)
}

// Test decides the orders of a shard again. It belongs to one goroutine.
type Test struct {
	options Options
	book    ledger.Book
	ledger  *ledger.Ledger
	last    calendar.Instant

	orders   []order
	carriers []ledger.CarrierID
	monies   []money.Currency
	open     map[ledger.AuthorizationID]int32 // orders that may still be captured
	windows  map[ledger.AccountID][]window    // in which orders were captured
	shadows  []shadowed

	applications []application
	applied      map[ledger.ApplicationID]int32 // with offers that may still be accepted
	people       map[ledger.AccountID]*person

	asked, same int64 // verdicts in the journal, and those whose inputs came to the same hash again
}

// order is what is kept of an order.
type order struct {
	account  ledger.AccountID
	asked    money.Amount
	was      money.Amount // approved
	would    money.Amount // at most
	captured money.Amount
	opens    calendar.Date // of the window in which it was first captured; 0 when it was not
	rules    uint64        // of the other policy, that hold
	month    calendar.Month
	carrier  uint16 // place in the test's list
	currency uint8  // place in the test's list
	scene    ledger.Scene
	class    Class
	reviewed bool // by the policy that decided
	reviews  bool // by the other
}

// New is a test over a book without entries, and the ledger that folds into it.
func New(book ledger.Book, l *ledger.Ledger, o Options) *Test {
	if o.BadDays == 0 {
		o.BadDays = DefaultBadDays
	}
	return &Test{
		options: o, book: book, ledger: l, open: map[ledger.AuthorizationID]int32{}, windows: map[ledger.AccountID][]window{},
		applied: map[ledger.ApplicationID]int32{}, people: map[ledger.AccountID]*person{},
	}
}

// Add decides again what an entry decided, and folds it. Entries come in their order.
func (t *Test) Add(e *ledger.Entry) {
	t.last = e.Time
	id := ledger.AccountOf(e.Fact)
	booking, day := ledger.BookingOf(e.Fact), calendar.Date(0)
	if booking != nil {
		day = booking.Day
		t.pass(id, day)
	}
	at := int32(-1)
	if f, ok := e.Fact.(*ledger.OrderDecided); ok && f.Kind != ledger.OrderAdvised {
		at = t.decide(e, f)
	}
	t.ledger.Fold(e)
	if t.book.Err() != nil {
		return
	}
	switch f := e.Fact.(type) {
	case *ledger.ApplicationDecided:
		t.judge(f)
	case *ledger.OfferAccepted:
		t.opened(f)
	case *ledger.OrderDecided:
		switch f.Kind {
		case ledger.OrderAuthorized:
			t.open[f.ID()] = at
		case ledger.OrderCharged:
			t.captured(at, f.Account, f.Amount)
		}
	case *ledger.HoldCaptured:
		if at, known := t.open[f.ID()]; known {
			t.captured(at, f.Account, f.Amount)
			if !f.Late && !f.State.Open() { // one that is late may be followed by another
				delete(t.open, f.ID())
			}
		}
	case *ledger.OrderReversed:
		delete(t.open, f.ID())
	}
	if booking != nil {
		t.booked(id, booking, day)
	}
}

// decide asks the other policy about an order, and answers with the order's place.
func (t *Test) decide(e *ledger.Entry, f *ledger.OrderDecided) int32 {
	a := t.book.Account(f.Account)
	if a == nil {
		return -1 // it could not be read: Err says so
	}
	set := t.ledger.FeaturesBefore(e, a, f)
	if f.Verdict.Asked() && !f.Reasons.Has(ledger.PlanNotOffered) { // the entry does not have the plan that was not offered
		t.asked++
		if set.Hash() == f.Verdict.Hash {
			t.same++
		}
	}
	v := t.options.Policy.Decide(set)
	o := order{
		account: f.Account, asked: f.Requested, was: f.Amount, rules: v.Rules, month: f.Day.Month(), scene: f.Scene,
		carrier: uint16(placeOf(&t.carriers, f.Carrier)), currency: uint8(placeOf(&t.monies, f.Currency)),
	}
	o.class, o.would = classify(f, &v)
	approved := f.Kind != ledger.OrderDeclined
	o.reviewed = approved && f.Verdict.Action == ledger.ActionReview
	o.reviews = o.would > 0 && v.Action == ledger.ActionReview
	t.orders = append(t.orders, o)
	if f.Shadow.Asked() {
		t.shadow(f, int32(len(t.orders)-1))
	}
	return int32(len(t.orders) - 1)
}

// placeOf is the place of a name in a list, where it is put if it is not there.
func placeOf[T ~string](list *[]T, name T) int {
	at := slices.Index(*list, name)
	if at < 0 {
		at = len(*list)
		*list = append(*list, T([]byte(name))) // of its own memory: an entry's goes
	}
	return at
}

// captured notes that an amount of an order was captured in the window that is open now.
func (t *Test) captured(at int32, id ledger.AccountID, amount money.Amount) {
	if at < 0 {
		return
	}
	o := &t.orders[at]
	o.captured += amount
	if a := t.book.Account(id); o.opens == 0 && a != nil {
		o.opens = a.Billing.Open.Opens
		t.watch(id, o.opens)
	}
}
