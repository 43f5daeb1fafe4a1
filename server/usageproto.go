package server

import (
	"fmt"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/usage"
)

// UsageProto tells the usage of a carrier.
func UsageProto(u *usage.Usage) *holdfastv1.CarrierUsage {
	sum := u.Sum()
	p := &holdfastv1.CarrierUsage{
		CarrierId: string(u.Carrier), Currency: string(u.Currency), Zone: u.Zone, Today: dateProto(u.Today), Sum: figuresProto(&sum),
	}
	p.SettledAccounts, p.SettledReturned = u.Repeat()
	for i := range u.Days {
		d := &u.Days[i]
		p.Days = append(p.Days, &holdfastv1.UsageDay{Date: dateProto(d.Date), Figures: figuresProto(&d.Figures), ReturnsSettled: u.Settled(d.Date)})
	}
	return p
}

func figuresProto(f *usage.Figures) *holdfastv1.UsageFigures {
	d := &f.Denominations
	_, others, sum := d.Top(len(d.Listed))
	p := &holdfastv1.UsageFigures{
		Approved: usageTallyProto(f.Approved), Advised: usageTallyProto(f.Advised), Declined: usageTallyProto(f.Declined),
		Captured: usageTallyProto(f.Captured), Refunded: usageTallyProto(f.Refunded), Released: usageTallyProto(f.Released),
		Hours: f.Hours[:], DenominationsMissed: d.Missed, OtherDenominations: &holdfastv1.UsageTally{Count: others, Amount: int64(sum)},
		Accounts: f.Accounts, Returned: f.Returned,
	}
	for _, n := range d.Listed {
		p.Denominations = append(p.Denominations, &holdfastv1.UsageDenomination{Amount: int64(n.Amount), Orders: n.Orders})
	}
	return p
}

func usageTallyProto(t usage.Tally) *holdfastv1.UsageTally {
	return &holdfastv1.UsageTally{Count: t.Count, Amount: int64(t.Amount)}
}

// UsageOf reads what UsageProto told. The sum is reckoned from the days.
func UsageOf(p *holdfastv1.CarrierUsage) (*usage.Usage, error) {
	u := &usage.Usage{Carrier: ledger.CarrierID(p.GetCarrierId()), Currency: money.Currency(p.GetCurrency()), Zone: p.GetZone()}
	var err error
	if u.Today, err = calendar.ParseDate(p.GetToday()); err != nil {
		return nil, err
	}
	for _, day := range p.GetDays() {
		d := usage.Day{}
		if d.Date, err = calendar.ParseDate(day.GetDate()); err != nil {
			return nil, err
		}
		if d.Figures, err = figuresOf(day.GetFigures()); err != nil {
			return nil, fmt.Errorf("%s: %w", day.GetDate(), err)
		}
		u.Days = append(u.Days, d)
	}
	return u, nil
}

func figuresOf(p *holdfastv1.UsageFigures) (f usage.Figures, err error) {
	f = usage.Figures{
		Approved: usageTallyOf(p.GetApproved()), Advised: usageTallyOf(p.GetAdvised()), Declined: usageTallyOf(p.GetDeclined()),
		Captured: usageTallyOf(p.GetCaptured()), Refunded: usageTallyOf(p.GetRefunded()), Released: usageTallyOf(p.GetReleased()),
		Accounts: p.GetAccounts(), Returned: p.GetReturned(),
	}
	if len(p.GetHours()) != len(f.Hours) {
		return f, fmt.Errorf("a day of %d hours", len(p.GetHours()))
	}
	copy(f.Hours[:], p.GetHours())
	d := &f.Denominations
	d.Missed, d.Orders, d.Sum = p.GetDenominationsMissed(), p.GetOtherDenominations().GetCount(), money.Amount(p.GetOtherDenominations().GetAmount())
	for _, n := range p.GetDenominations() {
		d.Listed = append(d.Listed, usage.Denomination{Amount: money.Amount(n.GetAmount()), Orders: n.GetOrders()})
		d.Orders += n.GetOrders()
		d.Sum += money.Amount(n.GetAmount() * n.GetOrders())
	}
	return f, nil
}

func usageTallyOf(p *holdfastv1.UsageTally) usage.Tally {
	return usage.Tally{Count: p.GetCount(), Amount: money.Amount(p.GetAmount())}
}
