package record

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

func walkHold(r *row, a *ledger.Authorization) {
	b := (*[66]byte)(r.block(66))
	eight(r, b[0:], &a.Sequence)
	eight(r, b[8:], &a.Requested)
	eight(r, b[16:], &a.Authorized)
	eight(r, b[24:], &a.Held)
	eight(r, b[32:], &a.Created)
	eight(r, b[40:], &a.Expires)
	eight(r, b[48:], &a.Updated)
	four(r, b[56:], &a.N)
	four(r, b[60:], &a.Day)
	one(r, b[64:], &a.Scene)
	one(r, b[65:], &a.State)
	n := r.list(18)
	number(r, &n[0], &a.Captured)
	unsigned(r, &n[2], &a.Reasons)
	number(r, &n[3], &a.Refunded)
	number(r, &n[5], &a.Lapsed)
	truth(r, &n[6], &a.Advised)
	number(r, &n[7], &a.SaleTime)
	planned := a.Plan != (plan.Offer{})
	truth(r, &n[8], &planned)
	unsigned(r, &n[9], &a.Mandate)
	bill := a.Bill != ""
	truth(r, &n[10], &bill)
	judged := a.Verdict != (ledger.Verdict{})
	truth(r, &n[11], &judged)
	unsigned(r, &n[12], &a.Settings)
	number(r, &n[13], &a.Fees)
	named := a.Product != ""
	truth(r, &n[14], &named)
	referenced := a.Reference != ""
	truth(r, &n[15], &referenced)
	pointed := a.Points != nil
	truth(r, &n[16], &pointed)
	bundled := a.Bundle != (ledger.Bundled{})
	truth(r, &n[17], &bundled)
	if r.reading {
		a.Captures, a.Refunds, a.Plan, a.Bill, a.Verdict = nil, nil, plan.Offer{}, "", ledger.Verdict{} // those that are there belong to another
		a.Product, a.Reference, a.Bundle = "", "", ledger.Bundled{}
		if !a.Scene.Valid() || a.State > ledger.Declined {
			r.spoil()
		}
	}
	captures := elements(r, &n[1], &a.Captures, 1)
	refunds := elements(r, &n[4], &a.Refunds, 1)
	word(r, &a.Caller)
	word(r, &a.Order)
	word(r, &a.Carrier)
	word(r, &a.Phone)
	for i := range captures {
		c := &captures[i]
		n := r.list(5)
		number(r, &n[0], &c.Amount)
		number(r, &n[1], &c.Time)
		truth(r, &n[2], &c.Late)
		pointsPart(r, n[3:5], &c.Points)
	}
	for i := range refunds {
		n := r.list(4)
		number(r, &n[0], &refunds[i].Amount)
		number(r, &n[1], &refunds[i].Time)
		pointsPart(r, n[2:4], &refunds[i].Points)
	}
	if planned {
		offer(r, r.list(4)[:], &a.Plan)
	}
	if bill {
		r.list(0)
		word(r, &a.Bill)
	}
	if named {
		r.list(0)
		word(r, &a.Product)
	}
	if referenced {
		r.list(0)
		word(r, &a.Reference)
	}
	if judged {
		walkRiskVerdict(r, &a.Verdict)
	}
	maybe(r, pointed, &a.Points, walkRedemptionRow)
	if bundled {
		walkBundled(r, &a.Bundle)
	}
}

func walkLine(r *row, l *ledger.Line) {
	b := (*[61]byte)(r.block(61))
	u := &l.Use
	eight(r, b[0:], &l.Limit)
	eight(r, b[8:], &l.Held)
	eight(r, b[16:], &l.Posted)
	eight(r, b[24:], &u.DailyAmount)
	eight(r, b[32:], &u.MonthlyAmount)
	four(r, b[40:], &l.Holds)
	four(r, b[44:], &u.Day)
	four(r, b[48:], &u.DailyCount)
	four(r, b[52:], &u.Month)
	four(r, b[56:], &u.MonthlyCount)
	one(r, b[60:], &l.Status)
	n := r.list(10)
	number(r, &n[0], &l.Temporary.Limit)
	number(r, &n[1], &l.Temporary.LastDay)
	c := &l.Controls
	number(r, &n[2], &c.PerOrder)
	number(r, &n[3], &c.DailyAmount)
	number(r, &n[4], &c.DailyCount)
	number(r, &n[5], &c.MonthlyAmount)
	number(r, &n[6], &c.MonthlyCount)
	number(r, &n[7], &c.MaxHolds)
	carriers := elements(r, &n[8], &c.Carriers, 1)
	phones := elements(r, &n[9], &c.Phones, 1)
	word(r, &l.Agreement)
	word(r, &l.Accepted)
	for i := range carriers {
		word(r, &carriers[i])
	}
	for i := range phones {
		word(r, &phones[i])
	}
}

