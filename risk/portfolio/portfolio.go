package portfolio

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Portfolio is the book as of an entry of each shard. Lists are in order, and have no rows in which all is 0.
type Portfolio struct {
	Marks    []Mark        // by shard
	Day      calendar.Date // the latest civil day of the marks; each shard's accounts are as of its own
	Opened   int64         // accounts, ever
	Buckets  []BucketInfo  // that rows may name, from nothing owed to charged off
	Standing []Standing
	Bands    []Band
	Totals   []Total
	Volumes  []Volume
	Mixes    []Mix
	Codes    []Code
	Ends     []MonthEnd
	Rolls    []Roll
	Cohorts  []Cohort
	Origins  []Origin
	Firsts   []FirstDue
	Applied  []Applied
	Grades   []AppliedGrade
	Refused  []AppliedReason
	Recents  []Recent
	Scored   []Scored
	Alerts   []Alerts
}

// Standing is the accounts of a currency and a grade in a bucket, closed ones included.
type Standing struct {
	Currency  money.Currency
	Grade     string // empty for none
	Bucket    Bucket
	Accounts  int64
	Frozen    int64 // or closed
	Closed    int64
	Limit     money.Amount // temporary raises included; of accounts that are not closed
	Held      money.Amount
	Principal money.Amount
	Charges   money.Amount
	Overdue   money.Amount // of principal and charges, that of debts whose due date is over
}

// Owed is principal and charges.
func (s *Standing) Owed() money.Amount { return s.Principal + s.Charges }

// Exposed is what could be lost: owed and held.
func (s *Standing) Exposed() money.Amount { return s.Owed() + s.Held }

func (s Standing) compare(o Standing) int {
	return cmp.Or(cmp.Compare(s.Currency, o.Currency), cmp.Compare(s.Grade, o.Grade), cmp.Compare(s.Bucket, o.Bucket))
}

// Band is the accounts that use so much of their limits, those that are closed left out.
type Band struct {
	Currency money.Currency
	Used     Used
	Accounts int64
	Limit    money.Amount
	Amount   money.Amount // held and principal
}

func (b Band) compare(o Band) int {
	return cmp.Or(cmp.Compare(b.Currency, o.Currency), cmp.Compare(b.Used, o.Used))
}

// Used is how much of a limit is used: 0 for nothing, 1 for up to 10 %, ... 10 for up to 100 %.
type Used uint8

// What is not within a limit.
const (
	OverLimit Used = 11
	NoLimit   Used = 12 // the limit is 0, and something is used or not
)

func usedOf(amount, limit money.Amount) Used {
	switch {
	case limit <= 0:
		return NoLimit
	case amount <= 0:
		return 0
	case amount > limit:
		return OverLimit
	}
	tenth := limit / 10 // first by division, so that no product is too large
	if tenth > 0 && tenth*10 == limit {
		return Used((amount + tenth - 1) / tenth)
	}
	return Used((10*amount + limit - 1) / limit)
}

// MonthEnd is what stood in a bucket at the end of a month.
type MonthEnd struct {
	Month    calendar.Month
	Currency money.Currency
	Bucket   Bucket
	Accounts int64
	Owed     money.Amount // principal and charges
}

func (e MonthEnd) compare(o MonthEnd) int {
	return cmp.Or(cmp.Compare(e.Month, o.Month), cmp.Compare(e.Currency, o.Currency), cmp.Compare(e.Bucket, o.Bucket))
}

// Roll is how many accounts went from a bucket at the end of the month before to one at the end of a month. Those that were
// opened in the month are in none.
type Roll struct {
	Month    calendar.Month
	Currency money.Currency
	From, To Bucket
	Accounts int64
}

func (r Roll) compare(o Roll) int {
	return cmp.Or(cmp.Compare(r.Month, o.Month), cmp.Compare(r.Currency, o.Currency), cmp.Compare(r.From, o.From), cmp.Compare(r.To, o.To))
}

// FirstDue is the accounts whose first debt was due in a month.
type FirstDue struct {
	Month     calendar.Month
	Currency  money.Currency
	Accounts  int64
	Matured   int64 // of which it is known by now whether that debt came to be bad: the due date is so long ago, or it is bad already
	Defaulted int64 // whose first debt came to be bad
}

