package ledger

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Points is a number of points. They are whole.
type Points int64

// PointsUnit is the unit of postings in points, in the place of a currency. ISO 4217 has assigned it to nothing.
const PointsUnit money.Currency = "PTS"

// Lot is points that expire together.
type Lot struct {
	Expires calendar.Date // the last day on which they can be spent
	Points  Points
}

// Lots are points by the day on which they expire, the soonest first; no two expire on the same. Nobody changes them in
// place.
type Lots []Lot

// Sum is all of their points.
func (l Lots) Sum() (sum Points) {
	for _, lot := range l {
		sum += lot.Points
	}
	return sum
}

// plus are lots and another lot.
func (l Lots) plus(lot Lot) Lots {
	if lot.Points == 0 {
		return l
	}
	at, found := slices.BinarySearchFunc(l, lot.Expires, func(o Lot, day calendar.Date) int { return int(o.Expires - day) })
	l = slices.Clone(l)
	if found {
		l[at].Points += lot.Points
		return l
	}
	return slices.Insert(l, at, lot).bounded()
}

// MostLots bounds the lots of an account, and of an order: ten years of months.
const MostLots = 120

// bounded lets the two lots that are nearest to each other expire together, with the later of them, when there are too many.
func (l Lots) bounded() Lots {
	if len(l) <= MostLots {
		return l
	}
	nearest := 0
	for i := range len(l) - 1 {
		if l[i+1].Expires-l[i].Expires < l[nearest+1].Expires-l[nearest].Expires {
			nearest = i
		}
	}
	l[nearest+1].Points += l[nearest].Points
	return slices.Delete(l, nearest, nearest+1)
}

// soonest takes points off the lots that expire first. There are as many.
func (l Lots) soonest(p Points) (taken, left Lots) {
	left = slices.Clone(l)
	for p > 0 {
		lot := &left[0]
		part := Lot{lot.Expires, min(p, lot.Points)}
		taken = append(taken, part)
		p -= part.Points
		if lot.Points -= part.Points; lot.Points == 0 {
			left = left[1:]
		}
	}
	return taken, left
}

// latest takes points off the lots that expire last. There are as many.
func (l Lots) latest(p Points) (taken, left Lots) {
	left, taken = l.soonest(l.Sum() - p)
	return taken, left
}

// PointsFlows are what changes the points of an account. All but what is redeemed, expired and taken back adds to them.
type PointsFlows struct {
	Earned    Points
	Granted   Points
	Restored  Points // redeemed before, of what was refunded
	Redeemed  Points // paid with
	Expired   Points // or lapsed with the account: then it may be below zero, what is owed being forgiven
	TakenBack Points // earned before, of what was refunded or repaid by a payment that bounced
}

// Sum is by how much the points have changed.
func (f *PointsFlows) Sum() Points {
	return f.Earned + f.Granted + f.Restored - f.Redeemed - f.Expired - f.TakenBack
}

func (f PointsFlows) plus(o PointsFlows) PointsFlows {
	f.Earned, f.Granted, f.Restored = f.Earned+o.Earned, f.Granted+o.Granted, f.Restored+o.Restored
	f.Redeemed, f.Expired, f.TakenBack = f.Redeemed+o.Redeemed, f.Expired+o.Expired, f.TakenBack+o.TakenBack
	return f
}

func (f PointsFlows) minus(o PointsFlows) PointsFlows {
	f.Earned, f.Granted, f.Restored = f.Earned-o.Earned, f.Granted-o.Granted, f.Restored-o.Restored
	f.Redeemed, f.Expired, f.TakenBack = f.Redeemed-o.Redeemed, f.Expired-o.Expired, f.TakenBack-o.TakenBack
	return f
}

// Wallet is the points of an account. Nobody changes one in place: an entry that does something to it has it as it is
// afterwards.
type Wallet struct {
	Lots  Lots   // that can be spent
	Held  Points // for open orders
	Short Points // taken back when they were not there any more: what comes next makes up for it

	Ever   PointsFlows // since the account was opened: their sum is the balance with what is held
	Stated PointsFlows // what of that was on statements

	Due calendar.Instant // when the first lot expires; 0 when there is none
}

// Balance is what can be spent; below zero when points are owed.
func (w *Wallet) Balance() Points { return w.Lots.Sum() - w.Short }

// Outstanding is what the account's points are a liability for: the balance and what is held.
func (w *Wallet) Outstanding() Points { return w.Balance() + w.Held }

