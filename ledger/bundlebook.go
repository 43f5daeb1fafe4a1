package ledger

import (
	"cmp"
	"slices"
	"sort"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// MaxBundleOffers is how many versions of bundle offers may be put, of all together.
const MaxBundleOffers = 2_000

// BundleOffer is the version of an offer that is in force; nil for one that was never put.
func (s *Shard) BundleOffer(id BundleOfferID) *BundleOffer {
	at := sort.Search(len(s.BundleOffers), func(i int) bool { return s.BundleOffers[i].ID > id })
	if at == 0 || s.BundleOffers[at-1].ID != id {
		return nil
	}
	return &s.BundleOffers[at-1]
}

// BundleOfferAt is a version of an offer; nil when there is none.
func (s *Shard) BundleOfferAt(id BundleOfferID, version uint32) *BundleOffer {
	at, found := slices.BinarySearchFunc(s.BundleOffers, &BundleOffer{ID: id, Version: version}, func(a BundleOffer, b *BundleOffer) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	if !found {
		return nil
	}
	return &s.BundleOffers[at]
}

// putBundleOffer adds a version behind those of the same offer.
func (s *Shard) putBundleOffer(e *Entry, f *BundleOfferPut) {
	at := sort.Search(len(s.BundleOffers), func(i int) bool { return s.BundleOffers[i].ID > f.ID })
	o := BundleOffer{
		ID: BundleOfferID(clone(string(f.ID))), Version: f.Version, Put: e.Time,
		Request: Request{Caller(clone(string(e.Request.Caller))), RequestID(clone(string(e.Request.ID)))}, BundleSettings: f.Settings,
	}
	o.Carrier, o.Name, o.Currency = CarrierID(clone(string(o.Carrier))), clone(o.Name), money.Currency(clone(string(o.Currency)))
	s.BundleOffers = slices.Insert(slices.Clip(s.BundleOffers), at, o)
}

// putBundleOffer puts a version of an offer. The same again changes nothing.
func (l *Ledger) putBundleOffer(c *PutBundleOffer) Outcome {
	s := l.book.Shard()
	if f := l.manages(c.Caller, c.Operator, c.Settings.Carrier); f != nil {
		return refused(f)
	}
	if old := s.BundleOfferAt(c.ID, c.Version); old != nil && old.BundleSettings == c.Settings {
		return Outcome{}
	}
	last, id := s.BundleOffer(c.ID), string(c.ID)
	switch {
	case last != nil && last.Carrier != c.Settings.Carrier:
		return refused(fault(Exists, "BUNDLE_OFFER_EXISTS", "bundle offer %q is of carrier %q", id, last.Carrier).on("bundle_offer_id").named(id))
	case last != nil && c.Version <= last.Version:
		return refused(fault(Exists, "BUNDLE_OFFER_VERSION_EXISTS", "bundle offer %q has version %d already", id, last.Version).on("version").named(id))
	case len(s.BundleOffers) == MaxBundleOffers:
		return refused(fault(FailedPrecondition, "TOO_MANY_BUNDLE_OFFERS", "there are %d versions of bundle offers already", MaxBundleOffers))
	}
	t := l.termsOf(l.currentTerms(c.Settings.Currency))
	schedule, err := c.Settings.Plan.Schedule(c.Settings.Financed())
	switch {
	case err != nil:
		return refused(fault(Invalid, "AMOUNT_OUT_OF_RANGE", "%v", err).on("settings.price"))
	case !t.Within(schedule):
		return refused(fault(FailedPrecondition, "BUNDLE_ABOVE_CAP", "%s over %d months for %d costs more a year than the annual_cap of %s, of terms %s",
			c.Settings.Plan.Method, c.Settings.Plan.Months, c.Settings.Financed(), t.AnnualCap, t.Version).on("settings.plan").named(id))
	}
	return l.post(&BundleOfferPut{ID: c.ID, Version: c.Version, Settings: c.Settings})
}

// manages says what stands against a caller's changing what a carrier offers, or ending its contracts: operators may, and the
// principals that the carrier names.
func (l *Ledger) manages(caller Caller, operator bool, id CarrierID) *Fault {
	if c := l.book.Shard().Carrier(id); operator || c != nil && slices.Contains(c.Principals, caller) {
		return nil
	}
	return fault(Denied, "NOT_OF_CARRIER", "caller %q is no principal of carrier %q", caller, id).on("carrier_id").named(string(id))
}

func bundleOfferNotFound(id BundleOfferID) *Fault {
	return fault(NotFound, "BUNDLE_OFFER_NOT_FOUND", "there is no bundle offer %q", id).on("bundle_offer_id").named(string(id))
}

func (c *CancelBundle) fields(f *fingerprint) {
	f.kind(71)
	f.auth(c.Authorization)
	f.int("effective_date", int64(c.Effective))
	f.str("reason", c.Reason)
}

func (c *ReturnBundle) fields(f *fingerprint) {
	f.kind(72)
	f.auth(c.Authorization)
	f.str("reason", c.Reason)
}

func (*GetBundle) fields(*fingerprint) {}

func (c *PutBundleOffer) fields(f *fingerprint) {
	f.kind(70)
	s := &c.Settings
	f.str("bundle_offer_id", string(c.ID))
	f.str("carrier_id", string(s.Carrier))
	f.str("name", s.Name)
	f.str("currency", string(s.Currency))
	f.int("price", int64(s.Price))
	f.int("down_payment", int64(s.DownPayment))
	f.field("plan", hashInt(hashInt(hashInt(hashInt(fnvOffset, int64(s.Plan.Method)), int64(s.Plan.Months)), int64(s.Plan.Fee)), int64(s.Plan.Interest)))
	f.int("termination", int64(s.Termination))
	f.int("cooling_off_days", int64(s.CoolingOff))
	f.int("valid_from", int64(s.From))
	f.int("valid_until", int64(s.Until))
	f.bool("withdrawn", s.Withdrawn)
}
