package feature

// Number is a feature that is a number, or a flag, 0 or 1. The order of the list is that in which a set is hashed: new ones
// go to the end.
type Number uint8

// Text is a feature that is a text.
type Text uint8

// The numbers that are not about velocity; Info says what each is.
const (
	OrderAmount Number = iota
	OrderMonths
	OrderHour
	OrderWeekday
	OrderByMandate
	OrderPaysBill
	AccountAgeDays
	AccountLimit
	AccountHeld
	AccountPosted
	AccountAvailable
	AccountUtilisation
	AccountOpenHolds
	AccountDaysPastDue
	AccountOwed
	AccountOverdue
	AccountStatements
	AccountLateStatements
	AccountWorstDaysPastDue
	AccountFailedCollections
	AccountBehaviourScore
	AccountBehaviourScoreBefore
	AccountFirstPaymentMissed
	AccountUtilisationBefore
	LineLimit
	LineAvailable
	LineUtilisation
	PhoneKnown
	CarrierKnown
	firstVelocity

	// Numbers is how many there are, those of velocity included.
	Numbers = firstVelocity + Number(sumGroups*2+countGroups)*Number(windowEnd)
)

// The texts.
const (
	OrderScene Text = iota
	OrderCarrier
	OrderPhone
	OrderCurrency
	AccountGrade
	AccountEvent
	// Texts is how many there are.
	Texts
)

// Kind is what values a feature has.
type Kind uint8

// The kinds.
const (
	Count  Kind = iota // a whole number
	Amount             // minor units of the account's currency
	Flag               // true or false
	Word               // a text
)

// Info says what a feature is.
type Info struct {
	Name string
	Kind Kind
	Unit string // of a count, in the plural; empty when there is none
	Doc  string
}

var fixed = [firstVelocity]Info{
	OrderAmount:                 {"order.amount", Amount, "", "what is asked for; of an increment, with what the order has already"},
	OrderMonths:                 {"order.months", Count, "months", "of the installment plan that is asked for; 0 for none"},
	OrderHour:                   {"order.hour", Count, "hours", "of the day in the book's time zone, 0 to 23"},
	OrderWeekday:                {"order.weekday", Count, "", "1 for Monday to 7 for Sunday"},
	OrderByMandate:              {"order.by_mandate", Flag, "", "it is paid under a monthly mandate"},
	OrderPaysBill:               {"order.pays_bill", Flag, "", "it pays a carrier's bill by its reference"},
	AccountAgeDays:              {"account.age_days", Count, "days", "since the account was opened"},
	AccountLimit:                {"account.limit", Amount, "", "the credit limit, a temporary raise included while it lasts"},
	AccountHeld:                 {"account.held", Amount, "", "held by open authorizations"},
	AccountPosted:               {"account.posted", Amount, "", "captured and neither repaid nor refunded"},
	AccountAvailable:            {"account.available", Amount, "", "limit less held and posted; may be below zero"},
	AccountUtilisation:          {"account.utilisation", Count, "percent", "held and posted of the limit, rounded down; 100 when the limit is 0"},
	AccountOpenHolds:            {"account.open_holds", Count, "holds", "that are open"},
	AccountDaysPastDue:          {"account.days_past_due", Count, "days", "that the oldest unpaid due date is over"},
	AccountOwed:                 {"account.owed", Amount, "", "the balance: billed, and captured in the open window, with charges, less the credit balance"},
	AccountOverdue:              {"account.overdue", Amount, "", "owed of windows whose due date is over"},
	AccountStatements:           {"account.statements", Count, "statements", "that have been made, ever"},
	AccountLateStatements:       {"account.late_statements", Count, "statements", "of the last twelve that were not settled by their due date"},
	AccountWorstDaysPastDue:     {"account.worst_days_past_due", Count, "days", "the most that the account was ever past due"},
	AccountFailedCollections:    {"account.failed_collections", Count, "collections", "that failed since one succeeded, or since a payment after which nothing was overdue"},
	AccountBehaviourScore:       {"account.behaviour_score", Count, "points", "when the last window closed; 0 when there is none"},
	AccountBehaviourScoreBefore: {"account.behaviour_score_before", Count, "points", "when the window before the last one closed; 0 when there is none"},
	AccountFirstPaymentMissed:   {"account.first_payment_missed", Flag, "", "the very first statement was not settled by its due date"},
	AccountUtilisationBefore:    {"account.utilisation_before", Count, "percent", "held and posted of the limit when the last window closed, rounded down"},
	LineLimit:                   {"line.limit", Amount, "", "of the order's scene, a temporary raise included while it lasts"},
	LineAvailable:               {"line.available", Amount, "", "what line and account have left; may be below zero"},
	LineUtilisation:             {"line.utilisation", Count, "percent", "held and posted of the line's limit, rounded down; 100 when the limit is 0"},
	PhoneKnown:                  {"phone.known", Flag, "", "an approved order of the last 30 days was for the same phone"},
	CarrierKnown:                {"carrier.known", Flag, "", "an approved order of the last 30 days was for the same carrier"},
}

