package record

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
)

// pointsField is the number of the field for what a fact does to points, in every message that has one.
const pointsField = 29

// walkPointsOf walks what a fact does to points; nil when it does nothing. Hardly any does, and one that is not there costs a
// look.
func walkPointsOf(w *wire, p **ledger.PointsBooking) {
	switch {
	case w.reading && w.hasText(pointsField):
		var err error
		*p, err = readPoints(w.text(pointsField))
		w.err = errors.Join(w.err, err)
	case !w.reading && *p != nil:
		w.buf = appendPoints(w.buf, *p)
	}
}

func readPoints(b []byte) (*ledger.PointsBooking, error) {
	var w wire
	p := new(ledger.PointsBooking)
	w.parse(b)
	walkPoints(&w, p)
	return p, w.err
}

func appendPoints(b []byte, p *ledger.PointsBooking) []byte {
	w := wire{buf: b}
	message(&w, pointsField, p, walkPoints)
	return w.buf
}

func walkPoints(w *wire, p *ledger.PointsBooking) {
	part(w, 1, &p.Flows, walkPointsFlows)
	num(w, 2, &p.Held)
	num(w, 3, &p.Pledged)
	num(w, 4, &p.Paid)
	num(w, 5, &p.Expires)
	num(w, 6, &p.Balance)
	message(w, 7, &p.After, walkWallet)
	if w.reading && w.hasText(8) {
		p.Order = new(ledger.Redemption)
	}
	if p.Order != nil {
		message(w, 8, p.Order, walkRedemption)
	}
}

func walkPointsFlows(w *wire, f *ledger.PointsFlows) {
	num(w, 1, &f.Earned)
	num(w, 2, &f.Granted)
	num(w, 3, &f.Restored)
	num(w, 4, &f.Redeemed)
	num(w, 5, &f.Expired)
	num(w, 6, &f.TakenBack)
}

func walkLot(w *wire, l *ledger.Lot) {
	num(w, 1, &l.Expires)
	num(w, 2, &l.Points)
}

func lots(w *wire, n protowire.Number, l *ledger.Lots) {
	repeated(w, n, (*[]ledger.Lot)(l), walkLot)
}

func walkWallet(w *wire, v *ledger.Wallet) {
	lots(w, 1, &v.Lots)
	num(w, 2, &v.Held)
	num(w, 3, &v.Short)
	part(w, 4, &v.Ever, walkPointsFlows)
	part(w, 5, &v.Stated, walkPointsFlows)
	num(w, 6, &v.Due)
}

func walkPointsPart(w *wire, p *ledger.PointsPart) {
	num(w, 1, &p.Points)
	num(w, 2, &p.Worth)
}

func walkRedemption(w *wire, r *ledger.Redemption) {
	part(w, 1, &r.Decided, walkPointsPart)
	part(w, 2, &r.Held, walkPointsPart)
	lots(w, 3, &r.HeldLots)
	part(w, 4, &r.Redeemed, walkPointsPart)
	part(w, 5, &r.Restored, walkPointsPart)
	lots(w, 6, &r.Spent)
	num(w, 7, &r.Earned)
	num(w, 8, &r.TakenBack)
}

// walkStatedPointsOf walks what a statement says of points; nil when it says nothing.
func walkStatedPointsOf(w *wire, p **ledger.StatedPoints) {
	if w.reading && w.hasText(pointsField) {
		*p = new(ledger.StatedPoints)
	}
	if *p != nil {
		message(w, pointsField, *p, func(w *wire, s *ledger.StatedPoints) {
			num(w, 1, &s.Opening)
			part(w, 2, &s.Flows, walkPointsFlows)
			num(w, 3, &s.Closing)
			num(w, 4, &s.Held)
			part(w, 5, &s.Next, walkLot)
		})
	}
}

// What follows is rows.

// maybe walks something that may not be there. Nobody changes in place what a row says of points.
func maybe[T any](r *row, there bool, v **T, walk func(*row, *T)) {
	if r.reading {
		if *v = nil; there {
			*v = new(T)
		}
	}
	if there {
		walk(r, *v)
	}
}

func pointsFlows(r *row, n []uint64, f *ledger.PointsFlows) {
	number(r, &n[0], &f.Earned)
	number(r, &n[1], &f.Granted)
	number(r, &n[2], &f.Restored)
	number(r, &n[3], &f.Redeemed)
	number(r, &n[4], &f.Expired)
	number(r, &n[5], &f.TakenBack)
}

func pointsPart(r *row, n []uint64, p *ledger.PointsPart) {
	number(r, &n[0], &p.Points)
	number(r, &n[1], &p.Worth)
}

// walkLots walks lots whose number has been walked already.
func walkLots(r *row, list []ledger.Lot) {
	for i := range list {
		n := r.list(2)
		number(r, &n[0], &list[i].Expires)
		number(r, &n[1], &list[i].Points)
	}
}

func walkWalletRow(r *row, v *ledger.Wallet) {
	n := r.list(16)
	number(r, &n[0], &v.Held)
	number(r, &n[1], &v.Short)
	pointsFlows(r, n[2:8], &v.Ever)
	pointsFlows(r, n[8:14], &v.Stated)
	number(r, &n[14], &v.Due)
	list := elements(r, &n[15], (*[]ledger.Lot)(&v.Lots), 1)
	walkLots(r, list)
}

func walkRedemptionRow(r *row, v *ledger.Redemption) {
	n := r.list(12)
	pointsPart(r, n[0:2], &v.Decided)
	pointsPart(r, n[2:4], &v.Held)
	pointsPart(r, n[4:6], &v.Redeemed)
	pointsPart(r, n[6:8], &v.Restored)
	number(r, &n[8], &v.Earned)
	number(r, &n[9], &v.TakenBack)
	held := elements(r, &n[10], (*[]ledger.Lot)(&v.HeldLots), 1)
	spent := elements(r, &n[11], (*[]ledger.Lot)(&v.Spent), 1)
	walkLots(r, held)
	walkLots(r, spent)
}

func walkPointsChange(r *row, c *ledger.PointsChange) {
	n := r.list(11)
	pointsFlows(r, n[0:6], &c.Flows)
	number(r, &n[6], &c.Held)
	number(r, &n[7], &c.Pledged)
	number(r, &n[8], &c.Paid)
	number(r, &n[9], &c.Expires)
	number(r, &n[10], &c.Balance)
}

func walkStatedPoints(r *row, s *ledger.StatedPoints) {
	n := r.list(11)
	number(r, &n[0], &s.Opening)
	pointsFlows(r, n[1:7], &s.Flows)
	number(r, &n[7], &s.Closing)
	number(r, &n[8], &s.Held)
	number(r, &n[9], &s.Next.Expires)
	number(r, &n[10], &s.Next.Points)
}
