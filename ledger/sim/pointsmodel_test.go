package sim_test

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// point is one point of the model, which has each of them by itself.
type point struct {
	last  calendar.Date
	order *pointsOrder // that holds it or has spent it; nil when it is free
	spent bool
}

// pointsOrder is an order as the model has it.
type pointsOrder struct {
	n                                    uint32
	authorized, held, captured, refunded int64
	lapsed                               int64
	expires                              calendar.Instant
	decided, pledged, redeemed, restored share
	earned, takenBack                    int64
}

// share is points and what they pay.
type share struct{ points, worth int64 }

// financed is what is lent of an order.
func (o *pointsOrder) financed() int64 {
	return o.captured - o.refunded - o.redeemed.worth + o.restored.worth
}

// pointsModel is the points of one account, told point by point. It shares nothing with the ledger but its types, and reckons
// shares in fractions.
type pointsModel struct {
	terms  *terms.Terms
	zone   calendar.Zone
	now    calendar.Instant
	points []*point
	short  int64
	ever   ledger.PointsFlows
	orders []*pointsOrder
	last   uint32 // number of the newest authorization
	repaid int64
	limit  int64
}

func (m *pointsModel) today() calendar.Date { return m.zone.DateAt(m.now) }

// part is a/b of v, rounded down or up.
func part(v, a, b int64, up bool) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	r := new(big.Rat).Mul(big.NewRat(v, 1), big.NewRat(a, b))
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if up && rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Int64()
}

// of are the points that an order holds or has spent, or the free ones; those that expire first come first.
func (m *pointsModel) of(o *pointsOrder, spent bool) (list []*point) {
	for _, p := range m.points {
		if p.order == o && p.spent == spent {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *point) int { return cmp.Compare(a.last, b.last) })
	return list
}

func (m *pointsModel) free() []*point { return m.of(nil, false) }

func (m *pointsModel) remove(p *point) {
	m.points = slices.DeleteFunc(m.points, func(o *point) bool { return o == p })
}

// add adds points that can be spent.
func (m *pointsModel) add(n int64, last calendar.Date) {
	for range n {
		if m.short > 0 {
			m.short--
			continue
		}
		m.points = append(m.points, &point{last: last})
	}
}

// comeBack lets the last points of a list go free on a day.
func (m *pointsModel) comeBack(list []*point, n int64, day calendar.Date) {
	for _, p := range list[int64(len(list))-n:] {
		last := p.last
		if last < day {
			last = day.AddDays(m.terms.Points.GraceDays)
		}
		m.remove(p)
		m.add(1, last)
	}
}

// until lets time pass: points and holds end in the order of their instants.
func (m *pointsModel) until(now calendar.Instant) {
	for {
		var at calendar.Instant
		var hold *pointsOrder
		if free := m.free(); len(free) > 0 {
			at = m.zone.Start(free[0].last + 1)
		}
		for _, o := range m.orders {
			if o.held > 0 && (at == 0 || o.expires < at) {
				at, hold = o.expires, o
			}
		}
		if at == 0 || at > now {
			m.now = now
			return
		}
		if hold != nil {
			m.release(hold, hold.held, m.zone.DateAt(at))
			hold.lapsed, hold.held = hold.held, 0
			continue
		}
		for _, p := range m.free() {
			if m.zone.Start(p.last+1) <= at {
				m.remove(p)
				m.ever.Expired++
			}
		}
	}
}

// release gives back what points are to pay of a part of a hold.
func (m *pointsModel) release(o *pointsOrder, amount int64, day calendar.Date) {
	back := share{part(o.pledged.points, amount, o.held, false), part(o.pledged.worth, amount, o.held, false)}
	m.comeBack(m.of(o, false), back.points, day)
	o.pledged = share{o.pledged.points - back.points, o.pledged.worth - back.worth}
}

// redeem pays a part of a hold.
func (m *pointsModel) redeem(o *pointsOrder, amount int64) (paid int64) {
	used := share{part(o.pledged.points, amount, o.held, true), part(o.pledged.worth, amount, o.held, false)}
	for _, p := range m.of(o, false)[:used.points] {
		p.spent = true
	}
	o.pledged = share{o.pledged.points - used.points, o.pledged.worth - used.worth}
	o.redeemed = share{o.redeemed.points + used.points, o.redeemed.worth + used.worth}
	m.ever.Redeemed += ledger.Points(used.points)
	return used.worth
}

