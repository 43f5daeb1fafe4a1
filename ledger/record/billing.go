package record

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// What a billing has beside what nearly all have, a bit for each.
const (
	hasOpen  = 1 << iota // a window is open
	hasFlows             // it has more than purchases
	hasMore              // there is more than windows
)

func billingHas(b *ledger.Billing) (has uint64) {
	if c := &b.Open; *c != (ledger.Cycle{}) {
		has = hasOpen
		others := c.Flows
		if others.Purchases = 0; others != (ledger.Flows{}) || c.Fee != 0 || c.Terms != 0 {
			has |= hasFlows
		}
	}
	if len(b.Plans) != 0 || len(b.Accelerated) != 0 || len(b.Collections) != 0 || len(b.Pauses) != 0 || b.Credit != 0 || b.LastPlan != 0 || b.NextDay != 0 ||
		b.NextFrom != 0 || b.WrittenOff != 0 || b.Late != (ledger.Delinquency{}) || len(b.Contracts) != 0 || b.Payer != (ledger.Payer{}) {
		has |= hasMore
	}
	return has
}

// isBilled says whether there is anything in an account's billing to be written.
func isBilled(b *ledger.Billing) bool {
	return b.Day != 0 || b.Open.Due != 0 || len(b.Debts) != 0 || b.Terms != 0 || b.DayFrom != 0 || b.Channel != 0 || b.Items != 0 ||
		b.Statements != 0 || b.LastStatement != 0 || b.Agenda != 0 || billingHas(b) != 0
}

func walkBilled(r *row, b *ledger.Billing) {
	n := r.list(10)
	has := billingHas(b)
	unsigned(r, &n[0], &has)
	unsigned(r, &n[1], &b.Day)
	unsigned(r, &n[2], &b.Channel)
	number(r, &n[3], &b.DayFrom)
	number(r, &n[4], &b.Agenda)
	unsigned(r, &n[5], &b.Statements)
	number(r, &n[6], &b.LastStatement)
	unsigned(r, &n[7], &b.Items)
	unsigned(r, &n[9], &b.Terms)
	debts := elements(r, &n[8], &b.Debts, leastDebt)
	if has&hasOpen != 0 {
		walkOpenCycle(r, &b.Open, has)
	}
	for i := range debts {
		walkOpenDebt(r, &debts[i])
	}
	if has&hasMore != 0 {
		walkMoreBilled(r, b)
	}
	if r.reading {
		c := ranges{ok: true}
		if c.billing(b); !c.ok {
			r.spoil()
		}
	}
}

func walkMoreBilled(r *row, b *ledger.Billing) {
	n := r.list(18)
	number(r, &n[0], &b.Credit)
	unsigned(r, &n[2], &b.LastPlan)
	late := &b.Late
	number(r, &n[3], &late.Since)
	number(r, &n[4], &late.Noticed)
	number(r, &n[5], &late.NotBefore)
	truth(r, &n[6], &late.Froze)
	truth(r, &n[7], &late.Stopped)
	truth(r, &n[8], &late.WroteOff)
	unsigned(r, &n[11], &b.NextDay)
	number(r, &n[12], &b.NextFrom)
	number(r, &n[13], &b.WrittenOff)
	number(r, &n[14], &late.Judged)
	payer := b.Payer != (ledger.Payer{})
	truth(r, &n[17], &payer)
	plans := elements(r, &n[1], &b.Plans, leastPlan)
	collections := elements(r, &n[9], &b.Collections, 1)
	pauses := elements(r, &n[10], &b.Pauses, 1)
	accelerated := elements(r, &n[15], &b.Accelerated, leastPlan)
	contracts := elements(r, &n[16], &b.Contracts, leastContract)
	if payer {
		r.list(0)
		word(r, &b.Payer.Carrier)
		word(r, &b.Payer.Phone)
	}
	for i := range plans {
		walkOpenPlan(r, &plans[i])
	}
	for i := range accelerated {
		walkOpenPlan(r, &accelerated[i])
	}
	for i := range collections {
		c := &collections[i]
		n := r.list(7)
		unsigned(r, &n[0], &c.N)
		number(r, &n[1], &c.Opens)
		number(r, &n[2], &c.Amount)
		unsigned(r, &n[3], &c.Attempt)
		number(r, &n[4], &c.Day)
		unsigned(r, &n[5], &c.Channel)
		there := c.Listed != (ledger.Listed{})
		truth(r, &n[6], &there)
		listed(r, there, &c.Listed)
	}
	for i := range pauses {
		n := r.list(2)
		number(r, &n[0], &pauses[i].From)
		number(r, &n[1], &pauses[i].To)
	}
	for i := range contracts {
		walkContractRow(r, &contracts[i])
	}
}

func walkOpenCycle(r *row, c *ledger.Cycle, has uint64) {
	n := r.list(10)
	number(r, &n[0], &c.Opens)
	since(r, &n[1], &c.Closes, c.Opens)
	since(r, &n[2], &c.Due, c.Closes)
	amounts(r, n[3:6], &c.Purchases)
	unsigned(r, &n[6], &c.FirstN)
	number(r, &n[7], &c.Flows.Purchases)
	unsigned(r, &n[8], &c.FirstItem)
	number(r, &n[9], &c.Opening)
	if has&hasFlows == 0 {
		return
	}
	n = r.list(13)
	flows(r, n[0:11], &c.Flows)
	number(r, &n[11], &c.Fee)
	unsigned(r, &n[12], &c.Terms)
}

