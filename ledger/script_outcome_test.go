package ledger_test

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

var (
	decisions = [...]string{"", "APPROVED ", "DECLINED "}
	faults    = [...]string{"", "INVALID", "NOT_FOUND", "EXISTS", "FAILED_PRECONDITION", "DENIED"}
	statuses  = [...]string{"NONE", "ACTIVE", "FROZEN", "CLOSED"}
	lines     = [...]string{"NONE", "OPEN", "CLOSED"}
)

// tell writes an outcome so that a reader of a script can judge it.
func (s *script) tell(b *strings.Builder, out ledger.Outcome) {
	if f := out.Fault; f != nil {
		fmt.Fprintf(b, "%s %s: %s", faults[f.Kind], f.Reason, f.Message)
		if len(f.Fields) > 0 {
			fmt.Fprintf(b, " (%s)", strings.Join(f.Fields, ", "))
		}
		b.WriteByte('\n')
		return
	}
	if out.Replayed {
		b.WriteString("replayed: ")
	}
	b.WriteString(decisions[out.Decision])
	if out.Reasons != 0 {
		fmt.Fprintf(b, "[%s] ", out.Reasons)
	}
	figures(b, "would approve", out.Amount, "released", out.Released, "refunded", out.Refunded)
	if out.Part != 0 {
		fmt.Fprintf(b, "part %d ", out.Part)
	}
	words(b, out.Late, "late ", out.Tombstone, "tombstone ", out.Exceeded, "exceeded ")
	if out.Authorization.N != 0 {
		s.tellAuthorization(b, out.ID.Account, &out.Authorization)
	}
	if (out.Headroom != ledger.Headroom{}) {
		tellHeadroom(b, &out.Headroom)
	}
	if out.Expired > 0 {
		fmt.Fprintf(b, "%d expired ", out.Expired)
	}
	if out.Booked > 0 {
		fmt.Fprintf(b, "%d booked", out.Booked)
	}
	b.WriteByte('\n')
	if p := out.Redeems; p.Points != 0 {
		fmt.Fprintf(b, "points: would redeem %d for %d\n", p.Points, p.Worth)
	}
	if out.Points != nil {
		tellChange(b, out.Points)
		b.WriteByte('\n')
	}
	if out.Account != nil {
		s.tellAccount(b, out.Account)
	}
	for _, a := range out.Accounts {
		s.tellAccount(b, a)
	}
	for i := range out.Authorizations {
		s.tellAuthorization(b, out.ID.Account, &out.Authorizations[i])
		b.WriteByte('\n')
	}
	words(b, out.More, "and more\n")
	if out.Billing != nil {
		s.tellBilling(b, out.Billing)
	}
	if out.Dossier != nil {
		s.tellDossier(b, out.Dossier)
	}
	tellBatchLines(b, &out)
	if out.Shard != nil {
		s.tellShard(b, out.Shard)
	}
}

func words(b *strings.Builder, pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].(bool) {
			b.WriteString(pairs[i+1].(string))
		}
	}
}

// figures writes the amounts that are not zero after their names.
func figures(b *strings.Builder, pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		if v := pairs[i+1].(money.Amount); v != 0 {
			fmt.Fprintf(b, "%s %d ", pairs[i], v)
		}
	}
}

func short(id ledger.AuthorizationID) string {
	return fmt.Sprintf("%d/%d", id.Account.Number(), id.N)
}

func (s *script) tellAuthorization(b *strings.Builder, account ledger.AccountID, a *ledger.Authorization) {
	fmt.Fprintf(b, "%s %s %s ", short(ledger.AuthorizationID{Account: account, N: a.N}), a.Order, a.State)
	if a.Requested != a.Authorized {
		figures(b, "requested", a.Requested)
	}
	figures(b, "authorized", a.Authorized, "held", a.Held, "captured", a.Captured, "refunded", a.Refunded, "lapsed", a.Lapsed)
	if a.State.Open() {
		fmt.Fprintf(b, "until %s ", s.clock(a.Expires))
	}
	if len(a.Captures) > 1 {
		b.WriteString("captures")
		for _, c := range a.Captures {
			fmt.Fprintf(b, " %d", c.Amount)
			words(b, c.Late, " late")
		}
		b.WriteByte(' ')
	}
	tellBundle(b, &a.Bundle)
	if a.Advised {
		fmt.Fprintf(b, "advised, sold %s ", s.clock(a.SaleTime))
	}
	if a.Reference != "" {
		fmt.Fprintf(b, "carrier's %s ", a.Reference)
	}
	if a.Points != nil {
		tellRedemption(b, a.Points)
	}
}