func (d FirstDue) compare(o FirstDue) int {
	return cmp.Or(cmp.Compare(d.Month, o.Month), cmp.Compare(d.Currency, o.Currency))
}

// Portfolio is the book as of the last entry that was absorbed. It looks at every account once.
func (f *Fold) Portfolio() *Portfolio {
	g := f.shadow()
	s := &scan{f: f, g: g, p: &Portfolio{Marks: []Mark{f.mark}, Day: f.today, Opened: f.opened}, last: monthBefore(f.today)}
	s.cells = make([]Standing, len(f.currencies)*len(f.grades)*len(f.buckets))
	s.bands = make([]Band, len(f.currencies)*int(NoLimit+1))
	s.steady = make([]steady, len(f.currencies)*int(firstOfTerms))
	for c, chunk := range f.accounts {
		for i := range chunk {
			if a := &chunk[i]; a.is(isThere) {
				s.account(uint64(c)*chunkSize+uint64(i)+1, a)
			}
		}
	}
	s.settle()
	return s.result()
}

// shadow is a fold with the same accounts and sums of its own: what the days have done to accounts since their last entries is
// added up in it.
func (f *Fold) shadow() *Fold {
	g := *f
	g.lates = nil
	g.ends, g.rolls, g.firsts = slices.Clone(f.ends), slices.Clone(f.rolls), slices.Clone(f.firsts)
	g.cohorts, g.origins = slices.Clone(f.cohorts), slices.Clone(f.origins)
	for i := range g.cohorts {
		c := &g.cohorts[i]
		c.Bad, c.ChargedOff, c.Lost = slices.Clone(c.Bad), slices.Clone(c.ChargedOff), slices.Clone(c.Lost)
	}
	for i := range g.origins {
		o := &g.origins[i]
		o.Bad, o.BadBilled, o.Lost = slices.Clone(o.Bad), slices.Clone(o.BadBilled), slices.Clone(o.Lost)
	}
	return &g
}

// scan is one look at all accounts.
type scan struct {
	f, g   *Fold // g has the sums
	p      *Portfolio
	last   uint16 // the last month that is over
	cells  []Standing
	bands  []Band
	steady []steady
}

// steady is accounts that days do nothing to, of a currency in one of the buckets that are not of the terms: the differences
// from one month end to the next.
type steady struct {
	accounts, stay []int64
	owed           []money.Amount
}

func (s *scan) account(n uint64, a *account) {
	f := s.f
	owed, at := a.owed(), f.placeAt(a, f.today)
	limit, used := f.limitOn(n, a, f.today), a.held+a.principal
	c := &s.cells[(int(a.currency)*len(f.grades)+int(a.grade))*len(f.buckets)+int(at)]
	c.Accounts++
	c.Held += a.held
	c.Principal += a.principal
	c.Charges += a.charges
	if a.is(isFrozen) {
		c.Frozen++
	}
	if a.is(isClosed) {
		c.Closed++
	} else {
		c.Limit += limit
		b := &s.bands[int(a.currency)*int(NoLimit+1)+int(usedOf(used, limit))]
		b.Accounts++
		b.Limit += limit
		b.Amount += used
	}
	if a.is(hasLate) {
		c.Overdue += f.lates[n].overdue
	}
	if a.since != 0 {
		s.goOn(n, *a)
		return
	}
	if a.settled >= s.last {
		return
	}
	first := a.settled + 1
	if a.was != nowhere {
		s.g.rolled(first, a.currency, a.was, at, 1)
	}
	s.steady[int(a.currency)*int(firstOfTerms)+int(at)].add(first, s.last, owed)
}

// goOn lets the days go by of an account that is past due, without changing it.
func (s *scan) goOn(n uint64, a account) {
	s.g.lates = nil
	if l := s.f.lates[n]; l != nil {
		c := *l
		c.debts = slices.Clone(l.debts)
		s.g.lates = map[uint64]*late{n: &c}
	}
	s.g.pass(n, &a, s.f.today)
}