// Points is the account's wallet; an empty one when it has none.
func (a *Account) Points() Wallet {
	if a.Wallet == nil {
		return Wallet{}
	}
	return *a.Wallet
}

// PointsPart is points, and what they pay.
type PointsPart struct {
	Points Points
	Worth  money.Amount
}

func (p PointsPart) plus(o PointsPart) PointsPart {
	return PointsPart{p.Points + o.Points, p.Worth + o.Worth}
}

func (p PointsPart) minus(o PointsPart) PointsPart {
	return PointsPart{p.Points - o.Points, p.Worth - o.Worth}
}

// used is the part of it for so much of an amount: what points pay is rounded down, and how many that takes is rounded up, so
// that nothing is paid by no points. The whole amount takes all there are: the last part absorbs what rounding left.
func (p PointsPart) used(of, whole money.Amount) PointsPart {
	if p == (PointsPart{}) || of == 0 {
		return PointsPart{}
	}
	return PointsPart{
		Points(money.Amount(p.Points).TimesUp(int64(of), int64(whole))),
		p.Worth.Times(int64(of), int64(whole)),
	}
}

// returned is the part of it that so much of an amount gives back, both rounded down; the whole amount gives all of it.
func (p PointsPart) returned(of, whole money.Amount) PointsPart {
	if p == (PointsPart{}) || of == 0 {
		return PointsPart{}
	}
	return PointsPart{
		Points(money.Amount(p.Points).Times(int64(of), int64(whole))),
		p.Worth.Times(int64(of), int64(whole)),
	}
}

// Redemption is what points pay of an order, and what the order earned. Nobody changes one in place.
type Redemption struct {
	Decided   PointsPart // of what was authorized
	Held      PointsPart // of what is held
	HeldLots  Lots
	Redeemed  PointsPart // of what was captured
	Restored  PointsPart // of what was refunded
	Spent     Lots       // redeemed and not restored
	Earned    Points
	TakenBack Points // of what was earned
}

// released is a redemption with nothing held.
func (r *Redemption) released() *Redemption {
	if r == nil || r.Held == (PointsPart{}) {
		return r
	}
	c := *r
	c.Held, c.HeldLots = PointsPart{}, nil
	return &c
}

// pledged is what points are to pay of what an authorization holds.
func (a *Authorization) pledged() money.Amount {
	if a.Points == nil {
		return 0
	}
	return a.Points.Held.Worth
}

// Financed is what is lent of what an authorization captured and did not refund: all but what points paid.
func (a *Authorization) Financed() money.Amount {
	sum := a.Captured - a.Refunded
	if r := a.Points; r != nil {
		sum -= r.Redeemed.Worth - r.Restored.Worth
	}
	return sum
}

// PointsChange is by how much an entry changes the points of an account.
type PointsChange struct {
	Flows   PointsFlows
	Held    Points        // more for open orders; below zero fewer
	Pledged money.Amount  // what points are to pay of what is held, likewise
	Paid    money.Amount  // what points pay of what is captured; below zero, of what is refunded
	Expires calendar.Date // of what was granted, earned or expired
	Balance Points        // that can be spent afterwards
}

// Changes says whether there is anything but the balance: an entry that writes a statement only notes what was stated.
func (c *PointsChange) Changes() bool {
	return c.Flows != (PointsFlows{}) || c.Held != 0 || c.Pledged != 0 || c.Paid != 0
}

// PointsBooking is what an entry does to the points of an account: by how much it changes them, and as they are afterwards.
type PointsBooking struct {
	PointsChange
	After Wallet
	Order *Redemption // of the order that it is about; nil when it is about none
}

// PointsOf is what a fact does to points; nil when it does nothing.
func PointsOf(f Fact) *PointsBooking {
	switch f := f.(type) {
	case *OrderDecided:
		return f.Points
	case *HoldCaptured:
		return f.Points
	case *HoldReleased:
		return f.Points
	case *OrderReversed:
		return f.Points
	case *CaptureRefunded:
		return f.Points
	case *Booked:
		return f.Points
	}
	return nil
}

// change is the change; nil when there is no booking.
func (p *PointsBooking) change() *PointsChange {
	if p == nil {
		return nil
	}
	c := p.PointsChange
	return &c
}

// pledges and pays are what points do to held and posted amounts; 0 when there is no booking.
func (p *PointsBooking) pledges() money.Amount {
	if p == nil {
		return 0
	}
	return p.Pledged
}

func (p *PointsBooking) pays() money.Amount {
	if p == nil {
		return 0
	}
	return p.Paid
}

