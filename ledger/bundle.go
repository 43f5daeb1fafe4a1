package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// BundleOffer is a version of a bundle that a carrier sells by installments. Versions are never changed: an order keeps the
// one that it was decided under.
type BundleOffer struct {
	ID      BundleOfferID
	Version uint32 // 1, 2, 3, ...; the last is in force
	Put     calendar.Instant
	Request Request // that put it
	BundleSettings
}

// BundleSettings are what a carrier offers: a device or a package, how it is paid and how the contract may end.
type BundleSettings struct {
	Carrier     CarrierID
	Name        string // for people
	Currency    money.Currency
	Price       money.Amount
	DownPayment money.Amount // that the consumer pays to the carrier: it is no part of what is financed
	Plan        plan.Offer   // that the rest is paid by; of an interest-free one the carrier pays the fee
	Termination Termination  // what becomes of the plan when the carrier cancels the contract
	CoolingOff  int          // days after activation within which the device may be returned; 0 when it may not
	From        calendar.Date
	Until       calendar.Date // the last day on which it can be ordered; 0 when there is none
	Withdrawn   bool          // it can be ordered no more
}

// Financed is what the plan is of.
func (s *BundleSettings) Financed() money.Amount { return s.Price - s.DownPayment }

// Bounds of bundles.
const (
	BundleMonthsLeast = 6
	BundleMonthsMost  = 36
	MostCoolingOff    = 60 // days
)

// Termination is what becomes of a plan when the carrier cancels the contract.
type Termination uint8

// The rules. Their numbers are those of the API and of the journal.
const (
	NoTermination Termination = iota
	Accelerates               // all that is to come is billed with the next statement, without its fees and interest
	Keeps                     // the plan goes on
	BuysBack                  // the carrier pays the principal that is not billed
	terminationEnd
)

var terminationNames = [terminationEnd]string{"NONE", "ACCELERATE", "KEEP", "BUY_BACK"}

func (t Termination) String() string {
	if t < terminationEnd {
		return terminationNames[t]
	}
	return "UNKNOWN"
}

// Valid says whether it is one of the rules.
func (t Termination) Valid() bool { return t > NoTermination && t < terminationEnd }

// Began says when a contract began, and the last day on which the device may be returned; 0 when it may not be.
type Began struct{ Day, Until calendar.Date }

// BundleOrder is the offer that an order names, in the version that it was decided under. What is captured at once is
// activated at once.
type BundleOrder struct {
	Offer   BundleOfferID // empty for what is no bundle
	Version uint32
	Began
}

// Bundled is the contract that an authorization finances: the offer, and what has become of it. The zero Bundled is none.
type Bundled struct {
	BundleOrder
	Plan       uint32        // its number; 0 when the credit balance paid all of it
	Cancelled  calendar.Date // as of when the carrier cancelled it; 0 when it has not
	Billed     int32         // installments that had been billed when it was cancelled or returned
	BoughtBack money.Amount  // by the carrier
	Returned   calendar.Date // 0 when the device was not returned
}

// ordered is a purchase as it is decided: that of a bundle has the amount and the plan of its offer. A sale that has taken
// place stands, also when the offer had ended.
func (l *Ledger) ordered(p *Purchase, sold bool) (*Purchase, *Fault) {
	if p.Bundle == "" {
		return p, nil
	}
	o := l.book.Shard().BundleOffer(p.Bundle)
	if o == nil {
		return nil, bundleOfferNotFound(p.Bundle)
	}
	id := string(p.Bundle)
	switch {
	case p.Carrier != "" && o.Carrier != p.Carrier:
		return nil, fault(Invalid, "BUNDLE_OFFER_OF_ANOTHER_CARRIER", "bundle offer %q is of carrier %q, not of %q", id, o.Carrier, p.Carrier).
			on("carrier_id").named(id)
	case o.Currency != p.Currency:
		return nil, fault(Invalid, "CURRENCY_MISMATCH", "bundle offer %q is in %s, not %s", id, o.Currency, p.Currency).on("currency")
	case o.Withdrawn && !sold:
		return nil, fault(FailedPrecondition, "BUNDLE_OFFER_WITHDRAWN", "bundle offer %q was withdrawn", id).on("bundle_offer_id").named(id)
	case !sold && (l.today < o.From || o.Until != 0 && l.today > o.Until):
		return nil, fault(FailedPrecondition, "BUNDLE_OFFER_NOT_VALID", "bundle offer %q can be ordered %s: today is %s", id, o.days(), l.today).
			on("bundle_offer_id").named(id)
	case p.Points != 0:
		return nil, fault(FailedPrecondition, "POINTS_NOT_OFFERED", "points pay no part of a bundle, which is financed as a whole").on("points_to_redeem")
	case p.Amount != 0 && p.Amount != o.Financed():
		return nil, fault(Invalid, "BUNDLE_AMOUNT_MISMATCH", "amount %d is not what bundle offer %q finances: %d, its price less the down payment",
			p.Amount, id, o.Financed()).on("amount").named(id)
	}
	b := *p
	b.offer, b.Carrier, b.Amount = o, o.Carrier, o.Financed()
	b.Plan = PlanChoice{Method: o.Plan.Method, Months: o.Plan.Months}
	return &b, nil
}