var texts = [Texts]Info{
	OrderScene:    {"order.scene", Word, "", "TOPUP, BILL or BUNDLE"},
	OrderCarrier:  {"order.carrier", Word, "", "the carrier's id"},
	OrderPhone:    {"order.phone", Word, "", "the token of the phone; empty when there is none"},
	OrderCurrency: {"order.currency", Word, "", "ISO 4217 code"},
	AccountEvent:  {"account.event", Word, "", "what happened, for monitoring rules: ORDER_DECIDED, WINDOW_CLOSED, FELL_DUE, COLLECTION_FAILED, ...: the kinds of bookings; empty when an order is decided"},
	AccountGrade:  {"account.grade", Word, "", "that the account was given by the risk policy; empty when it was opened without"},
}

// Window is a span of time up to the order, within which velocity counts. It slides: an order counts in a window when
// it was decided less than its length ago.
type Window uint8

// The windows.
const (
	TenMinutes Window = iota
	Hour
	Day
	Month // 30 days
	windowEnd
)

// Windows is how many there are.
const Windows = int(windowEnd)

var windowNames = [Windows]string{"10m", "1h", "24h", "30d"}
var windowWords = [Windows]string{"10 minutes", "hour", "24 hours", "30 days"}

// Group is which earlier orders of the account velocity counts.
type Group uint8

// The groups with a count and a sum; then those with a count only.
const (
	OfAccount  Group = iota // approved, all
	OfPhone                 // approved, for the same phone
	OfCarrier               // approved, for the same carrier
	OfDeclined              // declined; a count only
	OfPhones                // how many different phones were approved for; a count only
	OfReturned              // approved, and refunded or reversed since; a count only

	sumGroups   = 3
	countGroups = 3

	// Groups is how many there are.
	Groups Group = sumGroups + countGroups
)

// HasSums says whether what a group came to is counted too.
func (g Group) HasSums() bool { return g < sumGroups }

var groupNames = [...]string{"account", "phone", "carrier", "declined", "phones", "returned"}
var groupDocs = [...]string{
	"approved orders of the account", "approved orders for the same phone", "approved orders for the same carrier",
	"declined orders of the account", "different phones that orders were approved for",
	"approved orders of the account that were refunded or reversed since",
}

// CountOf is the feature of how many orders there were of a group within a window.
func CountOf(g Group, w Window) Number {
	return firstVelocity + Number(g)*Number(windowEnd) + Number(w)
}

// SumOf is the feature of what orders of a group came to within a window. The group must have sums.
func SumOf(g Group, w Window) Number {
	return firstVelocity + Number(sumGroups+countGroups)*Number(windowEnd) + Number(g)*Number(windowEnd) + Number(w)
}

// OfVelocity says whether a feature is about velocity.
func (n Number) OfVelocity() bool { return n >= firstVelocity }

// Info says what a feature is.
func (n Number) Info() Info {
	if !n.OfVelocity() {
		return fixed[n]
	}
	place := int(n - firstVelocity)
	g, w := place/Windows, place%Windows
	if g < sumGroups+countGroups {
		return Info{"velocity." + groupNames[g] + ".count_" + windowNames[w], Count, "", groupDocs[g] + " within the last " + windowWords[w]}
	}
	g -= sumGroups + countGroups
	return Info{"velocity." + groupNames[g] + ".sum_" + windowNames[w], Amount, "", "what " + groupDocs[g] + " within the last " + windowWords[w] + " came to"}
}

// Info says what a feature is.
func (t Text) Info() Info { return texts[t] }

// Find finds a feature by its name: a number, or, when text is true, a text.
func Find(name string) (n Number, t Text, text, found bool) {
	for n := range Numbers {
		if n.Info().Name == name {
			return n, 0, false, true
		}
	}
	for t := range Texts {
		if texts[t].Name == name {
			return 0, t, true, true
		}
	}
	return 0, 0, false, false
}

// String is the feature's name.
func (n Number) String() string { return n.Info().Name }

// String is the feature's name.
func (t Text) String() string { return texts[t].Name }

// Names are the names of all features, numbers first.
func Names() []string {
	all := make([]string, 0, int(Numbers)+int(Texts))
	for n := range Numbers {
		all = append(all, n.String())
	}
	for t := range Texts {
		all = append(all, t.String())
	}
	return all
}
