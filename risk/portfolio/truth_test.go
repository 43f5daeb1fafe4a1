package portfolio_test

import (
	"cmp"
	"maps"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// truth reckons a portfolio the slow way: a real ledger folds the entries, every account is read after every entry about it and
// kept, and whenever it is asked all that was kept is gone through day by day.
type truth struct {
	book     *sim.Book
	ledger   *ledger.Ledger
	zone     calendar.Zone
	made     *terms.Terms
	mark     portfolio.Mark
	today    calendar.Date
	lives    map[ledger.AccountID]*life
	mixes    map[mixKey]*portfolio.Mix
	volumes  map[volumeKey]*portfolio.Volume
	versions []*terms.Terms
}

type mixKey struct {
	month    calendar.Month
	currency money.Currency
	scene    ledger.Scene
}

type volumeKey struct {
	currency money.Currency
	carrier  ledger.CarrierID
	scene    ledger.Scene
}

// life is an account as it was after every entry about it.
type life struct {
	opened calendar.Date
	bought money.Amount
	states []state
	bills  []bill
	losses []loss
}

type state struct {
	day     calendar.Date
	account *ledger.Account
}

type bill struct {
	opens, due calendar.Date
	principal  money.Amount
	total      money.Amount
}

type loss struct {
	day    calendar.Date
	opens  calendar.Date // of the window that was open
	moves  []ledger.Move
	amount money.Amount
}

func newTruth(shard uint16, made *terms.Terms, zone calendar.Zone) *truth {
	b := sim.NewBook(shard)
	return &truth{
		book: b, ledger: ledger.New(b, made, zone), zone: zone, made: made, mark: portfolio.Mark{Shard: shard},
		lives: map[ledger.AccountID]*life{}, mixes: map[mixKey]*portfolio.Mix{}, volumes: map[volumeKey]*portfolio.Volume{},
		versions: []*terms.Terms{made},
	}
}

func (t *truth) add(e *ledger.Entry) {
	t.mark.Sequence, t.mark.Time, t.today = e.Sequence, e.Time, t.zone.DateAt(e.Time)
	t.ledger.Fold(e)
	id := ledger.AccountOf(e.Fact)
	if put, ok := e.Fact.(*ledger.TermsPut); ok {
		parsed, err := terms.Parse([]byte(put.Document))
		if err != nil {
			panic(err)
		}
		t.versions = append(t.versions, parsed)
	}
	if _, claim := e.Fact.(*ledger.OrderClaimed); id == 0 || claim {
		return
	}
	if _, opening := e.Fact.(*ledger.AccountOpened); opening {
		t.lives[id] = &life{opened: t.today}
	}
	l, day := t.lives[id], t.today
	if b := ledger.BookingOf(e.Fact); b != nil {
		day = b.Day
		if b.Kind == ledger.WindowClosed && b.Statement.Bill.Total() > 0 {
			l.bills = append(l.bills, bill{b.Opens, b.Statement.Due, b.Statement.Bill.AllPrincipal(), b.Statement.Bill.Total()})
		}
		if b.Kind == ledger.ChargedOff {
			l.losses = append(l.losses, loss{day, b.After.Open.Opens, b.Moves, b.Amount})
		}
	}
	l.states = append(l.states, state{day, t.book.Account(id).Clone()})
	t.sold(e, l)
}

// sold adds up what entries say of orders.
func (t *truth) sold(e *ledger.Entry, l *life) {
	h := ledger.HoldOf(e.Fact)
	if h == nil {
		return
	}
	v := at(t.volumes, volumeKey{h.Currency, h.Carrier, h.Scene})
	switch f := e.Fact.(type) {
	case *ledger.OrderDecided:
		m := at(t.mixes, mixKey{f.Day.Month(), f.Currency, f.Scene})
		tally := portfolio.Tally{Orders: 1, Amount: f.Requested}
		switch f.Kind {
		case ledger.OrderAuthorized:
			addTally(&m.Approved, tally)
			m.Granted += f.Amount
			v.Held += f.Amount
		case ledger.OrderCharged:
			addTally(&m.Approved, tally)
			m.Granted += f.Amount
			v.Captured += f.Amount
			l.bought += f.Amount
		case ledger.OrderAdvised:
			addTally(&m.Advised, tally)
			v.Captured += f.Amount
			l.bought += f.Amount
		case ledger.OrderDeclined:
			addTally(&m.Declined, tally)
			addTally(&m.First[f.Reasons.First()], tally)
			for r := range f.Reasons.All() {
				addTally(&m.Any[r], tally)
			}
		}
	case *ledger.HoldIncremented:
		if f.Reasons == 0 {
			v.Held += f.Amount
		}
	case *ledger.HoldCaptured:
		v.Captured += f.Amount
		l.bought += f.Amount
		if !f.Late {
			v.Held -= f.FromHold + f.Released
		}
	case *ledger.HoldReleased:
		v.Held -= f.Amount
	case *ledger.OrderReversed:
		if f.N == 0 {
			break
		}
		v.Held -= f.Released
		v.Refunded += f.Refunded
	case *ledger.CaptureRefunded:
		v.Refunded += f.Amount
	}
}

func addTally(to *portfolio.Tally, t portfolio.Tally) {
	to.Orders += t.Orders
	to.Amount += t.Amount
}

func at[K comparable, V any](m map[K]*V, k K) *V {
	if m[k] == nil {
		m[k] = new(V)
	}
	return m[k]
}

// rows finds the rows of a list by what is not added up in them.
func row[T any](list *[]T, like T, compare func(T, T) int) *T {
	at, found := slices.BinarySearchFunc(*list, like, compare)
	if !found {
		*list = slices.Insert(*list, at, like)
	}
	return &(*list)[at]
}

func (t *truth) portfolio() *portfolio.Portfolio {
	p := &portfolio.Portfolio{Marks: []portfolio.Mark{t.mark}, Day: t.today, Opened: int64(len(t.lives))}
	for _, id := range slices.Sorted(maps.Keys(t.lives)) {
		l := t.lives[id]
		t.standing(p, t.states(l))
		t.monthEnds(p, l)
		t.vintages(p, l)
	}
	for _, k := range slices.SortedFunc(maps.Keys(t.mixes), func(a, b mixKey) int {
		return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.currency, b.currency), cmp.Compare(a.scene, b.scene))
	}) {
		m := *t.mixes[k]
		m.Month, m.Currency, m.Scene = k.month, k.currency, k.scene
		p.Mixes = append(p.Mixes, m)
	}
	for _, k := range slices.SortedFunc(maps.Keys(t.volumes), func(a, b volumeKey) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(a.carrier, b.carrier), cmp.Compare(a.scene, b.scene))
	}) {
		v := *t.volumes[k]
		if v.Held == 0 && v.Captured == 0 {
			continue
		}
		v.Currency, v.Carrier, v.Scene = k.currency, k.carrier, k.scene
		p.Volumes = append(p.Volumes, v)
	}
	for _, d := range t.book.Shard().Debts {
		total := totalOf(p, d.Currency)
		total.ChargedOff, total.Recovered = d.ChargedOff, d.Recovered
	}
	return p
}

