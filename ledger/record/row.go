package record

import (
	"encoding/binary"
	"errors"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// row walks the fields of a row, writing them or reading them, one after the other.
type row struct {
	reading bool
	buf     []byte
	at      int
	bad     bool
}

const rowVersion = 2

// ErrRow says that a row's bytes cannot be read.
var ErrRow = errors.New("record: malformed row")

func begin(b []byte) row { return row{buf: append(b, rowVersion)} }

func open(b []byte) row {
	return row{reading: true, buf: b, at: 1, bad: len(b) == 0 || b[0] != rowVersion}
}

func (r *row) err() error {
	if r.bad || r.at != len(r.buf) {
		return ErrRow
	}
	return nil
}

// uvarint is the next number. Most take one byte.
func (r *row) uvarint() uint64 {
	if r.at < len(r.buf) && r.buf[r.at] < 0x80 {
		r.at++
		return uint64(r.buf[r.at-1])
	}
	return r.longUvarint()
}

func (r *row) longUvarint() uint64 {
	v, n := binary.Uvarint(r.buf[min(r.at, len(r.buf)):])
	if n <= 0 {
		r.bad, r.at = true, len(r.buf)
		return 0
	}
	r.at += n
	return v
}

func integral[T integer](r *row, v *T) {
	if r.reading {
		u := r.uvarint()
		*v = T(int64(u>>1) ^ -int64(u&1))
		return
	}
	s := int64(*v)
	u := uint64(s)<<1 ^ uint64(s>>63)
	if u < 0x80 {
		r.buf = append(r.buf, byte(u))
		return
	}
	r.buf = binary.AppendUvarint(r.buf, u)
}

// instant is a time that is always set: eight bytes, as the nanoseconds of our age take in any case.
func instant(r *row, v *calendar.Instant) {
	if !r.reading {
		r.buf = binary.LittleEndian.AppendUint64(r.buf, uint64(*v))
		return
	}
	if len(r.buf)-r.at < 8 {
		r.bad, r.at = true, len(r.buf)
		return
	}
	*v = calendar.Instant(binary.LittleEndian.Uint64(r.buf[r.at:]))
	r.at += 8
}

func flag(r *row, v *bool) {
	if r.reading {
		*v = r.uvarint() != 0
	} else if *v {
		r.buf = append(r.buf, 1)
	} else {
		r.buf = append(r.buf, 0)
	}
}

// text is the next length and as many bytes of the row; nil when there are not so many.
func (r *row) text() []byte {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.buf)-r.at) {
		r.bad, r.at = true, len(r.buf)
		return nil
	}
	r.at += int(n)
	return r.buf[r.at-int(n) : r.at]
}

func word[T ~string](r *row, v *T) {
	if r.reading {
		*v = T(alias(r.text()))
		return
	}
	r.buf = binary.AppendUvarint(r.buf, uint64(len(*v)))
	r.buf = append(r.buf, *v...)
}

func data(r *row, v *[]byte) {
	if r.reading {
		*v = r.text()
		return
	}
	r.buf = binary.AppendUvarint(r.buf, uint64(len(*v)))
	r.buf = append(r.buf, *v...)
}

// list walks how many elements a list has, and makes it have so many while reading. Each must take at least as many
// bytes as is said, so that a row cannot ask for memory out of proportion to its size.
func list[T any](r *row, v *[]T, least int) []T {
	if !r.reading {
		r.buf = binary.AppendUvarint(r.buf, uint64(len(*v)))
		return *v
	}
	n := r.uvarint()
	if r.bad || n > uint64((len(r.buf)-r.at)/least) {
		r.bad, r.at, n = true, len(r.buf), 0
	}
	if *v = (*v)[:0]; int(n) > cap(*v) {
		*v = make([]T, 0, n+1)
	}
	*v = (*v)[:n]
	clear(*v)
	return *v
}

