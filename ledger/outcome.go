package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Decision is the answer to a question about credit.
type Decision uint8

// The decisions. Their numbers are those of the API and of the journal.
const (
	NoDecision Decision = iota
	Approve
	Decline
)

// Outcome is what the caller is told. Which fields are set depends on the command.
type Outcome struct {
	Fault    *Fault // the request could not be carried out; nothing else is set
	Replayed bool   // this is the first outcome of the same request again

	Decision      Decision
	Reasons       Reasons
	ID            AuthorizationID
	Authorization Authorization // N is 0 when there is none
	Currency      money.Currency
	Headroom      Headroom
	Amount        money.Amount // what Check would approve
	Part          int          // number of the capture or refund made
	Late          bool
	Tombstone     bool
	Exceeded      bool
	Released      money.Amount
	Refunded      money.Amount

	Account        *Account // a copy
	Accounts       []*Account
	Authorizations []Authorization
	More           bool // a list goes on
	Shard          *Shard
	Expired        int           // holds that a Tick let expire
	Today          calendar.Date // civil day on which a read was answered
}

func refused(f *Fault) Outcome { return Outcome{Fault: f} }
