package record

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// carrierField is the number of the field for a fact about carriers; 0 for another fact.
func carrierField(f ledger.Fact) protowire.Number {
	switch f.(type) {
	case *ledger.CarrierPut:
		return 1
	}
	return 0
}

func appendCarrier(w *wire, n protowire.Number, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.CarrierPut:
		message(w, n, f, walkCarrierPut)
	}
}

// carrierFacts are the facts about carriers that can be read, by field number.
var carrierFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkCarrierPut),
}

func walkCarrierPut(w *wire, f *ledger.CarrierPut) {
	s := &f.Settings
	str(w, 1, &f.ID)
	num(w, 2, &f.Version)
	str(w, 3, &s.Name)
	strs(w, 4, &s.Principals)
	boolean(w, 5, &s.Closed)
	repeated(w, 6, &s.Products, walkProduct)
	num(w, 7, &s.Settlement.Cycle)
	num(w, 8, &s.Settlement.CutOff)
	str(w, 9, &s.Settlement.Zone)
	repeated(w, 10, &s.Fees, walkCarrierFee)
	boolean(w, 11, &s.Tolerates)
	num(w, 12, &s.Tolerance)
	num(w, 13, &s.HoldLifetime)
	repeated(w, 14, &s.FloorLimits, walkSum)
	boolean(w, 15, &s.Collects)
}

func walkProduct(w *wire, p *ledger.Product) {
	str(w, 1, &p.ID)
	num(w, 2, &p.Scene)
	str(w, 3, &p.Currency)
	repeated(w, 4, &p.Denominations, walkAmount)
}

func walkAmount(w *wire, a *money.Amount) { num(w, 1, a) }

func walkCarrierFee(w *wire, f *ledger.CarrierFee) {
	num(w, 1, &f.Scene)
	str(w, 2, &f.Product)
	str(w, 3, &f.Currency)
	num(w, 4, &f.Share)
	num(w, 5, &f.Fixed)
}

func walkSum(w *wire, s *ledger.Sum) {
	str(w, 1, &s.Currency)
	num(w, 2, &s.Amount)
}

// leastCarrier is how many bytes a carrier takes in a row, at least.
const leastCarrier = 4

func walkCarrierRow(r *row, c *ledger.Carrier) {
	s := &c.CarrierSettings
	n := r.list(13)
	unsigned(r, &n[0], &c.Version)
	number(r, &n[1], &c.Put)
	principals := elements(r, &n[2], &s.Principals, 1)
	truth(r, &n[3], &s.Closed)
	products := elements(r, &n[4], &s.Products, 3)
	unsigned(r, &n[5], &s.Settlement.Cycle)
	number(r, &n[6], &s.Settlement.CutOff)
	fees := elements(r, &n[7], &s.Fees, 3)
	truth(r, &n[8], &s.Tolerates)
	number(r, &n[9], &s.Tolerance)
	number(r, &n[10], &s.HoldLifetime)
	floors := elements(r, &n[11], &s.FloorLimits, 2)
	truth(r, &n[12], &s.Collects)
	word(r, &c.ID)
	word(r, &c.Request.Caller)
	word(r, &c.Request.ID)
	word(r, &s.Name)
	word(r, &s.Settlement.Zone)
	for i := range principals {
		word(r, &principals[i])
	}
	for i := range products {
		p := &products[i]
		n := r.list(2)
		unsigned(r, &n[0], &p.Scene)
		denominations := elements(r, &n[1], &p.Denominations, 1)
		word(r, &p.ID)
		word(r, &p.Currency)
		for i := range denominations {
			n := r.list(1)
			number(r, &n[0], &denominations[i])
		}
	}
	for i := range fees {
		f := &fees[i]
		n := r.list(3)
		unsigned(r, &n[0], &f.Scene)
		number(r, &n[1], &f.Share)
		number(r, &n[2], &f.Fixed)
		word(r, &f.Product)
		word(r, &f.Currency)
	}
	walkSums(r, floors)
	if c := (ranges{ok: true}); r.reading {
		if c.carrier(s); !c.ok {
			r.spoil()
		}
	}
}

func walkSums(r *row, list []ledger.Sum) {
	for i := range list {
		n := r.list(1)
		number(r, &n[0], &list[i].Amount)
		word(r, &list[i].Currency)
	}
}