// add adds an account to the month ends from the first to the last.
func (t *steady) add(first, last uint16, owed money.Amount) {
	for len(t.accounts) < int(last)+2 {
		n := int(last) + 2
		t.accounts, t.stay, t.owed = make([]int64, n), make([]int64, n), make([]money.Amount, n)
	}
	t.accounts[first]++
	t.accounts[last+1]--
	t.owed[first] += owed
	t.owed[last+1] -= owed
	t.stay[first+1]++
	t.stay[last+1]--
}

// settle counts the month ends of the steady ones.
func (s *scan) settle() {
	for i := range s.steady {
		t, currency, at := &s.steady[i], uint16(i/int(firstOfTerms)), place(i%int(firstOfTerms))
		var accounts, stay int64
		var owed money.Amount
		for month := range t.accounts {
			accounts += t.accounts[month]
			stay += t.stay[month]
			owed += t.owed[month]
			if accounts != 0 {
				s.g.ended(uint16(month), currency, at, owed, accounts)
			}
			if stay != 0 {
				s.g.rolled(uint16(month), currency, at, at, stay)
			}
		}
	}
}

// result gives everything its name.
func (s *scan) result() *Portfolio {
	f, g, p := s.f, s.g, s.p
	for i, c := range s.cells {
		if c.Accounts != 0 {
			at := i / len(f.buckets)
			c.Bucket, c.Grade, c.Currency = f.buckets[i%len(f.buckets)].Bucket, f.grades[at%len(f.grades)], f.currencies[at/len(f.grades)]
			p.Standing = append(p.Standing, c)
		}
	}
	for i, b := range s.bands {
		if b.Accounts != 0 {
			b.Currency, b.Used = f.currencies[i/int(NoLimit+1)], Used(i%int(NoLimit+1))
			p.Bands = append(p.Bands, b)
		}
	}
	for _, e := range g.ends {
		p.Ends = append(p.Ends, MonthEnd{monthAt(e.month), f.currencies[e.currency], f.buckets[e.at].Bucket, e.accounts, e.owed})
	}
	for _, r := range g.rolls {
		p.Rolls = append(p.Rolls, Roll{monthAt(r.month), f.currencies[r.currency], f.buckets[r.from].Bucket, f.buckets[r.to].Bucket, r.accounts})
	}
	for _, d := range g.firsts {
		row := placed(&p.Firsts, FirstDue{Month: d.due.Month(), Currency: f.currencies[d.currency]}, FirstDue.compare)
		row.Accounts += d.accounts
		row.Defaulted += d.defaulted
		if d.due+BadDays <= f.today {
			row.Matured += d.accounts
		} else {
			row.Matured += d.defaulted
		}
	}
	for _, v := range f.volumes {
		if v.Held|v.Captured != 0 { // what was only declined is no volume
			p.Volumes = append(p.Volumes, v)
		}
	}
	for _, t := range f.totals {
		if slices.ContainsFunc(p.Standing, func(s Standing) bool { return s.Currency == t.Currency }) { // there was more than an application
			p.Totals = append(p.Totals, t)
		}
	}
	p.Buckets = slices.Clone(f.buckets)
	p.Mixes, p.Codes, p.Cohorts, p.Origins = slices.Clone(f.mixes), slices.Clone(f.codes), g.cohorts, g.origins
	p.Applied, p.Grades, p.Refused = slices.Clone(f.applications), slices.Clone(f.appliedGrades), slices.Clone(f.appliedReasons)
	p.Recents, p.Scored, p.Alerts = slices.Clone(f.recents), slices.Clone(f.scored), slices.Clone(f.alerts)
	p.sort()
	return p
}

// sort puts the lists in order that are kept in the order in which things came.
func (p *Portfolio) sort() {
	slices.SortFunc(p.Buckets, func(a, b BucketInfo) int { return a.compare(b) })
	slices.SortFunc(p.Standing, Standing.compare)
	slices.SortFunc(p.Bands, Band.compare)
	slices.SortFunc(p.Totals, func(a, b Total) int { return cmp.Compare(a.Currency, b.Currency) })
	slices.SortFunc(p.Ends, MonthEnd.compare)
	slices.SortFunc(p.Rolls, Roll.compare)
}
