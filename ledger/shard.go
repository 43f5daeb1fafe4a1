package ledger

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Shard is what a shard knows beside its accounts. It is small and always in memory.
type Shard struct {
	Number    uint16
	Sequence  uint64           // of the last entry absorbed
	Time      calendar.Instant // of that entry
	Accounts  uint64           // how many were ever opened
	OpenHolds int64
	// How many applications, and reviews, there ever were.
	Applications, Reviews uint64
	Suspensions           []Suspension    // in order of scope
	Totals                []Totals        // in order of carrier and currency
	Debts                 []DebtTotals    // in order of currency
	Terms                 []TermsVersion  // as they were put
	Policies              []PolicyVersion // of the risk policy, as they were put
	Activations           []Activation    // in order of time: what is in force, and what will be
	Carriers              []Carrier       // in order of id and version
	BundleOffers          []BundleOffer   // in order of id and version
	Slices                []Slice         // of exposure limits, in order of carrier and currency
	Gifts                 []Gift          // the last to each shard, in order of shard
	Taken                 []Taken         // in order of shard
	Payables              []Payable       // in order of carrier and currency
	Batches               []Batch         // of collections on carriers' bills, in order of carrier, currency and month
	Warnings              []Warned        // when rules about the portfolio last warned, at most MostWarned
	Points                PointsTotals

	Reconciled []ReconciledCarrier // in order of carrier; only those that have their home here
}

// Suspension is a scope within which nothing new is authorized.
type Suspension struct {
	Scope  Scope
	Reason string
	Since  calendar.Instant
	Caller Caller
}

// Totals is what the book says of one carrier in one currency.
type Totals struct {
	Carrier  CarrierID
	Currency money.Currency
	Held     money.Amount // open holds
	Captured money.Amount // ever
	Refunded money.Amount // ever
	Exceeded money.Amount // advised beyond what would have been approved, ever
	Subsidy  money.Amount // of the fees of plans, that the carrier owes, ever
	Bought   money.Amount // back of cancelled contracts, ever
}

// DebtTotals is what the book says of debts in one currency, ever.
type DebtTotals struct {
	Currency   money.Currency
	Statements int64
	Billed     money.Amount // principal, with statements
	Repaid     money.Amount // principal and charges, those that bounced taken off
	Fees       money.Amount // charged and not waived
	Interest   money.Amount // charged and not waived
	Penalty    money.Amount // charged and not waived
	PaidOut    money.Amount // of credit balances
	ChargedOff money.Amount
	Recovered  money.Amount
	Collected  int64 // collections that succeeded
	Failed     int64 // collections that failed
}

// Statements is how many windows have closed, ever.
func (s *Shard) Statements() (n int64) {
	for i := range s.Debts {
		n += s.Debts[i].Statements
	}
	return n
}

// Clone is a copy that shares no memory that can change.
func (s *Shard) Clone() *Shard {
	c := *s
	c.Suspensions, c.Totals = slices.Clone(s.Suspensions), slices.Clone(s.Totals)
	c.Debts, c.Terms = slices.Clone(s.Debts), slices.Clone(s.Terms)
	c.Policies, c.Activations = slices.Clone(s.Policies), slices.Clone(s.Activations)
	c.Carriers, c.Warnings = slices.Clone(s.Carriers), slices.Clone(s.Warnings)
	c.BundleOffers = slices.Clone(s.BundleOffers)
	c.Slices, c.Gifts, c.Taken = slices.Clone(s.Slices), slices.Clone(s.Gifts), slices.Clone(s.Taken)
	c.Payables = clonePayables(s.Payables)
	c.Reconciled = slices.Clone(s.Reconciled)
	c.Batches = slices.Clone(s.Batches)
	for i := range c.Slices {
		c.Slices[i].Days = slices.Clone(c.Slices[i].Days)
	}
	return &c
}

// suspended says whether the scene, and whether the carrier, may not be authorized.
func (s *Shard) suspended(scene Scene, carrier CarrierID) (bool, bool) {
	var sceneOff, carrierOff bool
	for i := range s.Suspensions {
		switch scope := s.Suspensions[i].Scope; {
		case scope.Carrier != "":
			carrierOff = carrierOff || scope.Carrier == carrier
		case scope.Scene == NoScene || scope.Scene == scene:
			sceneOff = true
		}
	}
	return sceneOff, carrierOff
}

func compareScopes(a Suspension, b Scope) int {
	return cmp.Or(cmp.Compare(a.Scope.Scene, b.Scene), cmp.Compare(a.Scope.Carrier, b.Carrier))
}

func (s *Shard) setSuspension(e *Entry, f *SuspensionSet) {
	at, found := slices.BinarySearchFunc(s.Suspensions, f.Scope, compareScopes)
	switch {
	case f.Resumed && found:
		s.Suspensions = slices.Delete(s.Suspensions, at, at+1)
	case !f.Resumed && !found:
		scope := Scope{f.Scope.Scene, CarrierID(clone(string(f.Scope.Carrier)))}
		s.Suspensions = slices.Insert(s.Suspensions, at, Suspension{scope, clone(f.Reason), e.Time, Caller(clone(string(e.Request.Caller)))})
	}
}

