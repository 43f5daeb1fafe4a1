package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// submitApplication records an application with what the policy said of it. A limit review that lowers the limit takes effect
// at once; one that would raise it is an offer.
func (l *Ledger) submitApplication(c *SubmitApplication) Outcome {
	consumer, account, f := l.applying(c)
	if f != nil {
		return refused(f)
	}
	p := l.applicant(consumer)
	if f := l.mayApply(p, c); f != nil {
		return refused(f)
	}
	s := l.book.Shard()
	done := &ApplicationDecided{
		ID: NewApplicationID(s.Number, s.Applications+1), Consumer: consumer, Kind: NewLine, Account: c.Account, Currency: c.Currency,
		Consents: c.Consents, Needs: c.Needs, Assessment: c.Assessment, Offer: c.Offer, State: Offered,
	}
	var change *LimitsSet
	if account != nil {
		done.Kind, done.Before = LimitReview, account.Limit
	}
	if account != nil {
		done.Offer.Lines = opened(account, c.Offer.Lines)
	}
	switch {
	case c.Decision != Approve:
		done.State, done.Offer = ApplicationDeclined, Offer{}
	case account != nil && c.Offer.Limit <= account.Limit:
		done.State, change = LimitApplied, done.apply(account)
	default:
		if f := l.offerable(done.Kind, c.Currency, &c.Offer); f != nil {
			return refused(f)
		}
	}
	out := l.post(done)
	if change != nil {
		out.Account = l.byTheWay(change).Account
	}
	return out
}

// apply makes of an offer that raises nothing what takes effect at once: the limit is lowered, and no line's is raised by the
// way; or it is kept, and all that changes is how the account was assessed.
func (d *ApplicationDecided) apply(a *Account) *LimitsSet {
	d.Offer.Expires, d.Offer.Agreement = 0, ""
	d.Offer.Lines = slices.Clone(d.Offer.Lines) // they are the command's, which may be sent again
	for i := range d.Offer.Lines {
		line := &d.Offer.Lines[i]
		line.Limit = min(line.Limit, a.Line(line.Scene).Limit)
	}
	change := limits(a, d.ID, &d.Assessment, &d.Offer)
	if d.Offer.Limit == a.Limit {
		change.SetAccount, change.Limit, change.Lines, d.Offer.Lines = false, 0, nil, nil
		return change
	}
	change.Reason = codes(d.Reasons)
	return change
}

// applying finds who applies, and for a limit review the account.
func (l *Ledger) applying(c *SubmitApplication) (ConsumerToken, *Account, *Fault) {
	if c.Account != 0 {
		a, f := l.changeable(c.Account)
		if f == nil {
			f = checkCurrency(a, string(c.Currency))
		}
		if f != nil {
			return "", nil, f
		}
		return a.Consumer, a, nil
	}
	if id := l.book.Consumer(c.Consumer); id != 0 {
		return "", nil, fault(Exists, "CONSUMER_HAS_ACCOUNT", "the consumer has account %s", id).on("consumer_token").named(id.String())
	}
	return c.Consumer, nil, nil
}

// mayApply looks at consents, and at whether the consumer may apply now.
func (l *Ledger) mayApply(p *Applicant, c *SubmitApplication) *Fault {
	if p.Applications == MaxApplications {
		return fault(FailedPrecondition, "TOO_MANY_APPLICATIONS", "the consumer has applied %d times", MaxApplications)
	}
	if p.Application != 0 {
		last, f := l.application(p.Application)
		switch {
		case f != nil:
			return f
		case last.State == Offered:
			return fault(FailedPrecondition, "OFFER_OPEN", "application %s has an offer that can be accepted", last.ID).named(last.ID.String())
		case last.State == ApplicationDeclined && last.Overturned == 0 && l.now < last.RetryAfter:
			return fault(FailedPrecondition, "APPLIED_TOO_SOON", "application %s was declined: apply again from %s on", last.ID,
				last.RetryAfter.Time().Format("2006-01-02T15:04:05Z")).named(last.ID.String())
		}
	}
	return l.consents(p, c.Consents, c.Needs)
}

// offerable looks at whether an offer could be accepted: an account needs terms, which must be there, and be of its currency.
func (l *Ledger) offerable(kind ApplicationKind, currency money.Currency, o *Offer) *Fault {
	if o.Expires <= l.now {
		return fault(Invalid, "OFFER_IN_PAST", "the offer would have expired already").on("offer")
	}
	if kind == LimitReview {
		return nil
	}
	_, _, f := l.termsOffered(currency, o.Terms)
	return f
}

// termsOffered are the terms of a version, or the current ones of a currency for none.
func (l *Ledger) termsOffered(currency money.Currency, version string) (TermsID, *terms.Terms, *Fault) {
	if version == "" {
		id := l.currentTerms(currency)
		return id, l.termsOf(id), nil
	}
	id, t := l.findTerms(version)
	return id, t, termsFor(currency, version, id, t)
}