func totalOf(p *portfolio.Portfolio, c money.Currency) *portfolio.Total {
	return row(&p.Totals, portfolio.Total{Currency: c}, func(a, b portfolio.Total) int { return cmp.Compare(a.Currency, b.Currency) })
}

func (t *truth) states(l *life) *ledger.Account { return l.states[len(l.states)-1].account }

// bucket is where an account stands at the end of a day.
func (t *truth) bucket(a *ledger.Account, day calendar.Date) portfolio.Bucket {
	if a.Billing.Late.WroteOff {
		return portfolio.ChargedOff
	}
	own := t.versions[a.Billing.Terms]
	if days := a.Billing.DaysPastDue(day); days > 0 {
		if b, ok := own.Bucket(days); ok {
			return portfolio.Bucket(b.Name)
		}
		return portfolio.Bucket(own.Delinquency.Buckets[len(own.Delinquency.Buckets)-1].Name)
	}
	if owed(a) > 0 {
		return portfolio.Current
	}
	return portfolio.NothingOwed
}

// owed is all that an account owes, with what its plans have not billed, whatever is to its credit.
func owed(a *ledger.Account) money.Amount {
	b := &a.Billing
	sum := b.Balance() + b.Credit
	for i := range b.Plans {
		for _, p := range b.Plans[i].Principal {
			sum += p
		}
	}
	return sum
}

func (t *truth) standing(p *portfolio.Portfolio, a *ledger.Account) {
	s := row(&p.Standing, portfolio.Standing{Currency: a.Currency, Grade: a.Risk.Grade, Bucket: t.bucket(a, t.today)}, func(a, b portfolio.Standing) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Grade, b.Grade), cmp.Compare(a.Bucket, b.Bucket))
	})
	h := a.Headroom(ledger.NoScene, t.today)
	s.Accounts++
	s.Held += h.AccountHeld
	s.Principal += h.AccountPosted
	s.Charges += owed(a) - h.AccountPosted
	for i := range a.Billing.Debts {
		if x := &a.Billing.Debts[i]; x.Overdue {
			s.Overdue += x.Total()
		}
	}
	total := totalOf(p, a.Currency)
	for i := range a.Lines {
		total.Principal[i] += a.Lines[i].Posted
	}
	total.Credit += a.Billing.Credit
	if a.Status != ledger.AccountActive {
		s.Frozen++
	}
	if a.Status == ledger.AccountClosed {
		s.Closed++
		return
	}
	s.Limit += h.AccountLimit
	used := h.AccountHeld + h.AccountPosted
	b := row(&p.Bands, portfolio.Band{Currency: a.Currency, Used: usedOf(used, h.AccountLimit)}, func(a, b portfolio.Band) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Used, b.Used))
	})
	b.Accounts++
	b.Limit += h.AccountLimit
	b.Amount += used
}

func usedOf(used, limit money.Amount) portfolio.Used {
	switch {
	case limit == 0:
		return portfolio.NoLimit
	case used > limit:
		return portfolio.OverLimit
	}
	for band := range money.Amount(10) {
		if used*10 <= band*limit {
			return portfolio.Used(band)
		}
	}
	return 10
}

