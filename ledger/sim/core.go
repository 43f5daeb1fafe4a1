package sim

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Core is the smallest thing that does all that a shard does: a ledger over a Book, and a journal of encoded entries
// that a second book follows. It checks after every command what must always hold.
type Core struct {
	Book   *Book
	Ledger *ledger.Ledger

	// Every says after how many commands everything is checked: it takes time in proportion to the book. 0 and 1 mean
	// after every one. What one command touches is always checked.
	Every int

	terms    *terms.Terms
	zone     calendar.Zone
	journal  []Record
	books    map[posting]money.Amount // postings added up
	follower *Book                    // folded from the journal's bytes
	follow   *ledger.Ledger
	owed     ledger.PayableTally
	answers  []Answer
	asked    map[ledger.Request]calendar.Instant
	commands int
}

// Record is one entry as the journal keeps it.
type Record struct {
	Sequence uint64
	Time     calendar.Instant
	Payload  []byte
}

// Answer is a write that was carried out, and its first outcome.
type Answer struct {
	Time    calendar.Instant
	Command ledger.Command
	Outcome ledger.Outcome
}

type posting struct {
	Book     ledger.BookAccount
	Currency money.Currency
}

// NewCore is a core with an empty book.
func NewCore(shard uint16, terms *terms.Terms, zone calendar.Zone) *Core {
	c := &Core{
		Book: NewBook(shard), follower: NewBook(shard), terms: terms, zone: zone,
		books: map[posting]money.Amount{}, asked: map[ledger.Request]calendar.Instant{},
	}
	c.Ledger, c.follow = ledger.New(c.Book, terms, zone), ledger.New(c.follower, terms, zone)
	return c
}

// Journal is all records so far.
func (c *Core) Journal() []Record { return c.journal }

// Answers are the writes carried out so far with their first outcomes.
func (c *Core) Answers() []Answer { return c.answers }

// Apply carries out a command and checks what must hold afterwards. The entries are those that it made, decoded from
// the journal. An error is a broken invariant.
func (c *Core) Apply(now calendar.Instant, command ledger.Command) (out ledger.Outcome, entries []ledger.Entry, err error) {
	foretold, foretell := c.foretell(now, command)
	before := len(c.journal)
	out = c.Ledger.Apply(now, command, func(e *ledger.Entry) {
		c.journal = append(c.journal, Record{e.Sequence, e.Time, record.AppendEntry(nil, e)})
	})
	for _, r := range c.journal[before:] {
		e, err := decode(r)
		if err != nil {
			return out, nil, err
		}
		entries = append(entries, e)
		if err := c.absorb(&e); err != nil {
			return out, entries, fmt.Errorf("entry %d, %T: %w", e.Sequence, e.Fact, err)
		}
	}
	if r := Request(command); r != nil && out.Fault == nil && !out.Replayed && len(entries) > 0 {
		if last, asked := c.asked[*r]; asked && now < last.Add(c.terms.Authorizations.RequestsKept) {
			return out, entries, fmt.Errorf("request %v was carried out twice", *r)
		}
		c.asked[*r] = now
		c.answers = append(c.answers, Answer{now, command, out})
	}
	if foretell && !out.Replayed && out.Fault == nil &&
		(foretold.Fault != nil || foretold.Decision != out.Decision || foretold.Amount != out.Authorization.Authorized || foretold.Reasons != out.Reasons) {
		return out, entries, fmt.Errorf("Check said %+v, and then %+v", foretold, out)
	}
	if c.commands++; c.commands%max(c.Every, 1) == 0 {
		return out, entries, c.Check(now)
	}
	return out, entries, c.Book.CheckPut()
}

// foretell is what Check answers to a purchase that is about to be decided.
func (c *Core) foretell(now calendar.Instant, command ledger.Command) (ledger.Outcome, bool) {
	a, ok := command.(*ledger.Authorize)
	if !ok {
		return ledger.Outcome{}, false
	}
	return c.Ledger.Apply(now, &ledger.Check{Purchase: a.Purchase}, func(*ledger.Entry) { panic("sim: Check made an entry") }), true
}

