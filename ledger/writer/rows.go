package writer

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// rows are what a shard's journal has been folded into, and the ledger over them. They are handed on whole when a standby
// becomes the owner, and when it is one again.
type rows struct {
	config Config
	state  *state.State
	book   *state.Book    // owned by one goroutine
	ledger *ledger.Ledger // owned by the same
}

func openRows(c Config) (*rows, error) {
	st, shard, err := state.Open(c.StatePath, c.Shard, c.State)
	if err != nil {
		return nil, err
	}
	r := &rows{config: c, state: st, book: st.Book(shard)}
	r.ledger = ledger.New(r.book, c.Terms, c.Zone)
	r.ledger.UsePolicies(c.Policy, c.Policies)
	return r, nil
}

// stamp is the instant for what is done now: never before that of the last entry.
func (r *rows) stamp() calendar.Instant { return max(r.config.Clock(), r.book.Shard().Time) }
