package ledger

import "github.com/holdfast-credit/holdfast/ledger/calendar"

// openAccount gives the consumer an account, the next number of the shard.
func (l *Ledger) openAccount(c *OpenAccount) Outcome {
	if id := l.book.Consumer(c.Consumer); id != 0 {
		return refused(fault(Exists, "CONSUMER_HAS_ACCOUNT", "the consumer has account %s", id).on("consumer_token").named(id.String()))
	}
	s := l.book.Shard()
	id := l.currentTerms(c.Currency)
	t := l.termsOf(id)
	if c.Terms != "" {
		if id, t = l.findTerms(c.Terms); t == nil || id != 0 && t.Currency != c.Currency {
			return refused(termsFor(c.Currency, c.Terms, id, t))
		}
	}
	f := &AccountOpened{
		Account: NewAccountID(s.Number, s.Accounts+1), Consumer: c.Consumer, Currency: c.Currency, Limit: c.Limit, Lines: c.Lines,
		Terms: id, Day: c.Day, Channel: c.Channel,
	}
	if f.Day == 0 {
		f.Day = calendar.StatementDay(t.Window.DefaultStatementDay)
	}
	if f.Channel == NoChannel {
		f.Channel = DirectDebit
	}
	return l.post(f)
}

// changeable loads an account that is not closed.
func (l *Ledger) changeable(id AccountID) (*Account, *Fault) {
	a, f := l.account(id)
	if f == nil && a.Status == AccountClosed {
		return nil, fault(FailedPrecondition, "ACCOUNT_CLOSED", "account %s is closed", id).named(id.String())
	}
	return a, f
}

func lineNotOpen(id AccountID, s Scene) Outcome {
	return refused(fault(FailedPrecondition, "LINE_NOT_OPEN", "account %s has no open line %s", id, s).on("scene").named(id.String()))
}

func (l *Ledger) setLimits(c *SetLimits) Outcome {
	a, f := l.changeable(c.Account)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	if f != nil {
		return refused(f)
	}
	for _, line := range c.Lines {
		if a.Line(line.Scene).Status == NoLine {
			return lineNotOpen(a.ID, line.Scene)
		}
	}
	return l.post(&LimitsSet{Account: a.ID, SetAccount: c.SetAccount, Limit: c.Limit, Lines: c.Lines})
}

func (l *Ledger) setTemporaryLimit(c *SetTemporaryLimit) Outcome {
	a, f := l.changeable(c.Account)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	if f != nil {
		return refused(f)
	}
	ordinary := a.Limit
	if c.Scene != NoScene {
		line := a.Line(c.Scene)
		if line.Status != LineOpen {
			return lineNotOpen(a.ID, c.Scene)
		}
		ordinary = line.Limit
	}
	switch {
	case c.Raise.Limit == 0:
	case c.Raise.Limit <= ordinary:
		return refused(fault(Invalid, "NOT_A_RAISE", "limit %d is not above the ordinary limit %d", c.Raise.Limit, ordinary).on("limit"))
	case c.Raise.LastDay < l.today:
		return refused(fault(Invalid, "DAY_PASSED", "last_day %s has passed: today is %s", c.Raise.LastDay, l.today).on("last_day"))
	}
	return l.post(&TemporaryLimitSet{Account: a.ID, Scene: c.Scene, Raise: c.Raise})
}

// inUse says whether anything is held or owed, in either direction. A hold may be all of points.
func (a *Account) inUse() bool {
	return len(a.Holds) > 0 || a.Posted() != 0 || a.Billing.Balance() != 0
}

func (l *Ledger) setStatus(id AccountID, to AccountStatus, reason string) Outcome {
	a, f := l.changeable(id)
	if f != nil {
		return refused(f)
	}
	if held, posted := a.Held(), a.Posted(); to == AccountClosed && a.inUse() {
		return refused(fault(FailedPrecondition, "ACCOUNT_IN_USE",
			"account %s has %d held, %d posted and a balance of %d", id, held, posted, a.Billing.Balance()).named(id.String()))
	}
	if to == AccountActive && a.Status == AccountActive {
		reason = a.StatusReason // an account that is not frozen stays as it is
	}
	if to == AccountClosed {
		if f := l.lapsePoints(a); f != nil {
			l.lapse(f)
		}
		l.endMandates(a, "account closed")
	}
	return l.post(&StatusSet{Account: a.ID, Status: to, Reason: reason})
}

func (l *Ledger) openLine(c *OpenLine) Outcome {
	a, f := l.changeable(c.Account)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	if f != nil {
		return refused(f)
	}
	if a.Line(c.Line.Scene).Status == LineOpen {
		return refused(fault(FailedPrecondition, "LINE_ALREADY_OPEN", "account %s has an open line %s", a.ID, c.Line.Scene).on("line.scene").named(a.ID.String()))
	}
	return l.post(&LineOpened{Account: a.ID, Line: c.Line})
}

func (l *Ledger) closeLine(c *CloseLine) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	if a.Line(c.Scene).Status != LineOpen {
		return lineNotOpen(a.ID, c.Scene)
	}
	if c.Scene == Bill {
		l.endMandates(a, "line closed")
	}
	return l.post(&LineEnded{Account: a.ID, Scene: c.Scene, Reason: c.Reason})
}

func (l *Ledger) acceptAgreement(c *AcceptAgreement) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	if a.Line(c.Scene).Status != LineOpen {
		return lineNotOpen(a.ID, c.Scene)
	}
	return l.post(&AgreementSet{Account: a.ID, Scene: c.Scene, Version: c.Version})
}

func (l *Ledger) setControls(c *SetControls) Outcome {
	a, f := l.changeable(c.Account)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	if f != nil {
		return refused(f)
	}
	if a.Line(c.Scene).Status != LineOpen {
		return lineNotOpen(a.ID, c.Scene)
	}
	return l.post(&ControlsSet{Account: a.ID, Scene: c.Scene, Controls: c.Controls})
}
