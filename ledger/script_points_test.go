package ledger_test

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// pointsCommand is the command of the script's present line, if it is about points.
func (s *script) pointsCommand() ledger.Command {
	switch s.d.Cmd {
	case "grant":
		return &ledger.GrantPoints{Request: s.request(), Account: s.account(s.position(0)), Points: ledger.Points(s.number("points")),
			LastDay: s.day("until"), Reference: s.text("ref", "partner"), Reason: s.text("reason", "welcome")}
	case "points":
		return &ledger.GetPoints{Account: s.account(s.position(0))}
	case "pointsitems":
		return &ledger.ListPointsItems{Account: s.account(s.position(0)), Before: uint32(s.number("before")), Limit: int(s.number("limit"))}
	}
	return nil
}

// configPoints changes what the terms say of points.
func (s *script) configPoints(t *terms.Terms) {
	p := &t.Points
	if s.flag("no_points") {
		*p = terms.Points{}
	}
	if n := s.number("worth"); n != 0 {
		p.Worth = n
	}
	set := func(name string, v *int) {
		if n := s.number(name); n != 0 {
			*v = int(n)
		}
	}
	set("per", &p.Per)
	set("fewest", &p.Fewest)
	set("months", &p.ValidMonths)
	set("grace", &p.GraceDays)
	set("earn", &p.EarnedPerUnit)
	if n := s.number("most_share"); n != 0 {
		p.MostShare = terms.Rate(n) * 100 // basis points
	}
	if s.flag("expire_with_day") {
		p.ExpireWith = terms.ExpireWithDay
	}
	if s.flag("earn_on_capture") {
		p.EarnedOn = terms.EarnedOnCapture
	}
	if s.flag("earn_on_repayment") {
		p.EarnedOn = terms.EarnedOnRepayment
	}
}

func tellLots(b *strings.Builder, word string, lots ledger.Lots) {
	for i, l := range lots {
		if i == 0 {
			b.WriteString(word)
		}
		fmt.Fprintf(b, " %d by %s", l.Points, l.Expires)
	}
}

// counts writes the numbers of points that are not zero after their names.
func counts(b *strings.Builder, pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		if v := pairs[i+1].(ledger.Points); v != 0 {
			fmt.Fprintf(b, "%s %d ", pairs[i], v)
		}
	}
}

func tellPointsFlows(b *strings.Builder, f *ledger.PointsFlows) {
	counts(b, "earned", f.Earned, "granted", f.Granted, "restored", f.Restored, "redeemed", f.Redeemed, "expired", f.Expired,
		"taken back", f.TakenBack)
}

func tellChange(b *strings.Builder, c *ledger.PointsChange) {
	b.WriteString("points: ")
	tellPointsFlows(b, &c.Flows)
	counts(b, "held", c.Held)
	figures(b, "pledged", c.Pledged, "paid", c.Paid)
	if c.Expires != 0 {
		fmt.Fprintf(b, "by %s ", c.Expires)
	}
	fmt.Fprintf(b, "balance %d ", c.Balance)
}

func tellWallet(b *strings.Builder, w *ledger.Wallet) {
	fmt.Fprintf(b, "  points %d ", w.Balance())
	counts(b, "held", w.Held)
	tellLots(b, "in", w.Lots)
	b.WriteByte('\n')
}

func tellRedemption(b *strings.Builder, r *ledger.Redemption) {
	part := func(word string, p ledger.PointsPart) {
		if p != (ledger.PointsPart{}) {
			fmt.Fprintf(b, "%s %d for %d ", word, p.Points, p.Worth)
		}
	}
	b.WriteString("\n  points: ")
	part("to redeem", r.Decided)
	part("held", r.Held)
	part("redeemed", r.Redeemed)
	part("restored", r.Restored)
	counts(b, "earned", r.Earned, "taken back", r.TakenBack)
	tellLots(b, "holds", r.HeldLots)
	tellLots(b, " spends", r.Spent)
}

func tellStatedPoints(b *strings.Builder, s *ledger.StatedPoints) {
	fmt.Fprintf(b, "  points: opening %d ", s.Opening)
	tellPointsFlows(b, &s.Flows)
	fmt.Fprintf(b, "closing %d ", s.Closing)
	counts(b, "held", s.Held)
	if s.Next.Points != 0 {
		fmt.Fprintf(b, "next %d by %s", s.Next.Points, s.Next.Expires)
	}
	b.WriteByte('\n')
}