// totals finds the totals of a carrier, and makes them when they are not there.
func (s *Shard) totals(h *HoldRef) *Totals {
	at, found := slices.BinarySearchFunc(s.Totals, h, func(t Totals, h *HoldRef) int {
		return cmp.Or(cmp.Compare(t.Carrier, h.Carrier), cmp.Compare(t.Currency, h.Currency))
	})
	if !found {
		s.Totals = slices.Insert(s.Totals, at, Totals{Carrier: CarrierID(clone(string(h.Carrier))), Currency: money.Currency(clone(string(h.Currency)))})
	}
	return &s.Totals[at]
}

// clone is a string of its own memory: what lives long must not pin a row or a request.
func clone(s string) string { return string([]byte(s)) }

// fold absorbs the part of an entry that concerns the shard as a whole.
func (s *Shard) fold(e *Entry) {
	s.Sequence, s.Time = e.Sequence, e.Time
	s.clear(e)
	switch f := e.Fact.(type) {
	case *AccountOpened:
		s.Accounts = f.Account.Number()
	case *ApplicationDecided:
		s.Applications = f.ID.Number()
	case *ReviewRequested:
		s.Reviews = f.ID.Number()
	case *SuspensionSet:
		s.setSuspension(e, f)
	case *TermsPut:
		s.putTerms(e, f)
	case *AlertRaised:
		if f.Account == 0 {
			s.Warnings = warned(slices.Clone(s.Warnings), f.subject(), e.Time)
		}
	case *PolicyPut:
		s.putPolicy(e, f)
	case *PolicyActivated:
		s.activate(e, f)
	case *CarrierPut:
		s.putCarrier(e, f)
		s.putLimits(f)
	case *ReconciliationBegun:
		s.reconciled(f)
	case *SettlementBegun:
		s.payable(f.Carrier, f.Currency).Closing = f.N
	case *SettlementCut:
		s.cut(e, f)
	case *SettlementPaid:
		s.payable(f.Carrier, f.Currency).Paid += f.Net()
	case *BundleOfferPut:
		s.putBundleOffer(e, f)
	case *SliceGiven:
		s.give(f)
	case *SliceTaken:
		s.take(f)
	case *Booked:
		s.foldBooking(f.Currency, &f.Booking)
		s.foldPoints(f.Points)
	case *OrderDecided:
		s.foldBooking(f.Currency, f.Booking)
		s.foldPoints(f.Points)
		s.foldOrder(e, f)
	case *HoldIncremented:
		if f.Reasons == 0 {
			s.totals(&f.HoldRef).Held += f.Amount
		}
	case *HoldCaptured:
		t := s.totals(&f.HoldRef)
		t.Captured += f.Amount
		s.unpaid(&f.HoldRef, e.Time, f.Amount)
		s.foldBooking(f.Currency, f.Booking)
		s.foldPoints(f.Points)
		if f.Late {
			break // it held nothing any more
		}
		t.Held -= f.FromHold + f.Released
		if !f.State.Open() {
			s.OpenHolds--
		}
	case *HoldReleased:
		s.totals(&f.HoldRef).Held -= f.Amount
		s.foldPoints(f.Points)
		if !f.State.Open() {
			s.OpenHolds--
		}
	case *OrderReversed:
		if f.N != 0 {
			t := s.totals(&f.HoldRef)
			t.Held -= f.Released
			t.Refunded += f.Refunded
			s.unpaid(&f.HoldRef, e.Time, -f.Refunded)
			s.foldBooking(f.Currency, f.Booking)
			s.foldPoints(f.Points)
			if f.Released > 0 {
				s.OpenHolds--
			}
		}
	case *BundleCancelled:
		s.totals(&f.HoldRef).Bought += f.BoughtBack
		s.unpaid(&f.HoldRef, e.Time, -f.BoughtBack)
		s.foldBooking(f.Currency, f.Booking)
	case *CaptureRefunded:
		s.totals(&f.HoldRef).Refunded += f.Amount
		s.unpaid(&f.HoldRef, e.Time, -f.Amount)
		s.foldBooking(f.Currency, f.Booking)
		s.foldPoints(f.Points)
	}
}

func (s *Shard) foldOrder(e *Entry, f *OrderDecided) {
	switch f.Kind {
	case OrderAuthorized:
		s.totals(&f.HoldRef).Held += f.Amount
		s.OpenHolds++
	case OrderCharged:
		s.totals(&f.HoldRef).Captured += f.Amount
		s.unpaid(&f.HoldRef, e.Time, f.Amount)
	case OrderAdvised:
		t := s.totals(&f.HoldRef)
		t.Captured += f.Amount
		s.unpaid(&f.HoldRef, e.Time, f.Amount)
		if f.Reasons != 0 {
			t.Exceeded += f.Amount
		}
	}
}