func (o *BundleOffer) days() string {
	switch {
	case o.Until == 0:
		return "from " + o.From.String() + " on"
	case o.From == 0:
		return "until " + o.Until.String()
	}
	return "from " + o.From.String() + " to " + o.Until.String()
}

// offered says whether the plan that a purchase asks for may be had under terms for what is lent, and from what principal on. That of a bundle
// need not be one of the terms' offers, and is held to their annual cap like any.
func offered(t *terms.Terms, p *Purchase, lent money.Amount) (smallest money.Amount, ok bool) {
	if p.offer == nil {
		o, ok := t.Offered(p.Plan.Method, p.Plan.Months, lent)
		return o.SmallestPrincipal, ok
	}
	schedule, err := p.offer.Plan.Schedule(lent)
	return lent, err == nil && t.Within(schedule)
}

// order is what an order keeps of its offer.
func (o *BundleOffer) order() BundleOrder { return BundleOrder{Offer: o.ID, Version: o.Version} }

// activated is the activation of a contract on a day.
func (o *BundleOffer) activated(day calendar.Date) Began {
	if o.CoolingOff == 0 {
		return Began{Day: day}
	}
	return Began{Day: day, Until: day.AddDays(o.CoolingOff)}
}

// activation is when the contract of a hold begins that is captured, as the caller says; nothing when it is no bundle.
func (l *Ledger) activation(h *Authorization, asked calendar.Date) (Began, *Fault) {
	switch {
	case h.Bundle.Offer == "" && asked != 0:
		return Began{}, fault(FailedPrecondition, "NOT_A_BUNDLE", "authorization %d is of no bundle: there is nothing to activate", h.N).on("activation_date")
	case h.Bundle.Offer == "":
		return Began{}, nil
	case asked == 0:
		asked = l.today
	case asked > l.today || asked < h.Day:
		return Began{}, fault(Invalid, "BUNDLE_DATE_OUT_OF_RANGE", "activation_date %s is not within %s, when it was ordered, and today, %s", asked, h.Day, l.today).
			on("activation_date")
	}
	return l.book.Shard().BundleOfferAt(h.Bundle.Offer, h.Bundle.Version).activated(asked), nil
}

// whole says what stands against an amount of the hold of a bundle, which is captured and voided as a whole; nothing of
// another hold.
func (h *Authorization) whole(amount, all money.Amount) *Fault {
	if h.Bundle.Offer == "" || amount == 0 || amount == all {
		return nil
	}
	return fault(Invalid, "BUNDLE_AMOUNT_MISMATCH", "amount %d is not all of the %d that bundle offer %q finances", amount, all, h.Bundle.Offer).on("amount")
}

// Contract is what the plan of a bundle has cost so far, kept while the device may be returned: then all of it is given back.
type Contract struct {
	Authorization uint32
	Until         calendar.Date
	Fee           money.Amount // billed, of the consumer
	Interest      money.Amount
	Subsidy       money.Amount  // of the carrier
	Rest          money.Amount  // principal that was billed at once, when the plan was paid off or the contract cancelled
	With          calendar.Date // the window that it was billed with
}

// contract begins to keep what the plan costs that a capture of an authorization made.
func (i *Intake) contract(n uint32, a Began) {
	if a.Until == 0 || i.Booking == nil {
		return
	}
	b := &i.Booking.After
	b.Contracts = append(b.Contracts[:len(b.Contracts):len(b.Contracts)], Contract{Authorization: n, Until: a.Until})
}

// kept is the contract that a plan is of; nil when it is not kept.
func (b *Billing) kept(p *Plan) *Contract {
	for i := range b.Contracts {
		if b.Contracts[i].Authorization == p.Authorization {
			return &b.Contracts[i]
		}
	}
	return nil
}

// cost adds what a plan was billed to its contract.
func (d *desk) cost(p *Plan, i plan.Installment) {
	if c := d.kept(p); c != nil {
		c.Fee, c.Interest, c.Subsidy = c.Fee+i.Fee, c.Interest+i.Interest, c.Subsidy+i.Subsidy
	}
}

