package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// The figures that the rules of billing give as examples: the model must have them by itself before it is held against
// anything.

func noon(t *testing.T, day string) calendar.Instant {
	d, err := calendar.ParseDate(day)
	require.NoError(t, err)
	return calendar.UTC.Start(d).Add(12 * time.Hour)
}

func civil(t *testing.T, day string) calendar.Date {
	d, err := calendar.ParseDate(day)
	require.NoError(t, err)
	return d
}

func lifeFrom(t *testing.T, day string, statementDay calendar.StatementDay, product ...*terms.Terms) *Life {
	return NewLife(calendar.UTC, append(product, terms.Default())[:1], noon(t, day), 0, statementDay, ledger.ByHand)
}

func (l *Life) onlyDebt(t *testing.T) ledger.Owed {
	require.Len(t, l.owing(), 1)
	return l.owing()[0].owed()
}

// TestLifeWindows has the table of windows: a capture on the first day of each is billed with it.
func TestLifeWindows(t *testing.T) {
	for _, c := range []struct {
		opens, closes, due string
		day                calendar.StatementDay
	}{
		{"2026-01-05", "2026-02-04", "2026-02-16", 5},
		{"2026-02-05", "2026-03-04", "2026-03-19", 5},
		{"2028-02-05", "2028-03-04", "2028-03-18", 5},
		{"2026-12-28", "2027-01-27", "2027-02-08", 28},
	} {
		for _, bought := range []string{c.opens, c.closes} {
			l := lifeFrom(t, bought, c.day)
			l.Capture(1, ledger.TopUp, 100_00, plan.Offer{})
			l.Until(noon(t, c.closes))
			require.Empty(t, l.statements)
			l.Until(noon(t, c.closes).Add(24 * time.Hour))
			require.Len(t, l.statements, 1)
			s := l.statements[0]
			require.Equal(t, calendar.Window{Opens: civil(t, c.opens), Closes: civil(t, c.closes), Due: civil(t, c.due)}, s.Window)
			require.EqualValues(t, 100_00, s.Closing)
			require.EqualValues(t, 100_00, s.Minimum)
		}
	}
}

func TestLifeChangesItsDay(t *testing.T) {
	l := lifeFrom(t, "2026-01-10", 5)
	l.Capture(1, ledger.TopUp, 1_00, plan.Offer{})
	require.Empty(t, l.setDay(20))
	l.Until(noon(t, "2026-04-01"))
	require.Equal(t, calendar.Window{Opens: civil(t, "2026-02-05"), Closes: civil(t, "2026-02-19"), Due: civil(t, "2026-03-19")}, l.statements[1].Window)
	require.Equal(t, calendar.Window{Opens: civil(t, "2026-02-20"), Closes: civil(t, "2026-03-19"), Due: civil(t, "2026-04-03")}, l.statements[2].Window)
}

// TestLifePenalty: 100.00 overdue 10 days at 0.05 % is 0.50.
func TestLifePenalty(t *testing.T) {
	l := lifeFrom(t, "2026-01-05", 5)
	l.Capture(1, ledger.TopUp, 100_00, plan.Offer{})
	l.Until(noon(t, "2026-02-26"))
	require.Equal(t, 10, l.DaysPastDue())
	late := l.Clone()
	require.Empty(t, l.repay(100_50, 0, 0))
	require.Empty(t, l.owing())
	require.Zero(t, l.credit)
	require.Equal(t, ledger.Flows{Penalty: 50, Repayments: -100_50}, l.open.flows)

	require.Empty(t, late.repay(100_00, 0, 0))
	require.Equal(t, ledger.Owed{Principal: [3]money.Amount{50}}, late.onlyDebt(t), "penalty is paid first")
	late.Until(noon(t, "2026-02-27"))
	late.reckon(late.owing()[0], late.today)
	require.Equal(t, ledger.Owed{Principal: [3]money.Amount{50}, Penalty: 0}, late.onlyDebt(t), "0.50025 is rounded in all")

	require.Empty(t, late.bounce(uint32(late.payments[0].item)))
	require.Equal(t, ledger.Owed{Principal: [3]money.Amount{100_00}, Penalty: 55}, late.onlyDebt(t), "as if it had never been paid")
}

// TestLifeTakesPenaltyBack: a payment of 60.00 is told of on the 20th day past due, after the window closed on the 16th,
// and has the value date of the 10th.
func TestLifeTakesPenaltyBack(t *testing.T) {
	l := lifeFrom(t, "2026-01-05", 5)
	l.Capture(1, ledger.TopUp, 100_00, plan.Offer{})
	l.Until(noon(t, "2026-03-08"))
	require.EqualValues(t, 80, l.onlyDebt(t).Penalty, "16 days, as the window closed")
	require.EqualValues(t, 16, l.owing()[0].through-l.owing()[0].Due)
	require.Equal(t, "VALUE_DATE_TOO_EARLY", l.repay(60_00, civil(t, "2026-02-27"), 0))
	require.Empty(t, l.repay(60_00, civil(t, "2026-02-28"), 0))
	// The 12th day. 4 days on what is repaid are taken back: 59.32 of principal, and 0.68 of penalty is left to pay.
	require.Equal(t, ledger.Owed{Principal: [3]money.Amount{40_68}}, l.onlyDebt(t))
	require.EqualValues(t, 68, l.owing()[0].charged.penalty)
}

