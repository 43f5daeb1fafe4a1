package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// curable are the reasons that a smaller amount can cure, whatever the risk policy said.
const curable = 1<<MandateLimit | 1<<PerOrderLimit | 1<<DailyAmountLimit | 1<<MonthlyAmountLimit | 1<<LineLimit | 1<<AccountLimit | 1<<CarrierExposureLimit

// question is what judge answers.
type question struct {
	*Purchase
	already money.Amount // what the same order has been approved for before, for an increment
	orders  int32        // orders that an approval adds: 0 for an increment
	holds   int          // holds that an approval adds
	points  PointsPart   // what points are to pay
}

// lent is what would be lent of a part of the amount: points pay their share of it.
func (q *question) lent(part money.Amount) money.Amount {
	return part - q.points.used(part, q.Amount).Worth
}

// lending is the largest part of the amount of which no more than so much would be lent, or more than the amount when so much is
// more than would be lent of all of it.
func (q *question) lending(left money.Amount) money.Amount {
	switch all := q.Amount - q.points.Worth; {
	case q.points.Worth == 0:
		return left
	case all == 0 || left >= all:
		return q.Amount + max(0, left-all)
	case left < 0:
		return left
	default:
		return left.Times(int64(q.Amount), int64(all))
	}
}

// judge decides on a purchase: every reason against it, in order of precedence, or the amount that is approved.
// It is the only place where credit is decided. Holds that have run out must have been released before.
func (l *Ledger) judge(a *Account, q question) (approved money.Amount, reasons Reasons) {
	line, t := a.Line(q.Scene), l.termsOf(a.Billing.Terms)
	l.verdict, l.shadowed = Verdict{}, Verdict{}
	l.judgeStanding(a, line, t, q, &reasons)
	if line.Status != LineOpen {
		return 0, reasons // a line that is not open has no controls and no limit to speak of
	}
	room := min(l.judgeAmounts(a, line, q, &reasons), l.judgeRisk(a, q, &reasons))
	if q.Mandate != 0 {
		room = min(room, l.judgeMandate(a, q, &reasons))
	}
	if q.Bill != "" && l.alreadyPaid(a, q.Purchase) {
		reasons.Add(BillAlreadyPaid)
	}
	if q.points.Points > 0 && (a.Wallet == nil || a.Wallet.Lots.Sum() < q.points.Points) {
		reasons.Add(PointsInsufficient)
	}
	smallest := money.Amount(0) // that can be lent
	if q.Plan.Months != 0 {
		if least, ok := offered(t, q.Purchase, q.lent(q.Amount)); ok {
			smallest = least
		} else {
			reasons.Add(PlanNotOffered)
		}
	}
	switch {
	case reasons == 0:
		return q.Amount, 0
	case q.Partial && reasons&^l.curable() == 0 && room >= max(q.Minimum, 1) && q.lent(room) >= smallest:
		return room, 0
	}
	return 0, reasons
}

// curable are the reasons that a smaller amount can cure. What a risk policy has against an order is one of them when it
// caps the amount.
func (l *Ledger) curable() Reasons {
	if l.verdict.Action == ActionCap {
		return curable | 1<<RiskPolicy
	}
	return curable
}

// judgeStanding finds the reasons that have nothing to do with the amount.
func (l *Ledger) judgeStanding(a *Account, line *Line, t *terms.Terms, q question, reasons *Reasons) {
	switch a.Status {
	case AccountClosed:
		reasons.Add(AccountNotActive)
	case AccountFrozen:
		reasons.Add(AccountIsFrozen)
	}
	if l.delinquent(a) {
		reasons.Add(AccountDelinquent)
	}
	switch {
	case line.Status != LineOpen:
		reasons.Add(LineNotOpen)
	case line.Accepted != line.Agreement:
		reasons.Add(AgreementNotAccepted)
	}
	sceneOff, carrierOff := l.book.Shard().suspended(q.Scene, q.Carrier)
	if sceneOff {
		reasons.Add(SceneSuspended)
	}
	if carrierOff {
		reasons.Add(CarrierSuspended)
	}
	c := &line.Controls
	if len(c.Carriers) > 0 && !slices.Contains(c.Carriers, q.Carrier) {
		reasons.Add(CarrierNotAllowed)
	}
	if len(c.Phones) > 0 && !slices.Contains(c.Phones, q.Phone) {
		reasons.Add(PhoneNotAllowed)
	}
	if q.holds > 0 && (len(a.Holds) >= t.Authorizations.MostOpenHolds || c.MaxHolds > 0 && line.Holds >= c.MaxHolds) {
		reasons.Add(TooManyHolds)
	}
}

// judgeAmounts finds the reasons that have to do with the amount, and the largest amount that none of them would
// forbid, which may be negative.
func (l *Ledger) judgeAmounts(a *Account, line *Line, q question, reasons *Reasons) (room money.Amount) {
	room = q.Amount
	within := func(left money.Amount, r Reason) {
		if q.Amount > left {
			reasons.Add(r)
		}
		room = min(room, left)
	}
	c := &line.Controls
	if c.PerOrder > 0 {
		within(c.PerOrder-q.already, PerOrderLimit)
	}
	use := line.Use.At(l.today)
	if c.DailyAmount > 0 {
		within(c.DailyAmount-use.DailyAmount, DailyAmountLimit)
	}
	if c.DailyCount > 0 && use.DailyCount+q.orders > c.DailyCount {
		reasons.Add(DailyCountLimit)
	}
	if c.MonthlyAmount > 0 {
		within(c.MonthlyAmount-use.MonthlyAmount, MonthlyAmountLimit)
	}
	if c.MonthlyCount > 0 && use.MonthlyCount+q.orders > c.MonthlyCount {
		reasons.Add(MonthlyCountLimit)
	}
	if left, limited := l.book.Shard().Room(q.Carrier, q.Currency, l.now); limited {
		within(left, CarrierExposureLimit)
	}
	h := a.Headroom(q.Scene, l.today)
	ofLine, ofAccount := h.Limit-h.Held-h.Posted, h.AccountAvailable()
	if q.points.Worth != 0 {
		ofLine, ofAccount = q.lending(ofLine), q.lending(ofAccount)
	}
	within(ofLine, LineLimit)
	within(ofAccount, AccountLimit)
	return room
}

// delinquent says whether an account gets no new credit, because it is past due, or was.
func (l *Ledger) delinquent(a *Account) bool {
	days := a.Billing.DaysPastDue(l.today)
	return a.Billing.Late.Stopped || days > 0 && days >= l.termsOf(a.Billing.Terms).Delinquency.StopAuthorizationsFromDay
}
