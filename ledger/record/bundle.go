package record

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
)

// bundleField is the number of the field for a fact about bundles; 0 for another fact.
func bundleField(f ledger.Fact) protowire.Number {
	switch f.(type) {
	case *ledger.BundleOfferPut:
		return 1
	case *ledger.BundleCancelled:
		return 2
	}
	return 0
}

func appendBundle(w *wire, n protowire.Number, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.BundleOfferPut:
		message(w, n, f, walkBundleOfferPut)
	case *ledger.BundleCancelled:
		message(w, n, f, walkBundleCancelled)
	}
}

// bundleFacts are the facts about bundles that can be read, by field number.
var bundleFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkBundleOfferPut),
	2: read(walkBundleCancelled),
}

func walkBundleOfferPut(w *wire, f *ledger.BundleOfferPut) {
	s := &f.Settings
	str(w, 1, &f.ID)
	num(w, 2, &f.Version)
	str(w, 3, &s.Carrier)
	str(w, 4, &s.Name)
	str(w, 5, &s.Currency)
	num(w, 6, &s.Price)
	num(w, 7, &s.DownPayment)
	num(w, 8, &s.Plan.Method)
	num(w, 9, &s.Plan.Months)
	num(w, 10, &s.Plan.Fee)
	num(w, 11, &s.Plan.Interest)
	num(w, 12, &s.Termination)
	num(w, 13, &s.CoolingOff)
	num(w, 14, &s.From)
	num(w, 15, &s.Until)
	boolean(w, 16, &s.Withdrawn)
}

func walkBundleCancelled(w *wire, f *ledger.BundleCancelled) {
	walkRef(w, &f.HoldRef)
	num(w, 7, &f.Effective)
	num(w, 8, &f.Rule)
	num(w, 9, &f.Billed)
	num(w, 10, &f.BoughtBack)
	walkBookingOf(w, 11, &f.Booking)
	str(w, 12, &f.Reference)
}

// walkBundleOrder walks what an order keeps of a bundle's offer. As a plan, it has a wire of its own.
func walkBundleOrder(w *wire, n protowire.Number, o *ledger.BundleOrder) {
	if w.reading {
		if w.hasText(n) {
			readBundleOrder(w, n, o)
		}
	} else if *o != (ledger.BundleOrder{}) {
		at := w.begin(n)
		walkOrderOfBundle(w, o)
		w.end(at)
	}
}

func readBundleOrder(w *wire, n protowire.Number, o *ledger.BundleOrder) {
	var inner wire
	inner.parse(w.text(n))
	walkOrderOfBundle(&inner, o)
	w.err = errors.Join(w.err, inner.err)
}

func walkOrderOfBundle(w *wire, o *ledger.BundleOrder) {
	str(w, 1, &o.Offer)
	num(w, 2, &o.Version)
	num(w, 3, &o.Began.Day)
	num(w, 4, &o.Began.Until)
}

func walkContract(w *wire, c *ledger.Contract) {
	num(w, 1, &c.Authorization)
	num(w, 2, &c.Until)
	num(w, 3, &c.Fee)
	num(w, 4, &c.Interest)
	num(w, 5, &c.Subsidy)
	num(w, 6, &c.Rest)
	num(w, 7, &c.With)
}

// What the rows of bundles take, at least.
const (
	leastBundleOffer = 7
	leastContract    = 1
)

func walkBundleOfferRow(r *row, o *ledger.BundleOffer) {
	s := &o.BundleSettings
	n := r.list(13)
	unsigned(r, &n[0], &o.Version)
	number(r, &n[1], &o.Put)
	number(r, &n[2], &s.Price)
	number(r, &n[3], &s.DownPayment)
	offer(r, n[4:8], &s.Plan)
	unsigned(r, &n[8], &s.Termination)
	number(r, &n[9], &s.CoolingOff)
	number(r, &n[10], &s.From)
	number(r, &n[11], &s.Until)
	truth(r, &n[12], &s.Withdrawn)
	word(r, &o.ID)
	word(r, &o.Request.Caller)
	word(r, &o.Request.ID)
	word(r, &s.Carrier)
	word(r, &s.Name)
	word(r, &s.Currency)
}

func walkBundled(r *row, b *ledger.Bundled) {
	n := r.list(8)
	unsigned(r, &n[0], &b.Version)
	number(r, &n[1], &b.Began.Day)
	number(r, &n[2], &b.Began.Until)
	unsigned(r, &n[3], &b.Plan)
	number(r, &n[4], &b.Cancelled)
	number(r, &n[5], &b.Billed)
	number(r, &n[6], &b.BoughtBack)
	number(r, &n[7], &b.Returned)
	word(r, &b.Offer)
}

func walkContractRow(r *row, c *ledger.Contract) {
	n := r.list(7)
	unsigned(r, &n[0], &c.Authorization)
	number(r, &n[1], &c.Until)
	number(r, &n[2], &c.Fee)
	number(r, &n[3], &c.Interest)
	number(r, &n[4], &c.Subsidy)
	number(r, &n[5], &c.Rest)
	number(r, &n[6], &c.With)
}