func walkHold(r *row, a *ledger.Authorization) {
	integral(r, &a.N)
	integral(r, &a.Sequence)
	integral(r, &a.Scene)
	integral(r, &a.State)
	word(r, &a.Caller)
	word(r, &a.Order)
	word(r, &a.Carrier)
	word(r, &a.Phone)
	integral(r, &a.Requested)
	integral(r, &a.Authorized)
	integral(r, &a.Held)
	integral(r, &a.Captured)
	integral(r, &a.Refunded)
	integral(r, &a.Lapsed)
	integral(r, &a.Reasons)
	instant(r, &a.Created)
	integral(r, &a.Day)
	instant(r, &a.Expires)
	instant(r, &a.Updated)
	flag(r, &a.Advised)
	integral(r, &a.SaleTime)
	captures := list(r, &a.Captures, 3)
	for i := range captures {
		c := &captures[i]
		integral(r, &c.Amount)
		integral(r, &c.Time)
		flag(r, &c.Late)
	}
	refunds := list(r, &a.Refunds, 2)
	for i := range refunds {
		integral(r, &refunds[i].Amount)
		integral(r, &refunds[i].Time)
	}
	if r.reading && (!a.Scene.Valid() || a.State > ledger.Declined) {
		r.bad = true
	}
}

func walkLine(r *row, l *ledger.Line) {
	integral(r, &l.Status)
	untouched := l.Status == ledger.NoLine && l.Posted == 0 && l.Use == ledger.Use{}
	flag(r, &untouched)
	if untouched {
		return
	}
	integral(r, &l.Limit)
	integral(r, &l.Temporary.Limit)
	integral(r, &l.Temporary.LastDay)
	integral(r, &l.Held)
	integral(r, &l.Posted)
	integral(r, &l.Holds)
	word(r, &l.Agreement)
	word(r, &l.Accepted)
	integral(r, &l.Use.Day)
	integral(r, &l.Use.DailyAmount)
	integral(r, &l.Use.DailyCount)
	integral(r, &l.Use.Month)
	integral(r, &l.Use.MonthlyAmount)
	integral(r, &l.Use.MonthlyCount)
	c := &l.Controls
	integral(r, &c.PerOrder)
	integral(r, &c.DailyAmount)
	integral(r, &c.DailyCount)
	integral(r, &c.MonthlyAmount)
	integral(r, &c.MonthlyCount)
	integral(r, &c.MaxHolds)
	carriers := list(r, &c.Carriers, 1)
	for i := range carriers {
		word(r, &carriers[i])
	}
	phones := list(r, &c.Phones, 1)
	for i := range phones {
		word(r, &phones[i])
	}
}

func walkAccount(r *row, a *ledger.Account) {
	integral(r, &a.ID)
	word(r, &a.Consumer)
	integral(r, &a.Status)
	word(r, &a.StatusReason)
	word(r, &a.Currency)
	integral(r, &a.Limit)
	integral(r, &a.Temporary.Limit)
	integral(r, &a.Temporary.LastDay)
	instant(r, &a.Created)
	instant(r, &a.Updated)
	integral(r, &a.LastN)
	for i := range a.Lines {
		walkLine(r, &a.Lines[i])
	}
	holds := list(r, &a.Holds, 44)
	for i := range holds {
		walkHold(r, &holds[i])
	}
}

// AppendAccount appends an account's row. Its sequence and next deadline are kept by the state beside it.
func AppendAccount(b []byte, a *ledger.Account) []byte {
	r := begin(b)
	walkAccount(&r, a)
	return r.buf
}

// DecodeAccount reads an account's row into a, reusing its slices.
func DecodeAccount(b []byte, a *ledger.Account) error {
	r := open(b)
	holds := a.Holds
	*a = ledger.Account{Holds: holds}
	walkAccount(&r, a)
	return r.err()
}

// AppendEnded appends the row of an authorization that has ended.
func AppendEnded(b []byte, a *ledger.Authorization) []byte {
	r := begin(b)
	walkHold(&r, a)
	return r.buf
}

