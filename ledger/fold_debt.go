package ledger

import "github.com/holdfast-credit/holdfast/ledger/money"

// foldBooking absorbs a booking: the billing is as it says. The history that it makes is put before the account.
func (l *Ledger) foldBooking(e *Entry, a *Account, b *Booking, authorization uint32) *Item {
	a.Billing = b.After.clone()
	for i := range a.Lines {
		a.Lines[i].Posted = a.Billing.Principal(Scene(i + 1))
	}
	a.Conduct.book(a, b)
	if b.Status != NoAccountStatus {
		a.Status, a.StatusReason = b.Status, b.Note
	}
	l.foldLine(e, a, b)
	if b.Statement != nil {
		l.book.PutStatement(a.ID, b.Statement)
	}
	if b.Undoes != 0 {
		l.complete(a.ID, b)
	}
	if b.Item == 0 {
		return nil
	}
	item := b.item(e, authorization)
	l.book.PutItem(a.ID, item)
	return item
}

// complete says of an item what became of it.
func (l *Ledger) complete(id AccountID, b *Booking) {
	was := l.book.Item(id, b.Undoes)
	if was == nil {
		return // it could not be read: Err says so
	}
	done := *was
	switch b.Kind {
	case RepaymentReversed:
		done.Outcome = Undone
	case CollectionFailed:
		done.Outcome = Failed
	default:
		if done.Outcome = Succeeded; b.Listed.Outcome == OutcomePartly {
			done.Outcome = Partly
		}
	}
	l.book.PutItem(id, &done)
}

// foldIntake absorbs what a capture of an authorization does to what is owed.
func (l *Ledger) foldIntake(e *Entry, a *Account, f *Intake, n uint32, s Scene, amount money.Amount) {
	if f.Booking != nil {
		l.foldBooking(e, a, f.Booking, n)
		return
	}
	b := &a.Billing
	if f.Window.Due != 0 {
		b.openWindow(f.Window, a.LastN)
		b.Agenda = f.Agenda
	}
	b.Open.FirstN = min(b.Open.FirstN, n)
	b.Open.Purchases[s-1] += amount
	b.Open.Flows.Purchases += amount
	a.Line(s).Posted += amount
}

// foldBooked absorbs a booking that is a fact of its own.
func (l *Ledger) foldBooked(e *Entry, a *Account, f *Booked, out *Outcome) {
	item := l.foldBooking(e, a, &f.Booking, 0)
	out.Currency = a.Currency
	out.ID.Account = a.ID
	out.Points = f.Points.change()
	out.Billing = &BillingAnswer{Item: item, Terms: l.termsOf(a.Billing.Terms).Version}
	out.Account = a.Clone()
	out.Account.Holds, out.Account.Velocity = nil, Velocity{}
}

// debts finds the totals of debts in a currency, and makes them when they are not there.
func (s *Shard) debts(c money.Currency) *DebtTotals {
	for i := range s.Debts {
		if s.Debts[i].Currency == c {
			return &s.Debts[i]
		}
	}
	at := 0
	for at < len(s.Debts) && s.Debts[at].Currency < c {
		at++
	}
	s.Debts = append(s.Debts, DebtTotals{})
	copy(s.Debts[at+1:], s.Debts[at:])
	s.Debts[at] = DebtTotals{Currency: money.Currency(clone(string(c)))}
	return &s.Debts[at]
}

// foldBooking adds a booking to the shard's totals.
func (s *Shard) foldBooking(c money.Currency, b *Booking) {
	if b == nil {
		return
	}
	s.foldLine(c, b)
	t := s.debts(c)
	switch b.Kind {
	case WindowClosed:
		t.Statements++
		t.Billed += b.Statement.Bill.AllPrincipal()
	case CollectionFailed:
		t.Failed++
	case RepaymentPosted:
		if b.Undoes != 0 {
			t.Collected++
		}
	}
	for i := range b.Moves {
		m := &b.Moves[i]
		switch m.Against {
		case BookCash, BookCollected:
			switch {
			case m.Part == CreditPart && b.Kind == CreditRefunded:
				t.PaidOut -= m.Amount
			case m.Part == CreditPart:
				t.Repaid += m.Amount
			case m.Part == WrittenOffPart:
				t.Recovered -= m.Amount
			default:
				t.Repaid -= m.Amount
			}
		case BookLoss:
			t.ChargedOff -= m.Amount
		case BookPayable:
			if m.Part == WrittenOffPart {
				t.ChargedOff += m.Amount // what was charged off is taken back
			}
		case BookIncome:
			switch m.Part {
			case SubsidyPart:
				s.totals(&HoldRef{Carrier: m.Carrier, Currency: c}).Subsidy += m.Amount
				t = s.debts(c)
			case PenaltyPart:
				t.Penalty += m.Amount
			case InterestPart:
				t.Interest += m.Amount
			case FeePart:
				t.Fees += m.Amount
			}
		}
	}
}
