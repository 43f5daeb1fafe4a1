package ledger

import (
	"sort"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Commands on settlements. All but CutSettlement are for the carrier's home shard.
type (
	// BeginSettlement is to have everything settled that is payable up to a business day, whose cut-off must have passed.
	BeginSettlement struct {
		Request
		Carrier  CarrierID
		Currency money.Currency
		Through  calendar.Date
	}
	// CutSettlement makes the shard's part of a settlement. Asked again it answers with the same part.
	CutSettlement struct {
		SettlementID
		Through calendar.Date
	}
	// EndSettlement closes a settlement, every shard of which has been cut. Asked again it does nothing.
	EndSettlement struct {
		SettlementID
		Parts []SettlementPart // that have lines
	}
	// ConfirmSettlement records that a settlement was paid.
	ConfirmSettlement struct {
		Request
		ID        SettlementID
		Reference string // the bank's
		ValueDate calendar.Date
		Amount    money.Amount // must be what the settlement comes to
	}
	// GetSettlement reads a settlement.
	GetSettlement struct{ ID SettlementID }
	// ListSettlements reads the settlements of a carrier in a currency, newest first.
	ListSettlements struct {
		Carrier  CarrierID
		Currency money.Currency
		Before   uint32 // only those with a smaller number; 0 for all
		Limit    int
	}
)

// SettlementAnswer is what is told of settlements. Which fields are set depends on the command.
type SettlementAnswer struct {
	Settlement  *Settlement
	Settlements []*Settlement
	Cut         Cut // of CutSettlement
}

func (c *BeginSettlement) fields(f *fingerprint) {
	f.kind(71)
	f.str("carrier_id", string(c.Carrier))
	f.str("currency", string(c.Currency))
	f.int("through_date", int64(c.Through))
}

func (c *ConfirmSettlement) fields(f *fingerprint) {
	f.kind(72)
	f.str("carrier_id", string(c.ID.Carrier))
	f.str("currency", string(c.ID.Currency))
	f.int("number", int64(c.ID.N))
	f.str("bank_reference", c.Reference)
	f.int("value_date", int64(c.ValueDate))
	f.int("amount", int64(c.Amount))
}

func (*CutSettlement) fields(*fingerprint)   {}
func (*EndSettlement) fields(*fingerprint)   {}
func (*GetSettlement) fields(*fingerprint)   {}
func (*ListSettlements) fields(*fingerprint) {}

// settlementCommand carries out a command on settlements; false when it is another command.
func (l *Ledger) settlementCommand(c Command) (Outcome, bool) {
	switch c := c.(type) {
	case *AdjustCarrier:
		return l.adjustCarrier(c), true
	case *BeginSettlement:
		return l.beginSettlement(c), true
	case *CutSettlement:
		return l.cutSettlement(c), true
	case *EndSettlement:
		return l.endSettlement(c), true
	case *ConfirmSettlement:
		return l.confirmSettlement(c), true
	case *GetSettlement:
		s, f := l.settlement(c.ID)
		if f != nil {
			return refused(f), true
		}
		return Outcome{Settlement: &SettlementAnswer{Settlement: s.clone()}}, true
	case *ListSettlements:
		return l.listSettlements(c), true
	}
	return Outcome{}, false
}

// settlementAgain tells which settlement a request was about that was carried out before, as it is now.
func (l *Ledger) settlementAgain(c Command, out *Outcome) {
	var s *Settlement
	switch c := c.(type) {
	case *BeginSettlement:
		s = l.settlementThrough(c.Carrier, c.Currency, c.Through)
	case *ConfirmSettlement:
		s = l.book.Settlement(c.ID)
	default:
		return
	}
	if s == nil {
		l.book.Lost("the settlement of request " + string(l.req.ID))
		return
	}
	out.Settlement = &SettlementAnswer{Settlement: s.clone()}
}

// settlement finds a settlement.
func (l *Ledger) settlement(id SettlementID) (*Settlement, *Fault) {
	if p := l.book.Shard().Payable(id.Carrier, id.Currency); p != nil && id.N != 0 && id.N <= p.Closing {
		if s := l.book.Settlement(id); s != nil {
			return s, nil
		}
		l.book.Lost("settlement " + id.String())
	}
	return nil, fault(NotFound, "SETTLEMENT_NOT_FOUND", "there is no settlement %s", id).named(id.String())
}

// settlementThrough finds the settlement that goes through a business day; nil when there is none. They are in order of both.
func (l *Ledger) settlementThrough(id CarrierID, c money.Currency, through calendar.Date) *Settlement {
	p := l.book.Shard().Payable(id, c)
	if p == nil {
		return nil
	}
	at := func(n int) *Settlement { return l.book.Settlement(SettlementID{id, c, uint32(n + 1)}) }
	n := sort.Search(int(p.Closing), func(n int) bool {
		s := at(n)
		return s == nil || s.Through >= through
	})
	if n == int(p.Closing) {
		return nil
	}
	if s := at(n); s != nil && s.Through == through {
		return s
	}
	return nil
}

// cycleOf is how a carrier is paid: one that was never agreed with is paid by civil days of the business.
func (l *Ledger) cycleOf(id CarrierID) (SettlementTerms, calendar.Zone) {
	if c := l.book.Shard().Carrier(id); c != nil && c.Settlement.Cycle != NoCycle {
		return c.Settlement, l.zones.find(c.Settlement.Zone, l.zone)
	}
	return SettlementTerms{}, l.zone
}

func (l *Ledger) beginSettlement(c *BeginSettlement) Outcome {
	var last *Settlement
	id := SettlementID{c.Carrier, c.Currency, 1}
	if p := l.book.Shard().Payable(c.Carrier, c.Currency); p != nil && p.Closing != 0 {
		if last = l.book.Settlement(SettlementID{c.Carrier, c.Currency, p.Closing}); last == nil {
			l.book.Lost("settlement " + id.String())
			return Outcome{}
		}
		id.N = last.N + 1
	}
	after := calendar.Date(0)
	if last != nil {
		after = last.Through
		switch {
		case last.State == SettlementClosing && last.Through == c.Through:
			return Outcome{Settlement: &SettlementAnswer{Settlement: last.clone()}} // somebody else has begun it
		case last.State == SettlementClosing:
			return refused(fault(FailedPrecondition, "SETTLEMENT_CLOSING", "settlement %s is being closed through %s", last.SettlementID, last.Through).named(last.String()))
		case c.Through <= last.Through:
			return refused(fault(FailedPrecondition, "SETTLED_ALREADY", "settlement %s went through %s: what is late is in the next",
				last.SettlementID, last.Through).on("through_date").named(last.String()))
		}
	}
	terms, zone := l.cycleOf(c.Carrier)
	if end := terms.EndOf(c.Through, zone); l.now < end {
		return refused(fault(FailedPrecondition, "CUT_OFF_NOT_PASSED", "the business day %s of carrier %q ends at %s",
			c.Through, c.Carrier, end.Time().Format("2006-01-02T15:04:05Z")).on("through_date"))
	}
	return l.post(&SettlementBegun{SettlementID: id, After: after, Through: c.Through})
}

// cutSettlement makes the next cut. The one before stays known, so that whoever was interrupted can ask again.
func (l *Ledger) cutSettlement(c *CutSettlement) Outcome {
	var last Cut
	f := &SettlementCut{SettlementID: c.SettlementID, Through: c.Through}
	p := l.book.Shard().Payable(c.Carrier, c.Currency)
	if p != nil {
		last = p.Cut
	}
	switch {
	case c.N == last.N && c.Through == last.Through && c.N != 0:
		return Outcome{Settlement: &SettlementAnswer{Cut: last}}
	case c.N != last.N+1 || last.N != 0 && c.Through <= last.Through:
		return refused(fault(FailedPrecondition, "CUT_OUT_OF_ORDER", "the last cut is %d through %s, not the one before %d through %s",
			last.N, last.Through, c.N, c.Through))
	}
	f.Before, f.BeforeThrough = last.Sequence, last.Through
	for i := 0; p != nil && i < len(p.Open); i++ {
		o := &p.Open[i]
		if o.Date > c.Through {
			break
		}
		f.Sums.Add(&o.Sums)
		if last.N != 0 && o.Date != 0 && o.Date <= last.Through {
			f.Late.Add(&o.Sums)
		}
		if f.First == 0 || o.First < f.First {
			f.First = o.First
		}
	}
	return l.post(f)
}

func (l *Ledger) endSettlement(c *EndSettlement) Outcome {
	s, f := l.settlement(c.SettlementID)
	if f != nil {
		return refused(f)
	}
	if s.State != SettlementClosing {
		return Outcome{Settlement: &SettlementAnswer{Settlement: s.clone()}}
	}
	return l.post(&SettlementEnded{SettlementID: c.SettlementID, Parts: c.Parts})
}

func (l *Ledger) confirmSettlement(c *ConfirmSettlement) Outcome {
	s, f := l.settlement(c.ID)
	if f != nil {
		return refused(f)
	}
	sums := &s.Sums
	switch {
	case s.State == SettlementClosing:
		f = fault(FailedPrecondition, "SETTLEMENT_CLOSING", "settlement %s is being closed through %s", c.ID, s.Through)
	case s.State == SettlementConfirmed:
		f = fault(FailedPrecondition, "SETTLEMENT_CONFIRMED", "settlement %s was paid with %q", c.ID, s.Reference)
	case c.Amount != sums.Net():
		f = fault(Invalid, "AMOUNT_NOT_NET", "amount %d is not the %d that settlement %s comes to", c.Amount, sums.Net(), c.ID).on("amount")
	case c.ValueDate > l.today:
		f = fault(Invalid, "VALUE_DATE_IN_FUTURE", "value_date %s is after today, %s", c.ValueDate, l.today).on("value_date")
	}
	if f != nil {
		return refused(f.named(c.ID.String()))
	}
	d := &SettlementPaid{
		SettlementID: c.ID, Reference: c.Reference, ValueDate: c.ValueDate,
		Subsidy: sums.Of(LineSubsidy).Amount, Collected: sums.Of(LineCollected).Amount,
	}
	d.Payable = sums.Net() - d.Subsidy - d.Collected
	return l.post(d)
}

func (l *Ledger) listSettlements(c *ListSettlements) (out Outcome) {
	out.Settlement = &SettlementAnswer{}
	p := l.book.Shard().Payable(c.Carrier, c.Currency)
	if p == nil {
		return out
	}
	n := p.Closing
	if c.Before != 0 {
		n = min(n, c.Before-1)
	}
	for ; n > 0 && len(out.Settlement.Settlements) < c.Limit; n-- {
		s, f := l.settlement(SettlementID{c.Carrier, c.Currency, n})
		if f != nil {
			return Outcome{} // Err says why
		}
		out.Settlement.Settlements = append(out.Settlement.Settlements, s.clone())
	}
	out.More = n > 0
	return out
}

// PeriodEnd is the last business day of the period that a business day is in: that day itself, or the last of its month.
func (c PayCycle) PeriodEnd(d calendar.Date) calendar.Date {
	if c == Monthly {
		return (d.Month() + 1).First() - 1
	}
	return d
}

// DueThrough is the business day through which a carrier is to be settled next in a currency: the end of the first period that is
// over and has anything in it. What is late makes the last period that is over one that has something. 0 when nothing is
// due. What is open is given by shard, and the last day that is settled.
func (s *SettlementTerms) DueThrough(shards []*Shard, id CarrierID, c money.Currency, after calendar.Date, now calendar.Instant, z calendar.Zone) calendar.Date {
	over := s.DayAt(now, z) - 1 // the last business day that has ended
	if s.Cycle == Monthly && s.Cycle.PeriodEnd(over) != over {
		over = over.Month().First() - 1
	}
	if s.Cycle == NoCycle || over <= after {
		return 0
	}
	var due calendar.Date
	for _, shard := range shards {
		p := shard.Payable(id, c)
		if p == nil {
			continue
		}
		for i := range p.Open {
			d := p.Open[i].Date
			if d > over {
				continue
			}
			end := over
			if d > after && d != 0 {
				end = s.Cycle.PeriodEnd(d)
			}
			if due == 0 || end < due {
				due = end
			}
		}
	}
	return due
}
