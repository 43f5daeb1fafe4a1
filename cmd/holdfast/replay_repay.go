package main

import (
	"context"
	"fmt"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// What happens to an order after its capture: it is billed, and consumers pay as the map says.
const (
	thenPaid outcome = "paid" // a payment that the file has
	thenDue  outcome = "due"  // the due date of a window, on which all that is due is paid
)

// owe queues what is paid of an order that was captured.
func (d *driver) owe(ctx context.Context, e *event) error {
	c := d.consumers[e.order.consumer]
	day, err := calendar.ParseDate(d.clock.In(d.zone).Format(time.DateOnly))
	if err != nil {
		return err
	}
	window := calendar.Cycle{Day: c.day, DeferralDays: calendar.DefaultDeferralDays}.WindowOf(day)
	d.mu.Lock()
	d.played.fates[e.order] = &fate{consumer: c, window: window.Opens.String(), left: e.order.amount}
	if d.Repayment == repaidAsRecorded {
		for _, p := range e.order.payments {
			d.push(&event{at: maxTime(p.at, d.clock), order: e.order, then: thenPaid, paid: p.amount})
		}
	}
	d.mu.Unlock()
	if d.Repayment != repaidWhenDue || day.String() <= c.billed {
		return nil
	}
	b, err := d.billing(ctx, c.account)
	if err != nil {
		return err
	}
	due, err := time.ParseInLocation(time.DateOnly, b.GetOpenWindow().GetDueDate(), d.zone)
	if err != nil {
		return fmt.Errorf("the due date of %s: %w", c.account, err)
	}
	c.billed = b.GetOpenWindow().GetClosingDate()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.push(&event{at: due.Add(12 * time.Hour), order: e.order, then: thenDue})
	return nil
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (d *driver) billing(ctx context.Context, account string) (*holdfastv1.Billing, error) {
	began := time.Now()
	resp, err := d.client.GetBilling(ctx, &holdfastv1.GetBillingRequest{AccountId: account})
	if err != nil {
		return nil, err
	}
	d.took("GetBilling", time.Since(began))
	return resp.GetBilling(), nil
}

// pay posts what the file says was paid of an order: at most what is left of it with what the account owes in charges, and
// never more than the account owes. What the file's lender took beyond that was its own price, which nobody owes here.
func (d *driver) pay(ctx context.Context, e *event) error {
	d.mu.Lock()
	f := d.played.fates[e.order]
	d.mu.Unlock()
	b, err := d.billing(ctx, f.consumer.account)
	if err != nil {
		return err
	}
	most := f.left
	for _, x := range b.GetDebts() {
		most += x.GetOwed().GetFee() + x.GetOwed().GetInterest() + x.GetOwed().GetPenalty()
	}
	amount := min(most, max(0, b.GetBalance())+b.GetWrittenOffAmount())
	if e.paid != 0 {
		amount = min(amount, e.paid)
	}
	f.left -= min(f.left, amount)
	d.mu.Lock()
	d.played.unposted += max(0, e.paid-amount)
	d.mu.Unlock()
	return d.post(ctx, f.consumer, amount, e.order.id)
}

// payBill posts all that is due today.
func (d *driver) payBill(ctx context.Context, e *event) error {
	c := d.consumers[e.order.consumer]
	b, err := d.billing(ctx, c.account)
	if err != nil {
		return err
	}
	var amount int64
	for _, x := range b.GetDebts() {
		if x.GetDueDate() <= b.GetAsOf() {
			amount += x.GetOwed().GetTotal()
		}
	}
	return d.post(ctx, c, amount, "bill")
}

func (d *driver) post(ctx context.Context, c *consumer, amount int64, reference string) error {
	if amount == 0 {
		return nil
	}
	began := time.Now()
	_, err := d.client.PostRepayment(ctx, &holdfastv1.PostRepaymentRequest{
		AccountId: c.account, Currency: d.Currency, Amount: amount, Reference: reference,
	})
	if err != nil {
		return err
	}
	d.took("PostRepayment", time.Since(began))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.played.payments.add(amount)
	return nil
}

// fallDue goes on until everything that was bought is billed and its due date is over, and to the end of that week.
func (d *driver) fallDue(ctx context.Context, nextWeek time.Time) error {
	last := d.clock
	for _, c := range d.consumers {
		if c.account == "" {
			continue
		}
		b, err := d.billing(ctx, c.account)
		if err != nil {
			return err
		}
		days := []string{}
		for _, x := range b.GetDebts() {
			days = append(days, x.GetDueDate())
		}
		if b.GetOpenWindow().GetOwed().GetTotal() > 0 {
			days = append(days, b.GetOpenWindow().GetDueDate())
		}
		for _, day := range days {
			due, err := time.ParseInLocation(time.DateOnly, day, d.zone)
			if err != nil {
				return fmt.Errorf("a due date of %s: %w", c.account, err)
			}
			last = maxTime(last, due.AddDate(0, 0, 1))
		}
	}
	for ; ; nextWeek = mondayAfter(nextWeek) {
		if err := d.endWeek(ctx, nextWeek); err != nil {
			return err
		}
		if !nextWeek.Before(last) {
			return nil
		}
	}
}
