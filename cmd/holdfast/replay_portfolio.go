package main

import (
	"context"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// survey is what the accounts of a replay owe at its end, and what was billed on the way.
type survey struct {
	asOf       string
	statements int
	billed     int64 // principal
	penalty    int64 // interest and fees too; charged less what was taken back
	balance    tallied
	notDue     tallied
	overdue    map[string]tallied // accounts and what is overdue, by bucket
	chargedOff tallied            // accounts, and what is not recovered
	writtenOff int64              // ever
	credit     int64
	standings  map[*consumer]*standing
}

// standing is how the billing windows of an account stand.
type standing struct {
	today      string
	open       string
	debts      map[string]*holdfastv1.Debt // by the day on which the window opened
	chargedOff map[string]bool             // windows, when not all was recovered
	owesOpen   bool
}

// of says how a window stands.
func (s *standing) of(window string) fateName {
	switch debt := s.debts[window]; {
	case s.chargedOff[window]:
		return isChargedOff
	case debt.GetOverdue():
		return isOverdue
	case debt != nil, s.open == window && s.owesOpen:
		return isNotDue
	}
	return isSettled
}

// fateName is how an order stands at the end.
type fateName int

const (
	isSettled fateName = iota
	isNotDue
	isOverdue
	isChargedOff
	isDeclined
	fateNames
)

// survey finds out how all accounts stand, and the exposure at the end of each week.
func (d *driver) survey(ctx context.Context) error {
	p := &d.played.survey
	p.overdue, p.standings = map[string]tallied{}, map[*consumer]*standing{}
	show := newProgress("reading accounts")
	defer show.end()
	for _, c := range d.consumers {
		if c.account == "" {
			continue
		}
		if err := d.surveyAccount(ctx, p, c); err != nil {
			return err
		}
		show.update(int64(len(p.standings)), int64(len(d.consumers)))
	}
	return d.surveyWeeks(ctx)
}

func (d *driver) surveyAccount(ctx context.Context, p *survey, c *consumer) error {
	b, err := d.billing(ctx, c.account)
	if err != nil {
		return err
	}
	s := &standing{today: b.GetAsOf(), open: b.GetOpenWindow().GetOpeningDate(), debts: map[string]*holdfastv1.Debt{}, chargedOff: map[string]bool{}}
	s.owesOpen = b.GetOpenWindow().GetOwed().GetTotal() > 0
	p.standings[c], p.asOf = s, b.GetAsOf()
	for _, x := range b.GetDebts() {
		s.debts[x.GetOpeningDate()] = x
	}
	p.credit += b.GetCreditBalance()
	if owed := b.GetBalance() + b.GetCreditBalance() + b.GetUnbilledPrincipal(); owed > 0 {
		p.balance.add(owed)
		if rest := owed - b.GetOverdueAmount(); rest > 0 {
			p.notDue.add(rest)
		}
	}
	if b.GetOverdueAmount() > 0 {
		t := p.overdue[b.GetBucket()]
		t.add(b.GetOverdueAmount())
		p.overdue[b.GetBucket()] = t
	}
	if b.GetWrittenOffAmount() > 0 {
		p.chargedOff.add(b.GetWrittenOffAmount())
		if err := d.surveyLosses(ctx, c, s); err != nil {
			return err
		}
	}
	p.penalty += chargesOf(b.GetOpenWindow().GetChanges())
	return d.surveyStatements(ctx, p, c)
}

// chargesOf are interest, penalty and fees that were charged, less what was taken back.
func chargesOf(c *holdfastv1.BalanceChanges) int64 {
	return c.GetPenalty() + c.GetInterest() + c.GetFees() + c.GetWaived()
}

func (d *driver) surveyStatements(ctx context.Context, p *survey, c *consumer) error {
	token := ""
	for {
		page, err := d.client.ListStatements(ctx, &holdfastv1.ListStatementsRequest{AccountId: c.account, PageSize: 500, PageToken: token})
		if err != nil {
			return err
		}
		for _, x := range page.GetStatements() {
			p.statements++
			p.billed += x.GetBilled().GetPrincipal()
			p.penalty += chargesOf(x.GetChanges())
		}
		if token = page.GetNextPageToken(); token == "" {
			return nil
		}
	}
}

// surveyLosses finds the windows of an account that were charged off.
func (d *driver) surveyLosses(ctx context.Context, c *consumer, s *standing) error {
	token := ""
	for {
		page, err := d.client.ListItems(ctx, &holdfastv1.ListItemsRequest{AccountId: c.account, PageSize: 500, PageToken: token})
		if err != nil {
			return err
		}
		for _, i := range page.GetItems() {
			for _, m := range i.GetMoves() {
				if i.GetKind() == holdfastv1.ItemKind_ITEM_KIND_CHARGED_OFF && m.GetPart() == holdfastv1.AmountPart_AMOUNT_PART_PRINCIPAL {
					s.chargedOff[m.GetOpeningDate()] = true
				}
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			return nil
		}
	}
}

// surveyWeeks reads from the postings of the journal what was held and owed at the end of each week.
func (d *driver) surveyWeeks(ctx context.Context) error {
	weeks, p := d.played.weeks, &d.played.survey
	changes := make([]exposure, len(weeks))
	at := 0
	for e, err := range d.client.WatchEvents(ctx, &holdfastv1.WatchEventsRequest{UntilNow: true}) {
		if err != nil {
			return err
		}
		if s := int(e.GetShard()); s < len(d.before) && e.GetSequence() <= d.before[s] || e.GetCurrency() != d.Currency {
			continue
		}
		when := e.GetTime().AsTime()
		if at > 0 && when.Before(weeks[at-1].end) {
			at = 0 // another shard's
		}
		for at < len(weeks)-1 && !when.Before(weeks[at].end) {
			at++
		}
		for _, posting := range e.GetPostings() {
			switch book, _, _ := strings.Cut(posting.GetBook(), "/"); book {
			case "held":
				changes[at].held += posting.GetAmount()
			case "receivable":
				changes[at].owed += posting.GetAmount()
			case "loss":
				p.writtenOff += posting.GetAmount()
			}
		}
	}
	var sum exposure
	for i := range weeks {
		sum.held += changes[i].held
		sum.owed += changes[i].owed
		weeks[i].exposure = sum
	}
	return nil
}

// settledBy says when an order was repaid in the file; false when it never was, as far as the file knows.
func (o *order) settledBy() (time.Time, bool) {
	if len(o.payments) == 0 {
		return time.Time{}, false
	}
	return o.payments[len(o.payments)-1].at, true
}
