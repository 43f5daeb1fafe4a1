package ledger

import (
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Command is what a caller, an operator or the clock asks. The set is closed.
//
// Commands are values that the edge has validated field by field: tokens are well formed, amounts within range,
// scenes valid. What needs the state to be checked is checked by Apply.
type Command interface {
	// fields hashes every field of the request body, request id excluded, under its name in the API.
	fields(*fingerprint)
}

// Request is the identity of a write.
type Request struct {
	Caller Caller
	ID     RequestID
}

// Write is a Command that changes something and has an identity.
type Write interface {
	Command
	identity() *Request
}

func (r *Request) identity() *Request { return r }

// Again asks what a write was answered with that has been carried out before. It carries nothing out: for an edge that cannot
// make the whole of the command any more, such as what a policy says of it.
type Again struct{ Write }

// Commands that name an account.
type (
	// OpenAccount opens an account for a consumer.
	OpenAccount struct {
		Request
		Consumer ConsumerToken
		Currency money.Currency
		Limit    money.Amount
		Lines    []LineOpening
		Terms    string                // version; empty for the current one of the currency
		Day      calendar.StatementDay // 0 for that of the terms
		Channel  Channel               // of collections; NoChannel for DirectDebit
	}
	// LineOpening is what is needed to open a line.
	LineOpening struct {
		Scene     Scene
		Limit     money.Amount
		Agreement string
		Accepted  string
		Controls  Controls
	}
	// SetLimits sets the account's limit, if SetAccount, and those of lines.
	SetLimits struct {
		Request
		Account    AccountID
		Currency   money.Currency
		SetAccount bool
		Limit      money.Amount
		Lines      []LimitOfLine
	}
	// LimitOfLine is a limit for one line.
	LimitOfLine struct {
		Scene Scene
		Limit money.Amount
	}
	// SetTemporaryLimit raises the limit of a line, or of the account for NoScene; a limit of 0 takes it back.
	SetTemporaryLimit struct {
		Request
		Account  AccountID
		Currency money.Currency
		Scene    Scene
		Raise    TemporaryLimit
	}
	// Freeze stops new authorizations of an account.
	Freeze struct {
		Request
		Account AccountID
		Reason  string
	}
	// Unfreeze takes a freeze back.
	Unfreeze struct {
		Request
		Account AccountID
		Reason  string
	}
	// CloseAccount ends an account.
	CloseAccount struct {
		Request
		Account AccountID
		Reason  string
	}
	// OpenLine opens a line.
	OpenLine struct {
		Request
		Account  AccountID
		Currency money.Currency
		Line     LineOpening
	}
	// CloseLine closes a line.
	CloseLine struct {
		Request
		Account AccountID
		Scene   Scene
		Reason  string
	}
	// AcceptAgreement records the consumer's acceptance.
	AcceptAgreement struct {
		Request
		Account AccountID
		Scene   Scene
		Version string
	}
	// SetControls replaces a line's controls.
	SetControls struct {
		Request
		Account  AccountID
		Scene    Scene
		Currency money.Currency
		Controls Controls
	}
)

// Purchase is what is to be bought: the part that Check, Authorize, Charge and Advise have in common.
type Purchase struct {
	Account  AccountID
	Scene    Scene
	Order    OrderID
	Carrier  CarrierID
	Phone    PhoneToken
	Currency money.Currency
	Amount   money.Amount
	Partial  bool          // a smaller approval will do
	Minimum  money.Amount  // the smallest that will do, at least 1
	Plan     PlanChoice    // the zero PlanChoice when it is billed as a whole
	Bill     BillID        // the carrier's reference of the bill that it pays; empty for what is no bill
	Mandate  uint32        // by which the bill is paid; 0 when the consumer asked for it
	Product  ProductID     // of the carrier; empty when none is named
	Points   Points        // to pay with
	Bundle   BundleOfferID // whose amount and plan it has; empty for what is no bundle

	offer *BundleOffer // that Bundle names, once it is looked up
}

// Commands on orders and holds.
type (
	// Check asks whether a purchase would be approved. It is not a write.
	Check struct {
		Caller Caller
		Purchase
	}
	// Authorize decides on a purchase and holds what it approves.
	Authorize struct {
		Request
		Purchase
		Lifetime time.Duration // of the hold; 0 for the terms' default
	}
	// Charge decides and captures in one step.
	Charge struct {
		Request
		Purchase
		Reference CarrierReference // the carrier's own id of the sale; may be empty, here and below
	}
	// Advise records a sale that took place.
	Advise struct {
		Request
		Purchase
		SaleTime  calendar.Instant
		Reference CarrierReference
	}
	// Increment adds to a hold.
	Increment struct {
		Request
		Authorization AuthorizationID
		Currency      money.Currency
		Amount        money.Amount
	}
	// Extend moves a hold's expiry to Lifetime from now.
	Extend struct {
		Request
		Authorization AuthorizationID
		Lifetime      time.Duration
	}
	// MarkSubmitted says that the carrier has the order.
	MarkSubmitted struct {
		Request
		Authorization AuthorizationID
		Reference     CarrierReference
	}
	// CaptureHold posts an amount of a hold; an amount of 0 is all that is held.
	CaptureHold struct {
		Request
		Authorization AuthorizationID
		Currency      money.Currency
		Amount        money.Amount
		Final         bool
		Reference     CarrierReference
		Activated     calendar.Date // of the contract of a bundle; 0 for today
	}
	// Void releases an amount of a hold; an amount of 0 is all that is held.
	Void struct {
		Request
		Authorization AuthorizationID
		Currency      money.Currency // empty when Amount is 0 and none was given
		Amount        money.Amount
	}
	// Reverse undoes an order whatever its state.
	Reverse struct {
		Request
		Account AccountID
		Order   OrderID
	}
	// RefundCapture gives back a captured amount.
	RefundCapture struct {
		Request
		Authorization AuthorizationID
		Currency      money.Currency
		Amount        money.Amount
	}
	// ClaimOrder takes an order id, in the shard that the id belongs to, for an account of another shard.
	ClaimOrder struct {
		Caller  Caller
		Order   OrderID
		Account AccountID
	}
)

// PlanChoice is an offer of the terms, by what no two have in common.
type PlanChoice struct {
	Method plan.Method
	Months int
}

// Commands on what is owed. Each is on one account, and first lets happen what is due on it.
type (
	// AcceptTerms gives an account a version of the terms: at once for orders, from the next window on for what is billed.
	AcceptTerms struct {
		Request
		Account AccountID
		Version string
	}
	// SetStatementDay moves the day on which windows open, from the next opening on.
	SetStatementDay struct {
		Request
		Account AccountID
		Day     calendar.StatementDay
	}
	// SetChannel says how what is due is collected.
	SetChannel struct {
		Request
		Account AccountID
		Channel Channel
		Payer   Payer // of OnCarrier
	}
	// PostRepayment takes a payment. A value date of 0 is today's.
	PostRepayment struct {
		Request
		Account   AccountID
		Currency  money.Currency
		Amount    money.Amount
		ValueDate calendar.Date
		Reference string
	}
	// ReverseRepayment takes a payment back that bounced.
	ReverseRepayment struct {
		Request
		Account AccountID
		Item    uint32
		Reason  string
	}
	// RefundCredit pays the credit balance out; an amount of 0 is all of it.
	RefundCredit struct {
		Request
		Account   AccountID
		Currency  money.Currency
		Amount    money.Amount
		Reference string
	}
	// ReportCollection tells what became of a collection. A value date of 0 is today's.
	ReportCollection struct {
		Request
		Account   AccountID
		Item      uint32
		Succeeded bool
		ValueDate calendar.Date
		Reason    string // of a failure
		Reference string // of a success
	}
	// WaiveCharges takes back charges of one window; an amount of 0 is all of the part.
	WaiveCharges struct {
		Request
		Account  AccountID
		Currency money.Currency
		Opens    calendar.Date
		Part     Part // PenaltyPart, InterestPart or FeePart
		Amount   money.Amount
		Reason   string
	}
	// PausePenalty lets no penalty accrue between two days, both included. The first must not have passed.
	PausePenalty struct {
		Request
		Account AccountID
		Pause   Pause
		Reason  string
	}
	// ReageDebt spreads all that is overdue over windows to come, beginning with the one that is open.
	ReageDebt struct {
		Request
		Account AccountID
		Windows int // 2 to 24
		Reason  string
	}
	// PlanStatement pays what is left of a statement's principal by installments, before its due date.
	PlanStatement struct {
		Request
		Account AccountID
		Opens   calendar.Date
		Choice  PlanChoice
	}
	// PayOffPlan bills all that is to come of a plan with the window that is open; 0 is all plans.
	PayOffPlan struct {
		Request
		Account AccountID
		Plan    uint32
	}
	// SetMandate lets the bill of a phone be paid each month, or changes up to what.
	SetMandate struct {
		Request
		Account  AccountID
		Currency money.Currency
		Carrier  CarrierID
		Phone    PhoneToken
		Cap      money.Amount
	}
	// EndMandate ends a mandate.
	EndMandate struct {
		Request
		Account AccountID
		Mandate uint32
		Reason  string
	}
	// PutTerms adds a version of the terms. Parsed is what the document says.
	PutTerms struct {
		Request
		Document string
		Parsed   *terms.Terms
	}
	// PutPolicy adds a version of the risk policy, which has been found in order.
	PutPolicy struct {
		Request
		Version  string
		Document string
	}
	// PutCarrier adds a version of a carrier. The same version again is to be the same.
	PutCarrier struct {
		Request
		ID       CarrierID
		Version  uint32
		Settings CarrierSettings
		Shards   int // that there are
	}
	// GiveSlice gives another shard a part of a slice, at most so much of it, if the other has taken as many gifts of this one as
	// were made.
	GiveSlice struct {
		To       uint16
		Taken    uint64
		Carrier  CarrierID
		Currency money.Currency
		Amount   money.Amount
	}
	// TakeSlice takes a gift of another shard. Taken again, it does nothing.
	TakeSlice struct {
		From uint16
		Gift Gift
	}
	// RaiseAlert records what was found in the portfolio.
	RaiseAlert struct {
		Request
		Rule      string
		Severity  Severity
		Reason    string
		Inputs    string
		Policy    string
		Currency  money.Currency
		Cooldown  time.Duration // for which the rule is silent about the currency afterwards
		Scene     Scene
		Carrier   CarrierID
		Suspended bool
	}
	// ActivatePolicy says from when on a version of the risk policy is in force, or is the shadow; 0 is now.
	ActivatePolicy struct {
		Request
		Version string
		From    calendar.Instant
		Shadow  bool
	}
)

// Commands on applications, consents and reviews. What a risk policy says travels inside the command: it has been reckoned
// before.
type (
	// SubmitApplication records an application for an account or, where Account says so, for another limit of one; with an
	// approval there is an Offer, whose Limit and Lines are all that counts where it does not raise the limit. The request's
	// body is what the caller said: inputs that are missing or the core's own, and what the policy made of them, are not.
	SubmitApplication struct {
		Request
		Consumer ConsumerToken // of an application for an account
		Account  AccountID     // of a limit review
		Currency money.Currency
		Consents []Consenting
		Needs    []Purpose // for which there must be consent
		Assessment
		Offer Offer
	}
	// AcceptOffer accepts an offer.
	AcceptOffer struct {
		Request
		Application ApplicationID
		Agreement   string
		Consents    []Consenting
		Needs       []Purpose             // for which there must be consent
		Day         calendar.StatementDay // 0 for that of the terms
		Channel     Channel               // of collections; NoChannel for DirectDebit
	}
	// WithdrawOffer ends an offer that nobody is to accept any more.
	WithdrawOffer struct {
		Request
		Application ApplicationID
		Reason      string
	}
	// WithdrawConsent ends the consent to a purpose.
	WithdrawConsent struct {
		Request
		Consumer ConsumerToken
		Purpose  Purpose
	}
	// RequestReview asks that a person look at a decision.
	RequestReview struct {
		Request
		Subject   Subject
		Statement string
	}
	// ResolveReview records what the person found. To overturn the decline of an application takes an offer.
	ResolveReview struct {
		Request
		Review  ReviewID
		Outcome ReviewOutcome // Upheld or Overturned
		Note    string
		Offer   Offer
		Shares  bool // the offer's lines are the shares of its grade, and not the request's
	}
	// EraseConsumer takes away what law does not oblige to keep. Records of accounts that are closed are kept for so many Years.
	EraseConsumer struct {
		Request
		Consumer ConsumerToken
		Years    int
	}
	// GetApplicant reads what is known of a consumer beside the account, and what could not be erased.
	GetApplicant struct {
		Consumer ConsumerToken
		Years    int // as for EraseConsumer
	}
	// GetRecord reads what the core's own record says of an account: what policies may ask about accounts.
	GetRecord struct{ Account AccountID }
	// GetApplication reads an application.
	GetApplication struct{ Application ApplicationID }
	// GetReview reads a review, with the application that it is about.
	GetReview struct{ Review ReviewID }
	// ListReviews reads up to Limit reviews of the shard with numbers below Before, newest first, 0 beginning at the newest; only
	// those without an outcome, if Pending.
	ListReviews struct {
		Before  uint64
		Limit   int
		Pending bool
	}
)

// LinePlace is a place in the lines of a statement, which are captures and then items. The zero place is the first line's.
type LinePlace struct {
	N    uint32 // of an authorization
	Part int    // of its captures, the first being 0
	Item uint32 // of an item, when it is behind all captures
}

// Commands that read what is owed. They let happen what is due, because a statement that is due must be there.
type (
	// GetBilling reads an account with what it owes as of today, and its newest statement.
	GetBilling struct{ Account AccountID }
	// GetStatement reads a statement by the opening date of its window, 0 being the newest, with up to Limit of its orders and items
	// from a place on.
	GetStatement struct {
		Account AccountID
		Opens   calendar.Date
		From    LinePlace
		Limit   int
	}
	// ListStatements reads up to Limit statements whose windows opened before a date, newest first; 0 begins at the newest.
	ListStatements struct {
		Account AccountID
		Before  calendar.Date
		Limit   int
	}
	// ListItems reads up to Limit items with numbers below Before, newest first; 0 begins at the newest.
	ListItems struct {
		Account AccountID
		Before  uint32
		Limit   int
	}
	// GetPayoff reckons what pays everything off on a day, plans included. 0 is today.
	GetPayoff struct {
		Account AccountID
		Day     calendar.Date
	}
	// Quote reckons what a purchase would cost, whether it would be approved or not.
	Quote struct{ Purchase }
	// GetTerms reads the versions of the terms.
	GetTerms struct{}
)

// Commands of operators and of the clock.
type (
	// Suspend stops new authorizations within a scope.
	Suspend struct {
		Request
		Scope  Scope
		Reason string
	}
	// Resume takes a suspension back.
	Resume struct {
		Request
		Scope  Scope
		Reason string
	}
	// Tick lets what is due on the accounts named happen, a bounded amount of it. Accounts that are not there are passed over.
	Tick struct {
		Accounts []AccountID
	}
	// AdvanceClock records that a virtual clock was moved; the instant is that of the batch.
	AdvanceClock struct{}
)

// Commands that only read.
type (
	// GetAccount reads an account by id or, when the id is 0, by consumer.
	GetAccount struct {
		Account  AccountID
		Consumer ConsumerToken
	}
	// ListAccounts reads up to Limit accounts of the shard after a number.
	ListAccounts struct {
		After uint64
		Limit int
	}
	// GetAuthorization reads an authorization.
	GetAuthorization struct{ Authorization AuthorizationID }
	// LookupOrder reads the latest authorization of an order.
	LookupOrder struct {
		Caller Caller
		Order  OrderID
	}
	// ListAuthorizations reads up to Limit authorizations of an account whose numbers are below Before, newest first;
	// Before 0 begins at the newest.
	ListAuthorizations struct {
		Account AccountID
		Mandate uint32 // only those of its bills; 0 for all
		Before  uint32
		Limit   int
	}
	// GetPolicies reads the versions of the risk policy, and which are in force.
	GetPolicies struct{}
	// GetShard reads suspensions and totals.
	GetShard struct{}
)

// Scope is what a suspension is about: a scene, a carrier, or everything when neither is given.
type Scope struct {
	Scene   Scene
	Carrier CarrierID
}
