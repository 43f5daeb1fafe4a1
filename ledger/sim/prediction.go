package sim

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Prediction is what the model says that a command is answered with.
type Prediction struct {
	Fault    string // the reason; when there is one, nothing else counts
	Replayed bool

	Decision ledger.Decision
	Reasons  []ledger.Reason // in order of precedence
	Approves money.Amount    // what Check would approve

	ID                                              ledger.AuthorizationID
	State                                           ledger.State // NoState when there is no authorization to tell of
	Requested, Authorized, Held, Captured, Refunded money.Amount
	Expires                                         calendar.Instant
	Captures, Refunds                               int
	Reference                                       ledger.CarrierReference

	Headroom        ledger.Headroom
	Part            int
	Late, Tombstone bool
	Exceeded        bool
	GivenBack       money.Amount // released by this command
	PaidBack        money.Amount // refunded by this command

	Account *Standing
	Dues    *Dues        // of commands that read what is owed
	Seen    *Seen        // of commands on applications
	List    []Prediction // of authorizations, newest first
}

// Standing is an account as a caller sees it.
type Standing struct {
	ID        ledger.AccountID
	Status    ledger.AccountStatus
	Limit     money.Amount
	Temporary ledger.TemporaryLimit
	Lines     [ledger.Scenes]LineStanding
	Assessed  ledger.ApplicationID
	Today     calendar.Date
}

// LineStanding is a line as a caller sees it.
type LineStanding struct {
	Status              ledger.LineStatus
	Limit               money.Amount
	Temporary           ledger.TemporaryLimit
	Agreement, Accepted string
	Held, Posted        money.Amount
	Holds               int32
	DailyAmount         money.Amount
	DailyCount          int32
	MonthlyAmount       money.Amount
	MonthlyCount        int32
}

// Compare says how an outcome differs from what was predicted; nil when it does not.
func (p *Prediction) Compare(out ledger.Outcome) error {
	got := ""
	if out.Fault != nil {
		got = out.Fault.Reason
	}
	if got != p.Fault {
		return fmt.Errorf("fault %q, the model says %q", got, p.Fault)
	}
	if p.Fault != "" {
		return nil
	}
	have := Prediction{
		Replayed: out.Replayed, Decision: out.Decision, Reasons: slices.Collect(out.Reasons.All()), Approves: out.Amount,
		Headroom: out.Headroom, Part: out.Part, Late: out.Late, Tombstone: out.Tombstone, Exceeded: out.Exceeded,
		GivenBack: out.Released, PaidBack: out.Refunded,
	}
	have.tell(out.ID, &out.Authorization)
	if out.Account != nil {
		have.Account = standingOf(out.Account, p.Account)
	}
	if p.Dues != nil && out.Billing != nil && out.Billing.Account != nil {
		if err := p.Dues.Compare(DuesOf(out.Billing.Account, out.Today)); err != nil {
			return err
		}
		have.Dues = p.Dues
	}
	if out.Dossier != nil {
		have.Seen = seenOf(out.Dossier)
	}
	for i := range out.Authorizations {
		var one Prediction
		one.tell(ledger.AuthorizationID{Account: out.ID.Account, N: out.Authorizations[i].N}, &out.Authorizations[i])
		have.List = append(have.List, one)
	}
	if p.Seen != nil && !same(have.Seen, p.Seen) {
		return fmt.Errorf("%+v\nthe model says\n%+v", have.Seen, p.Seen)
	}
	if !same(have, *p) {
		return fmt.Errorf("%+v%s\nthe model says\n%+v%s", have, have.account(), *p, p.account())
	}
	return nil
}

func (p *Prediction) account() string {
	if p.Account == nil {
		return ""
	}
	return fmt.Sprintf(" of account %+v", *p.Account)
}

// tell takes over what is told of an authorization.
func (p *Prediction) tell(id ledger.AuthorizationID, a *ledger.Authorization) {
	if a.N == 0 {
		return
	}
	p.ID, p.State, p.Expires, p.Reference = id, a.State, a.Expires, a.Reference
	p.Requested, p.Authorized, p.Held, p.Captured, p.Refunded = a.Requested, a.Authorized, a.Held, a.Captured, a.Refunded
	p.Captures, p.Refunds = len(a.Captures), len(a.Refunds)
}

// standingOf reads an account as the model writes it, on the model's day.
func standingOf(a *ledger.Account, model *Standing) *Standing {
	s := &Standing{ID: a.ID, Status: a.Status, Limit: a.Limit, Temporary: a.Temporary, Assessed: a.Risk.Application}
	if model != nil {
		s.Today = model.Today
	}
	for i := range a.Lines {
		l := &a.Lines[i]
		use := l.Use.At(s.Today)
		s.Lines[i] = LineStanding{
			Status: l.Status, Limit: l.Limit, Temporary: l.Temporary, Agreement: l.Agreement, Accepted: l.Accepted,
			Held: l.Held, Posted: l.Posted, Holds: l.Holds,
			DailyAmount: use.DailyAmount, DailyCount: use.DailyCount, MonthlyAmount: use.MonthlyAmount, MonthlyCount: use.MonthlyCount,
		}
	}
	return s
}