func walkAccount(r *row, a *ledger.Account) {
	b := (*[38]byte)(r.block(38))
	eight(r, b[0:], &a.ID)
	eight(r, b[8:], &a.Limit)
	eight(r, b[16:], &a.Created)
	eight(r, b[24:], &a.Updated)
	four(r, b[32:], &a.LastN)
	one(r, b[36:], &a.Status)
	lines := b[37] // those that were ever touched, a bit for each
	if !r.reading {
		lines = touched(a)
		if isBilled(&a.Billing) {
			lines |= billed
		}
		if a.Risk != (ledger.Risk{}) {
			lines |= assessed
		}
		b[37] = lines
	}
	n := r.list(9)
	number(r, &n[1], &a.Temporary.Limit)
	number(r, &n[2], &a.Temporary.LastDay)
	unsigned(r, &n[3], &a.LastMandate)
	holds := elements(r, &n[0], &a.Holds, 66)
	mandates := elements(r, &n[4], &a.Mandates, 3)
	bills := elements(r, &n[5], &a.Bills, leastBill)
	spent := len(a.Velocity.Spends) > 0
	truth(r, &n[6], &spent)
	conducted := a.Conduct.Any()
	truth(r, &n[7], &conducted)
	pointed := a.Wallet != nil
	truth(r, &n[8], &pointed)
	word(r, &a.Consumer)
	word(r, &a.StatusReason)
	word(r, &a.Currency)
	for i := range a.Lines {
		if lines>>i&1 != 0 {
			walkLine(r, &a.Lines[i])
		}
	}
	for i := range holds {
		walkHold(r, &holds[i])
	}
	if lines&billed != 0 {
		walkBilled(r, &a.Billing)
	}
	if lines&assessed != 0 {
		n := r.list(2)
		number(r, &n[0], &a.Risk.Score)
		unsigned(r, &n[1], &a.Risk.Application)
		word(r, &a.Risk.Grade)
	}
	for i := range mandates {
		m := &mandates[i]
		n := r.list(8)
		unsigned(r, &n[0], &m.N)
		number(r, &n[1], &m.Cap)
		number(r, &n[2], &m.Since)
		number(r, &n[3], &m.Month)
		unsigned(r, &n[4], &m.Last)
		unsigned(r, &n[5], &m.Declined)
		unsigned(r, &n[6], &m.Declines)
		number(r, &n[7], &m.Ended)
		word(r, &m.Carrier)
		word(r, &m.Phone)
		word(r, &m.Reason)
	}
	for i := range bills {
		b := (*[leastBill]byte)(r.block(leastBill))
		four(r, b[0:], &bills[i].N)
		eight(r, b[4:], &bills[i].Print)
	}
	if spent {
		walkVelocity(r, &a.Velocity)
	}
	if conducted {
		walkConduct(r, &a.Conduct)
	}
	maybe(r, pointed, &a.Wallet, walkWalletRow)
}

const leastBill = 12 // bytes

// Bits beside those of the lines: there is billing; there was an assessment.
const (
	billed   = 1 << 7
	assessed = 1 << 6
)

func touched(a *ledger.Account) (lines byte) {
	for i := range a.Lines {
		if l := &a.Lines[i]; l.Status != ledger.NoLine || l.Posted != 0 || l.Use != (ledger.Use{}) {
			lines |= 1 << i
		}
	}
	return lines
}

// AppendAccount appends an account's row. Its sequence and next deadline are kept by the state beside it.
func AppendAccount(b []byte, a *ledger.Account) []byte {
	r := begin(b)
	walkAccount(&r, a)
	return r.end()
}

// DecodeAccount reads an account's row into a, reusing its slices.
func DecodeAccount(b []byte, a *ledger.Account) error {
	r := open(b)
	holds, mandates, paid, v, spent := a.Holds, a.Mandates[:0], a.Bills[:0], &a.Billing, a.Velocity
	warnings := a.Conduct.Warnings[:0]
	debts, plans, collections, pauses := v.Debts[:0], v.Plans[:0], v.Collections[:0], v.Pauses[:0]
	*a = ledger.Account{}
	a.Mandates, a.Bills = mandates, paid
	a.Conduct.Warnings = warnings
	a.Velocity = ledger.Velocity{Spends: spent.Spends[:0], Phones: spent.Phones[:0], Carriers: spent.Carriers[:0]}
	a.Holds, v.Debts, v.Plans, v.Collections, v.Pauses = holds, debts, plans, collections, pauses
	walkAccount(&r, a)
	return r.err()
}

// AppendEnded appends the row of an authorization that has ended.
func AppendEnded(b []byte, a *ledger.Authorization) []byte {
	r := begin(b)
	walkHold(&r, a)
	return r.end()
}