func decode(r Record) (ledger.Entry, error) { return r.Entry() }

// Entry is what the record says.
func (r Record) Entry() (e ledger.Entry, err error) {
	err = record.DecodeEntry(slices.Clone(r.Payload), &e)
	e.Sequence, e.Time = r.Sequence, r.Time
	return e, err
}

// absorb folds an entry of the journal into the follower, twice to see that once is enough, and adds its postings up.
func (c *Core) absorb(e *ledger.Entry) error {
	c.follow.Fold(e)
	c.follow.Fold(e)
	sums := map[money.Currency]money.Amount{}
	postings := ledger.Postings(e)
	if err := c.owed.Add(e, postings); err != nil {
		return err
	}
	for _, p := range postings {
		sums[p.Currency] += p.Amount
		c.books[posting{p.Book, p.Currency}] += p.Amount
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("postings sum to %d %s", sum, currency)
		}
	}
	if h := ledger.HoldOf(e.Fact); h != nil {
		return ledger.CheckAccount(c.follower.accounts[h.Account])
	}
	return nil
}

// Check checks everything: the invariants of the book, that it is what its journal folds to, that the postings add up
// to it, and that reading it says what the next decision will find.
func (c *Core) Check(now calendar.Instant) error {
	if err := c.Book.Check(); err != nil {
		return err
	}
	if err := c.follower.Equal(c.Book); err != nil {
		return fmt.Errorf("folding the journal: %w", err)
	}
	if err := c.owed.Check(&c.Book.shard); err != nil {
		return err
	}
	if err := c.checkPostings(); err != nil {
		return err
	}
	return c.checkViews(now)
}

func (c *Core) checkPostings() error {
	want := map[posting]money.Amount{}
	for _, t := range c.Book.shard.Totals {
		want[posting{ledger.BookAccount{Kind: ledger.BookCommitted, Carrier: t.Carrier}, t.Currency}] = -t.Held
		want[posting{ledger.BookAccount{Kind: ledger.BookPayable, Carrier: t.Carrier}, t.Currency}] = t.Refunded + t.Bought - t.Captured
		want[posting{ledger.BookAccount{Kind: ledger.BookSubsidy, Carrier: t.Carrier}, t.Currency}] = t.Subsidy
		want[posting{ledger.BookAccount{Kind: ledger.BookIncome}, t.Currency}] -= t.Subsidy
	}
	for _, t := range c.Book.shard.Debts {
		want[posting{ledger.BookAccount{Kind: ledger.BookCash}, t.Currency}] = t.Repaid + t.Recovered - t.PaidOut
		want[posting{ledger.BookAccount{Kind: ledger.BookIncome}, t.Currency}] -= t.Fees + t.Interest + t.Penalty
		want[posting{ledger.BookAccount{Kind: ledger.BookLoss}, t.Currency}] = t.ChargedOff - t.Recovered
	}
	c.wantPoints(want)
	for i := range c.Book.shard.Batches { // what carriers collected is no cash
		b := &c.Book.shard.Batches[i]
		want[posting{ledger.BookAccount{Kind: ledger.BookCollected, Carrier: b.Carrier}, b.Currency}] += b.Collected()
		want[posting{ledger.BookAccount{Kind: ledger.BookCash}, b.Currency}] -= b.Collected()
	}
	if err := c.wantPayables(want); err != nil {
		return err
	}
	for id, a := range c.Book.accounts {
		for i := range a.Lines {
			scene := ledger.Scene(i + 1)
			want[posting{ledger.BookAccount{Kind: ledger.BookHeld, Account: id, Scene: scene}, a.Currency}] = a.Lines[i].Held
			want[posting{ledger.BookAccount{Kind: ledger.BookReceivable, Account: id, Scene: scene}, a.Currency}] = a.Lines[i].Posted
		}
		charges := a.Billing.Open.Fee
		for i := range a.Billing.Debts {
			x := &a.Billing.Debts[i]
			charges += x.Fee + x.Interest + x.Penalty
		}
		want[posting{ledger.BookAccount{Kind: ledger.BookCharges, Account: id}, a.Currency}] = charges
		want[posting{ledger.BookAccount{Kind: ledger.BookCredit, Account: id}, a.Currency}] = -a.Billing.Credit
	}
	for book, amount := range c.books {
		if want[book] != amount {
			return fmt.Errorf("postings of %s are %d, the book has %d", book.Book, amount, want[book])
		}
		delete(want, book)
	}
	for book, amount := range want {
		if amount != 0 {
			return fmt.Errorf("there are no postings of %s, the book has %d", book.Book, amount)
		}
	}
	return nil
}

