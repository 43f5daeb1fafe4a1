package sim

import (
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Guard is a risk policy for runs: a phone is topped up a few times a day at most, and who buys in quick succession buys small.
// It warns of late payers, and takes away some of their limit.
type Guard struct{}

// The bounds of Guard.
const (
	guardPhoneOrders = 4   // of a phone in 24 hours
	guardQuick       = 2   // orders in 10 minutes that are quick succession
	guardSmall       = 150 // what may be bought then
)

// Version is its name.
func (Guard) Version() string { return "guard" }

// Decide judges an order.
func (Guard) Decide(set *feature.Set) ledger.Verdict {
	switch n := &set.Numbers; {
	case n[feature.CountOf(feature.OfPhone, feature.Day)] >= guardPhoneOrders:
		return ledger.Verdict{Action: ledger.ActionDecline, Rules: 1, Reasons: "PHONE_TOO_OFTEN"}
	case n[feature.CountOf(feature.OfAccount, feature.TenMinutes)] >= guardQuick && n[feature.OrderAmount] > guardSmall:
		return ledger.Verdict{Action: ledger.ActionCap, Cap: guardSmall, Rules: 2, Reasons: "QUICK"}
	case set.Numbers[feature.OrderHour] < 5:
		return ledger.Verdict{Action: ledger.ActionReview, Rules: 4, Reasons: "NIGHT"}
	}
	return ledger.Verdict{Action: ledger.ActionApprove}
}

// Behaviour scores by late statements.
func (Guard) Behaviour(set *feature.Set) (int32, bool) {
	return 600 - 20*int32(set.Numbers[feature.AccountLateStatements]), true
}

// Watches says that there are rules.
func (Guard) Watches() bool { return true }

// Watch warns of who has paid late twice.
func (Guard) Watch(set *feature.Set) []ledger.Warning {
	if set.Numbers[feature.AccountLateStatements] < 2 {
		return nil
	}
	return []ledger.Warning{{Rule: "late", Severity: ledger.Caution, Reason: "LATE", Cooldown: 60 * 24 * time.Hour}}
}

// NoPolicies is for a ledger that is never asked to compile one.
func NoPolicies(string) (ledger.Policy, error) { panic("sim: there are no documents") }

// flag reviews an order that is made at night, unless the policy had more against it.
func (q *asking) flag(a *customer, s *story, strict bool) {
	if !q.Guarded || q.zone.Minute(q.now) >= 5*60 || strict {
		return
	}
	pending := 0
	for _, r := range q.reviews {
		if r.consumer == a.consumer && r.outcome == ledger.ReviewPending {
			if pending++; r.flagged {
				return
			}
		}
	}
	if pending == ledger.MaxPending {
		return
	}
	q.reviews = append(q.reviews, &reviewed{
		id: ledger.NewReviewID(q.shard, uint64(len(q.reviews)+1)), consumer: a.consumer, subject: ledger.Subject{Authorization: s.id}, flagged: true,
	})
}

// guarded says what Guard has against an order of so much for a phone, reckoned from the stories.
func (a *customer) guarded(now calendar.Instant, phone ledger.PhoneToken, amount money.Amount) bool {
	ofPhone, quick := 0, 0
	for _, s := range a.stories {
		t := s.at(now)
		if t.declined || t.nothing && t.captured == 0 {
			continue
		}
		if s.phone == phone && now < s.created.Add(24*time.Hour) {
			ofPhone++
		}
		if now < s.created.Add(10*time.Minute) {
			quick++
		}
	}
	return ofPhone >= guardPhoneOrders || quick >= guardQuick && amount > guardSmall
}