// DecodeEnded reads the row of an authorization that has ended.
func DecodeEnded(b []byte, a *ledger.Authorization) error {
	r := open(b)
	walkHold(&r, a)
	return r.err()
}

// AppendOrder appends an order's row.
func AppendOrder(b []byte, o *ledger.Order) []byte {
	r := begin(b)
	walkOrder(&r, o)
	return r.end()
}

// DecodeOrder reads an order's row.
func DecodeOrder(b []byte, o *ledger.Order) error {
	r := open(b)
	walkOrder(&r, o)
	return r.err()
}

func walkOrder(r *row, o *ledger.Order) {
	n := r.list(3)
	unsigned(r, &n[0], &o.Account)
	unsigned(r, &n[1], &o.N)
	truth(r, &n[2], &o.Reversed)
}

// AppendReceipt appends a receipt's row.
func AppendReceipt(b []byte, v *ledger.Receipt) []byte {
	r := begin(b)
	walkReceipt(&r, v)
	return r.end()
}

// DecodeReceipt reads a receipt's row.
func DecodeReceipt(b []byte, v *ledger.Receipt) error {
	r := open(b)
	walkReceipt(&r, v)
	return r.err()
}

func walkReceipt(r *row, v *ledger.Receipt) {
	n := r.list(31)
	number(r, &n[0], &v.Time)
	unsigned(r, &n[1], &v.Sequence)
	unsigned(r, &n[2], &v.Decision)
	unsigned(r, &n[3], &v.ID.Account)
	unsigned(r, &n[4], &v.ID.N)
	m := &v.Mark
	unsigned(r, &n[5], &m.State)
	number(r, &n[6], &m.Requested)
	number(r, &n[7], &m.Authorized)
	number(r, &n[8], &m.Held)
	since(r, &n[9], &m.Expires, v.Time)
	h := &v.Headroom
	number(r, &n[10], &h.Limit)
	number(r, &n[11], &h.Held)
	number(r, &n[12], &h.Posted)
	number(r, &n[13], &h.Available)
	number(r, &n[14], &h.AccountLimit)
	number(r, &n[15], &h.AccountHeld)
	number(r, &n[16], &h.AccountPosted)
	number(r, &n[17], &m.Captured)
	number(r, &n[18], &m.Captures)
	number(r, &n[19], &v.Part)
	number(r, &n[20], &v.Released)
	since(r, &n[21], &m.Updated, v.Time)
	unsigned(r, &n[22], &v.Reasons)
	number(r, &n[23], &m.Refunded)
	number(r, &n[24], &m.Refunds)
	number(r, &n[25], &v.Refunded)
	truth(r, &n[26], &v.Late)
	truth(r, &n[27], &v.Tombstone)
	truth(r, &n[28], &v.Exceeded)
	var parts uint8 // that are there, a bit for each
	if v.Account != nil {
		parts |= receiptAccount
	}
	if v.Application != 0 || v.Review != 0 {
		parts |= receiptDossier
	}
	if m.Reference != "" {
		parts |= receiptReference
	}
	if v.Points != nil {
		parts |= receiptPoints
	}
	if m.Points != nil {
		parts |= receiptRedemption
	}
	parts |= uint8(m.Stage) << receiptStage
	unsigned(r, &n[29], &parts)
	unsigned(r, &n[30], &v.Item)
	data(r, &v.Print)
	if r.reading {
		if m.State > ledger.Declined || m.Captures < 0 || m.Refunds < 0 {
			r.spoil()
		}
		m.Stage = ledger.BundleStage(parts >> receiptStage)
		v.Account, v.Application, v.Review, m.Reference = nil, 0, 0, ""
		if parts&receiptAccount != 0 {
			v.Account = new(ledger.Account)
		}
	}
	if parts&receiptDossier != 0 {
		n := r.list(2)
		unsigned(r, &n[0], &v.Application)
		unsigned(r, &n[1], &v.Review)
	}
	if parts&receiptReference != 0 {
		r.list(0)
		word(r, &m.Reference)
	}
	if parts&receiptAccount != 0 {
		walkAccount(r, v.Account)
	}
	maybe(r, parts&receiptPoints != 0, &v.Points, walkPointsChange)
	maybe(r, parts&receiptRedemption != 0, &m.Points, walkRedemptionRow)
}

const (
	receiptAccount = 1 << iota
	receiptDossier
	receiptReference
	receiptPoints
	receiptRedemption

	receiptStage = 5 // and what follows it, of a bundle
)

// AppendShard appends a shard's row.
func AppendShard(b []byte, s *ledger.Shard) []byte {
	r := begin(b)
	walkShard(&r, s)
	return r.end()
}

// DecodeShard reads a shard's row.
func DecodeShard(b []byte, s *ledger.Shard) error {
	r := open(b)
	walkShard(&r, s)
	return r.err()
}

