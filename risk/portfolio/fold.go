package portfolio

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// BadDays is from how many days past due on an account or a debt is bad.
const BadDays = 30

// Fold is the portfolio of one shard, as of the last entry that it absorbed. It belongs to one goroutine.
type Fold struct {
	made *terms.Terms // the terms that the ledger was made with
	zone calendar.Zone

	mark        Mark
	today       calendar.Date // of the last entry
	from, until calendar.Instant
	documents   []string // of terms that were put, to be written into a checkpoint
	bands       []bands  // by TermsID
	buckets     []BucketInfo
	currencies  []money.Currency
	grades      []string // the first is none

	accounts table
	lates    map[uint64]*late
	raises   map[uint64]raise

	openedBy       uint64 // the entry that opened an account last
	opened         int64
	totals         []Total         // by currency, as the currencies are listed
	volumes        []Volume        // in order
	mixes          []Mix           // in order
	applications   []Applied       // in order
	appliedGrades  []AppliedGrade  // in order
	appliedReasons []AppliedReason // in order
	codes          []Code          // in order
	ends           []monthEnd      // in order
	rolls          []roll          // in order
	cohorts        []Cohort        // of accounts, in order
	origins        []Origin        // of debts, in order
	firsts         []firstDue      // in order
	recents        []Recent        // in order
	scored         []Scored        // in order
	alerts         []Alerts        // in order
}

// New is the portfolio of a shard without entries. The terms are those that the shard's ledger was made with.
func New(shard uint16, made *terms.Terms, zone calendar.Zone) *Fold {
	f := &Fold{
		made: made, zone: zone, mark: Mark{Shard: shard}, grades: []string{""},
		buckets: []BucketInfo{{NothingOwed, 0}, {Current, 0}, {ChargedOff, 0}},
		lates:   map[uint64]*late{}, raises: map[uint64]raise{},
	}
	f.learn(made)
	return f
}

// Mark is the last entry that a fold has absorbed.
type Mark struct {
	Shard    uint16
	Sequence uint64
	Time     calendar.Instant
}

// Mark is the last entry that was absorbed.
func (f *Fold) Mark() Mark { return f.mark }

// Sequence is that of the last entry that was absorbed.
func (f *Fold) Sequence() uint64 { return f.mark.Sequence }

// Bytes is about how much memory the fold takes.
func (f *Fold) Bytes() int64 {
	const aLate, aRaise = 144, 48 // with their places in the maps
	return int64(len(f.accounts))*chunkSize*accountBytes + int64(len(f.lates))*aLate + int64(len(f.raises))*aRaise
}

// Add absorbs the next entry of the shard's journal. An entry that was absorbed before is left alone; one that does not
// come next, or is about an account that was never opened, is an error, and then the fold is of no use any more.
func (f *Fold) Add(e *ledger.Entry) error {
	switch {
	case e.Sequence <= f.mark.Sequence:
		return nil
	case e.Sequence != f.mark.Sequence+1:
		return fmt.Errorf("portfolio: entry %d comes after entry %d", e.Sequence, f.mark.Sequence)
	}
	f.mark.Sequence, f.mark.Time = e.Sequence, e.Time
	f.now(e.Time)
	f.recently(e.Fact)
	switch fact := e.Fact.(type) {
	case *ledger.TermsPut:
		return f.putTerms(fact.Document)
	case *ledger.AccountOpened:
		f.open(fact)
		return nil
	case *ledger.ApplicationDecided:
		f.assessed(fact)
		return nil
	case *ledger.OfferAccepted:
		f.accepted(fact)
		return nil
	case *ledger.OrderClaimed: // of an account of another shard
		return nil
	}
	id := ledger.AccountOf(e.Fact)
	if id == 0 {
		return nil
	}
	a := f.accounts.at(id.Number())
	if a == nil {
		return fmt.Errorf("portfolio: entry %d is about account %s, which was never opened", e.Sequence, id)
	}
	f.change(id.Number(), a, e.Fact)
	return nil
}

// now finds out the civil day of an entry, which is mostly that of the one before.
func (f *Fold) now(at calendar.Instant) {
	if at < f.from || at >= f.until {
		f.today = f.zone.DateAt(at)
		f.from, f.until = f.zone.Start(f.today), f.zone.Start(f.today+1)
	}
}