// foldPoints absorbs a points booking.
func (a *Account) foldPoints(p *PointsBooking) {
	if p != nil {
		w := p.After
		a.Wallet = &w
	}
}

// foldPoints absorbs what a points booking does to an authorization.
func (a *Authorization) foldPoints(p *PointsBooking) {
	if p != nil && p.Order != nil {
		a.Points = p.Order
	}
}

// PointsTotals is what the book says of points.
type PointsTotals struct {
	Flows PointsFlows // ever
	Held  Points      // for open orders: part of what is outstanding
}

// Outstanding is what all points are a liability for.
func (t *PointsTotals) Outstanding() Points { return t.Flows.Sum() }

func (s *Shard) foldPoints(p *PointsBooking) {
	if p != nil {
		s.Points.Flows, s.Points.Held = s.Points.Flows.plus(p.Flows), s.Points.Held+p.Held
	}
}

// StatedPoints is what a statement says of points.
type StatedPoints struct {
	Opening Points
	Flows   PointsFlows // since the statement before
	Closing Points      // with what is held
	Held    Points      // for open orders
	Next    Lot         // what can be spent and expires next; the zero Lot when nothing does
}

// stated is what a statement that is made now says of the wallet.
func (w *Wallet) stated() *StatedPoints {
	s := &StatedPoints{Opening: w.Stated.Sum(), Flows: w.Ever.minus(w.Stated), Closing: w.Outstanding(), Held: w.Held}
	if len(w.Lots) > 0 {
		s.Next = w.Lots[0]
	}
	return s
}

// check says what does not hold of a wallet, of whose points so many are held by open orders.
func (w *Wallet) check(held Points) error {
	switch {
	case w.Held != held:
		return fmt.Errorf("%d points are held, for the open orders %d", w.Held, held)
	case w.Ever.Sum() != w.Outstanding():
		return fmt.Errorf("%d points are outstanding, and %+v is %d", w.Outstanding(), w.Ever, w.Ever.Sum())
	case w.Short < 0 || w.Short > 0 && len(w.Lots) > 0:
		return fmt.Errorf("%d points are owed, and there are %v", w.Short, w.Lots)
	case (w.Due != 0) != (len(w.Lots) > 0):
		return fmt.Errorf("of %v the first expire at %d", w.Lots, w.Due)
	}
	return w.Lots.check()
}

func (l Lots) check() error {
	if len(l) > MostLots {
		return fmt.Errorf("%d lots", len(l))
	}
	for i, lot := range l {
		if lot.Points <= 0 || i > 0 && lot.Expires <= l[i-1].Expires {
			return fmt.Errorf("the lots are %v", l)
		}
	}
	return nil
}

// checkPoints says what does not hold of what points pay of an authorization.
func (a *Authorization) checkPoints() error {
	var redeemed, restored PointsPart
	for i := range a.Captures {
		redeemed = redeemed.plus(a.Captures[i].Points)
	}
	for i := range a.Refunds {
		restored = restored.plus(a.Refunds[i].Points)
	}
	r := a.Points
	if r == nil {
		r = new(Redemption)
	}
	net := r.Redeemed.minus(r.Restored)
	switch {
	case r.Redeemed != redeemed || r.Restored != restored:
		return fmt.Errorf("points: %+v redeemed and %+v restored, by the captures and refunds %+v and %+v", r.Redeemed, r.Restored, redeemed, restored)
	case r.HeldLots.Sum() != r.Held.Points || r.Spent.Sum() != net.Points:
		return fmt.Errorf("points: %+v in lots %v held, %+v in lots %v spent", r.Held, r.HeldLots, net, r.Spent)
	case r.Held.Worth < 0 || r.Held.Worth > a.Held || net.Worth < 0 || net.Worth > a.Captured-a.Refunded:
		return fmt.Errorf("points pay %d of %d held, and %d of %d captured", r.Held.Worth, a.Held, net.Worth, a.Captured-a.Refunded)
	case r.Decided.Points < r.Held.Points+r.Redeemed.Points || r.Decided.Worth < r.Held.Worth+r.Redeemed.Worth:
		return fmt.Errorf("points: of %+v, %+v are held and %+v redeemed", r.Decided, r.Held, r.Redeemed)
	case r.Earned < r.TakenBack || r.TakenBack < 0:
		return fmt.Errorf("points: %d taken back of %d earned", r.TakenBack, r.Earned)
	}
	for _, lots := range []Lots{r.HeldLots, r.Spent} {
		if err := lots.check(); err != nil {
			return err
		}
	}
	return nil
}
