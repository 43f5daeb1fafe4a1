package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestOutlived puts terms that ask for receipts to be kept for longer, when some had been purged.
func TestOutlived(t *testing.T) {
	const day = 24 * time.Hour
	kept := func(days time.Duration) *terms.Terms {
		v := terms.Default()
		v.Authorizations.RequestsKept = days * day
		return v
	}
	at := func(days time.Duration) calendar.Instant { return calendar.Instant(days * day) }
	shard := &ledger.Shard{Time: at(1000)}
	require.Equal(t, at(600), outlived(shard, kept(400)))
	shard.Terms = []ledger.TermsVersion{{Terms: kept(300), Put: at(800)}, {Terms: kept(700), Put: at(900)}}
	require.Equal(t, at(500), outlived(shard, kept(400)), "on day 900, those from before day 500 had been")
	shard.Time = at(2000)
	require.Equal(t, at(1300), outlived(shard, kept(400)))
}