// opened are the limits of those lines that an account has.
func opened(a *Account, lines []LimitOfLine) []LimitOfLine {
	return slices.DeleteFunc(slices.Clone(lines), func(line LimitOfLine) bool { return a.Line(line.Scene).Status == NoLine })
}

// limits gives an account the limits of an offer, and says how it was assessed.
func limits(a *Account, id ApplicationID, v *Assessment, o *Offer) *LimitsSet {
	return &LimitsSet{
		Account: a.ID, SetAccount: true, Limit: o.Limit, Lines: opened(a, o.Lines),
		Risk: Risk{Grade: o.Grade, Score: v.Score, Application: id},
	}
}

// codes are the codes of reasons, a comma between.
func codes(reasons []Explanation) (list string) {
	for i, r := range reasons {
		if i > 0 {
			list += ","
		}
		list += r.Code
	}
	return list
}

// acceptOffer opens the account with its lines as offered, or raises its limits, and records the acceptance.
func (l *Ledger) acceptOffer(c *AcceptOffer) Outcome {
	a, f := l.offered(c.Application)
	if f == nil && c.Agreement != a.Offer.Agreement {
		f = fault(Invalid, "AGREEMENT_MISMATCH", "the offer is of version %q of the agreement", a.Offer.Agreement).on("agreement_version").named(a.ID.String())
	}
	if f == nil {
		f = l.consents(l.applicant(a.Consumer), c.Consents, c.Needs)
	}
	if f != nil {
		return refused(f)
	}
	var change Fact
	id := a.Account
	if a.Kind == NewLine {
		var opened *AccountOpened
		if opened, f = l.opening(a, c); f == nil {
			change, id = opened, opened.Account
		}
	} else {
		change, f = l.raising(a)
	}
	if f != nil {
		return refused(f)
	}
	account := l.byTheWay(change).Account
	out := l.post(&OfferAccepted{ID: a.ID, Consumer: a.Consumer, Account: id, Agreement: c.Agreement, Consents: c.Consents})
	out.Account = account
	return out
}

// offered is an application whose offer can be accepted now.
func (l *Ledger) offered(id ApplicationID) (*Application, *Fault) {
	a, f := l.application(id)
	if f != nil {
		return nil, f
	}
	switch a.State {
	case Offered:
		return a, nil
	case OfferExpired:
		return nil, fault(FailedPrecondition, "OFFER_EXPIRED", "the offer of application %s ended %s", id,
			a.Offer.Expires.Time().Format("2006-01-02T15:04:05Z")).named(id.String())
	}
	return nil, fault(FailedPrecondition, "NO_OFFER", "application %s has no offer that can be accepted", id).named(id.String())
}

// opening is the account that an offer is of.
func (l *Ledger) opening(a *Application, c *AcceptOffer) (*AccountOpened, *Fault) {
	if id := l.book.Consumer(a.Consumer); id != 0 { // opened without an application since
		return nil, fault(Exists, "CONSUMER_HAS_ACCOUNT", "the consumer has account %s", id).named(id.String())
	}
	id, t, f := l.termsOffered(a.Currency, a.Offer.Terms)
	if f != nil {
		return nil, f
	}
	s := l.book.Shard()
	opened := &AccountOpened{
		Account: NewAccountID(s.Number, s.Accounts+1), Consumer: a.Consumer, Currency: a.Currency, Limit: a.Offer.Limit, Terms: id,
		Day: c.Day, Channel: c.Channel, Risk: Risk{Grade: a.Offer.Grade, Score: a.Score, Application: a.ID},
	}
	for _, line := range a.Offer.Lines {
		opened.Lines = append(opened.Lines, LineOpening{Scene: line.Scene, Limit: line.Limit, Agreement: c.Agreement, Accepted: c.Agreement})
	}
	if opened.Day == 0 {
		opened.Day = calendar.StatementDay(t.Window.DefaultStatementDay)
	}
	if opened.Channel == NoChannel {
		opened.Channel = DirectDebit
	}
	return opened, nil
}

// raising is the limits that an offer is of. An operator may have changed them since.
func (l *Ledger) raising(a *Application) (*LimitsSet, *Fault) {
	account, f := l.changeable(a.Account)
	switch {
	case f != nil:
		return nil, f
	case account.Limit >= a.Offer.Limit:
		return nil, fault(FailedPrecondition, "LIMIT_NOT_RAISED", "account %s has a limit of %d, the offer is of %d", account.ID, account.Limit,
			a.Offer.Limit).named(account.ID.String())
	}
	return limits(account, a.ID, &a.Assessment, &a.Offer), nil
}

// withdrawOffer ends an offer that nobody is to accept any more.
func (l *Ledger) withdrawOffer(c *WithdrawOffer) Outcome {
	a, f := l.offered(c.Application)
	if f != nil {
		return refused(f)
	}
	return l.post(&OfferEnded{ID: a.ID, Consumer: a.Consumer, Reason: c.Reason})
}

// byTheWay records a fact that a command makes beside the one that its request stands for.
func (l *Ledger) byTheWay(f Fact) Outcome { return l.record(f, Request{Caller: l.req.Caller}, nil) }
