package main

import (
	"fmt"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// The months that follow in the story: what was captured is billed, collected, overdue and paid.

// statement prints the newest statement as holdfast statement does.
func (d *story) statement() {
	if d.err != nil {
		return
	}
	zone, err := calendar.LoadZone("Asia/Shanghai")
	if err != nil {
		d.err = err
		return
	}
	s, err := fetchStatement(d.ctx, d.client, d.account, "", zone)
	if err != nil {
		d.err = err
		return
	}
	d.printf("  holdfast statement --account %s\n\n", d.account)
	var b strings.Builder
	if d.err = s.print(&b); d.err != nil {
		return
	}
	for line := range strings.Lines(b.String()) {
		if line == "\n" {
			d.printf("  |\n")
		} else {
			d.printf("  | %s", line)
		}
	}
	d.err = s.sound()
}

func (d *story) billing() *holdfastv1.Billing {
	if d.err != nil {
		return nil
	}
	resp, err := d.client.GetBilling(d.ctx, &holdfastv1.GetBillingRequest{AccountId: d.account})
	d.err = err
	return resp.GetBilling()
}

func (d *story) windowCloses() {
	d.at(time.February, 5, 10)
	d.chapter("The window closes", "What was captured since 5 January is a statement now, due 42 days after that day. It never changes.\n")
	d.statement()
}

// fail reports the collections that are pending as failed.
func (d *story) fail() {
	for _, c := range d.billing().GetPendingCollections() {
		d.line("StreamCollections", fmt.Sprintf("%s: %s, attempt %d", c.GetCollectionId(), yuan(c.GetAmount()), c.GetAttempt()), nil)
		if _, d.err = d.client.ReportCollection(d.ctx, &holdfastv1.ReportCollectionRequest{
			CollectionId: c.GetCollectionId(), Outcome: holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_FAILED, Reason: "insufficient funds",
		}); d.err != nil {
			return
		}
		d.line("ReportCollection", "FAILED, insufficient funds", nil)
	}
}

func (d *story) collectionFails() {
	d.at(time.February, 16, 9)
	d.chapter("The due date", "The core issues a collection; the payment gateway reads it, tries, and reports that it failed.\n")
	d.fail()
	d.at(time.February, 17, 9)
	d.chapter("A day late", "It is tried again, and the consumer gets a notice; nothing before eight in the morning.\n")
	d.fail()
}

func (d *story) pastDue() {
	d.at(time.February, 26, 9)
	d.chapter("Ten days late", "Penalty runs: 0.05 % a day of what is overdue, simple. A new order is declined.\n")
	b := d.billing()
	for _, debt := range b.GetDebts() {
		o := debt.GetOwed()
		d.line("GetBilling", fmt.Sprintf("%d days past due (%s): principal %s, penalty %s",
			b.GetDaysPastDue(), b.GetBucket(), yuan(o.GetPrincipal()), yuan(o.GetPenalty())), nil)
	}
	d.authorize(d.order(1000))
	d.fail()
}

func (d *story) repay() {
	d.chapter("The consumer pays", "The money came in the day before, so a day of penalty less is owed: that is taken back, and the few cents\nthat are too much are to the consumer's credit. The limit is free again at once.\n")
	b := d.billing()
	if d.err != nil {
		return
	}
	resp, err := d.client.PostRepayment(d.ctx, &holdfastv1.PostRepaymentRequest{
		AccountId: d.account, Currency: "CNY", Amount: b.GetBilledAmount(), ValueDate: "2026-02-25", Reference: "bank-20260225-17",
	})
	if err != nil {
		d.err = err
		return
	}
	b = resp.GetBilling()
	d.line("PostRepayment "+yuan(resp.GetItem().GetAmount()), fmt.Sprintf("owed %s, credit balance %s, %d days past due",
		yuan(b.GetBilledAmount()), yuan(b.GetCreditBalance()), b.GetDaysPastDue()), nil)
	for _, m := range resp.GetItem().GetMoves() {
		d.line("", fmt.Sprintf("%-10s %s", strings.ToLower(strings.TrimPrefix(m.GetPart().String(), "AMOUNT_PART_")), signedYuan(m.GetAmount())), nil)
	}
	if held := d.authorize(d.order(1000)); held != nil {
		d.capture(held.GetAuthorization().GetAuthorizationId())
	}
}

func signedYuan(fen int64) string {
	if fen < 0 {
		return "-" + yuan(-fen)
	}
	return "+" + yuan(fen)
}

func (d *story) installments() {
	d.chapter("A phone on a contract", "Quote tells what each plan costs a year, all fees included. 0.8 % a month is not 9.6 % a year: the fee\nis on the original principal, of which ever less is outstanding.\n")
	bundle := &holdfastv1.QuoteRequest{AccountId: d.account, Scene: holdfastv1.Scene_SCENE_BUNDLE, Currency: "CNY", Amount: 120000}
	for _, plan := range []*holdfastv1.PlanChoice{
		{Method: holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE, Months: 6}, {Method: holdfastv1.PlanMethod_PLAN_METHOD_ANNUITY, Months: 12},
	} {
		if d.err != nil {
			return
		}
		bundle.Plan = plan
		q, err := d.client.Quote(d.ctx, bundle)
		if err != nil {
			d.err = err
			return
		}
		d.line("Quote 1200.00", offerName(q.GetOffer()), nil)
		d.line("", fmt.Sprintf("%d of %s, the first by %s; %s in all; a year nominal %s %%, effective %s %%", len(q.GetInstallments()),
			yuan(q.GetInstallments()[0].GetAmount()), q.GetDueDate(), yuan(q.GetTotalAmount()), q.GetNominalAnnualRate(), q.GetEffectiveAnnualRate()), nil)
	}
	r := d.order(bundle.GetAmount())
	r.Scene, r.Plan = bundle.GetScene(), bundle.GetPlan()
	if held := d.authorize(r); held != nil {
		d.phone = held.GetAuthorization().GetAuthorizationId()
		d.capture(d.phone)
	}
	d.at(time.March, 5, 10)
	d.chapter("The next window closes", "It bills the first installment; the rest is to come, and uses the limit until it is repaid.\n")
	d.statement()
}

func (d *story) refund() {
	d.at(time.March, 9, 15)
	d.chapter("A refund", "The phone came without its case: 200.00 are taken off what is not billed yet, and the installments to come\nare less, each with less interest.\n")
	if d.err != nil {
		return
	}
	resp, err := d.client.Refund(d.ctx, &holdfastv1.RefundRequest{AuthorizationId: d.phone, Currency: "CNY", Amount: 20000})
	if err != nil {
		d.err = err
		return
	}
	d.line("Refund 200.00", "refunded "+yuan(resp.GetAuthorization().GetRefundedAmount()), resp.GetHeadroom())
	for _, p := range d.billing().GetPlans() {
		for _, i := range p.GetInstallments()[:min(3, len(p.GetInstallments()))] {
			what := "to come"
			if i.GetBilled() {
				what = "billed"
			}
			d.line(fmt.Sprintf("GetBilling installment %d", i.GetNumber()), fmt.Sprintf("%s = principal %s + interest %s, due %s, %s",
				yuan(i.GetAmount()), yuan(i.GetPrincipal()), yuan(i.GetInterest()), i.GetDueDate(), what), nil)
		}
	}
}

// journal reads the story back.
func (d *story) journal() {
	d.chapter("What the journal says", "Every fact, in order, with postings that sum to zero.\n")
	if d.err != nil {
		return
	}
	t := &table{align: "lllrl"}
	for e, err := range d.client.WatchEvents(d.ctx, &holdfastv1.WatchEventsRequest{UntilNow: true}) {
		if err != nil {
			d.err = err
			return
		}
		if e.GetType() == holdfastv1.EventType_EVENT_TYPE_CLOCK_ADVANCED {
			continue
		}
		var postings []string
		for _, p := range e.GetPostings() {
			postings = append(postings, strings.Replace(p.GetBook(), "/"+d.account, "", 1)+" "+signedYuan(p.GetAmount()))
		}
		about := e.GetOrderId()
		if about == "" {
			about = e.GetOpeningDate()
		}
		what := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(e.GetType().String(), "EVENT_TYPE_"), "_", " "))
		t.row(e.GetTime().AsTime().In(demoZone).Format("2 Jan"), what, about, yuan(e.GetAmount()), strings.Join(postings, "  "))
	}
	d.printf("%s", t)
}
