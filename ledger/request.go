package ledger

import "encoding/binary"

// fingerprint hashes the fields of a request one by one: the same body has the same fingerprint, and of another body
// the fields that differ can be named. A byte for the kind of request, then 4 bytes a field.
type fingerprint struct {
	sum   []byte
	names []string // kept only when named is set
	named bool
}

func (f *fingerprint) kind(k byte) { f.sum = append(f.sum, k) }

func (f *fingerprint) field(name string, h uint32) {
	f.sum = binary.LittleEndian.AppendUint32(f.sum, h)
	if f.named {
		f.names = append(f.names, name)
	}
}

const (
	fnvOffset uint32 = 2166136261
	fnvPrime  uint32 = 16777619
)

func hashString(h uint32, s string) uint32 {
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime
}

func hashInt(h uint32, v int64) uint32 {
	x := uint64(v) * 0x9e3779b97f4a7c15
	return (h ^ uint32(x>>32) ^ uint32(x)) * fnvPrime
}

func (f *fingerprint) str(name, s string)       { f.field(name, hashString(fnvOffset, s)) }
func (f *fingerprint) int(name string, v int64) { f.field(name, hashInt(fnvOffset, v)) }
func (f *fingerprint) bool(name string, v bool) {
	if v {
		f.int(name, 1)
	} else {
		f.int(name, 0)
	}
}

func (f *fingerprint) auth(id AuthorizationID) {
	f.field("authorization_id", hashInt(hashInt(fnvOffset, int64(id.Account)), int64(id.N)))
}

func (f *fingerprint) controls(name string, c *Controls) {
	h := fnvOffset
	for _, v := range []int64{int64(c.PerOrder), int64(c.DailyAmount), int64(c.DailyCount), int64(c.MonthlyAmount),
		int64(c.MonthlyCount), int64(c.MaxHolds), int64(len(c.Carriers))} {
		h = hashInt(h, v)
	}
	for _, s := range c.Carriers {
		h = hashString(h, string(s))
	}
	for _, s := range c.Phones {
		h = hashString(h, string(s))
	}
	f.field(name, h)
}

func (f *fingerprint) lines(name string, lines []LineOpening) {
	var inner fingerprint
	for i := range lines {
		l := &lines[i]
		inner.int("", int64(l.Scene))
		inner.int("", int64(l.Limit))
		inner.str("", l.Agreement)
		inner.str("", l.Accepted)
		inner.controls("", &l.Controls)
	}
	f.str(name, string(inner.sum))
}

func (f *fingerprint) scope(s Scope) {
	f.int("scene", int64(s.Scene))
	f.str("carrier_id", string(s.Carrier))
}

func (p *Purchase) fields(f *fingerprint) {
	f.int("account_id", int64(p.Account))
	f.int("scene", int64(p.Scene))
	f.str("order_id", string(p.Order))
	f.str("carrier_id", string(p.Carrier))
	f.str("phone_token", string(p.Phone))
	f.str("currency", string(p.Currency))
	f.int("amount", int64(p.Amount))
	f.bool("accept_partial", p.Partial)
	f.int("minimum_amount", int64(p.Minimum))
	f.plan(p.Plan)
	f.str("bill_reference", string(p.Bill))
	f.int("mandate_id", int64(p.Mandate))
	f.str("product_id", string(p.Product))
	f.int("points_to_redeem", int64(p.Points))
	if p.Bundle != "" { // receipts of before there were bundles have prints without
		f.str("bundle_offer_id", string(p.Bundle))
	}
}

// The kind bytes are kept in receipts: they are never reused.

func (c *OpenAccount) fields(f *fingerprint) {
	f.kind(1)
	f.str("consumer_token", string(c.Consumer))
	f.str("currency", string(c.Currency))
	f.int("limit", int64(c.Limit))
	f.lines("lines", c.Lines)
	f.str("terms_version", c.Terms)
	f.int("statement_day", int64(c.Day))
	f.int("collection_channel", int64(c.Channel))
}

func (c *SetLimits) fields(f *fingerprint) {
	f.kind(2)
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	if c.SetAccount {
		f.int("limit", int64(c.Limit))
	} else {
		f.int("limit", -1)
	}
	h := fnvOffset
	for _, l := range c.Lines {
		h = hashInt(hashInt(h, int64(l.Scene)), int64(l.Limit))
	}
	f.field("line_limits", h)
}

