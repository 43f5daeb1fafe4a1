package portfolio

import (
	"errors"
	"io"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/checkpoint"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// magic begins a checkpoint. Another version of what follows has another one.
const magic = "HOLDFAST PORTFOLIO 3\n"

// ErrCheckpoint says that a checkpoint is none of this version, or damaged, or was made with other terms or in another zone.
var ErrCheckpoint = checkpoint.Err

// Write writes a checkpoint: all that the fold is.
func (f *Fold) Write(w io.Writer) error {
	return checkpoint.Write(w, magic, func(c checkpoint.Coder) {
		zone, made := f.zone.String(), string(terms.Format(f.made))
		c.Text(&zone)
		c.Text(&made)
		f.walk(c)
	})
}

// Read makes a fold of a checkpoint. It answers ErrCheckpoint, and why, where that cannot go on as New with the same arguments
// would, or cannot be read.
func Read(r io.Reader, shard uint16, made *terms.Terms, zone calendar.Zone) (*Fold, error) {
	f := New(shard, made, zone)
	err := checkpoint.Read(r, magic, func(c checkpoint.Coder) error {
		var in, under string
		c.Text(&in)
		c.Text(&under)
		if in != zone.String() || under != string(terms.Format(made)) {
			return errors.New("it was made with other terms or in another zone")
		}
		if f.walk(c); f.mark.Shard != shard {
			return errors.New("it is of another shard")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Fold) walk(c checkpoint.Coder) {
	checkpoint.Num(c, &f.mark.Shard)
	sequence := int64(f.mark.Sequence)
	c.Number(&sequence)
	f.mark.Sequence = uint64(sequence)
	checkpoint.Num(c, &f.mark.Time)
	checkpoint.Num(c, &f.opened)
	openedBy := int64(f.openedBy)
	c.Number(&openedBy)
	f.openedBy = uint64(openedBy)
	before := len(f.documents)
	checkpoint.List(c, &f.documents, func(s *string) { c.Text(s) })
	if c.Decoding() {
		f.now(f.mark.Time)
		for _, d := range f.documents[before:] {
			t, err := terms.Reread([]byte(d))
			if err != nil {
				panic(err)
			}
			f.learn(t)
		}
	}
	checkpoint.List(c, &f.currencies, func(s *money.Currency) { checkpoint.Word(c, s) })
	checkpoint.List(c, &f.grades, func(s *string) { c.Text(s) })
	f.walkSums(c)
	f.walkAccounts(c)
}

func (f *Fold) walkSums(c checkpoint.Coder) {
	checkpoint.List(c, &f.totals, func(t *Total) {
		checkpoint.Word(c, &t.Currency)
		for i := range t.Principal {
			checkpoint.Num(c, &t.Principal[i])
		}
		checkpoint.Num(c, &t.Credit)
		checkpoint.Num(c, &t.ChargedOff)
		checkpoint.Num(c, &t.Recovered)
	})
	checkpoint.List(c, &f.volumes, func(v *Volume) {
		checkpoint.Word(c, &v.Currency)
		checkpoint.Word(c, &v.Carrier)
		checkpoint.Num(c, &v.Scene)
		checkpoint.Num(c, &v.Held)
		checkpoint.Num(c, &v.Captured)
		checkpoint.Num(c, &v.Refunded)
	})
	checkpoint.List(c, &f.mixes, func(m *Mix) { m.walk(c) })
	checkpoint.List(c, &f.applications, func(a *Applied) {
		checkpoint.Num(c, &a.Month)
		checkpoint.Word(c, &a.Currency)
		checkpoint.Num(c, &a.Kind)
		checkpoint.Num(c, &a.Offered)
		checkpoint.Num(c, &a.Limit)
		checkpoint.Num(c, &a.Declined)
		checkpoint.Num(c, &a.Accepted)
	})
	checkpoint.List(c, &f.appliedGrades, func(g *AppliedGrade) {
		checkpoint.Num(c, &g.Month)
		checkpoint.Word(c, &g.Currency)
		c.Text(&g.Grade)
		checkpoint.Num(c, &g.Offered)
		checkpoint.Num(c, &g.Limit)
	})
	checkpoint.List(c, &f.appliedReasons, func(r *AppliedReason) {
		checkpoint.Num(c, &r.Month)
		checkpoint.Word(c, &r.Currency)
		c.Text(&r.Code)
		checkpoint.Num(c, &r.First)
		checkpoint.Num(c, &r.Any)
	})
	checkpoint.List(c, &f.codes, func(d *Code) {
		checkpoint.Num(c, &d.Month)
		checkpoint.Word(c, &d.Currency)
		checkpoint.Num(c, &d.Scene)
		c.Text(&d.Code)
		d.Declined.walk(c)
		d.Passed.walk(c)
	})
	checkpoint.List(c, &f.ends, func(e *monthEnd) {
		checkpoint.Num(c, &e.month)
		checkpoint.Num(c, &e.currency)
		checkpoint.Num(c, &e.at)
		checkpoint.Num(c, &e.accounts)
		checkpoint.Num(c, &e.owed)
	})
	checkpoint.List(c, &f.rolls, func(r *roll) {
		checkpoint.Num(c, &r.month)
		checkpoint.Num(c, &r.currency)
		checkpoint.Num(c, &r.from)
		checkpoint.Num(c, &r.to)
		checkpoint.Num(c, &r.accounts)
	})
	checkpoint.List(c, &f.cohorts, func(v *Cohort) {
		checkpoint.Num(c, &v.Month)
		checkpoint.Word(c, &v.Currency)
		checkpoint.Num(c, &v.Accounts)
		checkpoint.Num(c, &v.Bought)
		checkpoint.Nums(c, &v.Bad)
		checkpoint.Nums(c, &v.ChargedOff)
		checkpoint.Nums(c, &v.Lost)
	})
	checkpoint.List(c, &f.origins, func(v *Origin) {
		checkpoint.Num(c, &v.Month)
		checkpoint.Word(c, &v.Currency)
		checkpoint.Num(c, &v.Debts)
		checkpoint.Num(c, &v.Billed)
		checkpoint.Nums(c, &v.Bad)
		checkpoint.Nums(c, &v.BadBilled)
		checkpoint.Nums(c, &v.Lost)
	})
	checkpoint.List(c, &f.firsts, func(d *firstDue) {
		checkpoint.Num(c, &d.due)
		checkpoint.Num(c, &d.currency)
		checkpoint.Num(c, &d.accounts)
		checkpoint.Num(c, &d.defaulted)
	})
	checkpoint.List(c, &f.recents, func(r *Recent) { r.walk(c) })
	checkpoint.List(c, &f.scored, func(s *Scored) { s.walk(c) })
	checkpoint.List(c, &f.alerts, func(a *Alerts) { a.walk(c) })
}

func (m *Mix) walk(c checkpoint.Coder) {
	checkpoint.Num(c, &m.Month)
	checkpoint.Word(c, &m.Currency)
	checkpoint.Num(c, &m.Scene)
	for _, t := range []*Tally{&m.Approved, &m.Reviewed, &m.Capped, &m.Advised, &m.Declined} {
		t.walk(c)
	}
	checkpoint.Num(c, &m.Granted)
	for i := range m.First {
		m.First[i].walk(c)
		m.Any[i].walk(c)
	}
}

func (t *Tally) walk(c checkpoint.Coder) {
	checkpoint.Num(c, &t.Orders)
	checkpoint.Num(c, &t.Amount)
}

// walkAccounts walks the accounts by their numbers, up to the highest that is there.
func (f *Fold) walkAccounts(c checkpoint.Coder) {
	n := int64(len(f.accounts)) * chunkSize
	for n > 0 && f.accounts.at(uint64(n)) == nil {
		n--
	}
	c.Number(&n)
	for i := uint64(1); i <= uint64(n); i++ {
		f.walkAccount(c, i, f.accounts.add(i))
	}
}

func (f *Fold) walkAccount(c checkpoint.Coder, n uint64, a *account) {
	checkpoint.Num(c, &a.flags)
	if !a.is(isThere) {
		return
	}
	checkpoint.Num(c, &a.limit)
	checkpoint.Num(c, &a.held)
	checkpoint.Num(c, &a.principal)
	checkpoint.Num(c, &a.charges)
	checkpoint.Num(c, &a.since)
	checkpoint.Num(c, &a.first)
	checkpoint.Num(c, &a.opened)
	checkpoint.Num(c, &a.settled)
	checkpoint.Num(c, &a.currency)
	checkpoint.Num(c, &a.terms)
	checkpoint.Num(c, &a.grade)
	checkpoint.Num(c, &a.was)
	if c.Decoding() { // rows that nothing is asked of later would not be missed until then
		_, _, _ = f.currencies[a.currency], f.grades[a.grade], f.bands[a.terms]
	}
	if a.is(hasRaise) {
		r := f.raises[n]
		checkpoint.Num(c, &r.limit)
		checkpoint.Num(c, &r.last)
		f.raises[n] = r
	}
	if a.is(hasLate) {
		if c.Decoding() {
			f.lates[n] = &late{}
		}
		l := f.lates[n]
		checkpoint.Num(c, &l.overdue)
		checkpoint.List(c, &l.debts, func(d *lateDebt) {
			checkpoint.Num(c, &d.opens)
			checkpoint.Num(c, &d.due)
			checkpoint.Num(c, &d.first)
			checkpoint.Num(c, &d.billed)
			isBad := int64(0)
			if d.bad {
				isBad = 1
			}
			c.Number(&isBad)
			d.bad = isBad != 0
		})
	}
}