// wantPayables adds what is payable to carriers beyond what their totals say, and holds the one to the other.
func (c *Core) wantPayables(want map[posting]money.Amount) error {
	s := &c.Book.shard
	if err := s.CheckPayables(); err != nil {
		return err
	}
	for i := range s.Payables {
		p := &s.Payables[i]
		of := func(k ledger.BookKind) posting {
			return posting{ledger.BookAccount{Kind: k, Carrier: p.Carrier}, p.Currency}
		}
		all := p.Unsettled()
		all.Add(&p.Settled)
		adjusted := all.Of(ledger.LineAdjusted).Amount
		want[of(ledger.BookPayable)] += all.Fees - adjusted
		want[of(ledger.BookFees)], want[of(ledger.BookAdjustment)] = -all.Fees, adjusted
		if sum := want[of(ledger.BookPayable)] + want[of(ledger.BookSubsidy)] + want[of(ledger.BookCollected)]; sum != -all.Net() {
			return fmt.Errorf("%d %s is payable to %s, its totals say %d", all.Net(), p.Currency, p.Carrier, -sum)
		}
		var settled ledger.Sums
		var paid money.Amount
		for id, s := range c.Book.settlements.rows {
			if id.Carrier != p.Carrier || id.Currency != p.Currency {
				continue
			}
			settled.Add(&s.Sums)
			if s.State == ledger.SettlementConfirmed {
				subsidy, collected := s.Sums.Of(ledger.LineSubsidy).Amount, s.Sums.Of(ledger.LineCollected).Amount
				want[of(ledger.BookPayable)] += s.Sums.Net() - subsidy - collected
				want[of(ledger.BookSubsidy)] += subsidy
				want[of(ledger.BookCollected)] += collected
				want[posting{ledger.BookAccount{Kind: ledger.BookCash}, p.Currency}] -= s.Sums.Net()
				paid += s.Sums.Net()
			}
		}
		if p.Cut.N < p.Closing || p.Cut.N == p.Closing && c.closed(p) {
			// Otherwise the last cut is in no settlement yet.
			if settled != p.Settled {
				return fmt.Errorf("%+v is settled with %s, its settlements are %+v", p.Settled, p.Carrier, settled)
			}
		}
		if paid != p.Paid {
			return fmt.Errorf("%d was paid to %s, its settlements say %d", p.Paid, p.Carrier, paid)
		}
	}
	return nil
}

// wantPoints are the postings of what points pay, and of points themselves.
func (c *Core) wantPoints(want map[posting]money.Amount) {
	issued := posting{ledger.BookAccount{Kind: ledger.BookPointsIssued}, ledger.PointsUnit}
	for id, a := range c.Book.accounts {
		w := a.Points()
		want[posting{ledger.BookAccount{Kind: ledger.BookPoints, Account: id}, ledger.PointsUnit}] = -money.Amount(w.Outstanding())
		want[issued] += money.Amount(w.Outstanding())
		for i := range a.Holds {
			if r := a.Holds[i].Points; r != nil {
				want[posting{ledger.BookAccount{Kind: ledger.BookPledged, Account: id}, a.Currency}] += r.Held.Worth
				want[posting{ledger.BookAccount{Kind: ledger.BookPointsCost}, a.Currency}] += r.Redeemed.Worth - r.Restored.Worth
			}
		}
	}
	for id, h := range c.Book.ended {
		if r := h.Points; r != nil {
			currency := c.Book.accounts[id.Account].Currency
			want[posting{ledger.BookAccount{Kind: ledger.BookPointsCost}, currency}] += r.Redeemed.Worth - r.Restored.Worth
		}
	}
}

