package server

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// adviceWithin is how long after the end of a business day the journals are looked through for what belongs to it: a sale
// that is advised later is found when the carrier's record asks for its order.
const adviceWithin = 7 * 24 * time.Hour

// dateWindow is what of the journals a reconciliation looks through: what was entered from the beginning of the day before
// the business date on, and of that what is of the business date or of a day beside it.
type dateWindow struct {
	carrier     *ledger.Carrier
	zone        calendar.Zone
	date        calendar.Date
	from, until calendar.Instant
}

// window is that of a request; an error when the business date is none, or is not over.
func (s *reconciliations) window(ctx context.Context, cmd *ledger.BeginReconciliation) (*dateWindow, error) {
	known, err := look(ctx, s.writers[s.everybodys()], &ledger.GetShard{})
	if err != nil {
		return nil, err
	}
	w := &dateWindow{carrier: known.Shard.Carrier(cmd.Carrier), date: cmd.Date}
	if w.carrier == nil || w.carrier.Settlement.Cycle == ledger.NoCycle {
		return w, nil // which the ledger refuses
	}
	if w.zone, err = calendar.LoadZone(w.carrier.Settlement.Zone); err != nil {
		return nil, failed(codes.FailedPrecondition, "CARRIER_WITHOUT_CYCLE", fmt.Sprintf("the zone of carrier %q cannot be read: %v", cmd.Carrier, err))
	}
	end := w.carrier.Settlement.EndOf(cmd.Date, w.zone)
	if s.now() < end {
		return nil, failed(codes.FailedPrecondition, "BUSINESS_DATE_NOT_OVER", fmt.Sprintf("business date %s of carrier %q ends %s",
			cmd.Date, cmd.Carrier, end.Time().Format(time.RFC3339)))
	}
	w.from, w.until = w.carrier.Settlement.EndOf(cmd.Date-2, w.zone), end.Add(adviceWithin)
	return w, nil
}

// dayAt is the business day that an instant is on.
func (w *dateWindow) dayAt(at calendar.Instant) calendar.Date {
	return w.carrier.Settlement.DayAt(at, w.zone)
}

// has says whether something of a business day that was entered at an instant is among what is looked through.
func (w *dateWindow) has(day calendar.Date, entered calendar.Instant) bool {
	return day >= w.date-1 && day <= w.date+1 && entered >= w.from && entered < w.until
}

// sequenceAt is the first entry of a journal that is not before an instant; one beyond the last when there is none. Entries
// that were trimmed are before all others.
func sequenceAt(ctx context.Context, j journal.Journal, last uint64, at calendar.Instant) (uint64, error) {
	var failure error
	trimmed := uint64(0)
	n := sort.Search(int(last), func(i int) bool {
		for e, err := range j.Replay(ctx, uint64(i)+1) {
			switch {
			case errors.Is(err, journal.ErrTrimmed):
				trimmed = max(trimmed, uint64(i)+1)
				return false
			case err != nil:
				failure = errors.Join(failure, err)
				return true
			}
			return calendar.Instant(e.Time) >= at
		}
		return true
	})
	if failure == nil && trimmed != 0 && uint64(n) == trimmed {
		failure = journal.ErrTrimmed // whether anything before it was of the time cannot be told
	}
	return uint64(n) + 1, failure
}
