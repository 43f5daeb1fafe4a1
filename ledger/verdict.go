package ledger

import (
	"time"

	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Policy is a version of the risk policy, as far as the ledger asks it: pure functions of what they are given. Package
// risk makes policies of documents; the ledger keeps the documents and says which is in force.
type Policy interface {
	// Version is the name of the version.
	Version() string
	// Decide judges an order by the decision rules. It keeps nothing of the set.
	Decide(*feature.Set) Verdict
}

// Monitor is a policy that also watches accounts after lending.
type Monitor interface {
	// Behaviour scores how an account has been kept, when a window closes; false when the policy has no such score.
	Behaviour(*feature.Set) (score int32, scored bool)
	// Watches says whether there are monitoring rules for accounts.
	Watches() bool
	// Watch finds what is to be warned of. It is asked after each order that was decided and each booking, about the account
	// as it is then; what is about an order, its phone or its carrier is nothing. Nearly always it answers nil.
	Watch(*feature.Set) []Warning
}

// Warning is what a monitoring rule has to say of an account, and what is to be done about it.
type Warning struct {
	Rule     string // its name
	Severity Severity
	Reason   string        // code; nothing is done to a consumer without one
	Inputs   string        // what the rule looked at, as name=value, a space between
	Cooldown time.Duration // for which the rule then says nothing more of the account

	LowerLimit int   // to this percentage of what it is, 1 to 99; 0 leaves it
	Freeze     bool  // the account
	CloseLine  Scene // NoScene closes none
}

// Severity is how urgent an alert is.
type Severity uint8

// The severities. Their numbers are those of the API and of the journal.
const (
	NoSeverity Severity = iota
	Info
	Caution
	Critical
	severityEnd
)

var severityNames = [...]string{"NONE", "INFO", "WARNING", "CRITICAL"}

func (s Severity) String() string { return severityNames[s] }

// Valid says whether s is one of the severities.
func (s Severity) Valid() bool { return s > NoSeverity && s < severityEnd }

// Policies makes a policy of a document that was put, which has been found in order before.
type Policies func(document string) (Policy, error)

// MaxRules is how many decision rules a policy may have: a verdict has a bit for each.
const MaxRules = 64

// Action is what a decision rule does. The strictest of those whose rules hold is that of the verdict.
type Action uint8

// The actions, from the mildest to the strictest. Their numbers are those of the API and of the journal.
const (
	NoAction      Action = iota
	ActionApprove        // the rules after it are not asked
	ActionReview         // it is approved, and a person looks at it afterwards
	ActionCap            // no more than an amount is approved
	ActionDecline        // it is declined
	actionEnd
)

var actionNames = [...]string{"NONE", "APPROVE", "REVIEW", "CAP", "DECLINE"}

func (a Action) String() string { return actionNames[a] }

// Valid says whether a is one of the actions.
func (a Action) Valid() bool { return a > NoAction && a < actionEnd }

// Verdict is what a risk policy says of an order. The zero Verdict is that of no policy.
type Verdict struct {
	Policy  string       // version; empty when none was asked
	Action  Action       // ActionApprove when no rule holds
	Cap     money.Amount // the least of those that hold, with ActionCap or stricter; 0 when there is none
	Rules   uint64       // which rules hold, by their place in the document, the first being bit 0
	Reasons string       // the reason codes of the rules that hold and do more than approve, each once, commas between
	Inputs  string       // what those rules looked at, as name=value, a space between
	Hash    uint64       // of all inputs: feature.Set.Hash
}

// Asked says whether a policy was asked.
func (v *Verdict) Asked() bool { return v.Policy != "" }