// closed says whether the last settlement of a carrier has been closed; there may be none.
func (c *Core) closed(p *ledger.Payable) bool {
	s := c.Book.settlements.rows[ledger.SettlementID{Carrier: p.Carrier, Currency: p.Currency, N: p.Closing}]
	return s == nil || s.State != ledger.SettlementClosing
}

// checkViews compares every account as it is read with what it is once all that is due has happened.
func (c *Core) checkViews(now calendar.Instant) error {
	later := c.Book.Clone()
	l := ledger.New(later, c.terms, c.zone)
	l.Apply(now, &ledger.Tick{Accounts: slices.Collect(c.Book.Accounts())}, func(*ledger.Entry) {})
	for id := range c.Book.Accounts() {
		seen := c.Ledger.Apply(now, &ledger.GetAccount{Account: id}, nil).Account
		due := later.accounts[id].Clone()
		due.Sequence, due.Updated = seen.Sequence, seen.Updated
		if !same(seen, due) {
			return fmt.Errorf("account %s is read as %+v, and is %+v", id, seen, due)
		}
		for n := uint32(1); n <= due.LastN; n++ {
			get := &ledger.GetAuthorization{Authorization: ledger.AuthorizationID{Account: id, N: n}}
			was := c.Ledger.Apply(now, get, nil).Authorization
			is := l.Apply(now, get, nil).Authorization
			is.Sequence, is.Updated = was.Sequence, was.Updated
			if !same(was, is) {
				return fmt.Errorf("authorization %s is read as %+v, and is %+v", get.Authorization, was, is)
			}
		}
	}
	return nil
}

// AskAgain sends every write that was carried out again: each must get its first outcome, and change nothing.
func (c *Core) AskAgain(now calendar.Instant) error {
	for _, first := range c.answers {
		if now >= first.Time.Add(c.terms.Authorizations.RequestsKept) || c.asked[*Request(first.Command)] != first.Time {
			continue
		}
		out := c.Ledger.Apply(now, first.Command, func(e *ledger.Entry) {
			panic(fmt.Sprintf("sim: %T sent again made entry %T", first.Command, e.Fact))
		})
		if err := SameAnswer(first.Outcome, out); err != nil {
			return fmt.Errorf("%T %+v: %w", first.Command, first.Command, err)
		}
	}
	return c.Check(now)
}

// SameAnswer says how the answer to a request sent again differs from the first. Left out is what no caller is told:
// an authorization's sequence, what has lapsed of it, and what its carrier was charged. Suspend and Resume answer with what is suspended now, and commands on
// applications and settlements with the same ones as they are now.
func SameAnswer(first, again ledger.Outcome) error {
	if !again.Replayed {
		return fmt.Errorf("was not replayed: %+v", again)
	}
	again.Replayed = false
	for _, a := range []*ledger.Authorization{&first.Authorization, &again.Authorization} {
		a.Sequence, a.Lapsed, a.Fees = 0, 0, 0
	}
	if first.Shard != nil && again.Shard != nil {
		again.Shard = first.Shard
	}
	if a, b := first.Settlement, again.Settlement; a != nil && b != nil {
		if a.Settlement.SettlementID != b.Settlement.SettlementID {
			return fmt.Errorf("was about settlement %s, is now about %s", a.Settlement, b.Settlement)
		}
		again.Settlement = first.Settlement
	}
	if a, b := first.Dossier, again.Dossier; a != nil && b != nil {
		if namesOf(a) != namesOf(b) || (first.Account == nil) != (again.Account == nil) {
			return fmt.Errorf("was about %+v, is now about %+v", namesOf(a), namesOf(b))
		}
		again.Dossier, again.Account = first.Dossier, first.Account
	}
	if !same(first, again) {
		return fmt.Errorf("was answered with %+v, now with %+v", first, again)
	}
	return nil
}

