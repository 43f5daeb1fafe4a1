package ledger

import (
	"iter"
	"math/bits"
	"strings"
)

// Reason says why something was declined. Reasons are in order of precedence and append-only: their numbers are
// those of the API and of the journal.
type Reason uint8

// The reasons in order of precedence.
const (
	NoReason Reason = iota
	AccountNotActive
	AccountIsFrozen
	AccountDelinquent
	LineNotOpen
	AgreementNotAccepted
	SceneSuspended
	CarrierSuspended
	CarrierNotAllowed
	PhoneNotAllowed
	PerOrderLimit
	DailyAmountLimit
	DailyCountLimit
	MonthlyAmountLimit
	MonthlyCountLimit
	TooManyHolds
	CarrierExposureLimit
	LineLimit
	AccountLimit
	PointsInsufficient
	PlanNotOffered
	RiskPolicy
	MandateNotActive
	MandateLimit
	BillAlreadyPaid
	reasonEnd
)

var reasonNames = [reasonEnd]string{
	"NONE", "ACCOUNT_NOT_ACTIVE", "ACCOUNT_FROZEN", "ACCOUNT_DELINQUENT", "LINE_NOT_OPEN", "AGREEMENT_NOT_ACCEPTED",
	"SCENE_SUSPENDED", "CARRIER_SUSPENDED", "CARRIER_NOT_ALLOWED", "PHONE_NOT_ALLOWED", "PER_ORDER_LIMIT",
	"DAILY_AMOUNT_LIMIT", "DAILY_COUNT_LIMIT", "MONTHLY_AMOUNT_LIMIT", "MONTHLY_COUNT_LIMIT", "TOO_MANY_HOLDS",
	"CARRIER_EXPOSURE_LIMIT", "LINE_LIMIT", "ACCOUNT_LIMIT", "POINTS_INSUFFICIENT", "PLAN_NOT_OFFERED", "RISK_POLICY",
	"MANDATE_NOT_ACTIVE", "MANDATE_LIMIT", "BILL_ALREADY_PAID",
}

func (r Reason) String() string {
	if r < reasonEnd {
		return reasonNames[r]
	}
	return "UNKNOWN"
}

// Reasons is a set of reasons, a bit for each, so that walking it from the lowest bit walks it in order of
// precedence.
type Reasons uint32

// Add puts a reason into the set.
func (s *Reasons) Add(r Reason) { *s |= 1 << r }

// Has says whether a reason is in the set.
func (s Reasons) Has(r Reason) bool { return s&(1<<r) != 0 }

// First is the reason to act on; NoReason for the empty set.
func (s Reasons) First() Reason {
	if s == 0 {
		return NoReason
	}
	return Reason(bits.TrailingZeros32(uint32(s)))
}

// All yields the reasons in order of precedence.
func (s Reasons) All() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for rest := uint32(s); rest != 0; rest &= rest - 1 {
			if !yield(Reason(bits.TrailingZeros32(rest))) {
				return
			}
		}
	}
}

func (s Reasons) String() string {
	var names []string
	for r := range s.All() {
		names = append(names, r.String())
	}
	return strings.Join(names, ",")
}