func (c *SetTemporaryLimit) fields(f *fingerprint) {
	f.kind(3)
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	f.int("scene", int64(c.Scene))
	f.int("limit", int64(c.Raise.Limit))
	f.int("last_day", int64(c.Raise.LastDay))
}

func (c *Freeze) fields(f *fingerprint) {
	f.kind(4)
	f.int("account_id", int64(c.Account))
	f.str("reason", c.Reason)
}

func (c *Unfreeze) fields(f *fingerprint) {
	f.kind(5)
	f.int("account_id", int64(c.Account))
	f.str("reason", c.Reason)
}

func (c *CloseAccount) fields(f *fingerprint) {
	f.kind(6)
	f.int("account_id", int64(c.Account))
	f.str("reason", c.Reason)
}

func (c *OpenLine) fields(f *fingerprint) {
	f.kind(7)
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	f.lines("line", []LineOpening{c.Line})
}

func (c *CloseLine) fields(f *fingerprint) {
	f.kind(8)
	f.int("account_id", int64(c.Account))
	f.int("scene", int64(c.Scene))
	f.str("reason", c.Reason)
}

func (c *AcceptAgreement) fields(f *fingerprint) {
	f.kind(9)
	f.int("account_id", int64(c.Account))
	f.int("scene", int64(c.Scene))
	f.str("agreement_version", c.Version)
}

func (c *SetControls) fields(f *fingerprint) {
	f.kind(10)
	f.int("account_id", int64(c.Account))
	f.int("scene", int64(c.Scene))
	f.str("currency", string(c.Currency))
	f.controls("controls", &c.Controls)
}

func (c *Authorize) fields(f *fingerprint) {
	f.kind(11)
	c.Purchase.fields(f)
	f.int("hold_lifetime", int64(c.Lifetime))
}

func (c *Charge) fields(f *fingerprint) {
	f.kind(12)
	c.Purchase.fields(f)
	f.str("carrier_reference", string(c.Reference))
}

func (c *Advise) fields(f *fingerprint) {
	f.kind(13)
	c.Purchase.fields(f)
	f.int("sale_time", int64(c.SaleTime))
	f.str("carrier_reference", string(c.Reference))
}

func (c *Increment) fields(f *fingerprint) {
	f.kind(14)
	f.auth(c.Authorization)
	f.str("currency", string(c.Currency))
	f.int("amount", int64(c.Amount))
}

func (c *Extend) fields(f *fingerprint) {
	f.kind(15)
	f.auth(c.Authorization)
	f.int("hold_lifetime", int64(c.Lifetime))
}

func (c *MarkSubmitted) fields(f *fingerprint) {
	f.kind(16)
	f.auth(c.Authorization)
	f.str("carrier_reference", string(c.Reference))
}

func (c *CaptureHold) fields(f *fingerprint) {
	f.kind(17)
	f.auth(c.Authorization)
	f.str("currency", string(c.Currency))
	f.int("amount", int64(c.Amount))
	f.bool("final", c.Final)
	f.str("carrier_reference", string(c.Reference))
	if c.Activated != 0 {
		f.int("activation_date", int64(c.Activated))
	}
}

func (c *Void) fields(f *fingerprint) {
	f.kind(18)
	f.auth(c.Authorization)
	f.str("currency", string(c.Currency))
	f.int("amount", int64(c.Amount))
}

func (c *Reverse) fields(f *fingerprint) {
	f.kind(19)
	f.int("account_id", int64(c.Account))
	f.str("order_id", string(c.Order))
}

func (c *RefundCapture) fields(f *fingerprint) {
	f.kind(20)
	f.auth(c.Authorization)
	f.str("currency", string(c.Currency))
	f.int("amount", int64(c.Amount))
}

func (c *Suspend) fields(f *fingerprint) {
	f.kind(21)
	f.scope(c.Scope)
	f.str("reason", c.Reason)
}

func (c *Resume) fields(f *fingerprint) {
	f.kind(22)
	f.scope(c.Scope)
	f.str("reason", c.Reason)
}

func (c *AcceptTerms) fields(f *fingerprint) {
	f.kind(23)
	f.int("account_id", int64(c.Account))
	f.str("terms_version", c.Version)
}

func (c *SetStatementDay) fields(f *fingerprint) {
	f.kind(24)
	f.int("account_id", int64(c.Account))
	f.int("statement_day", int64(c.Day))
}