// names are what a dossier is about.
type names struct {
	consumer    ledger.ConsumerToken
	application ledger.ApplicationID
	review      ledger.ReviewID
}

func namesOf(d *ledger.Dossier) (n names) {
	if d.Applicant != nil {
		n.consumer = d.Applicant.Consumer
	}
	if d.Application != nil {
		n.application = d.Application.ID
	}
	if d.Review != nil {
		n.review = d.Review.ID
	}
	return n
}

// Refold folds the whole journal from scratch, and folds it again over books of which a part is newer than the rest,
// as a crash in the middle of a flush leaves them: all must come to the same. The snapshots are of the book, oldest
// first.
func (c *Core) Refold(snapshots []*Book, random *rand.Rand) error {
	if err := c.refold(NewBook(c.Book.shard.Number)); err != nil {
		return fmt.Errorf("from scratch: %w", err)
	}
	for i, old := range snapshots {
		newer := snapshots[i+random.IntN(len(snapshots)-i)]
		flushed := random.IntN(newer.rows() + 1)
		if err := c.refold(HalfFlushed(old, newer, flushed)); err != nil {
			return fmt.Errorf("from entry %d, with %d rows of entry %d: %w", old.shard.Sequence, flushed, newer.shard.Sequence, err)
		}
	}
	return nil
}

func (c *Core) refold(b *Book) error {
	l := ledger.New(b, c.terms, c.zone)
	for _, r := range c.journal[b.shard.Sequence:] {
		e, err := decode(r)
		if err != nil {
			return err
		}
		l.Fold(&e)
	}
	return b.Equal(c.Book)
}

// HalfFlushed is an old book into which the first rows of a newer one have been flushed, in the order that ledger.Fold
// asks for. The shard's row is the old one.
func HalfFlushed(old, newer *Book, rows int) *Book {
	b := old.Clone()
	newer = newer.Clone()
	rows = flush(b.consumers, newer.consumers, rows)
	rows = flush(b.receipts, newer.receipts, rows)
	rows = flush(b.orders, newer.orders, rows)
	rows = flush(b.ended, newer.ended, rows)
	rows = flush(b.items, newer.items, rows)
	rows = flush(b.statements, newer.statements, rows)
	rows = flush(b.lines.rows, newer.lines.rows, rows)
	rows = flush(b.applications.rows, newer.applications.rows, rows)
	rows = flush(b.reviews.rows, newer.reviews.rows, rows)
	rows = flush(b.applicants.rows, newer.applicants.rows, rows)
	rows = flush(b.settlements.rows, newer.settlements.rows, rows)
	flush(b.accounts, newer.accounts, rows)
	return b
}

func flush[K comparable, V any](into, from map[K]V, rows int) (left int) {
	keys := slices.SortedFunc(maps.Keys(from), func(a, b K) int {
		if fmt.Sprint(a) < fmt.Sprint(b) {
			return -1
		}
		return 1
	})
	for _, k := range keys[:min(rows, len(keys))] {
		into[k] = from[k]
	}
	return max(0, rows-len(keys))
}

func (b *Book) rows() int {
	return len(b.consumers) + len(b.receipts) + len(b.orders) + len(b.ended) + len(b.items) + len(b.statements) + len(b.accounts) +
		len(b.applications.rows) + len(b.reviews.rows) + len(b.applicants.rows) + len(b.settlements.rows) + len(b.lines.rows)
}
