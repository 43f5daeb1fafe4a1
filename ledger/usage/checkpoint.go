package usage

import (
	"errors"
	"io"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/checkpoint"
)

// magic begins a checkpoint. Another version of what follows has another one.
const magic = "HOLDFAST USAGE 1\n"

// Write writes a checkpoint: all that the fold is.
func (f *Fold) Write(w io.Writer) error {
	return checkpoint.Write(w, magic, f.walk)
}

// Read makes a fold of a checkpoint, or answers checkpoint.Err, and why, where there is none to go on from.
func Read(r io.Reader, shard uint16) (*Fold, error) {
	f := New(shard)
	err := checkpoint.Read(r, magic, func(c checkpoint.Coder) error {
		if f.walk(c); f.shard != shard {
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
	checkpoint.Num(c, &f.shard)
	sequence := int64(f.sequence)
	c.Number(&sequence)
	f.sequence = uint64(sequence)
	checkpoint.Num(c, &f.time)
	checkpoint.List(c, &f.carriers, func(v *carrier) {
		checkpoint.Word(c, &v.id)
		checkpoint.Num(c, &v.settlement.Cycle)
		checkpoint.Num(c, &v.settlement.CutOff)
		checkpoint.Word(c, &v.settlement.Zone)
	})
	if c.Decoding() {
		f.places = make(map[ledger.CarrierID]uint16, len(f.carriers))
		for i := range f.carriers {
			v := &f.carriers[i]
			v.keep(v.settlement)
			f.places[v.id] = uint16(i)
		}
	}
	checkpoint.List(c, &f.series, func(s *series) {
		checkpoint.Num(c, &s.carrier)
		checkpoint.Word(c, &s.currency)
		if c.Decoding() { // or the first who asks would find out
			_ = f.carriers[s.carrier]
		}
		checkpoint.List(c, &s.days, func(d **Day) {
			if c.Decoding() {
				*d = new(Day)
				f.rows++
			}
			(*d).walk(c)
		})
	})
	f.visits.walk(c)
}

func (d *Day) walk(c checkpoint.Coder) {
	checkpoint.Num(c, &d.Date)
	for _, t := range []*Tally{&d.Approved, &d.Advised, &d.Declined, &d.Captured, &d.Refunded, &d.Released} {
		checkpoint.Num(c, &t.Count)
		checkpoint.Num(c, &t.Amount)
	}
	for h := range d.Hours {
		checkpoint.Num(c, &d.Hours[h])
	}
	n := &d.Denominations
	checkpoint.Num(c, &n.Orders)
	checkpoint.Num(c, &n.Sum)
	checkpoint.Num(c, &n.Missed)
	checkpoint.List(c, &n.Listed, func(v *Denomination) {
		checkpoint.Num(c, &v.Amount)
		checkpoint.Num(c, &v.Orders)
	})
	checkpoint.Num(c, &d.Accounts)
	checkpoint.Num(c, &d.Returned)
}

// walk walks the visits by the accounts' numbers, up to the last that there is.
func (v *visits) walk(c checkpoint.Coder) {
	n := int64(len(v.chunks)) * chunkSize
	for n > 0 && (v.chunks[(n-1)/chunkSize] == nil || v.chunks[(n-1)/chunkSize][(n-1)%chunkSize].day == 0) {
		n--
	}
	c.Number(&n)
	for account := range uint64(n) {
		own := v.at(account)
		checkpoint.Num(c, &own.day)
		if own.day == 0 {
			continue
		}
		checkpoint.Num(c, &own.carrier)
		if own.carrier&hasMore == 0 {
			continue
		}
		others := v.more[account]
		checkpoint.List(c, &others, func(o *visit) {
			checkpoint.Num(c, &o.carrier)
			checkpoint.Num(c, &o.day)
		})
		v.more[account] = others
	}
}
