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
	case *ledger.SliceGiven:
		return 2
	case *ledger.SliceTaken:
		return 3
	}
	return 0
}

func appendCarrier(w *wire, n protowire.Number, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.CarrierPut:
		message(w, n, f, walkCarrierPut)
	case *ledger.SliceGiven:
		message(w, n, f, walkSliceGiven)
	case *ledger.SliceTaken:
		message(w, n, f, walkSliceTaken)
	}
}

// carrierFacts are the facts about carriers that can be read, by field number.
var carrierFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkCarrierPut),
	2: read(walkSliceGiven),
	3: read(walkSliceTaken),
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
	repeated(w, 16, &s.ExposureLimits, walkSum)
	repeated(w, 17, &f.Shares, walkAmount)
}

func walkSliceGiven(w *wire, f *ledger.SliceGiven) { walkGift(w, &f.Gift) }

func walkSliceTaken(w *wire, f *ledger.SliceTaken) {
	walkGift(w, &f.Gift)
	num(w, 6, &f.From)
}

func walkGift(w *wire, g *ledger.Gift) {
	num(w, 1, &g.To)
	num(w, 2, &g.N)
	str(w, 3, &g.Carrier)
	str(w, 4, &g.Currency)
	num(w, 5, &g.Amount)
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
	n := r.list(14)
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
	limits := elements(r, &n[13], &s.ExposureLimits, 2)
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
	walkSums(r, limits)
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

// What slices, gifts and their numbers take in a row, at least.
const (
	leastSlice = 3
	leastGift  = 3
)

func walkSlice(r *row, s *ledger.Slice) {
	n := r.list(5)
	number(r, &n[0], &s.Limit)
	number(r, &n[1], &s.Share)
	number(r, &n[2], &s.Amount)
	number(r, &n[3], &s.Window)
	days := elements(r, &n[4], &s.Days, 1)
	word(r, &s.Carrier)
	word(r, &s.Currency)
	for i := range days {
		n := r.list(2)
		number(r, &n[0], &days[i].Day)
		number(r, &n[1], &days[i].Amount)
	}
}

func walkGiftRow(r *row, g *ledger.Gift) {
	n := r.list(3)
	unsigned(r, &n[0], &g.To)
	unsigned(r, &n[1], &g.N)
	number(r, &n[2], &g.Amount)
	word(r, &g.Carrier)
	word(r, &g.Currency)
}

func walkTaken(r *row, t *ledger.Taken) {
	n := r.list(2)
	unsigned(r, &n[0], &t.From)
	unsigned(r, &n[1], &t.N)
}
