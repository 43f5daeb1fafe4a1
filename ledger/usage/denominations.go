package usage

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Most is how many amounts a shard counts of a day.
const Most = 64

// Denomination is how many orders there were of an amount.
type Denomination struct {
	Amount money.Amount
	Orders int64
}

// Denominations are the amounts of orders. The zero value has none.
type Denominations struct {
	Orders int64
	Sum    money.Amount   // of all of them
	Listed []Denomination // ascending by amount; no count is too high
	Missed int64          // no count is lower than it should be by more than this, and no amount that is not listed was ordered more often
}

func (d Denomination) compare(o Denomination) int { return cmp.Compare(d.Amount, o.Amount) }

// add counts an order. One of an amount that there is no room for takes one from every amount, and goes with them.
func (d *Denominations) add(amount money.Amount) {
	d.Orders++
	d.Sum += amount
	at, found := slices.BinarySearchFunc(d.Listed, Denomination{Amount: amount}, Denomination.compare)
	switch {
	case found:
		d.Listed[at].Orders++
	case len(d.Listed) < Most:
		d.Listed = slices.Insert(d.Listed, at, Denomination{amount, 1})
	default:
		d.Missed++
		for i := range d.Listed {
			d.Listed[i].Orders--
		}
		d.Listed = slices.DeleteFunc(d.Listed, func(n Denomination) bool { return n.Orders == 0 })
	}
}

// Add adds those of another day, or shard.
func (d *Denominations) Add(o *Denominations) {
	d.Orders += o.Orders
	d.Sum += o.Sum
	d.Missed += o.Missed
	for _, n := range o.Listed {
		at, found := slices.BinarySearchFunc(d.Listed, n, Denomination.compare)
		if found {
			d.Listed[at].Orders += n.Orders
		} else {
			d.Listed = slices.Insert(d.Listed, at, n)
		}
	}
}

// Top is the n amounts that were ordered most, and what the others come to.
func (d *Denominations) Top(n int) (top []Denomination, others int64, sum money.Amount) {
	top = slices.Clone(d.Listed)
	slices.SortStableFunc(top, func(a, b Denomination) int { return cmp.Compare(b.Orders, a.Orders) })
	top = top[:min(n, len(top))]
	others, sum = d.Orders, d.Sum
	for _, t := range top {
		others -= t.Orders
		sum -= t.Amount * money.Amount(t.Orders)
	}
	return top, others, sum
}
