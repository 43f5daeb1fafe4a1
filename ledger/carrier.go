package ledger

import (
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Carrier is a version of what was agreed with a carrier. Versions are never changed: what was decided under one stays as
// it was decided.
type Carrier struct {
	ID      CarrierID
	Version uint32 // 1, 2, 3, ...; the last is in force
	Put     calendar.Instant
	Request Request // that put it
	CarrierSettings
}

// CarrierSettings are what was agreed. The zero value of a field says nothing, and all is as for a carrier that was never put.
type CarrierSettings struct {
	Name       string
	Principals []Caller // who may speak for it; none of them may speak for a carrier that does not name it
	Closed     bool     // nobody else may

	Products   []Product
	Settlement SettlementTerms
	Fees       []CarrierFee

	Tolerates    bool       // Tolerance takes the place of the terms'
	Tolerance    terms.Rate // how much more than authorized may be captured
	HoldLifetime time.Duration

	FloorLimits    []Sum // what its gateway may sell of an order when the core cannot be reached
	ExposureLimits []Sum // what may be committed to it in a currency: see Slice
	Collects       bool  // it collects what is due on its own bill
}

// Product is something that a carrier sells, in certain amounts if there are any.
type Product struct {
	ID            ProductID
	Scene         Scene
	Currency      money.Currency
	Denominations []money.Amount // ascending
}

// SettlementTerms say when a carrier is paid.
type SettlementTerms struct {
	Cycle  PayCycle
	CutOff time.Duration // at which a business day ends, after the midnight that begins that date; 0 is the midnight that ends it
	Zone   string        // IANA name of the zone of days and cut-off
}

// PayCycle is how often a carrier is paid.
type PayCycle uint8

// The cycles. Their numbers are those of the API and of the journal.
const (
	NoCycle PayCycle = iota
	Daily            // the day after
	Monthly
	cycleEnd
)

// Valid says whether it is a cycle or none.
func (c PayCycle) Valid() bool { return c < cycleEnd }

// CarrierFee is what a carrier is charged for a sale: of the first fee that fits scene, product and currency.
type CarrierFee struct {
	Scene    Scene     // NoScene fits every one
	Product  ProductID // empty fits every one
	Currency money.Currency
	Share    terms.Rate // of what is captured
	Fixed    money.Amount
}

// Sum is an amount in a currency.
type Sum struct {
	Currency money.Currency
	Amount   money.Amount
}

// Agreed says whether the same was agreed.
func (s *CarrierSettings) Agreed(o *CarrierSettings) bool {
	return s.Name == o.Name && s.Closed == o.Closed && s.Settlement == o.Settlement && s.Tolerates == o.Tolerates &&
		s.Tolerance == o.Tolerance && s.HoldLifetime == o.HoldLifetime && s.Collects == o.Collects &&
		slices.Equal(s.Principals, o.Principals) && slices.Equal(s.Fees, o.Fees) && slices.Equal(s.FloorLimits, o.FloorLimits) &&
		slices.Equal(s.ExposureLimits, o.ExposureLimits) &&
		slices.EqualFunc(s.Products, o.Products, func(a, b Product) bool {
			return a.ID == b.ID && a.Scene == b.Scene && a.Currency == b.Currency && slices.Equal(a.Denominations, b.Denominations)
		})
}

// clone is a copy that shares no memory, so that it may outlive what it was read from.
func (s *CarrierSettings) clone() CarrierSettings {
	c := *s
	c.Name, c.Settlement.Zone = clone(s.Name), clone(s.Settlement.Zone)
	c.Principals, c.Products = slices.Clone(s.Principals), slices.Clone(s.Products)
	c.Fees, c.FloorLimits, c.ExposureLimits = slices.Clone(s.Fees), slices.Clone(s.FloorLimits), slices.Clone(s.ExposureLimits)
	for i, p := range c.Principals {
		c.Principals[i] = Caller(clone(string(p)))
	}
	for i := range c.Products {
		p := &c.Products[i]
		p.ID, p.Currency = ProductID(clone(string(p.ID))), money.Currency(clone(string(p.Currency)))
		p.Denominations = slices.Clone(p.Denominations)
	}
	for i := range c.Fees {
		f := &c.Fees[i]
		f.Product, f.Currency = ProductID(clone(string(f.Product))), money.Currency(clone(string(f.Currency)))
	}
	for _, sums := range [][]Sum{c.FloorLimits, c.ExposureLimits} {
		for i := range sums {
			sums[i].Currency = money.Currency(clone(string(sums[i].Currency)))
		}
	}
	return c
}