func (c *SetChannel) fields(f *fingerprint) {
	f.kind(25)
	f.int("account_id", int64(c.Account))
	f.int("collection_channel", int64(c.Channel))
	if c.Payer != (Payer{}) {
		f.str("carrier_id", string(c.Payer.Carrier))
		f.str("phone_token", string(c.Payer.Phone))
	}
}

func (c *PostRepayment) fields(f *fingerprint) {
	f.kind(26)
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	f.int("amount", int64(c.Amount))
	f.int("value_date", int64(c.ValueDate))
	f.str("reference", c.Reference)
}

func (c *ReverseRepayment) fields(f *fingerprint) {
	f.kind(27)
	f.int("account_id", int64(c.Account))
	f.int("repayment_id", int64(c.Item))
	f.str("reason", c.Reason)
}

func (c *RefundCredit) fields(f *fingerprint) {
	f.kind(28)
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	f.int("amount", int64(c.Amount))
	f.str("reference", c.Reference)
}

func (c *ReportCollection) fields(f *fingerprint) {
	f.kind(29)
	f.int("account_id", int64(c.Account))
	f.int("collection_id", int64(c.Item))
	f.bool("outcome", c.Succeeded)
	f.int("value_date", int64(c.ValueDate))
	f.str("reason", c.Reason)
	f.str("reference", c.Reference)
}

func (c *WaiveCharges) fields(f *fingerprint) {
	f.kind(30)
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	f.int("opening_date", int64(c.Opens))
	f.int("part", int64(c.Part))
	f.int("amount", int64(c.Amount))
	f.str("reason", c.Reason)
}

func (c *PausePenalty) fields(f *fingerprint) {
	f.kind(31)
	f.int("account_id", int64(c.Account))
	f.int("from", int64(c.Pause.From))
	f.int("to", int64(c.Pause.To))
	f.str("reason", c.Reason)
}

func (c *ReageDebt) fields(f *fingerprint) {
	f.kind(32)
	f.int("account_id", int64(c.Account))
	f.int("windows", int64(c.Windows))
	f.str("reason", c.Reason)
}

func (c *PlanStatement) fields(f *fingerprint) {
	f.kind(33)
	f.int("account_id", int64(c.Account))
	f.int("opening_date", int64(c.Opens))
	f.plan(c.Choice)
}

func (c *PayOffPlan) fields(f *fingerprint) {
	f.kind(34)
	f.int("account_id", int64(c.Account))
	f.int("plan_id", int64(c.Plan))
}

func (c *PutCarrier) fields(f *fingerprint) {
	f.kind(61)
	f.str("carrier_id", string(c.ID))
	s := &c.Settings
	f.str("name", s.Name)
	h := fnvOffset
	for _, p := range s.Principals {
		h = hashString(h, string(p))
	}
	f.field("principals", h)
	f.bool("principals_only", s.Closed)
	h = fnvOffset
	for i := range s.Products {
		p := &s.Products[i]
		h = hashString(hashInt(hashString(h, string(p.ID)), int64(p.Scene)), string(p.Currency))
		for _, d := range p.Denominations {
			h = hashInt(h, int64(d))
		}
	}
	f.field("products", h)
	f.field("settlement", hashString(hashInt(hashInt(fnvOffset, int64(s.Settlement.Cycle)), int64(s.Settlement.CutOff)), s.Settlement.Zone))
	h = fnvOffset
	for i := range s.Fees {
		fee := &s.Fees[i]
		h = hashString(hashString(hashInt(h, int64(fee.Scene)), string(fee.Product)), string(fee.Currency))
		h = hashInt(hashInt(h, int64(fee.Share)), int64(fee.Fixed))
	}
	f.field("fees", h)
	tolerance := int64(s.Tolerance)
	if !s.Tolerates {
		tolerance = -1
	}
	f.int("capture_tolerance", tolerance)
	f.int("hold_lifetime", int64(s.HoldLifetime))
	f.sums("stand_in_floor_limits", s.FloorLimits)
	f.sums("exposure_limits", s.ExposureLimits)
	f.bool("collects", s.Collects)
}

func (f *fingerprint) sums(name string, list []Sum) {
	h := fnvOffset
	for i := range list {
		h = hashInt(hashString(h, string(list[i].Currency)), int64(list[i].Amount))
	}
	f.field(name, h)
}

