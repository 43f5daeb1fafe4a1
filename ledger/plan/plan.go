package plan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Method is how a plan is priced.
type Method uint8

// The methods.
const (
	MethodFlatFee      Method = iota + 1 // see FlatFee
	MethodAnnuity                        // see Annuity
	MethodInterestFree                   // see InterestFree
)

var methodNames = [...]string{"", "flat_fee", "annuity", "interest_free"}

func (m Method) String() string {
	if int(m) >= len(methodNames) {
		return fmt.Sprintf("method %d", m)
	}
	return methodNames[m]
}

// Offer is what a plan is to cost.
type Offer struct {
	Method   Method
	Months   int
	Fee      MonthlyRate // of flat_fee, and of interest_free, where the carrier pays it
	Interest AnnualRate  // of annuity
}

// Check finds what is wrong with an offer by itself.
func (o Offer) Check() error {
	if err := checkMonths(o.Months); err != nil {
		return err
	}
	if err := checkMonthlyRate(o.Fee); err != nil {
		return err
	}
	if err := checkAnnualRate(o.Interest); err != nil {
		return err
	}
	switch {
	case o.Method < MethodFlatFee || o.Method > MethodInterestFree:
		return fmt.Errorf("there is no %s", o.Method)
	case o.Method == MethodAnnuity && o.Fee != 0:
		return errors.New("an annuity has interest and no monthly fee")
	case o.Method != MethodAnnuity && o.Interest != 0:
		return fmt.Errorf("%s has a monthly fee and no interest", o.Method)
	}
	return nil
}

// Schedule is what the offer comes to for a principal of 1 to money.Max minor units.
func (o Offer) Schedule(principal money.Amount) (Schedule, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	switch o.Method {
	case MethodAnnuity:
		return Annuity(principal, o.Months, o.Interest)
	case MethodInterestFree:
		return InterestFree(principal, o.Months, o.Fee)
	default:
		return FlatFee(principal, o.Months, o.Fee)
	}
}

// Plan is a schedule under way. Its fields are there to be kept and brought back; only the operations change them.
type Plan struct {
	Offer    Offer
	Lent     money.Amount
	Schedule Schedule     // from the first installment on; those billed never change
	Billed   int          // how many of them have been billed
	Taken    money.Amount // principal that refunds took away before it was billed
	Credited money.Amount // principal that refunds gave back after it was billed
}

// What a plan cannot do in its state. The plan is as it was.
var (
	ErrNothingUnbilled = errors.New("all installments of the plan have been billed")
	ErrRefundTooLarge  = errors.New("the refund is more than is left of what was lent")
)

// New is a plan of which nothing has been billed.
func New(offer Offer, lent money.Amount) (Plan, error) {
	s, err := offer.Schedule(lent)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Offer: offer, Lent: lent, Schedule: s}, nil
}

// Unbilled are the installments that are still to come.
func (p Plan) Unbilled() Schedule { return p.Schedule[p.Billed:] }

// Check is whether the invariants of a plan hold: those of its schedule, with the principal summing to what was lent less
// what was taken away, and no more credited than was billed.
func (p Plan) Check() error {
	if err := p.Offer.Check(); err != nil {
		return err
	}
	if err := checkPrincipal(p.Lent); err != nil {
		return err
	}
	switch {
	case p.Billed < 0 || p.Billed > len(p.Schedule) || len(p.Schedule) > p.Offer.Months:
		return fmt.Errorf("%d of %d installments are billed, over %d months", p.Billed, len(p.Schedule), p.Offer.Months)
	case len(p.Schedule) > 0 && p.Schedule[0].Number != 1:
		return fmt.Errorf("the first installment is number %d", p.Schedule[0].Number)
	case p.Taken < 0 || p.Taken > p.Lent:
		return fmt.Errorf("%d was taken away of the %d lent", p.Taken, p.Lent)
	}
	if err := p.Schedule.Check(p.Lent - p.Taken); err != nil {
		return err
	}
	if billed := p.Schedule[:p.Billed].Total().Principal; p.Credited < 0 || p.Credited > billed {
		return fmt.Errorf("%d was credited of the %d billed", p.Credited, billed)
	}
	return nil
}