func walkShard(r *row, s *ledger.Shard) {
	n := r.list(29)
	unsigned(r, &n[0], &s.Number)
	unsigned(r, &n[1], &s.Sequence)
	number(r, &n[2], &s.Time)
	unsigned(r, &n[3], &s.Accounts)
	number(r, &n[4], &s.OpenHolds)
	suspensions := elements(r, &n[5], &s.Suspensions, 4)
	totals := elements(r, &n[6], &s.Totals, 3)
	debts := elements(r, &n[7], &s.Debts, 2)
	versions := elements(r, &n[8], &s.Terms, 3)
	policies := elements(r, &n[9], &s.Policies, 3)
	activations := elements(r, &n[10], &s.Activations, 3)
	unsigned(r, &n[11], &s.Applications)
	unsigned(r, &n[12], &s.Reviews)
	warnings := elements(r, &n[13], &s.Warnings, 9)
	carriers := elements(r, &n[14], &s.Carriers, leastCarrier)
	parts := elements(r, &n[15], &s.Slices, leastSlice)
	gifts := elements(r, &n[16], &s.Gifts, leastGift)
	taken := elements(r, &n[17], &s.Taken, 1)
	payables := elements(r, &n[18], &s.Payables, leastPayable)
	pointsFlows(r, n[19:25], &s.Points.Flows)
	number(r, &n[25], &s.Points.Held)
	reconciled := elements(r, &n[26], &s.Reconciled, 2)
	offers := elements(r, &n[27], &s.BundleOffers, leastBundleOffer)
	batches := elements(r, &n[28], &s.Batches, leastBatch)
	for i := range suspensions {
		v := &suspensions[i]
		n := r.list(2)
		number(r, &n[0], &v.Since)
		unsigned(r, &n[1], &v.Scope.Scene)
		word(r, &v.Scope.Carrier)
		word(r, &v.Reason)
		word(r, &v.Caller)
	}
	for i := range totals {
		t := &totals[i]
		n := r.list(6)
		number(r, &n[0], &t.Held)
		number(r, &n[1], &t.Captured)
		number(r, &n[2], &t.Refunded)
		number(r, &n[3], &t.Exceeded)
		number(r, &n[4], &t.Subsidy)
		number(r, &n[5], &t.Bought)
		word(r, &t.Carrier)
		word(r, &t.Currency)
	}
	for i := range debts {
		walkDebtTotals(r, &debts[i])
	}
	for i := range versions {
		walkTerms(r, &versions[i])
	}
	for i := range policies {
		p := &policies[i]
		n := r.list(1)
		number(r, &n[0], &p.Put)
		word(r, &p.Version)
		word(r, &p.Document)
		word(r, &p.Caller)
	}
	walkWarned(r, warnings)
	for i := range activations {
		v := &activations[i]
		n := r.list(3)
		number(r, &n[0], &v.From)
		number(r, &n[1], &v.Set)
		truth(r, &n[2], &v.Shadow)
		word(r, &v.Version)
		word(r, &v.Caller)
	}
	for i := range carriers {
		walkCarrierRow(r, &carriers[i])
	}
	for i := range parts {
		walkSlice(r, &parts[i])
	}
	for i := range gifts {
		walkGiftRow(r, &gifts[i])
	}
	for i := range taken {
		walkTaken(r, &taken[i])
	}
	for i := range payables {
		walkPayable(r, &payables[i])
	}
	for i := range reconciled {
		walkReconciled(r, &reconciled[i])
	}
	for i := range offers {
		walkBundleOfferRow(r, &offers[i])
	}
	for i := range batches {
		walkBatch(r, &batches[i])
	}
}

func walkDebtTotals(r *row, t *ledger.DebtTotals) {
	n := r.list(11)
	number(r, &n[0], &t.Statements)
	number(r, &n[1], &t.Billed)
	number(r, &n[2], &t.Repaid)
	number(r, &n[3], &t.Fees)
	number(r, &n[4], &t.Interest)
	number(r, &n[5], &t.Penalty)
	number(r, &n[6], &t.PaidOut)
	number(r, &n[7], &t.ChargedOff)
	number(r, &n[8], &t.Recovered)
	number(r, &n[9], &t.Collected)
	number(r, &n[10], &t.Failed)
	word(r, &t.Currency)
}

// walkTerms walks terms as the document that was put, which is read again.
func walkTerms(r *row, v *ledger.TermsVersion) {
	n := r.list(1)
	number(r, &n[0], &v.Put)
	word(r, &v.Document)
	word(r, &v.Caller)
	if r.reading {
		var err error
		if v.Terms, err = terms.Reread([]byte(v.Document)); err != nil {
			r.spoil()
		}
	}
}