func (f *Fold) putTerms(document string) error {
	t, err := terms.Reread([]byte(document))
	if err != nil {
		return fmt.Errorf("portfolio: entry %d: %w", f.mark.Sequence, err)
	}
	f.documents = append(f.documents, document)
	f.learn(t)
	return nil
}

func (f *Fold) open(o *ledger.AccountOpened) {
	month := monthIn(f.today)
	*f.accounts.add(o.Account.Number()) = account{
		limit: o.Limit, opened: month, settled: month - 1, currency: f.currencyOf(o.Currency), terms: uint8(o.Terms),
		grade: f.gradeOf(o.Risk.Grade), was: nowhere, flags: isThere,
	}
	f.opened++
	f.openedBy = f.mark.Sequence
	f.cohort(month, f.currencyOf(o.Currency)).Accounts++
}

// currencyOf is the place of a currency.
func (f *Fold) currencyOf(c money.Currency) uint16 {
	at := slices.Index(f.currencies, c)
	if at < 0 {
		at = len(f.currencies)
		f.currencies = append(f.currencies, money.Currency([]byte(c)))
		f.totals = append(f.totals, Total{Currency: f.currencies[at]})
	}
	return uint16(at)
}

// mostGrades bounds how many names of grades a book has places for; what is beyond them has the last.
const mostGrades = 256

// gradeOf is the place of a grade.
func (f *Fold) gradeOf(grade string) uint8 {
	at := slices.Index(f.grades, grade)
	if at < 0 {
		if at = len(f.grades); at == mostGrades {
			return mostGrades - 1
		}
		f.grades = append(f.grades, string([]byte(grade)))
	}
	return uint8(at)
}

// change absorbs what is about an account.
func (f *Fold) change(n uint64, a *account, fact ledger.Fact) {
	booking, day := ledger.BookingOf(fact), f.today
	if booking != nil {
		day = booking.Day
	}
	f.pass(n, a, day)
	switch fact := fact.(type) {
	case *ledger.LimitsSet:
		if fact.SetAccount {
			a.limit = fact.Limit
		}
		if fact.Risk.Application != 0 {
			a.grade = f.gradeOf(fact.Risk.Grade)
		}
	case *ledger.TemporaryLimitSet:
		f.setRaise(n, a, fact)
	case *ledger.StatusSet:
		a.setStatus(fact.Status)
		if fact.Status == ledger.AccountActive {
			a.set(wroteOff, false) // it begins anew
		}
	case *ledger.OrderDecided:
		f.decided(a, fact)
	case *ledger.HoldIncremented:
		if fact.Reasons == 0 {
			f.hold(a, &fact.HoldRef, fact.Amount, nil)
		}
	case *ledger.HoldCaptured:
		if !fact.Late {
			f.hold(a, &fact.HoldRef, -fact.FromHold-fact.Released, fact.Points)
		}
		f.capture(a, &fact.HoldRef, fact.Amount, booking)
	case *ledger.HoldReleased:
		f.hold(a, &fact.HoldRef, -fact.Amount, fact.Points)
	case *ledger.OrderReversed:
		if fact.N != 0 {
			f.hold(a, &fact.HoldRef, -fact.Released, fact.Points)
			f.volume(a, &fact.HoldRef).Refunded += fact.Refunded
		}
	case *ledger.CaptureRefunded:
		f.volume(a, &fact.HoldRef).Refunded += fact.Amount
	}
	if booking != nil {
		f.book(n, a, booking)
	}
}

func (f *Fold) setRaise(n uint64, a *account, s *ledger.TemporaryLimitSet) {
	if s.Scene != ledger.NoScene {
		return
	}
	if a.set(hasRaise, s.Raise.Limit > 0); a.is(hasRaise) {
		f.raises[n] = raise{s.Raise.Limit, s.Raise.LastDay}
	} else {
		delete(f.raises, n)
	}
}