func TestLifeSchedules(t *testing.T) {
	flat := schedule(plan.Offer{Method: plan.MethodFlatFee, Months: 3, Fee: 8_000}, 100_00)
	require.Equal(t, []installment{{33_33, 0, 80, 0}, {33_33, 0, 80, 0}, {33_34, 0, 80, 0}}, flat)
	free := schedule(plan.Offer{Method: plan.MethodInterestFree, Months: 3, Fee: 6_000}, 100_00)
	require.Equal(t, []installment{{33_33, 0, 0, 60}, {33_33, 0, 0, 60}, {33_34, 0, 0, 60}}, free)
	level := schedule(plan.Offer{Method: plan.MethodAnnuity, Months: 12, Interest: 150_000}, 1_200_00)
	require.Equal(t, installment{93_31, 15_00, 0, 0}, level[0])
	require.Equal(t, installment{94_48, 13_83, 0, 0}, level[1])
	require.Equal(t, installment{106_97, 1_34, 0, 0}, level[11])
}

// TestLifeRefundsAPlan: a plan of 4 x 125 with the first already billed, 200 refunded.
func TestLifeRefundsAPlan(t *testing.T) {
	l := lifeFrom(t, "2026-01-05", 5)
	l.Capture(1, ledger.Bundle, 500_00, plan.Offer{Method: plan.MethodFlatFee, Months: 4})
	require.EqualValues(t, 500_00, l.Posted(ledger.Bundle))
	l.Until(noon(t, "2026-02-05"))
	require.EqualValues(t, 125_00, l.onlyDebt(t).Principal[2])
	l.Refund(1, ledger.Bundle, 200_00)
	require.Equal(t, []installment{{principal: 58_33}, {principal: 58_33}, {principal: 58_34}}, l.plans[0].toCome)
	require.EqualValues(t, 300_00, l.Posted(ledger.Bundle))
	require.Empty(t, l.repay(125_00, 0, 0))
	l.Until(noon(t, "2026-03-05"))
	require.Equal(t, ledger.Owed{Principal: [3]money.Amount{0, 0, 58_33}}, l.onlyDebt(t))
	require.EqualValues(t, 116_67, l.statements[1].Unbilled)
	require.EqualValues(t, 58_33, l.statements[1].Closing)
}

// TestLifeEndsInChargeOff goes from the due date to the write-off without anybody doing anything.
func TestLifeEndsInChargeOff(t *testing.T) {
	l := lifeFrom(t, "2026-01-05", 5)
	l.Capture(1, ledger.TopUp, 100_00, plan.Offer{})
	l.Capture(2, ledger.Bill, 100_00, plan.Offer{Method: plan.MethodAnnuity, Months: 12, Interest: 150_000})
	due := civil(t, "2026-02-16")
	at := func(late int) *Life {
		l.Until(calendar.UTC.Start(due.AddDays(late)))
		require.Equal(t, late, l.DaysPastDue())
		return l
	}
	require.False(t, at(0).Stopped())
	require.True(t, at(1).Stopped())
	require.Equal(t, ledger.AccountActive, at(30).status)
	require.Equal(t, ledger.AccountFrozen, at(31).status)
	require.Len(t, at(89).running(), 1)
	require.Empty(t, at(90).running())
	require.Zero(t, at(180).writtenOff)
	owed := l.balance()
	l.Until(calendar.UTC.Start(due.AddDays(181)))
	require.Zero(t, l.DaysPastDue())
	require.GreaterOrEqual(t, l.writtenOff, owed)
	require.Zero(t, l.balance())
	require.Empty(t, l.repay(1_00, 0, 0))
	require.EqualValues(t, 1_00, l.payments[0].recovered)
	require.Equal(t, ledger.AccountFrozen, l.status)
}

// TestLifeCarries: who pays the minimum in time carries the rest at interest, and is late only after the next due date.
func TestLifeCarries(t *testing.T) {
	product := terms.Default()
	product.MinimumDue = terms.MinimumDue{Rate: 100_000, DailyInterestRate: 400}
	l := lifeFrom(t, "2026-01-05", 5, product)
	l.Capture(1, ledger.TopUp, 100_00, plan.Offer{})
	l.Until(noon(t, "2026-02-10"))
	require.EqualValues(t, 10_00, l.statements[0].Minimum)
	late := l.Clone()
	require.Empty(t, l.repay(10_00, 0, 0))
	l.Until(noon(t, "2026-03-05"))
	require.Zero(t, l.DaysPastDue())
	// 16 days of interest on 90.00 at 0.04 % are billed as the next window closes: 0.576.
	require.Equal(t, ledger.Owed{Principal: [3]money.Amount{90_00}, Interest: 58}, l.onlyDebt(t))
	require.EqualValues(t, 90_58, l.statements[1].Minimum)
	l.Until(noon(t, "2026-03-20"))
	require.Equal(t, 1, l.DaysPastDue(), "the due date of the next window is over")

	late.Until(noon(t, "2026-02-20"))
	require.Equal(t, 4, late.DaysPastDue())
	require.Empty(t, late.repay(10_00, civil(t, "2026-02-16"), 0))
	require.Zero(t, late.DaysPastDue(), "it counts by its value date")
	late.Until(noon(t, "2026-03-05"))
	require.Equal(t, ledger.Owed{Principal: [3]money.Amount{90_00}, Interest: 58}, late.onlyDebt(t))
}
