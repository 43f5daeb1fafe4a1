package ledger

import (
	"math/bits"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
)

// Conduct is the core's own record of how an account has been kept, and what has been made of it. It is what behaviour
// scores and early warning go by.
type Conduct struct {
	Late        uint16 // of the last twelve statements, the newest being bit 0: those not settled by their due date
	FirstMissed bool   // the very first was one of them
	Worst       int32  // the most days that the account was ever past due
	Failed      int32  // collections that failed since one succeeded, or nothing was overdue any more
	Utilisation int32  // in percent, when the last window closed
	Score       int32  // behaviour score when the last window closed; 0 when there is none
	ScoreBefore int32  // the one before
	Warnings    []Warned
}

// MostWarned is for how many rules an account, or the portfolio, remembers when they last warned.
const MostWarned = 64

// Warned is when a monitoring rule last warned about an account.
type Warned struct {
	Rule string
	Time calendar.Instant
}

// Any says whether there is anything to remember.
func (c *Conduct) Any() bool {
	return c.Late != 0 || c.FirstMissed || c.Worst != 0 || c.Failed != 0 || c.Utilisation != 0 || c.Score != 0 || c.ScoreBefore != 0 ||
		len(c.Warnings) > 0
}

const twelve = 1<<12 - 1

// book takes note of a booking. The billing is as it says already.
func (c *Conduct) book(a *Account, b *Booking) {
	switch b.Kind {
	case WindowClosed:
		c.Late = c.Late << 1 & twelve
		h := a.Headroom(NoScene, b.Day)
		c.Utilisation = int32(min(percentOf(h.AccountHeld+h.AccountPosted, h.AccountLimit), 1<<30))
		if b.ScoredBy != "" {
			c.ScoreBefore, c.Score = c.Score, b.Score
		}
	case FellDue:
		c.Late |= 1
		c.FirstMissed = c.FirstMissed || a.Billing.Statements == 1
	case CollectionFailed:
		if b.Listed.Outcome != OutcomeUnreported { // that was not the consumer
			c.Failed++
		}
	case RepaymentPosted:
		if b.Undoes != 0 || a.Billing.Overdue(b.Day) == 0 {
			c.Failed = 0 // a collection succeeded, or the consumer has paid what they were for
		}
	}
	c.Worst = max(c.Worst, int32(a.Billing.DaysPastDue(b.Day)))
}

// warned remembers that a rule has warned, and forgets the oldest when it remembers too many.
func warned(list []Warned, rule string, at calendar.Instant) []Warned {
	oldest := 0
	for i := range list {
		if list[i].Rule == rule {
			list[i].Time = at
			return list
		}
		if list[i].Time < list[oldest].Time {
			oldest = i
		}
	}
	w := Warned{clone(rule), at}
	if len(list) < MostWarned {
		return append(list, w)
	}
	list[oldest] = w
	return list
}

// quiet says whether a rule warned less than a time ago.
func quiet(list []Warned, rule string, now calendar.Instant, cooldown time.Duration) bool {
	for i := range list {
		if list[i].Rule == rule {
			return now < list[i].Time.Add(cooldown)
		}
	}
	return false
}

// features fills in what may be asked about conduct.
func (c *Conduct) features(set *feature.Set, pastDue int) {
	n := &set.Numbers
	n[feature.AccountLateStatements] = int64(bits.OnesCount16(c.Late))
	set.SetFlag(feature.AccountFirstPaymentMissed, c.FirstMissed)
	n[feature.AccountWorstDaysPastDue] = max(int64(c.Worst), int64(pastDue))
	n[feature.AccountFailedCollections] = int64(c.Failed)
	n[feature.AccountUtilisationBefore] = int64(c.Utilisation)
	n[feature.AccountBehaviourScore], n[feature.AccountBehaviourScoreBefore] = int64(c.Score), int64(c.ScoreBefore)
}