// decided absorbs a decision on an order.
func (f *Fold) decided(a *account, o *ledger.OrderDecided) {
	m := f.mix(monthIn(o.Day), a.currency, o.Scene)
	t := Tally{Orders: 1, Amount: o.Requested}
	switch o.Kind {
	case ledger.OrderDeclined:
		m.Declined.add(t)
		m.First[o.Reasons.First()].add(t)
		for r := range o.Reasons.All() {
			m.Any[r].add(t)
		}
	case ledger.OrderAdvised:
		m.Advised.add(t)
	default:
		m.Approved.add(t)
		m.Granted += o.Amount
		switch {
		case o.Verdict.Action == ledger.ActionReview:
			m.Reviewed.add(t)
		case o.Verdict.Action == ledger.ActionCap && o.Amount < o.Requested:
			m.Capped.add(t)
		}
	}
	f.coded(a, o, t)
	switch o.Kind {
	case ledger.OrderAuthorized:
		f.hold(a, &o.HoldRef, o.Amount, o.Points)
	case ledger.OrderCharged, ledger.OrderAdvised:
		f.capture(a, &o.HoldRef, o.Amount, o.Booking)
	}
}

// coded adds an order to the reason codes that the risk policy's rules gave for it.
func (f *Fold) coded(a *account, o *ledger.OrderDecided, t Tally) {
	for code := range strings.SplitSeq(o.Verdict.Reasons, ",") {
		if code == "" {
			continue
		}
		want := Code{Month: o.Day.Month(), Currency: f.currencies[a.currency], Scene: o.Scene, Code: code}
		at, found := slices.BinarySearchFunc(f.codes, want, Code.compare)
		if !found {
			want.Code = string([]byte(code)) // of its own memory: an entry's goes
			f.codes = slices.Insert(f.codes, at, want)
		}
		if o.Kind == ledger.OrderDeclined {
			f.codes[at].Declined.add(t)
		} else {
			f.codes[at].Passed.add(t)
		}
	}
}

func (f *Fold) hold(a *account, h *ledger.HoldRef, amount money.Amount, points *ledger.PointsBooking) {
	a.held += amount
	if points != nil {
		a.held -= points.Pledged // what points are to pay is committed to the carrier, and not lent
	}
	f.volume(a, h).Held += amount
}

// capture absorbs an amount captured; where there is a booking, that says what it does to what is owed.
func (f *Fold) capture(a *account, h *ledger.HoldRef, amount money.Amount, b *ledger.Booking) {
	f.volume(a, h).Captured += amount
	f.cohort(a.opened, a.currency).Bought += amount
	if b == nil {
		a.principal += amount
		f.totals[a.currency].Principal[h.Scene-1] += amount
	}
}

// volume finds what went through a carrier in a scene, and makes it when it is not there.
func (f *Fold) volume(a *account, h *ledger.HoldRef) *Volume {
	want := Volume{Currency: f.currencies[a.currency], Carrier: h.Carrier, Scene: h.Scene}
	at, found := slices.BinarySearchFunc(f.volumes, want, Volume.compare)
	if !found {
		want.Carrier = ledger.CarrierID([]byte(h.Carrier)) // of its own memory: an entry's goes
		f.volumes = slices.Insert(f.volumes, at, want)
	}
	return &f.volumes[at]
}

func (v Volume) compare(o Volume) int {
	return cmp.Or(cmp.Compare(v.Currency, o.Currency), cmp.Compare(v.Carrier, o.Carrier), cmp.Compare(v.Scene, o.Scene))
}

func (f *Fold) mix(month, currency uint16, s ledger.Scene) *Mix {
	return placed(&f.mixes, Mix{Month: monthAt(month), Currency: f.currencies[currency], Scene: s}, Mix.compare)
}

func (m Mix) compare(o Mix) int {
	return cmp.Or(cmp.Compare(m.Month, o.Month), cmp.Compare(m.Currency, o.Currency), cmp.Compare(m.Scene, o.Scene))
}

// placed finds a row in a list that is in order, and puts it there when it is not.
func placed[T any](list *[]T, row T, compare func(T, T) int) *T {
	if n := len(*list); n > 0 && compare((*list)[n-1], row) == 0 {
		return &(*list)[n-1] // the newest, as a rule
	}
	at, found := slices.BinarySearchFunc(*list, row, compare)
	if !found {
		*list = slices.Insert(*list, at, row)
	}
	return &(*list)[at]
}
