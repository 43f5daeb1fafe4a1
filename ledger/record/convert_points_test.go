package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// What follows is what entries do to points as the generated code has it.

func pointsBooking(p *ledger.PointsBooking) *journalv1.PointsBooking {
	if p == nil {
		return nil
	}
	w := &p.After
	return &journalv1.PointsBooking{
		Flows: pointsFlows(p.Flows), Held: int64(p.Held), Pledged: int64(p.Pledged), Paid: int64(p.Paid), Expires: int64(p.Expires),
		Balance: int64(p.Balance), Order: redemption(p.Order),
		After: &journalv1.Wallet{
			Lots: each(w.Lots, lot), Held: int64(w.Held), Short: int64(w.Short), Ever: pointsFlows(w.Ever), Stated: pointsFlows(w.Stated),
			Due: int64(w.Due)}}
}

func pointsFlows(f ledger.PointsFlows) *journalv1.PointsFlows {
	if f == (ledger.PointsFlows{}) {
		return nil
	}
	return &journalv1.PointsFlows{
		Earned: int64(f.Earned), Granted: int64(f.Granted), Restored: int64(f.Restored), Redeemed: int64(f.Redeemed),
		Expired: int64(f.Expired), TakenBack: int64(f.TakenBack)}
}

func lot(l *ledger.Lot) *journalv1.Lot {
	return &journalv1.Lot{Expires: int64(l.Expires), Points: int64(l.Points)}
}

func pointsPart(p ledger.PointsPart) *journalv1.PointsPart {
	if p == (ledger.PointsPart{}) {
		return nil
	}
	return &journalv1.PointsPart{Points: int64(p.Points), Worth: int64(p.Worth)}
}

func redemption(r *ledger.Redemption) *journalv1.Redemption {
	if r == nil {
		return nil
	}
	return &journalv1.Redemption{
		Decided: pointsPart(r.Decided), Held: pointsPart(r.Held), HeldLots: each(r.HeldLots, lot), Redeemed: pointsPart(r.Redeemed),
		Restored: pointsPart(r.Restored), Spent: each(r.Spent, lot), Earned: int64(r.Earned), TakenBack: int64(r.TakenBack)}
}

func statedPoints(s *ledger.StatedPoints) *journalv1.StatedPoints {
	if s == nil {
		return nil
	}
	p := &journalv1.StatedPoints{Opening: int64(s.Opening), Flows: pointsFlows(s.Flows), Closing: int64(s.Closing), Held: int64(s.Held)}
	if s.Next != (ledger.Lot{}) {
		p.Next = lot(&s.Next)
	}
	return p
}
