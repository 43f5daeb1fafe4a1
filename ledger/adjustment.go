package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// CarrierAdjusted is an amount that an operator added to what is payable to a carrier, or took away from it: the request's
// caller is the operator.
type CarrierAdjusted struct {
	Carrier   CarrierID
	Currency  money.Currency
	Amount    money.Amount  // above 0 it adds to what is payable
	Date      calendar.Date // the carrier's business day; 0 when it has none
	Reason    string
	Reference string // what it is about: a break of a reconciliation, a letter
}

func (*CarrierAdjusted) fact() {}

// AdjustCarrier adjusts what is payable to a carrier.
type AdjustCarrier struct {
	Request
	Carrier   CarrierID
	Currency  money.Currency
	Amount    money.Amount  // above 0 it adds to what is payable
	Date      calendar.Date // 0 for the business day that it is
	Reason    string
	Reference string
}

func (c *AdjustCarrier) fields(f *fingerprint) {
	f.kind(70)
	f.str("carrier_id", string(c.Carrier))
	f.str("currency", string(c.Currency))
	f.int("amount", int64(c.Amount))
	f.int("date", int64(c.Date))
	f.str("reason", c.Reason)
	f.str("reference", c.Reference)
}

// adjustCarrier posts an adjustment. Which carriers there are is not its business: one that was never registered has
// postings too.
func (l *Ledger) adjustCarrier(c *AdjustCarrier) Outcome {
	date := c.Date
	if date == 0 {
		date = l.clears(c.Carrier, l.now)
	}
	return l.post(&CarrierAdjusted{Carrier: c.Carrier, Currency: c.Currency, Amount: c.Amount, Date: date, Reason: c.Reason, Reference: c.Reference})
}

func (f *CarrierAdjusted) postings() []Posting {
	return []Posting{
		{BookAccount{Kind: BookPayable, Carrier: f.Carrier}, f.Currency, -f.Amount},
		{BookAccount{Kind: BookAdjustment, Carrier: f.Carrier}, f.Currency, f.Amount},
	}
}