// amounts walks an amount for each scene, as numbers that follow each other.
func amounts(r *row, n []uint64, v *[ledger.Scenes]money.Amount) {
	for i := range v {
		number(r, &n[i], &v[i])
	}
}

func flows(r *row, n []uint64, f *ledger.Flows) {
	number(r, &n[0], &f.Purchases)
	number(r, &n[1], &f.Repayments)
	number(r, &n[2], &f.Refunds)
	number(r, &n[3], &f.Penalty)
	number(r, &n[4], &f.Interest)
	number(r, &n[5], &f.Installments)
	number(r, &n[6], &f.Fees)
	number(r, &n[7], &f.Spread)
	number(r, &n[8], &f.Waived)
	number(r, &n[9], &f.PaidOut)
	number(r, &n[10], &f.WrittenOff)
}

const leastDebt = 13 // bytes

func walkOpenDebt(r *row, d *ledger.Debt) {
	b := (*[12]byte)(r.block(12))
	four(r, b[0:], &d.Opens)
	four(r, b[4:], &d.Closes)
	four(r, b[8:], &d.Due)
	n := r.list(25)
	amounts(r, n[0:3], &d.Principal)
	number(r, &n[3], &d.Billed)
	since(r, &n[4], &d.First, d.Due)
	since(r, &n[5], &d.Through, d.Due)
	truth(r, &n[6], &d.Overdue)
	number(r, &n[7], &d.Penalty)
	accrued(r, n[8:11], &d.Accrual.Penalty)
	number(r, &n[11], &d.Tried)
	unsigned(r, &n[12], &d.Attempts)
	number(r, &n[13], &d.Fee)
	number(r, &n[14], &d.Minimum)
	unsigned(r, &n[15], &d.Terms)
	number(r, &n[16], &d.Interest)
	accrued(r, n[17:20], &d.Accrual.Interest)
	number(r, &n[20], &d.InTime)
	since(r, &n[21], &d.Summed, d.Through)
	number(r, &n[23], &d.Grace)
	number(r, &n[24], &d.Fell)
	if r.reading {
		d.Changes = nil // those that are there belong to another, and nobody changes them in place
	}
	changes := elements(r, &n[22], &d.Changes, 1)
	for i := range changes {
		n := r.list(2)
		number(r, &n[0], &changes[i].Day)
		number(r, &n[1], &changes[i].Amount)
	}
}

func accrued(r *row, n []uint64, a *ledger.Accrued) {
	number(r, &n[0], &a.Exact.Minor)
	number(r, &n[1], &a.Exact.Millionth)
	number(r, &n[2], &a.Charged)
}

// offer walks an offer as four numbers.
func offer(r *row, n []uint64, o *plan.Offer) {
	unsigned(r, &n[0], &o.Method)
	number(r, &n[1], &o.Months)
	number(r, &n[2], &o.Fee)
	number(r, &n[3], &o.Interest)
}

const leastPlan = 10 // bytes

func walkOpenPlan(r *row, p *ledger.Plan) {
	b := (*[8]byte)(r.block(8))
	four(r, b[0:], &p.N)
	four(r, b[4:], &p.Started)
	n := r.list(16)
	number(r, &n[0], &p.Plan.Lent)
	number(r, &n[1], &p.Plan.Billed)
	offer(r, n[2:6], &p.Plan.Offer)
	unsigned(r, &n[7], &p.Authorization)
	amounts(r, n[8:11], &p.Principal)
	number(r, &n[11], &p.Opens)
	unsigned(r, &n[12], &p.Terms)
	number(r, &n[13], &p.Plan.Taken)
	number(r, &n[14], &p.Plan.Credited)
	number(r, &n[15], &p.Into)
	if r.reading {
		p.Plan.Schedule = nil // the one that is there belongs to another, and nobody changes one in place
	}
	schedule := elements(r, &n[6], (*[]plan.Installment)(&p.Plan.Schedule), 1)
	word(r, &p.Carrier)
	var before plan.Installment
	for i := range schedule {
		in := &schedule[i] // it is seldom different from the one before
		n := r.list(5)
		since(r, &n[0], &in.Principal, before.Principal)
		since(r, &n[1], &in.Fee, before.Fee)
		since(r, &n[2], &in.Interest, before.Interest)
		since(r, &n[3], &in.Subsidy, before.Subsidy)
		since(r, &n[4], &in.Number, before.Number+1)
		before = *in
	}
}

// AppendItem appends an item's row.
func AppendItem(b []byte, i *ledger.Item) []byte {
	r := begin(b)
	walkItem(&r, i)
	return r.end()
}

// DecodeItem reads an item's row.
func DecodeItem(b []byte, i *ledger.Item) error {
	r := open(b)
	walkItem(&r, i)
	return r.err()
}

