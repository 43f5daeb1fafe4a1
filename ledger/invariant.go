package ledger

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// CheckAccount says what does not hold of an account by itself: that each line's held amount and number of holds are
// those of its open holds, and that each of these is sound. Limits are not part of it: an account may be over limit.
func CheckAccount(a *Account) error {
	if a.Status < AccountActive || a.Status > AccountClosed {
		return fmt.Errorf("account %s: no such status: %d", a.ID, a.Status)
	}
	var held [Scenes]money.Amount
	var holds [Scenes]int32
	var points Points
	last := uint32(0)
	for i := range a.Holds {
		h := &a.Holds[i]
		if !h.State.Open() {
			return fmt.Errorf("account %s: authorization %d is %s and among the open ones", a.ID, h.N, h.State)
		}
		if h.N <= last || h.N > a.LastN {
			return fmt.Errorf("account %s: hold %d comes after %d, the newest being %d", a.ID, h.N, last, a.LastN)
		}
		if h.Sequence > a.Sequence {
			return fmt.Errorf("account %s: hold %d absorbed entry %d, its account only %d", a.ID, h.N, h.Sequence, a.Sequence)
		}
		if err := CheckAuthorization(AuthorizationID{a.ID, h.N}, h); err != nil {
			return err
		}
		last = h.N
		held[h.Scene-1] += h.Held - h.pledged()
		if h.Points != nil {
			points += h.Points.Held.Points
		}
		holds[h.Scene-1]++
	}
	for i := range a.Lines {
		if err := checkLine(&a.Lines[i], held[i], holds[i]); err != nil {
			return fmt.Errorf("account %s: line %s: %w", a.ID, Scene(i+1), err)
		}
		if owed := a.Billing.Principal(Scene(i + 1)); a.Lines[i].Posted != owed {
			return fmt.Errorf("account %s: line %s: %d posted, the principal owed and to come is %d", a.ID, Scene(i+1), a.Lines[i].Posted, owed)
		}
	}
	if err := a.Billing.check(); err != nil {
		return fmt.Errorf("account %s: %w", a.ID, err)
	}
	wallet := a.Points()
	if err := wallet.check(points); err != nil {
		return fmt.Errorf("account %s: %w", a.ID, err)
	}
	if err := a.Velocity.check(); err != nil {
		return fmt.Errorf("account %s: velocity: %w", a.ID, err)
	}
	if len(a.Bills) > MostPaidBills || slices.ContainsFunc(a.Bills, func(b PaidBill) bool { return b.N == 0 || b.N > a.LastN }) {
		return fmt.Errorf("account %s: remembers %d bills: %v", a.ID, len(a.Bills), a.Bills)
	}
	return nil
}

func checkLine(l *Line, held money.Amount, holds int32) error {
	u := &l.Use
	switch {
	case l.Held != held:
		return fmt.Errorf("%d held, the open holds are %d", l.Held, held)
	case l.Holds != holds:
		return fmt.Errorf("%d holds counted, there are %d", l.Holds, holds)
	case l.Posted < 0:
		return fmt.Errorf("%d posted", l.Posted)
	case l.Status == NoLine && l.Held != 0:
		return fmt.Errorf("%d held, and it was never opened", l.Held)
	case u.DailyAmount < 0 || u.MonthlyAmount < 0 || u.DailyCount < 0 || u.MonthlyCount < u.DailyCount:
		return fmt.Errorf("use is %+v", *u)
	case u.Month != u.Day.Month() && u.Month != 0:
		return fmt.Errorf("use of day %s is in month %s", u.Day, u.Month)
	}
	return nil
}

// CheckAuthorization says what does not hold of an authorization by itself: its amounts add up and are in order, and
// its state is the one that they make. What was captured may be above what was authorized only by the tolerance of
// the terms of its day, which it does not remember; a caller that knows the terms checks that.
func CheckAuthorization(id AuthorizationID, a *Authorization) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("authorization %s, %s: %w", id, a.State, err)
	}
	return nil
}

func (a *Authorization) check() error {
	var captured, refunded money.Amount
	for _, c := range a.Captures {
		if c.Amount <= 0 {
			return fmt.Errorf("a capture of %d", c.Amount)
		}
		captured += c.Amount
	}
	for _, r := range a.Refunds {
		if r.Amount <= 0 {
			return fmt.Errorf("a refund of %d", r.Amount)
		}
		refunded += r.Amount
	}
	switch {
	case captured != a.Captured:
		return fmt.Errorf("%d captured, the captures are %d", a.Captured, captured)
	case refunded != a.Refunded:
		return fmt.Errorf("%d refunded, the refunds are %d", a.Refunded, refunded)
	case a.refundable() < 0:
		return fmt.Errorf("%d refunded and %d bought back of %d captured", a.Refunded, a.Bundle.BoughtBack, a.Captured)
	case a.Held < 0 || a.Lapsed < 0:
		return fmt.Errorf("%d held, %d lapsed", a.Held, a.Lapsed)
	case a.Held+a.Lapsed > 0 && a.Captured+a.Held+a.Lapsed > a.Authorized:
		return fmt.Errorf("%d captured, %d held and %d lapsed of %d authorized", a.Captured, a.Held, a.Lapsed, a.Authorized)
	case a.Authorized > a.Requested:
		return fmt.Errorf("%d authorized, %d requested", a.Authorized, a.Requested)
	case !a.Scene.Valid():
		return fmt.Errorf("no such scene: %d", a.Scene)
	}
	if err := a.checkPoints(); err != nil {
		return err
	}
	return a.checkState()
}

