package portfolio

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// magic begins a checkpoint. Another version of what follows has another one: there is no migration, the journal is read again.
const magic = "HOLDFAST PORTFOLIO 3\n"

// ErrCheckpoint says that a checkpoint is none of this version, or damaged, or was made with other terms or in another zone.
var ErrCheckpoint = errors.New("portfolio: no checkpoint to go on from")

// Write writes a checkpoint: all that the fold is. SHA-256 of it is at its end.
func (f *Fold) Write(w io.Writer) error {
	e := &encoder{w: w, sum: sha256.New()}
	e.raw([]byte(magic))
	e.text(f.zone.String())
	e.text(string(terms.Format(f.made)))
	f.walk(e)
	e.flush()
	if e.err == nil {
		_, e.err = w.Write(e.sum.Sum(nil))
	}
	return e.err
}

// Read makes a fold of a checkpoint. It answers ErrCheckpoint, and why, where that cannot go on as New with the same arguments
// would, or cannot be read.
func Read(r io.Reader, shard uint16, made *terms.Terms, zone calendar.Zone) (f *Fold, err error) {
	defer func() {
		if p := recover(); p != nil { // it is cut short, or lengths and places lead out of what is there
			f, err = nil, fmt.Errorf("%w: %v", ErrCheckpoint, p)
		}
	}()
	d := &decoder{r: r, sum: sha256.New()}
	head := make([]byte, len(magic))
	if d.raw(head); string(head) != magic {
		return nil, fmt.Errorf("%w: it is none of this version", ErrCheckpoint)
	}
	if d.text() != zone.String() || d.text() != string(terms.Format(made)) {
		return nil, fmt.Errorf("%w: it was made with other terms or in another zone", ErrCheckpoint)
	}
	f = New(shard, made, zone)
	f.walk(d)
	d.taken()
	sum := d.sum.Sum(nil)
	last := make([]byte, len(sum))
	if d.raw(last); string(last) != string(sum) || f.mark.Shard != shard {
		return nil, fmt.Errorf("%w: it is damaged", ErrCheckpoint)
	}
	return f, nil
}

func (f *Fold) walk(c coder) {
	num(c, &f.mark.Shard)
	sequence := int64(f.mark.Sequence)
	c.number(&sequence)
	f.mark.Sequence = uint64(sequence)
	num(c, &f.mark.Time)
	num(c, &f.opened)
	openedBy := int64(f.openedBy)
	c.number(&openedBy)
	f.openedBy = uint64(openedBy)
	before := len(f.documents)
	list(c, &f.documents, func(s *string) { c.string(s) })
	if c.decoding() {
		f.now(f.mark.Time)
		for _, d := range f.documents[before:] {
			t, err := terms.Reread([]byte(d))
			if err != nil {
				panic(err)
			}
			f.learn(t)
		}
	}
	list(c, &f.currencies, func(s *money.Currency) { word(c, s) })
	list(c, &f.grades, func(s *string) { c.string(s) })
	f.walkSums(c)
	f.walkAccounts(c)
}

