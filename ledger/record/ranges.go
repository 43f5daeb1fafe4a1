package record

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// ranges looks at values that index arrays, in an entry or in a row. It is ok until one is out of range.
type ranges struct{ ok bool }

func (c *ranges) want(ok bool) { c.ok = c.ok && ok }

func (c *ranges) scene(s ledger.Scene)         { c.want(s.Valid()) }
func (c *ranges) anyScene(s ledger.Scene)      { c.want(s == ledger.NoScene || s.Valid()) }
func (c *ranges) state(s ledger.State)         { c.want(s <= ledger.Declined) }
func (c *ranges) day(d calendar.StatementDay)  { c.want(d <= 28) }
func (c *ranges) channel(v ledger.Channel)     { c.want(v == ledger.NoChannel || v.Valid()) }
func (c *ranges) outcome(o ledger.ItemOutcome) { c.want(o <= ledger.Partly) }
func (c *ranges) plan(p *plan.Plan)            { c.want(p.Billed >= 0 && p.Billed <= len(p.Schedule)) }

// listed looks at where something is in a batch.
func (c *ranges) listed(l *ledger.Listed) {
	c.want(l.Was < ledger.BatchOutcomes && l.Outcome < ledger.BatchOutcomes)
}

// verdict looks at what a risk policy said.
func (c *ranges) verdict(v *ledger.Verdict) { c.want(v.Action == ledger.NoAction || v.Action.Valid()) }

// carrier looks at what was agreed with one.
func (c *ranges) carrier(s *ledger.CarrierSettings) {
	c.want(s.Settlement.Cycle.Valid())
	for i := range s.Products {
		c.anyScene(s.Products[i].Scene)
	}
	for i := range s.Fees {
		c.anyScene(s.Fees[i].Scene)
	}
}

func (c *ranges) moves(moves []ledger.Move) {
	for i := range moves {
		m := &moves[i]
		c.anyScene(m.Scene)
		c.want(m.Part <= ledger.PointsCostPart && m.Against <= ledger.BookPointsIssued)
	}
}

// booking looks at a booking; nil is in order.
func (c *ranges) booking(b *ledger.Booking) {
	if b == nil {
		return
	}
	c.channel(b.Channel)
	c.listed(&b.Listed)
	c.want(b.Status <= ledger.AccountClosed && (b.Kind != ledger.WindowClosed || b.Statement != nil))
	c.moves(b.Moves)
	c.billing(&b.After)
}

func (c *ranges) billing(b *ledger.Billing) {
	c.day(b.Day)
	c.day(b.NextDay)
	c.channel(b.Channel)
	for i := range b.Collections {
		c.channel(b.Collections[i].Channel)
		c.listed(&b.Collections[i].Listed)
	}
	for i := range b.Plans {
		c.plan(&b.Plans[i].Plan)
	}
	for i := range b.Accelerated {
		c.plan(&b.Accelerated[i].Plan)
	}
}
