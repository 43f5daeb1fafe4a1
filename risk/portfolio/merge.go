package portfolio

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Merge is the portfolio of several shards together, of their portfolios. These are not changed.
func Merge(of ...*Portfolio) *Portfolio {
	all := &Portfolio{}
	for _, p := range of {
		all.Marks = append(all.Marks, p.Marks...)
		all.Day = max(all.Day, p.Day)
		all.Opened += p.Opened
		for _, b := range p.Buckets {
			at := slices.IndexFunc(all.Buckets, func(o BucketInfo) bool { return o.Bucket == b.Bucket })
			switch {
			case at < 0:
				all.Buckets = append(all.Buckets, b)
			case b.Bucket == ChargedOff:
				all.Buckets[at].FromDay = max(all.Buckets[at].FromDay, b.FromDay)
			default:
				all.Buckets[at].FromDay = min(all.Buckets[at].FromDay, b.FromDay)
			}
		}
		join(&all.Standing, p.Standing, Standing.compare, (*Standing).add)
		join(&all.Bands, p.Bands, Band.compare, (*Band).add)
		join(&all.Totals, p.Totals, func(a, b Total) int { return cmp.Compare(a.Currency, b.Currency) }, (*Total).add)
		join(&all.Volumes, p.Volumes, Volume.compare, (*Volume).add)
		join(&all.Mixes, p.Mixes, Mix.compare, (*Mix).add)
		join(&all.Codes, p.Codes, Code.compare, (*Code).add)
		join(&all.Applied, p.Applied, Applied.compare, (*Applied).add)
		join(&all.Grades, p.Grades, AppliedGrade.compare, (*AppliedGrade).add)
		join(&all.Refused, p.Refused, AppliedReason.compare, (*AppliedReason).add)
		join(&all.Ends, p.Ends, MonthEnd.compare, (*MonthEnd).add)
		join(&all.Rolls, p.Rolls, Roll.compare, (*Roll).add)
		join(&all.Cohorts, p.Cohorts, Cohort.compare, (*Cohort).add)
		join(&all.Origins, p.Origins, Origin.compare, (*Origin).add)
		join(&all.Firsts, p.Firsts, FirstDue.compare, (*FirstDue).add)
		join(&all.Recents, p.Recents, Recent.compare, (*Recent).Add)
		join(&all.Scored, p.Scored, Scored.compare, (*Scored).add)
		join(&all.Alerts, p.Alerts, Alerts.compare, (*Alerts).add)
	}
	slices.SortFunc(all.Marks, func(a, b Mark) int { return cmp.Compare(a.Shard, b.Shard) })
	slices.SortFunc(all.Buckets, func(a, b BucketInfo) int { return a.compare(b) })
	return all
}

// join adds rows to a list that is in order. Rows of the first list are made of the second's, so what they point to must not
// be shared: add is asked for every row, on a zero row with its key.
func join[T any](to *[]T, from []T, compare func(T, T) int, add func(*T, *T)) {
	for i := range from {
		at, found := slices.BinarySearchFunc(*to, from[i], compare)
		if !found {
			var zero T
			*to = slices.Insert(*to, at, zero)
		}
		add(&(*to)[at], &from[i])
	}
}

func (s *Standing) add(o *Standing) {
	s.Currency, s.Grade, s.Bucket = o.Currency, o.Grade, o.Bucket
	s.Accounts += o.Accounts
	s.Frozen += o.Frozen
	s.Closed += o.Closed
	s.Limit += o.Limit
	s.Held += o.Held
	s.Principal += o.Principal
	s.Charges += o.Charges
	s.Overdue += o.Overdue
}

func (b *Band) add(o *Band) {
	b.Currency, b.Used = o.Currency, o.Used
	b.Accounts += o.Accounts
	b.Limit += o.Limit
	b.Amount += o.Amount
}

func (t *Total) add(o *Total) {
	t.Currency = o.Currency
	for i := range t.Principal {
		t.Principal[i] += o.Principal[i]
	}
	t.Credit += o.Credit
	t.ChargedOff += o.ChargedOff
	t.Recovered += o.Recovered
}

func (v *Volume) add(o *Volume) {
	v.Currency, v.Carrier, v.Scene = o.Currency, o.Carrier, o.Scene
	v.Held += o.Held
	v.Captured += o.Captured
	v.Refunded += o.Refunded
}

func (m *Mix) add(o *Mix) {
	m.Month, m.Currency, m.Scene = o.Month, o.Currency, o.Scene
	m.Approved.add(o.Approved)
	m.Granted += o.Granted
	m.Reviewed.add(o.Reviewed)
	m.Capped.add(o.Capped)
	m.Advised.add(o.Advised)
	m.Declined.add(o.Declined)
	for i := range m.First {
		m.First[i].add(o.First[i])
		m.Any[i].add(o.Any[i])
	}
}

func (d *Code) add(o *Code) {
	d.Month, d.Currency, d.Scene, d.Code = o.Month, o.Currency, o.Scene, o.Code
	d.Declined.add(o.Declined)
	d.Passed.add(o.Passed)
}

func (e *MonthEnd) add(o *MonthEnd) {
	e.Month, e.Currency, e.Bucket = o.Month, o.Currency, o.Bucket
	e.Accounts += o.Accounts
	e.Owed += o.Owed
}

func (c *Cohort) add(o *Cohort) {
	c.Month, c.Currency = o.Month, o.Currency
	c.Accounts += o.Accounts
	c.Bought += o.Bought
	addAges(&c.Bad, o.Bad)
	addAges(&c.ChargedOff, o.ChargedOff)
	addAges(&c.Lost, o.Lost)
}

func (d *Origin) add(o *Origin) {
	d.Month, d.Currency = o.Month, o.Currency
	d.Debts += o.Debts
	d.Billed += o.Billed
	addAges(&d.Bad, o.Bad)
	addAges(&d.BadBilled, o.BadBilled)
	addAges(&d.Lost, o.Lost)
}

func (d *FirstDue) add(o *FirstDue) {
	d.Month, d.Currency = o.Month, o.Currency
	d.Accounts += o.Accounts
	d.Matured += o.Matured
	d.Defaulted += o.Defaulted
}

func addAges[T int64 | money.Amount](to *[]T, from []T) {
	for age, n := range from {
		bump(to, uint16(age), n)
	}
}

func (r *Roll) add(o *Roll) {
	r.Month, r.Currency, r.From, r.To = o.Month, o.Currency, o.From, o.To
	r.Accounts += o.Accounts
}
