package policy

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// Document is what a policy says. Texts that are conditions or sums are in the language of package rule.
type Document struct {
	Version     string
	Currency    money.Currency
	MinorDigits int

	Features  []Feature
	Admission []Admission
	Scorecard *scorecard.Scorecard // nil when applications are not scored
	Limits    Limits
	Grades    []Grade // the best first
	Declined  Declined

	Decisions []Decision
	Behaviour *Behaviour // nil when accounts are not scored
	Monitoring
}

// Coin is the currency of the policy's amounts.
func (d *Document) Coin() document.Coin {
	return document.Coin{Currency: d.Currency, Digits: d.MinorDigits}
}

// Type is what values a feature has.
type Type uint8

// The types.
const (
	Whole Type = iota + 1
	Decimal
	Category
	Flag
)

var types = []string{"whole", "decimal", "category", "flag"}

func (t Type) String() string { return document.NameOf(types, t) }

// Source is where a feature comes from.
type Source uint8

// The sources.
const (
	Application Source = iota + 1 // what the applicant said
	History                       // transactions
	Bureau                        // credit history elsewhere
	Telecom                       // the carrier: tenure, top-ups, arrears
	Record                        // what the core knows itself
)

var sources = []string{"application", "history", "bureau", "telecom", "record"}

func (s Source) String() string { return document.NameOf(sources, s) }

// Missing is what becomes of an application that lacks a feature.
type Missing uint8

// The rules for what is missing.
const (
	Required Missing = iota + 1 // it is not complete, and nothing is decided
	Allowed                     // it is judged without
)

var missings = []string{"required", "allowed"}

func (m Missing) String() string { return document.NameOf(missings, m) }

// Feature is something that is known of an applicant.
type Feature struct {
	Name    string
	Type    Type
	Unit    string   // for people; empty when there is none
	Least   *float64 // of a number; nil when there is no bound
	Most    *float64
	Values  []string // of a category: all that there are
	Missing Missing
	Source  Source
	About   string
}

// Never is RetryAfterDays when it is no use to try again.
const Never = -1

// Admission is a rule that refuses applications.
type Admission struct {
	Name           string
	When           string // over the features; whoever meets it is refused
	Reason         string // code
	Text           string // for the consumer
	RetryAfterDays int    // after which it is worth to apply again, or Never
}

// Limits say what a limit is reckoned from.
type Limits struct {
	Income string // the feature that is a month's income, in minor units; empty when none is
	Spend  string // the feature that is the average spent a month, in minor units; empty when none is
}

// Share is a percentage in millionths.
type Share = document.Rate

// Grade is a band of scores, with what whoever is in it gets.
type Grade struct {
	Name        string
	FromScore   int          // the least score of the band; it ends where the better grade begins
	IncomeShare Share        // of a month's income; 0 when income does not bound the limit
	SpendShare  Share        // of the average spent a month; 0 when that does not bound the limit
	Floor       money.Amount // the limit is no less
	Ceiling     money.Amount // and no more
	Step        money.Amount // it is rounded down to a multiple of this
	Lines       [ledger.Scenes]Share
	Terms       string // the version of the terms that is the price; empty for that of new accounts
}

// Declined is what becomes of scores below all grades.
type Declined struct {
	Reason         string
	Text           string
	RetryAfterDays int
}

// Decision is a rule that is asked about every order.
type Decision struct {
	Name   string
	When   string // over the features of package feature
	Action ledger.Action
	Reason string // code; empty for approve
	Cap    string // of cap: an amount such as 500.00 CNY, or a sum in minor units
}

// Behaviour scores accounts at the close of each window.
type Behaviour struct {
	Scorecard scorecard.Scorecard // over the features that OfAccounts has, none of which is ever missing
	Bands     []Band              // the best first
}

// Band is a range of behaviour scores, with what it means.
type Band struct {
	Name      string
	FromScore int    // the least score of the band
	Raise     int    // percent of the limit that may be offered on top; 0 for none
	Lower     int    // percent of the limit to which it is lowered when an account falls into the band; 0 leaves it
	Reason    string // code; of Lower
}

// Monitoring are the rules of early warning.
type Monitoring struct {
	Accounts  []Watch // over the features that OfAccounts has
	Portfolio []Watch // over Figures
}

// Severity is how soon somebody should look.
type Severity uint8

// The severities.
const (
	Info Severity = iota + 1
	Warning
	Critical
)

var severities = []string{"info", "warning", "critical"}

func (s Severity) String() string { return document.NameOf(severities, s) }

// Watch is a rule of early warning.
type Watch struct {
	Name         string
	When         string
	Severity     Severity
	Reason       string // code
	Actions      []Act  // besides the alert
	CooldownDays int    // for so long after an alert the same is not told again of the same account, or of the portfolio
}

// Deed is what a rule of early warning does by itself.
type Deed uint8

// The deeds.
const (
	LowerLimit     Deed = iota + 1 // of the account, to a percentage of it, but never below what is used
	FreezeAccount                  // no new orders, until an operator unfreezes it
	CloseLine                      // a scene's line is closed
	SuspendScene                   // no new orders of a scene by anybody
	SuspendCarrier                 // no new orders for the carrier that the rule is about
)

var deeds = []string{"lower_limit", "freeze_account", "close_line", "suspend_scene", "suspend_carrier"}

func (d Deed) String() string { return document.NameOf(deeds, d) }

// Act is one deed with what it needs.
type Act struct {
	Deed  Deed
	To    int          // percent, of LowerLimit
	Scene ledger.Scene // of CloseLine and SuspendScene
}