// Bill bills the next installment, or is ErrNothingUnbilled.
func (p Plan) Bill() (Plan, Installment, error) {
	if p.Billed == len(p.Schedule) {
		return p, Installment{}, ErrNothingUnbilled
	}
	p.Billed++
	return p, p.Schedule[p.Billed-1], nil
}

// Refunded is what a refund came to, in minor units.
type Refunded struct {
	Taken    money.Amount // off the installments to come
	Credited money.Amount // of installments billed before: for the caller to credit where they were billed
}

// Refund takes an amount off the principal to come, and off what was billed only when that is not enough. What is left
// to come is spread again over the same months, and costs what it would have cost alone:
//
//   - Equal principal is split equally again. The fee of a month, or the subsidy, is again the rate on the original
//     principal of a plan whose equal parts are these: what is left, by the months that are left, times the months of the
//     plan. So the fee falls in proportion to what is left, and the annual rate that the consumer was shown does not rise.
//   - An annuity goes on as one of what is left over the months that are left.
//
// No charge of any month is ever more than it was before, which rounding the payment of an annuity anew would do to small
// amounts. When nothing is left, there are no more installments. Of 500.00 over 4 months with the first billed, 200.00
// refunded leaves 58.33, 58.33 and 58.34. Two refunds come to the same as one of their sum, but for minor units of the
// interest of an annuity, of which the lesser counts.
//
// An amount below 1 is an error, and one above all that was lent and not refunded yet is ErrRefundTooLarge.
func (p Plan) Refund(amount money.Amount) (Plan, Refunded, error) {
	if amount < 1 {
		return p, Refunded{}, fmt.Errorf("want a refund of at least 1 minor unit, have %d", amount)
	}
	if amount > p.Lent-p.Taken-p.Credited {
		return p, Refunded{}, ErrRefundTooLarge
	}
	unbilled := p.Unbilled().Total().Principal
	r := Refunded{Taken: min(amount, unbilled)}
	r.Credited = amount - r.Taken
	if r.Taken > 0 {
		rest, err := p.respread(unbilled - r.Taken)
		if err != nil {
			return p, Refunded{}, err
		}
		p.Schedule = slices.Concat(p.Schedule[:p.Billed], rest)
	}
	p.Taken += r.Taken
	p.Credited += r.Credited
	return p, r, nil
}

// respread spreads principal over the months that are left.
func (p Plan) respread(principal money.Amount) (Schedule, error) {
	if principal == 0 {
		return nil, nil
	}
	was := p.Unbilled()
	offer := p.Offer
	offer.Months = len(was)
	s, err := offer.Schedule(principal)
	if err != nil {
		return nil, err
	}
	fee := of(principal, int64(offer.Fee)*int64(p.Offer.Months), one*int64(len(was)))
	for n := range s {
		s[n].Number = was[n].Number
		switch p.Offer.Method {
		case MethodFlatFee:
			s[n].Fee = min(fee, was[n].Fee)
		case MethodInterestFree:
			s[n].Subsidy = min(fee, was[n].Subsidy)
		case MethodAnnuity:
			s[n].Interest = min(s[n].Interest, was[n].Interest)
		}
	}
	return s, nil
}

// PayOff ends the plan early: all principal that is still to come becomes one last installment, which is billed at once,
// with a share of the fees and subsidies that were still to come, rounded half to even. Interest of months to come has not
// been earned and is not charged. It is ErrNothingUnbilled when there is nothing to pay off.
func (p Plan) PayOff(fees Share) (Plan, Installment, error) {
	if err := checkShare(fees); err != nil {
		return p, Installment{}, err
	}
	if p.Billed == len(p.Schedule) {
		return p, Installment{}, ErrNothingUnbilled
	}
	left := p.Unbilled().Total()
	last := Installment{
		Number:    p.Schedule[p.Billed].Number,
		Principal: left.Principal,
		Fee:       of(left.Fee, int64(fees), one),
		Subsidy:   of(left.Subsidy, int64(fees), one),
	}
	p.Schedule = slices.Concat(p.Schedule[:p.Billed], Schedule{last})
	p.Billed++
	return p, last, nil
}

// Accelerate makes all that is still to come due at once after a default. It is PayOff without any fees: from then on
// penalty runs on the principal, and the months that the fees were for do not come.
func (p Plan) Accelerate() (Plan, Installment, error) { return p.PayOff(0) }