func walkItem(r *row, i *ledger.Item) {
	n := r.list(18)
	unsigned(r, &n[0], &i.N)
	unsigned(r, &n[1], &i.Kind)
	number(r, &n[2], &i.Time)
	number(r, &n[3], &i.Day)
	number(r, &n[5], &i.Amount)
	unsigned(r, &n[6], &i.Outcome)
	number(r, &n[7], &i.Opens)
	number(r, &n[8], &i.ValueDate)
	number(r, &n[10], &i.About)
	unsigned(r, &n[11], &i.Authorization)
	unsigned(r, &n[12], &i.Undoes)
	unsigned(r, &n[13], &i.Plan)
	unsigned(r, &n[14], &i.Attempt)
	unsigned(r, &n[15], &i.Channel)
	pointed := i.Points != nil
	truth(r, &n[16], &pointed)
	there := i.Listed != (ledger.Listed{})
	truth(r, &n[17], &there)
	if r.reading {
		i.Moves, i.Settled = nil, nil // those that are there belong to another
	}
	moves := elements(r, &n[4], &i.Moves, 2)
	settled := elements(r, &n[9], &i.Settled, leastDebt)
	word(r, &i.Reference)
	word(r, &i.Note)
	word(r, &i.Caller)
	for j := range moves {
		m := &moves[j]
		n := r.list(7)
		unsigned(r, &n[0], &m.Part)
		number(r, &n[1], &m.Amount)
		unsigned(r, &n[2], &m.Against)
		number(r, &n[3], &m.Opens)
		unsigned(r, &n[4], &m.Scene)
		unsigned(r, &n[5], &m.Plan)
		number(r, &n[6], &m.Cleared)
		word(r, &m.Carrier)
	}
	for j := range settled {
		walkOpenDebt(r, &settled[j])
	}
	maybe(r, pointed, &i.Points, walkPointsChange)
	listed(r, there, &i.Listed)
	if r.reading {
		c := ranges{ok: true}
		c.channel(i.Channel)
		c.outcome(i.Outcome)
		c.listed(&i.Listed)
		if c.moves(i.Moves); !c.ok {
			r.spoil()
		}
	}
}

// AppendStatement appends a statement's row.
func AppendStatement(b []byte, s *ledger.Statement) []byte {
	r := begin(b)
	walkClosed(&r, s)
	return r.end()
}

// DecodeStatement reads a statement's row.
func DecodeStatement(b []byte, s *ledger.Statement) error {
	r := open(b)
	walkClosed(&r, s)
	return r.err()
}

func walkClosed(r *row, s *ledger.Statement) {
	n := r.list(18)
	unsigned(r, &n[0], &s.N)
	number(r, &n[1], &s.Opens)
	since(r, &n[2], &s.Closes, s.Opens)
	since(r, &n[3], &s.Due, s.Closes)
	number(r, &n[4], &s.Closed)
	number(r, &n[5], &s.Opening)
	number(r, &n[6], &s.Closing)
	unsigned(r, &n[7], &s.FirstN)
	unsigned(r, &n[8], &s.LastN)
	unsigned(r, &n[9], &s.FirstItem)
	unsigned(r, &n[10], &s.LastItem)
	number(r, &n[11], &s.Minimum)
	number(r, &n[12], &s.Previous)
	number(r, &n[14], &s.Credit)
	number(r, &n[15], &s.Unbilled)
	unsigned(r, &n[16], &s.Terms)
	pointed := s.Points != nil
	truth(r, &n[17], &pointed)
	if r.reading {
		s.Charges = nil // those that are there belong to another
	}
	charges := elements(r, &n[13], &s.Charges, leastCharge)
	n = r.list(18)
	amounts(r, n[0:3], &s.Bill.Principal)
	flows(r, n[3:14], &s.Flows)
	number(r, &n[14], &s.Bill.Fee)
	number(r, &n[15], &s.Bill.Interest)
	number(r, &n[16], &s.Bill.Penalty)
	number(r, &n[17], &s.Earlier)
	for i := range charges {
		walkBilledCharge(r, &charges[i])
	}
	maybe(r, pointed, &s.Points, walkStatedPoints)
}

const leastCharge = 5 // bytes

func walkBilledCharge(r *row, c *ledger.StatementCharge) {
	b := (*[4]byte)(r.block(4))
	four(r, b[0:], &c.Opens)
	n := r.list(17)
	unsigned(r, &n[0], &c.Plan)
	number(r, &n[1], &c.Number)
	number(r, &n[2], &c.Of)
	number(r, &n[3], &c.Principal)
	number(r, &n[4], &c.Fee)
	number(r, &n[5], &c.Outstanding)
	number(r, &n[6], &c.Penalty)
	number(r, &n[7], &c.Interest)
	number(r, &n[8], &c.Subsidy)
	offer(r, n[9:13], &c.Agreed.Offer)
	number(r, &n[13], &c.Agreed.Lent)
	number(r, &n[14], &c.Agreed.Started)
	number(r, &n[15], &c.Agreed.Spread)
	unsigned(r, &n[16], &c.Terms)
}
