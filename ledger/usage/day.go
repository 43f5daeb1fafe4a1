package usage

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Tally is a number of orders, or of what was done to them, and what they come to.
type Tally struct {
	Count  int64
	Amount money.Amount
}

func (t *Tally) add(amount money.Amount) { t.Count++; t.Amount += amount }

func (t *Tally) plus(o Tally) { t.Count += o.Count; t.Amount += o.Amount }

// Figures are what there was of a carrier.
type Figures struct {
	Approved Tally // orders, authorized or charged; what was added to a hold is in their amount
	Advised  Tally // sales that had taken place
	Declined Tally // orders, and what they asked for
	Captured Tally // captures
	Refunded Tally // refunds, and reversals of what was captured
	Released Tally // holds, or parts, that were given up without a sale

	Hours         [24]int64 // orders approved and advised, by the hour of the day
	Denominations Denominations

	Accounts int64 // that ordered on a day; in a sum over days, those of each day
	Returned int64 // of these, that ordered again on one of the 30 days after it
}

// Orders is how many orders were approved and advised.
func (f *Figures) Orders() Tally {
	t := f.Approved
	t.plus(f.Advised)
	return t
}

// Add adds the figures of another day, or shard.
func (f *Figures) Add(o *Figures) {
	mine := [...]*Tally{&f.Approved, &f.Advised, &f.Declined, &f.Captured, &f.Refunded, &f.Released}
	for i, t := range [...]Tally{o.Approved, o.Advised, o.Declined, o.Captured, o.Refunded, o.Released} {
		mine[i].plus(t)
	}
	for h := range f.Hours {
		f.Hours[h] += o.Hours[h]
	}
	f.Denominations.Add(&o.Denominations)
	f.Accounts += o.Accounts
	f.Returned += o.Returned
}

// Day is what there was on one business day.
type Day struct {
	Date calendar.Date
	Figures
}

func (d Day) compare(o Day) int { return int(d.Date) - int(o.Date) }

// Usage is what there was of a carrier in a currency.
type Usage struct {
	Carrier  ledger.CarrierID
	Currency money.Currency
	Zone     string        // of its days, as things are now
	Today    calendar.Date // its business day as of the last entry: what is before it is over
	Days     []Day         // ascending; none on which nothing happened
}

// ReturnDays is within how many days an account must order again to have returned.
const ReturnDays = 30

// Settled says whether it is known who of a day's accounts returned.
func (u *Usage) Settled(d calendar.Date) bool { return d+ReturnDays < u.Today }

// Sum is all days together.
func (u *Usage) Sum() (all Figures) {
	for i := range u.Days {
		all.Add(&u.Days[i].Figures)
	}
	return all
}

// Repeat is, of the days of which that is known, how many accounts ordered and how many of them returned.
func (u *Usage) Repeat() (accounts, returned int64) {
	for i := range u.Days {
		if d := &u.Days[i]; u.Settled(d.Date) {
			accounts += d.Accounts
			returned += d.Returned
		}
	}
	return accounts, returned
}

// Merge adds up what several shards have of the same carrier, in order of currency.
func Merge(all ...[]Usage) (merged []Usage) {
	for _, shard := range all {
		for i := range shard {
			merged = mergeOne(merged, &shard[i])
		}
	}
	return merged
}

func mergeOne(merged []Usage, u *Usage) []Usage {
	at := slices.IndexFunc(merged, func(m Usage) bool { return m.Carrier == u.Carrier && m.Currency >= u.Currency })
	if at < 0 {
		at = len(merged)
	}
	if at == len(merged) || merged[at].Currency != u.Currency {
		merged = slices.Insert(merged, at, Usage{Carrier: u.Carrier, Currency: u.Currency, Zone: u.Zone, Today: u.Today})
	}
	m := &merged[at]
	if u.Today > m.Today { // of the shard that has heard most lately
		m.Today, m.Zone = u.Today, u.Zone
	}
	for i := range u.Days {
		d := &u.Days[i]
		place, found := slices.BinarySearchFunc(m.Days, *d, Day.compare)
		if !found {
			m.Days = slices.Insert(m.Days, place, Day{Date: d.Date})
		}
		m.Days[place].Add(&d.Figures)
	}
	return merged
}