func tellHeadroom(b *strings.Builder, h *ledger.Headroom) {
	fmt.Fprintf(b, "\n  available %d of %d: held %d, posted %d; account %d of %d: held %d, posted %d",
		h.Available, h.Limit, h.Held, h.Posted, h.AccountAvailable(), h.AccountLimit, h.AccountHeld, h.AccountPosted)
}

func (s *script) tellAccount(b *strings.Builder, a *ledger.Account) {
	fmt.Fprintf(b, "  account %d of %s %s", a.ID.Number(), a.Consumer, statuses[a.Status])
	if a.StatusReason != "" {
		fmt.Fprintf(b, " (%s)", a.StatusReason)
	}
	fmt.Fprintf(b, " limit %d %s", a.Limit, a.Currency)
	tellRaise(b, a.Temporary)
	if a.Risk.Application != 0 {
		fmt.Fprintf(b, " grade %s score %d application %d", a.Risk.Grade, a.Risk.Score, a.Risk.Application.Number())
	}
	b.WriteByte('\n')
	for i := range a.Lines {
		l := &a.Lines[i]
		if l.Status == ledger.NoLine && l.Use == (ledger.Use{}) {
			continue
		}
		fmt.Fprintf(b, "  %s %s limit %d ", ledger.Scene(i+1), lines[l.Status], l.Limit)
		tellRaise(b, l.Temporary)
		figures(b, "held", l.Held, "posted", l.Posted)
		if l.Holds != 0 {
			fmt.Fprintf(b, "in %d ", l.Holds)
		}
		if l.Accepted != l.Agreement {
			fmt.Fprintf(b, "agreement %s accepted %q ", l.Agreement, l.Accepted)
		}
		u := l.Use.At(s.zone.DateAt(s.now))
		fmt.Fprintf(b, "today %d in %d, this month %d in %d\n", u.DailyAmount, u.DailyCount, u.MonthlyAmount, u.MonthlyCount)
	}
	if a.Wallet != nil {
		tellWallet(b, a.Wallet)
	}
	for _, m := range a.Mandates {
		fmt.Fprintf(b, "  mandate %d: %s of %s up to %d since %s", m.N, m.Phone, m.Carrier, m.Cap, m.Since)
		if m.Declines > 0 {
			fmt.Fprintf(b, ", %d declined, the last %d", m.Declines, m.Declined)
		}
		if m.Ended != 0 {
			fmt.Fprintf(b, ", ended %s: %s", m.Ended, m.Reason)
		}
		b.WriteByte('\n')
	}
}

func tellRaise(b *strings.Builder, t ledger.TemporaryLimit) {
	if t.Limit != 0 {
		fmt.Fprintf(b, " raised to %d until %s ", t.Limit, t.LastDay)
	}
}

func (s *script) tellShard(b *strings.Builder, shard *ledger.Shard) {
	fmt.Fprintf(b, "  %d accounts, %d open holds\n", shard.Accounts, shard.OpenHolds)
	for _, v := range shard.Suspensions {
		fmt.Fprintf(b, "  suspended: scene %s carrier %q since %s by %s: %s\n", v.Scope.Scene, v.Scope.Carrier, s.clock(v.Since), v.Caller, v.Reason)
	}
	for _, t := range shard.Totals {
		fmt.Fprintf(b, "  %s %s ", t.Carrier, t.Currency)
		figures(b, "held", t.Held, "captured", t.Captured, "refunded", t.Refunded, "exceeded", t.Exceeded, "subsidy", t.Subsidy, "bought back", t.Bought)
		b.WriteByte('\n')
	}
}