func (c *SubmitApplication) fields(f *fingerprint) {
	f.kind(50)
	f.str("consumer_token", string(c.Consumer))
	f.int("account_id", int64(c.Account))
	f.str("currency", string(c.Currency))
	f.consents(c.Consents)
	h := fnvOffset
	for _, i := range c.Inputs {
		if !i.Missing && !i.Own {
			h = hashString(hashString(h, i.Name), i.Value)
		}
	}
	f.field("features", h)
}

func (c *AcceptOffer) fields(f *fingerprint) {
	f.kind(51)
	f.int("application_id", int64(c.Application))
	f.str("agreement_version", c.Agreement)
	f.consents(c.Consents)
	f.int("statement_day", int64(c.Day))
	f.int("collection_channel", int64(c.Channel))
}

func (c *WithdrawOffer) fields(f *fingerprint) {
	f.kind(52)
	f.int("application_id", int64(c.Application))
	f.str("reason", c.Reason)
}

func (c *WithdrawConsent) fields(f *fingerprint) {
	f.kind(53)
	f.str("consumer_token", string(c.Consumer))
	f.str("purpose", string(c.Purpose))
}

func (c *RequestReview) fields(f *fingerprint) {
	f.kind(54)
	f.int("application_id", int64(c.Subject.Application))
	f.auth(c.Subject.Authorization)
	f.int("account_id", int64(c.Subject.Account))
	f.str("statement", c.Statement)
}

func (c *ResolveReview) fields(f *fingerprint) {
	f.kind(55)
	f.int("review_id", int64(c.Review))
	f.int("outcome", int64(c.Outcome))
	f.str("note", c.Note)
	h := hashString(hashInt(hashString(fnvOffset, c.Offer.Grade), int64(c.Offer.Limit)), c.Offer.Agreement)
	for _, l := range c.Offer.Lines {
		if !c.Shares {
			h = hashInt(hashInt(h, int64(l.Scene)), int64(l.Limit))
		}
	}
	f.field("offer", h)
}

func (c *EraseConsumer) fields(f *fingerprint) {
	f.kind(56)
	f.str("consumer_token", string(c.Consumer))
}

func (f *fingerprint) consents(given []Consenting) {
	h := fnvOffset
	for _, g := range given {
		h = hashString(hashString(h, string(g.Purpose)), g.Version)
	}
	f.field("consents", h)
}

func (*GetApplicant) fields(*fingerprint)   {}
func (*GetRecord) fields(*fingerprint)      {}
func (*GetApplication) fields(*fingerprint) {}
func (*GetReview) fields(*fingerprint)      {}
func (*ListReviews) fields(*fingerprint)    {}

func (f *fingerprint) plan(c PlanChoice) {
	f.field("plan", hashInt(hashInt(fnvOffset, int64(c.Method)), int64(c.Months)))
}

func (*GetBilling) fields(*fingerprint)     {}
func (*GetStatement) fields(*fingerprint)   {}
func (*ListStatements) fields(*fingerprint) {}
func (*ListItems) fields(*fingerprint)      {}
func (*GetPayoff) fields(*fingerprint)      {}
func (*Quote) fields(*fingerprint)          {}
func (*GetTerms) fields(*fingerprint)       {}

// What has no identity has no fingerprint.
func (*Tick) fields(*fingerprint)               {}
func (*AdvanceClock) fields(*fingerprint)       {}
func (*ClaimOrder) fields(*fingerprint)         {}
func (*GiveSlice) fields(*fingerprint)          {}
func (*TakeSlice) fields(*fingerprint)          {}
func (*GetAccount) fields(*fingerprint)         {}
func (*ListAccounts) fields(*fingerprint)       {}
func (*GetAuthorization) fields(*fingerprint)   {}
func (*LookupOrder) fields(*fingerprint)        {}
func (*ListAuthorizations) fields(*fingerprint) {}
func (*GetPolicies) fields(*fingerprint)        {}
func (*GetShard) fields(*fingerprint)           {}

// differing names the fields in which a command differs from the body with the given fingerprint.
func differing(c Command, print []byte) []string {
	f := fingerprint{named: true}
	c.fields(&f)
	if len(print) == 0 || print[0] != f.sum[0] || len(print) != len(f.sum) {
		return []string{"request_id"} // it was another call
	}
	var names []string
	for i, name := range f.names {
		at := 1 + 4*i
		if string(print[at:at+4]) != string(f.sum[at:at+4]) {
			names = append(names, name)
		}
	}
	return names
}