// checkState checks the state against the amounts.
func (a *Authorization) checkState() error {
	ok := a.Authorized > 0 && (a.Reasons == 0 || a.Advised)
	if a.State.Open() {
		ok = ok && a.Held > 0 && a.Lapsed == 0 && a.Expires != 0
	} else {
		ok = ok && a.Held == 0
	}
	switch a.State {
	case Held:
		ok = ok && a.Captured == 0
	case Submitted:
	case PartiallyCaptured, Captured:
		ok = ok && a.Captured > 0
	case Voided:
		ok = ok && a.Captured == 0 && a.Lapsed == 0
	case Expired:
		ok = ok && a.Captured == 0 && a.Lapsed > 0
	case Reversed:
		ok = ok && a.refundable() == 0 && a.Lapsed == 0
	case Declined:
		ok = a.Reasons != 0 && a.Authorized == 0 && a.Held == 0 && a.Captured == 0 && a.Lapsed == 0 && a.Expires == 0
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("authorized %d, held %d, captured %d, refunded %d, lapsed %d, expires %d, reasons %s",
			a.Authorized, a.Held, a.Captured, a.Refunded, a.Lapsed, a.Expires, a.Reasons)
	}
	return nil
}

// Tally adds accounts and their history up, to be compared with what the shard says of them. The zero Tally is
// empty. Its size depends on the number of carriers, not of accounts.
type Tally struct {
	accounts  uint64
	openHolds int64
	totals    Shard // only Totals and Points are used
}

// Add checks an account with all its ended authorizations, in any order, and adds them up.
func (t *Tally) Add(a *Account, ended iter.Seq[*Authorization]) error {
	if err := CheckAccount(a); err != nil {
		return err
	}
	var posted [Scenes]money.Amount
	count := uint32(0)
	add := func(h *Authorization) {
		count++
		posted[h.Scene-1] += h.Captured - h.Refunded
		t.add(a.Currency, h)
	}
	for i := range a.Holds {
		add(&a.Holds[i])
	}
	for h := range ended {
		if h.State.Open() {
			return fmt.Errorf("authorization %s is %s and among the ended ones", AuthorizationID{a.ID, h.N}, h.State)
		}
		if err := CheckAuthorization(AuthorizationID{a.ID, h.N}, h); err != nil {
			return err
		}
		add(h)
	}
	if count != a.LastN {
		return fmt.Errorf("account %s has %d authorizations, the newest being %d", a.ID, count, a.LastN)
	}
	for i := range posted { // where there are items, what was repaid is off it: the postings of the journal tell
		if a.Billing.Items == 0 && posted[i] != a.Lines[i].Posted {
			return fmt.Errorf("account %s: line %s: %d posted, captures less refunds are %d", a.ID, Scene(i+1), a.Lines[i].Posted, posted[i])
		}
	}
	w := a.Points()
	t.totals.Points.Flows, t.totals.Points.Held = t.totals.Points.Flows.plus(w.Ever), t.totals.Points.Held+w.Held
	t.accounts++
	t.openHolds += int64(len(a.Holds))
	return nil
}

func (t *Tally) add(currency money.Currency, h *Authorization) {
	total := t.totals.totals(&HoldRef{Carrier: h.Carrier, Currency: currency})
	total.Held += h.Held
	total.Captured += h.Captured
	total.Refunded += h.Refunded
	total.Bought += h.Bundle.BoughtBack
	if h.Advised && h.Reasons != 0 {
		total.Exceeded += h.Authorized
	}
}

// Check compares what was added up, which must be all there is, with the shard.
func (t *Tally) Check(s *Shard) error {
	if s.Accounts != t.accounts {
		return fmt.Errorf("shard %d has %d accounts, not %d", s.Number, t.accounts, s.Accounts)
	}
	if s.OpenHolds != t.openHolds {
		return fmt.Errorf("shard %d has %d open holds, not %d", s.Number, t.openHolds, s.OpenHolds)
	}
	if !slices.IsSortedFunc(s.Totals, func(a, b Totals) int {
		return cmp.Or(cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(a.Currency, b.Currency))
	}) {
		return fmt.Errorf("shard %d: totals are out of order", s.Number)
	}
	if s.Points != t.totals.Points {
		return fmt.Errorf("shard %d has points of %+v, which the accounts do not add up to: %+v", s.Number, s.Points, t.totals.Points)
	}
	have, want := nonzero(s.Totals), nonzero(t.totals.Totals)
	for i := range max(len(have), len(want)) {
		switch {
		case i >= len(have):
			return fmt.Errorf("shard %d has no totals for %+v", s.Number, want[i])
		case i >= len(want) || have[i] != want[i]:
			return fmt.Errorf("shard %d: totals are %+v, which the accounts do not add up to", s.Number, have[i])
		}
	}
	return nil
}

// nonzero are the totals that say anything: a carrier that only ever declined has a row or has none. Subsidies are not
// among what authorizations add up to.
func nonzero(totals []Totals) (some []Totals) {
	for _, t := range totals {
		t.Subsidy = 0
		if t.Held|t.Captured|t.Refunded|t.Exceeded != 0 {
			some = append(some, t)
		}
	}
	return some
}
