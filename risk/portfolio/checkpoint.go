package portfolio

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

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

// coder is an encoder or a decoder: everything is walked once, in the same order for both.
type coder interface {
	number(*int64)
	string(*string)
	decoding() bool
}

func num[T ~int64 | ~int32 | ~int16 | ~uint16 | ~uint8](c coder, v *T) {
	n := int64(*v)
	c.number(&n)
	*v = T(n)
}

// list walks a list, each row of which is walked by a function.
func list[T any](c coder, l *[]T, row func(*T)) {
	n := int64(len(*l))
	c.number(&n)
	if c.decoding() {
		*l = nil
	}
	for i := range int(n) {
		if c.decoding() {
			var zero T
			*l = append(*l, zero)
		}
		row(&(*l)[i])
	}
}

func word[T ~string](c coder, v *T) {
	s := string(*v)
	c.string(&s)
	*v = T(s)
}

func nums[T ~int64](c coder, l *[]T) { list(c, l, func(v *T) { num(c, v) }) }

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

// piece is how many bytes are written or read at a time.
const piece = 64 << 10

// summer is a hash, which never fails.
type summer interface {
	io.Writer
	Sum([]byte) []byte
}

type encoder struct {
	w   io.Writer
	sum summer
	buf []byte
	err error
}

func (e *encoder) decoding() bool { return false }

func (e *encoder) number(v *int64) {
	e.buf = binary.AppendVarint(e.buf, *v)
	e.spill()
}

func (e *encoder) string(s *string) {
	e.buf = append(binary.AppendVarint(e.buf, int64(len(*s))), *s...)
	e.spill()
}

func (e *encoder) text(s string) { e.string(&s) }
func (e *encoder) raw(b []byte)  { e.buf = append(e.buf, b...) }

func (e *encoder) spill() {
	if len(e.buf) >= piece {
		e.flush()
	}
}

func (e *encoder) flush() {
	_, _ = e.sum.Write(e.buf)
	if e.err == nil {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

// decoder reads what an encoder wrote. What has been taken of a piece is summed before the next is read. It panics when there
// is no more.
type decoder struct {
	r   io.Reader
	sum summer
	buf []byte
	at  int
	end bool
}

func (d *decoder) decoding() bool { return true }

// next is the next byte.
func (d *decoder) next() byte {
	for d.at == len(d.buf) {
		if d.end {
			panic("it is cut short")
		}
		d.taken()
		d.buf = slices.Grow(d.buf[:0], piece)[:piece]
		n, err := d.r.Read(d.buf)
		if d.buf, d.at, d.end = d.buf[:n], 0, err != nil; err != nil && err != io.EOF {
			panic(err)
		}
	}
	d.at++
	return d.buf[d.at-1]
}

// taken sums what has been taken.
func (d *decoder) taken() {
	_, _ = d.sum.Write(d.buf[:d.at])
	d.buf, d.at = d.buf[d.at:], 0
}

func (d *decoder) number(v *int64) {
	var u uint64
	for shift := 0; ; shift += 7 {
		b := d.next()
		if u |= uint64(b&0x7f) << shift; b < 0x80 {
			break
		}
		if shift > 63 {
			panic("a number is too long")
		}
	}
	*v = int64(u>>1) ^ -int64(u&1)
}

// longest is the longest text that there may be: documents of terms are far shorter.
const longest = 16 << 20

func (d *decoder) string(s *string) {
	var n int64
	if d.number(&n); n < 0 || n > longest {
		panic("a text is too long")
	}
	b := make([]byte, 0, min(n, piece))
	for range n {
		b = append(b, d.next())
	}
	*s = string(b)
}

func (d *decoder) text() (s string) {
	d.string(&s)
	return s
}

func (d *decoder) raw(b []byte) {
	for i := range b {
		b[i] = d.next()
	}
}
