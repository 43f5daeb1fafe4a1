package portfolio

import (
	"math/big"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Millionths is a share in millionths: 1,000,000 is all.
type Millionths int64

// Whole is all.
const Whole Millionths = 1_000_000

// HorizonMonths is how far ahead a probability of default looks: a year, as is usual.
const HorizonMonths = 12

// Matrix is how accounts in a currency rolled, over all months or those from one on.
type Matrix struct {
	Buckets []BucketInfo // rows and columns
	Counts  [][]int64    // from, to
}

// Matrix adds up the rolls of a currency at the ends of the months from the first to the last, both included; 0 for as far as
// there are any.
func (p *Portfolio) Matrix(c money.Currency, first, last int) *Matrix {
	m := &Matrix{Buckets: p.Buckets, Counts: make([][]int64, len(p.Buckets))}
	for i := range m.Counts {
		m.Counts[i] = make([]int64, len(p.Buckets))
	}
	for _, r := range p.Rolls {
		if r.Currency == c && (first == 0 || int(r.Month) >= first) && (last == 0 || int(r.Month) <= last) {
			m.Counts[m.row(r.From)][m.row(r.To)] += r.Accounts
		}
	}
	return m
}

func (m *Matrix) row(b Bucket) int {
	return slices.IndexFunc(m.Buckets, func(o BucketInfo) bool { return o.Bucket == b })
}

// Row is how many accounts were in a bucket at the beginning of a month.
func (m *Matrix) Row(from int) (sum int64) {
	for _, n := range m.Counts[from] {
		sum += n
	}
	return sum
}

// Default is the probability of an account in each bucket to be charged off within a year, if accounts go on to roll as they
// did: the matrix as a Markov chain, in which nobody comes back from charged off. Known says for which buckets there is
// anything to go by: some account was seen to leave them.
func (m *Matrix) Default() (pd []Millionths, known []bool) {
	n := len(m.Buckets)
	lost := m.row(ChargedOff)
	pd, known = make([]Millionths, n), make([]bool, n)
	now := make([]*big.Int, n) // in parts of scale
	scale := big.NewInt(1e15)
	for i := range now {
		now[i] = new(big.Int)
		known[i] = i == lost || m.Row(i) > 0
	}
	now[lost].Set(scale)
	for range HorizonMonths {
		next := make([]*big.Int, n)
		for i := range next {
			next[i] = new(big.Int)
			if row := m.Row(i); i == lost {
				next[i].Set(scale)
			} else if row > 0 {
				for j, c := range m.Counts[i] {
					next[i].Add(next[i], new(big.Int).Mul(big.NewInt(c), now[j]))
				}
				next[i].Div(next[i], big.NewInt(row))
			}
		}
		now = next
	}
	for i := range pd {
		pd[i] = Millionths(roundDiv(new(big.Int).Mul(now[i], big.NewInt(int64(Whole))), scale))
	}
	return pd, known
}

// roundDiv is a quotient rounded half up; neither is below zero.
func roundDiv(a, b *big.Int) int64 {
	twice := new(big.Int).Lsh(a, 1)
	twice.Add(twice, b)
	return twice.Div(twice, new(big.Int).Lsh(b, 1)).Int64()
}

// Loss is the expected loss of a grade in a currency. Nothing more is expected of what was charged off: that is lost.
type Loss struct {
	Currency money.Currency
	Grade    string       // empty for none
	Exposed  money.Amount // owed and held
	Default  Millionths   // weighted by what is exposed
	Expected money.Amount
	Unknown  money.Amount // exposed in buckets that no account was ever seen to leave: no loss is reckoned of it
}

// Losses are expected losses by grade. An account that is not past due has the probability of its grade where grades has one,
// and else that of its bucket; one that is past due has that of its bucket, because it is no longer what its grade was for.
// lgd is what is lost of what is exposed when an account is charged off.
func (p *Portfolio) Losses(lgd Millionths, grades map[string]Millionths) (losses []Loss) {
	for from := 0; from < len(p.Standing); {
		upto := from
		for upto < len(p.Standing) && p.Standing[upto].Currency == p.Standing[from].Currency && p.Standing[upto].Grade == p.Standing[from].Grade {
			upto++
		}
		losses = append(losses, p.loss(p.Standing[from:upto], lgd, grades))
		from = upto
	}
	return losses
}

// loss is the expected loss of one grade in one currency.
func (p *Portfolio) loss(of []Standing, lgd Millionths, grades map[string]Millionths) Loss {
	l := Loss{Currency: of[0].Currency, Grade: of[0].Grade}
	m := p.Matrix(l.Currency, 0, 0)
	chain, seen := m.Default()
	defaulted := new(big.Int) // in minor units and millionths
	for i := range of {
		s := &of[i]
		if s.Bucket == ChargedOff {
			continue
		}
		at := m.row(s.Bucket)
		pd, known := chain[at], seen[at]
		if given, ok := grades[l.Grade]; ok && !p.Buckets[at].PastDue() {
			pd, known = given, true
		}
		l.Exposed += s.Exposed()
		if !known {
			l.Unknown += s.Exposed()
			continue
		}
		defaulted.Add(defaulted, new(big.Int).Mul(big.NewInt(int64(s.Exposed())), big.NewInt(int64(pd))))
	}
	if known := l.Exposed - l.Unknown; known > 0 {
		l.Default = Millionths(roundDiv(defaulted, big.NewInt(int64(known))))
	}
	defaulted.Mul(defaulted, big.NewInt(int64(lgd)))
	l.Expected = money.Amount(roundDiv(defaulted, big.NewInt(int64(Whole)*int64(Whole))))
	return l
}