// ended notes that all that was to come of a plan is billed with the open window.
func (d *desk) ended(p *Plan, last plan.Installment) {
	if c := d.kept(p); c != nil {
		c.Rest, c.With = last.Principal, d.Open.Opens
	}
}

// activate says when the contract of what was captured at once began.
func (f *OrderDecided) activate(p *Purchase, day calendar.Date) {
	if p.offer != nil {
		f.Bundle.Began = p.offer.activated(day)
		f.contract(f.N, f.Bundle.Began)
	}
}

// planned notes the plan that the capture of a bundle made.
func (b *Bundled) planned(k *Booking) {
	if b.Offer != "" && k != nil {
		b.Plan = k.Plan
	}
}

// BundleStage is how far a contract has come, so that it can be seen as it was: a bit for each of what may have happened.
type BundleStage uint8

// The bits of a stage.
const (
	stageBegan BundleStage = 1 << iota
	stageCancelled
	stageReturned
	stageEnd
)

// Valid says whether it has no other bits.
func (s BundleStage) Valid() bool { return s < stageEnd }

func (b *Bundled) stage() (s BundleStage) {
	if b.Began.Day != 0 {
		s |= stageBegan
	}
	if b.Cancelled != 0 {
		s |= stageCancelled
	}
	if b.Returned != 0 {
		s |= stageReturned
	}
	return s
}

// at is the contract as it was at a stage. How much had been billed is only told of one that has ended.
func (b Bundled) at(s BundleStage) Bundled {
	if s&stageBegan == 0 {
		b.Began, b.Plan = Began{}, 0
	}
	if s&stageReturned == 0 {
		b.Returned = 0
	}
	if s&stageCancelled == 0 {
		b.Cancelled, b.BoughtBack = 0, 0
	}
	if s&(stageCancelled|stageReturned) == 0 {
		b.Billed = 0
	}
	return b
}

func (b *Bundled) cancelled(f *BundleCancelled) {
	b.Cancelled, b.Billed, b.BoughtBack = f.Effective, f.Billed, f.BoughtBack
}

func (b *Bundled) returned(f *CaptureRefunded) {
	if f.Return.Day != 0 {
		b.Returned = f.Return.Day
		if b.Cancelled == 0 {
			b.Billed = f.Return.Billed
		}
	}
}

// Commands on bundles. Operators may carry them out, and for a carrier the principals that it names.
type (
	// PutBundleOffer adds a version of an offer. The same version again is to be the same.
	PutBundleOffer struct {
		Request
		ID       BundleOfferID
		Version  uint32
		Settings BundleSettings
		Operator bool // the caller is one
	}
	// CancelBundle ends a contract as its offer says.
	CancelBundle struct {
		Request
		Authorization AuthorizationID
		Effective     calendar.Date // 0 for today
		Reason        string
		Operator      bool
	}
	// ReturnBundle undoes a contract whose device was returned in time. Whoever may refund for the carrier may do so.
	ReturnBundle struct {
		Request
		Authorization AuthorizationID
		Reason        string
		Operator      bool
	}
)

// GetBundle reads a contract with its offer, and the account that has its plan.
type GetBundle struct {
	Caller        Caller
	Authorization AuthorizationID
	Operator      bool
}

// Facts about bundles.
type (
	// BundleOfferPut is a version of an offer.
	BundleOfferPut struct {
		ID       BundleOfferID
		Version  uint32
		Settings BundleSettings
	}
	// BundleCancelled is a contract cancelled by its carrier.
	BundleCancelled struct {
		HoldRef
		Effective  calendar.Date
		Rule       Termination
		Billed     int32        // installments that had been billed
		BoughtBack money.Amount // principal that the carrier pays
		Booking    *Booking
		Reference  CarrierReference // of the order
	}
)

// BundleReturn says of a refund that a device was returned. The zero value is another refund.
type BundleReturn struct {
	Day    calendar.Date
	Billed int32 // installments that had been billed
}

func (*BundleOfferPut) fact()  {}
func (*BundleCancelled) fact() {}

// lines are the settlement lines of what the carrier bought back.
func (f *BundleCancelled) lines(lines []SettlementLine, e *Entry) []SettlementLine {
	first := len(lines)
	lines = moveLines(lines, e, f.Booking, nil)
	for i := first; i < len(lines); i++ {
		l := &lines[i]
		l.Authorization, l.Order, l.Scene, l.Reference = f.N, f.Order, f.Scene, string(f.Reference)
	}
	return lines
}