// monthEnds goes through the ends of all months that are over.
func (t *truth) monthEnds(p *portfolio.Portfolio, l *life) {
	was := portfolio.Bucket("")
	for m := l.opened.Month(); m < t.today.Month(); m++ {
		last := (m + 1).First() - 1
		at := slices.IndexFunc(l.states, func(s state) bool { return s.day > last })
		if at < 0 {
			at = len(l.states)
		}
		a := l.states[at-1].account
		is := t.bucket(a, last)
		e := row(&p.Ends, portfolio.MonthEnd{Month: m, Currency: a.Currency, Bucket: is}, func(a, b portfolio.MonthEnd) int {
			return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Bucket, b.Bucket))
		})
		e.Accounts++
		e.Owed += owed(a)
		if was != "" {
			row(&p.Rolls, portfolio.Roll{Month: m, Currency: a.Currency, From: was, To: is}, func(a, b portfolio.Roll) int {
				return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
			}).Accounts++
		}
		was = is
	}
}

// badFrom is the day from which something is bad that is due, by due, after each entry; None when it is not yet.
func (t *truth) badFrom(l *life, due func(*ledger.Account) calendar.Date) calendar.Date {
	for i, s := range l.states {
		until := t.today
		if i+1 < len(l.states) {
			until = l.states[i+1].day
		}
		if d := due(s.account); d != 0 && until-d >= portfolio.BadDays {
			if from := max(s.day, d+portfolio.BadDays); from <= until {
				return from
			}
		}
	}
	return calendar.None
}

func (t *truth) vintages(p *portfolio.Portfolio, l *life) {
	currency := t.states(l).Currency
	c := row(&p.Cohorts, portfolio.Cohort{Month: l.opened.Month(), Currency: currency}, func(a, b portfolio.Cohort) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Currency, b.Currency))
	})
	c.Accounts++
	c.Bought += l.bought
	from := t.badFrom(l, func(a *ledger.Account) calendar.Date {
		if days := a.Billing.DaysPastDue(1 << 30); days > 0 {
			return 1<<30 - calendar.Date(days)
		}
		return 0
	})
	if n := len(l.losses); n > 0 {
		first := l.losses[0].day
		aged(&c.ChargedOff, first.Month()-l.opened.Month(), 1)
		if from == calendar.None || first < from {
			from = first
		}
	}
	if from != calendar.None {
		aged(&c.Bad, from.Month()-l.opened.Month(), 1)
	}
	for _, x := range l.losses {
		aged(&c.Lost, x.day.Month()-l.opened.Month(), x.amount)
		for _, m := range x.moves {
			if m.Against != ledger.BookLoss {
				continue
			}
			opens, billed := m.Opens, money.Amount(0)
			if m.Plan != 0 {
				opens = x.opens
			}
			if opens == x.opens && m.Part == ledger.PrincipalPart {
				billed = -m.Amount
			}
			o := origin(p, opens.Month(), currency)
			o.Billed += billed
			aged(&o.Lost, x.day.Month()-opens.Month(), -m.Amount)
		}
	}
	for i, b := range l.bills {
		t.debt(p, l, currency, b, i == 0)
	}
}

func origin(p *portfolio.Portfolio, m calendar.Month, c money.Currency) *portfolio.Origin {
	return row(&p.Origins, portfolio.Origin{Month: m, Currency: c}, func(a, b portfolio.Origin) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Currency, b.Currency))
	})
}

// debt is the vintage of one debt.
func (t *truth) debt(p *portfolio.Portfolio, l *life, c money.Currency, b bill, first bool) {
	o := origin(p, b.opens.Month(), c)
	o.Debts++
	o.Billed += b.principal
	overdue := func(a *ledger.Account) calendar.Date {
		for i := range a.Billing.Debts {
			if x := &a.Billing.Debts[i]; x.Opens == b.opens && x.Overdue {
				return x.Due
			}
		}
		return 0
	}
	from := t.badFrom(l, overdue)
	for i := range l.states[1:] { // what was overdue when it was charged off
		before, after := l.states[i], l.states[i+1]
		if !before.account.Billing.Late.WroteOff && after.account.Billing.Late.WroteOff && overdue(before.account) != 0 &&
			(from == calendar.None || after.day < from) {
			from = after.day
		}
	}
	if from != calendar.None {
		aged(&o.Bad, from.Month()-b.opens.Month(), 1)
		aged(&o.BadBilled, from.Month()-b.opens.Month(), b.principal)
	}
	if !first {
		return
	}
	f := row(&p.Firsts, portfolio.FirstDue{Month: b.due.Month(), Currency: c}, func(a, b portfolio.FirstDue) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Currency, b.Currency))
	})
	f.Accounts++
	if from != calendar.None {
		f.Defaulted++
	}
	if from != calendar.None || b.due+portfolio.BadDays <= t.today {
		f.Matured++
	}
}

func aged[T int64 | money.Amount](ages *[]T, age calendar.Month, by T) {
	for len(*ages) <= int(age) {
		*ages = append(*ages, 0)
	}
	(*ages)[age] += by
}