func (f *Fold) walkSums(c coder) {
	list(c, &f.totals, func(t *Total) {
		word(c, &t.Currency)
		for i := range t.Principal {
			num(c, &t.Principal[i])
		}
		num(c, &t.Credit)
		num(c, &t.ChargedOff)
		num(c, &t.Recovered)
	})
	list(c, &f.volumes, func(v *Volume) {
		word(c, &v.Currency)
		word(c, &v.Carrier)
		num(c, &v.Scene)
		num(c, &v.Held)
		num(c, &v.Captured)
		num(c, &v.Refunded)
	})
	list(c, &f.mixes, func(m *Mix) { m.walk(c) })
	list(c, &f.applications, func(a *Applied) {
		num(c, &a.Month)
		word(c, &a.Currency)
		num(c, &a.Kind)
		num(c, &a.Offered)
		num(c, &a.Limit)
		num(c, &a.Declined)
		num(c, &a.Accepted)
	})
	list(c, &f.appliedGrades, func(g *AppliedGrade) {
		num(c, &g.Month)
		word(c, &g.Currency)
		c.string(&g.Grade)
		num(c, &g.Offered)
		num(c, &g.Limit)
	})
	list(c, &f.appliedReasons, func(r *AppliedReason) {
		num(c, &r.Month)
		word(c, &r.Currency)
		c.string(&r.Code)
		num(c, &r.First)
		num(c, &r.Any)
	})
	list(c, &f.codes, func(d *Code) {
		num(c, &d.Month)
		word(c, &d.Currency)
		num(c, &d.Scene)
		c.string(&d.Code)
		d.Declined.walk(c)
		d.Passed.walk(c)
	})
	list(c, &f.ends, func(e *monthEnd) {
		num(c, &e.month)
		num(c, &e.currency)
		num(c, &e.at)
		num(c, &e.accounts)
		num(c, &e.owed)
	})
	list(c, &f.rolls, func(r *roll) {
		num(c, &r.month)
		num(c, &r.currency)
		num(c, &r.from)
		num(c, &r.to)
		num(c, &r.accounts)
	})
	list(c, &f.cohorts, func(v *Cohort) {
		num(c, &v.Month)
		word(c, &v.Currency)
		num(c, &v.Accounts)
		num(c, &v.Bought)
		nums(c, &v.Bad)
		nums(c, &v.ChargedOff)
		nums(c, &v.Lost)
	})
	list(c, &f.origins, func(v *Origin) {
		num(c, &v.Month)
		word(c, &v.Currency)
		num(c, &v.Debts)
		num(c, &v.Billed)
		nums(c, &v.Bad)
		nums(c, &v.BadBilled)
		nums(c, &v.Lost)
	})
	list(c, &f.firsts, func(d *firstDue) {
		num(c, &d.due)
		num(c, &d.currency)
		num(c, &d.accounts)
		num(c, &d.defaulted)
	})
	list(c, &f.recents, func(r *Recent) { r.walk(c) })
	list(c, &f.scored, func(s *Scored) { s.walk(c) })
	list(c, &f.alerts, func(a *Alerts) { a.walk(c) })
}

func (m *Mix) walk(c coder) {
	num(c, &m.Month)
	word(c, &m.Currency)
	num(c, &m.Scene)
	for _, t := range []*Tally{&m.Approved, &m.Reviewed, &m.Capped, &m.Advised, &m.Declined} {
		t.walk(c)
	}
	num(c, &m.Granted)
	for i := range m.First {
		m.First[i].walk(c)
		m.Any[i].walk(c)
	}
}

func (t *Tally) walk(c coder) {
	num(c, &t.Orders)
	num(c, &t.Amount)
}

// walkAccounts walks the accounts by their numbers, up to the highest that is there.
func (f *Fold) walkAccounts(c coder) {
	n := int64(len(f.accounts)) * chunkSize
	for n > 0 && f.accounts.at(uint64(n)) == nil {
		n--
	}
	c.number(&n)
	for i := uint64(1); i <= uint64(n); i++ {
		f.walkAccount(c, i, f.accounts.add(i))
	}
}

func (f *Fold) walkAccount(c coder, n uint64, a *account) {
	num(c, &a.flags)
	if !a.is(isThere) {
		return
	}
	num(c, &a.limit)
	num(c, &a.held)
	num(c, &a.principal)
	num(c, &a.charges)
	num(c, &a.since)
	num(c, &a.first)
	num(c, &a.opened)
	num(c, &a.settled)
	num(c, &a.currency)
	num(c, &a.terms)
	num(c, &a.grade)
	num(c, &a.was)
	if c.decoding() { // rows that nothing is asked of later would not be missed until then
		_, _, _ = f.currencies[a.currency], f.grades[a.grade], f.bands[a.terms]
	}
	if a.is(hasRaise) {
		r := f.raises[n]
		num(c, &r.limit)
		num(c, &r.last)
		f.raises[n] = r
	}
	if a.is(hasLate) {
		if c.decoding() {
			f.lates[n] = &late{}
		}
		l := f.lates[n]
		num(c, &l.overdue)
		list(c, &l.debts, func(d *lateDebt) {
			num(c, &d.opens)
			num(c, &d.due)
			num(c, &d.first)
			num(c, &d.billed)
			isBad := int64(0)
			if d.bad {
				isBad = 1
			}
			c.number(&isBad)
			d.bad = isBad != 0
		})
	}
}