// DecodeEnded reads the row of an authorization that has ended.
func DecodeEnded(b []byte, a *ledger.Authorization) error {
	r := open(b)
	*a = ledger.Authorization{}
	walkHold(&r, a)
	return r.err()
}

// AppendOrder appends an order's row.
func AppendOrder(b []byte, o *ledger.Order) []byte {
	r := begin(b)
	walkOrder(&r, o)
	return r.buf
}

// DecodeOrder reads an order's row.
func DecodeOrder(b []byte, o *ledger.Order) error {
	r := open(b)
	walkOrder(&r, o)
	return r.err()
}

func walkOrder(r *row, o *ledger.Order) {
	integral(r, &o.Account)
	integral(r, &o.N)
	flag(r, &o.Reversed)
}

// AppendReceipt appends a receipt's row.
func AppendReceipt(b []byte, v *ledger.Receipt) []byte {
	r := begin(b)
	walkReceipt(&r, v)
	return r.buf
}

// DecodeReceipt reads a receipt's row.
func DecodeReceipt(b []byte, v *ledger.Receipt) error {
	r := open(b)
	*v = ledger.Receipt{}
	walkReceipt(&r, v)
	return r.err()
}

func walkReceipt(r *row, v *ledger.Receipt) {
	instant(r, &v.Time)
	integral(r, &v.Sequence)
	data(r, &v.Print)
	integral(r, &v.Decision)
	integral(r, &v.Reasons)
	integral(r, &v.ID.Account)
	integral(r, &v.ID.N)
	m := &v.Mark
	integral(r, &m.State)
	integral(r, &m.Requested)
	integral(r, &m.Authorized)
	integral(r, &m.Held)
	integral(r, &m.Captured)
	integral(r, &m.Refunded)
	instant(r, &m.Expires)
	instant(r, &m.Updated)
	integral(r, &m.Captures)
	integral(r, &m.Refunds)
	if r.reading && (m.State > ledger.Declined || m.Captures < 0 || m.Refunds < 0) {
		r.bad = true
	}
	h := &v.Headroom
	integral(r, &h.Limit)
	integral(r, &h.Held)
	integral(r, &h.Posted)
	integral(r, &h.Available)
	integral(r, &h.AccountLimit)
	integral(r, &h.AccountHeld)
	integral(r, &h.AccountPosted)
	integral(r, &v.Part)
	flag(r, &v.Late)
	flag(r, &v.Tombstone)
	flag(r, &v.Exceeded)
	integral(r, &v.Released)
	integral(r, &v.Refunded)
	account := v.Account != nil
	flag(r, &account)
	if account && !r.bad {
		if r.reading {
			v.Account = new(ledger.Account)
		}
		walkAccount(r, v.Account)
	}
}

// AppendShard appends a shard's row.
func AppendShard(b []byte, s *ledger.Shard) []byte {
	r := begin(b)
	walkShard(&r, s)
	return r.buf
}

// DecodeShard reads a shard's row.
func DecodeShard(b []byte, s *ledger.Shard) error {
	r := open(b)
	*s = ledger.Shard{}
	walkShard(&r, s)
	return r.err()
}

func walkShard(r *row, s *ledger.Shard) {
	integral(r, &s.Number)
	integral(r, &s.Sequence)
	integral(r, &s.Time)
	integral(r, &s.Accounts)
	integral(r, &s.OpenHolds)
	suspensions := list(r, &s.Suspensions, 5)
	for i := range suspensions {
		v := &suspensions[i]
		integral(r, &v.Scope.Scene)
		word(r, &v.Scope.Carrier)
		word(r, &v.Reason)
		integral(r, &v.Since)
		word(r, &v.Caller)
	}
	totals := list(r, &s.Totals, 6)
	for i := range totals {
		t := &totals[i]
		word(r, &t.Carrier)
		word(r, &t.Currency)
		integral(r, &t.Held)
		integral(r, &t.Captured)
		integral(r, &t.Refunded)
		integral(r, &t.Exceeded)
	}
}