// earn rewards an amount.
func (m *pointsModel) earn(on terms.EarnedOn, amount int64) int64 {
	if m.terms.Points.EarnedOn != on {
		return 0
	}
	n := amount * int64(m.terms.Points.EarnedPerUnit) / 100
	day := time.Unix(int64(m.today())*86_400, 0).UTC()
	last := time.Date(day.Year(), day.Month()+time.Month(m.terms.Points.ValidMonths)+1, 0, 0, 0, 0, 0, time.UTC) // with the month
	m.add(n, calendar.Date(last.Unix()/86_400))
	m.ever.Earned += ledger.Points(n)
	return n
}

func (m *pointsModel) takeBack(n int64) {
	for range n {
		if free := m.free(); len(free) > 0 {
			m.remove(free[len(free)-1])
		} else {
			m.short++
		}
	}
	m.ever.TakenBack += ledger.Points(n)
}

// wants is what so many points are to pay.
func (m *pointsModel) wants(points int64) share {
	p := &m.terms.Points
	w := part(int64(p.Worth), points, int64(p.Per), false)
	return share{part(int64(p.Per), w, int64(p.Worth), true), w}
}

// allowed says whether points may pay a part of an order.
func (m *pointsModel) allowed(points, amount int64) bool {
	w := m.wants(points)
	return points == 0 || points >= int64(m.terms.Points.Fewest) && w.worth > 0 && w.worth <= part(amount, int64(m.terms.Points.MostShare), 1_000_000, false)
}

// left is what may still be lent. What was repaid beyond what is owed is the consumer's credit, and no limit.
func (m *pointsModel) left() int64 {
	held, owed := int64(0), -m.repaid
	for _, o := range m.orders {
		held, owed = held+o.held-o.pledged.worth, owed+o.financed()
	}
	return m.limit - held - max(0, owed)
}

// approves is what is approved of an order, found by trying each amount; 0 when nothing is.
func (m *pointsModel) approves(amount, points int64, partial bool) int64 {
	w := m.wants(points)
	if w.points > int64(len(m.free())) {
		return 0
	}
	left := m.left()
	for a := amount; a > 0; a-- {
		if lent := a - part(w.worth, a, amount, false); lent <= left || lent == 0 {
			return a
		}
		if !partial {
			return 0
		}
	}
	return 0
}

// order takes points for an order: held, or spent at once.
func (m *pointsModel) order(o *pointsOrder, s share, spent bool) {
	for _, p := range m.free()[:s.points] {
		p.order, p.spent = o, spent
	}
	o.decided = s
	if spent {
		o.redeemed = s
		m.ever.Redeemed += ledger.Points(s.points)
	} else {
		o.pledged = s
	}
	m.orders = append(m.orders, o)
}

func (m *pointsModel) refund(o *pointsOrder, amount int64) {
	left := o.captured - o.refunded
	back := share{
		part(o.redeemed.points-o.restored.points, amount, left, false), part(o.redeemed.worth-o.restored.worth, amount, left, false),
	}
	financed := o.financed()
	m.comeBack(m.of(o, true), back.points, m.today())
	m.ever.Restored += ledger.Points(back.points)
	o.restored = share{o.restored.points + back.points, o.restored.worth + back.worth}
	o.refunded += amount
	if financed > 0 {
		n := part(o.earned-o.takenBack, amount-back.worth, financed, false)
		o.takenBack += n
		m.takeBack(n)
	}
}

// lots are the free points as the ledger keeps them.
func (m *pointsModel) lots() (lots ledger.Lots) {
	for _, p := range m.free() {
		if n := len(lots); n > 0 && lots[n-1].Expires == p.last {
			lots[n-1].Points++
		} else {
			lots = append(lots, ledger.Lot{Expires: p.last, Points: 1})
		}
	}
	return lots
}

func amountOf(v int64) money.Amount { return money.Amount(v) }
