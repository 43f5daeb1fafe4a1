package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// entry is one line of a statement: something that happened in its window, and what it added to the balance.
type entry struct {
	day       string
	kind      string // for programs, and with spaces for people
	order     string
	scene     string
	carrier   string
	plan      string
	number    int32 // of the plan's installment
	of        int32 // how many the plan has
	reference string
	nominal   string // what a charge costs a year, in percent
	effective string
	note      string // for people
	amount    int64
}

// entries are the lines of the statement in order, without the opening balance; their amounts lead from it to the closing one.
func (s *statement) entries() []entry {
	type timed struct {
		at int64 // nanoseconds
		entry
	}
	var happened []timed
	planned := s.plannedCaptures()
	for i, c := range s.GetCaptures() {
		at := c.GetCreateTime().AsTime().UnixNano()
		e := entry{
			day: s.zone.DateAt(calendar.Instant(at)).String(), kind: "purchase", order: c.GetOrderId(), scene: sceneName(c.GetScene()),
			carrier: c.GetCarrierId(), reference: c.GetBillReference(), amount: c.GetAmount() - c.GetPoints().GetAmount(),
		}
		if p := c.GetPoints(); p != nil {
			e.note = fmt.Sprintf("%s of %s by %d points", s.money.write(p.GetAmount()), s.money.write(c.GetAmount()), p.GetPoints())
		}
		if p, ok := planned[i]; ok {
			e.plan = p.GetPlanId()
			e.amount -= plannedAmount(p)
			e.note = joined(e.note, s.money.write(plannedAmount(p))+" of it by installments")
		}
		happened = append(happened, timed{at, e})
	}
	for _, i := range s.GetItems() {
		for _, e := range s.itemEntries(i) {
			happened = append(happened, timed{i.GetCreateTime().AsTime().UnixNano(), e})
		}
	}
	slices.SortStableFunc(happened, func(a, b timed) int { return int(min(1, max(-1, a.at-b.at))) })
	var list []entry
	for _, h := range happened {
		list = append(list, h.entry)
	}
	return s.withRest(append(list, s.closingEntries()...))
}

// plannedCaptures finds, for captures that are paid by installments, the item that began their plan.
func (s *statement) plannedCaptures() map[int]*holdfastv1.Item {
	found, used := map[int]*holdfastv1.Item{}, map[string]bool{}
	for n, c := range s.GetCaptures() {
		for _, i := range s.GetItems() {
			if c.GetPlanned() && i.GetKind() == holdfastv1.ItemKind_ITEM_KIND_PURCHASE_POSTED && !used[i.GetItemId()] &&
				i.GetAuthorizationId() == c.GetAuthorizationId() && i.GetAmount() == c.GetAmount() {
				found[n], used[i.GetItemId()] = i, true
				break
			}
		}
	}
	return found
}

// plannedAmount is the principal that an item put to its plan.
func plannedAmount(i *holdfastv1.Item) (sum int64) {
	for _, m := range i.GetMoves() {
		if m.GetPlanId() != "" && m.GetPart() == holdfastv1.AmountPart_AMOUNT_PART_PRINCIPAL {
			sum += m.GetAmount()
		}
	}
	return sum
}

// moved is what an item's moves add to the balance, in which principal of plans and what was charged off are not.
func moved(i *holdfastv1.Item) (sum, recovered int64) {
	for _, m := range i.GetMoves() {
		switch {
		case m.GetPart() == holdfastv1.AmountPart_AMOUNT_PART_SUBSIDY || m.GetPart() == holdfastv1.AmountPart_AMOUNT_PART_POINTS_COST || m.GetPlanId() != "":
		case m.GetPart() == holdfastv1.AmountPart_AMOUNT_PART_WRITTEN_OFF:
			recovered -= m.GetAmount()
		case m.GetPart() == holdfastv1.AmountPart_AMOUNT_PART_CREDIT:
			sum -= m.GetAmount()
		default:
			sum += m.GetAmount()
		}
	}
	return sum, recovered
}

// itemEntries are the lines of an item: what it is about, and the interest and penalty that were charged on the way.
func (s *statement) itemEntries(i *holdfastv1.Item) []entry {
	sum, recovered := moved(i)
	e := entry{
		day: i.GetDay(), kind: itemName(i), order: s.orders[i.GetAuthorizationId()], plan: i.GetPlanId(), reference: i.GetReference(), note: i.GetNote(),
	}
	switch i.GetKind() {
	case holdfastv1.ItemKind_ITEM_KIND_PURCHASE_POSTED:
		return earnedEntry(&e, i) // the capture is listed
	case holdfastv1.ItemKind_ITEM_KIND_REPAYMENT_POSTED:
		e.amount = recovered - i.GetAmount()
		if i.GetValueDate() != i.GetDay() {
			e.note = "as of " + i.GetValueDate()
		}
		if recovered != 0 {
			e.note = strings.TrimSpace(e.note + " " + s.money.write(recovered) + " of what was charged off")
		}
	case holdfastv1.ItemKind_ITEM_KIND_REPAYMENT_REVERSED:
		e.amount = i.GetAmount() + recovered
	case holdfastv1.ItemKind_ITEM_KIND_PURCHASE_REFUNDED:
		e.amount = recovered - i.GetAmount() - plannedAmount(i) - i.GetPoints().GetPaidAmount()
		if p := -plannedAmount(i); p != 0 {
			e.note = s.money.write(p) + " of it from installments to come"
		}
	case holdfastv1.ItemKind_ITEM_KIND_DEVICE_RETURNED:
		e.amount = recovered - i.GetAmount() - plannedAmount(i)
		e.note = strings.TrimSpace(s.money.write(i.GetAmount()) + " given back, " + s.money.write(-plannedAmount(i)) + " of it from installments to come. " + i.GetNote())
	case holdfastv1.ItemKind_ITEM_KIND_CONTRACT_CANCELLED:
		if bought := -plannedAmount(i); bought != 0 {
			e.note = "the carrier pays " + s.money.write(bought) + " of installments to come. " + i.GetNote()
			break
		}
		e.amount, sum = i.GetAmount(), i.GetAmount()
	case holdfastv1.ItemKind_ITEM_KIND_CREDIT_REFUNDED:
		e.amount = i.GetAmount()
	case holdfastv1.ItemKind_ITEM_KIND_CHARGE_WAIVED:
		e.amount = -i.GetAmount()
	case holdfastv1.ItemKind_ITEM_KIND_PLAN_PAID_OFF, holdfastv1.ItemKind_ITEM_KIND_PLAN_ACCELERATED:
		e.amount, sum = i.GetAmount(), i.GetAmount()
	case holdfastv1.ItemKind_ITEM_KIND_STATEMENT_PLANNED, holdfastv1.ItemKind_ITEM_KIND_DEBT_REAGED:
		e.amount, sum = -i.GetAmount(), -i.GetAmount()
	case holdfastv1.ItemKind_ITEM_KIND_CHARGED_OFF:
		e.amount = sum
	case holdfastv1.ItemKind_ITEM_KIND_COLLECTION_ISSUED, holdfastv1.ItemKind_ITEM_KIND_COLLECTION_FAILED, holdfastv1.ItemKind_ITEM_KIND_NOTICE_ISSUED:
		e.note = strings.TrimSpace(s.money.write(i.GetAmount()) + s.collectionNote(i))
	}
	e.note = joined(e.note, pointsNote(i.GetPoints()))
	switch charged := sum - e.amount; {
	case charged > 0:
		return []entry{{day: i.GetDay(), kind: "charged", note: chargeNames(i) + " until then", amount: charged}, e}
	case charged < 0:
		return []entry{{day: i.GetDay(), kind: "taken_back", note: chargeNames(i) + " that had been charged", amount: charged}, e}
	}
	return []entry{e}
}

// chargeNames names the charges that an item moved.
func chargeNames(i *holdfastv1.Item) string {
	moves := func(part holdfastv1.AmountPart) bool {
		return slices.ContainsFunc(i.GetMoves(), func(m *holdfastv1.ItemMove) bool { return m.GetPart() == part })
	}
	interest, penalty := moves(holdfastv1.AmountPart_AMOUNT_PART_INTEREST), moves(holdfastv1.AmountPart_AMOUNT_PART_PENALTY)
	switch {
	case i.GetKind() == holdfastv1.ItemKind_ITEM_KIND_DEVICE_RETURNED:
		return "fees, interest and penalty"
	case interest == penalty:
		return "interest and penalty"
	case interest:
		return "interest"
	}
	return "penalty"
}

func (s *statement) collectionNote(i *holdfastv1.Item) string {
	var b strings.Builder
	if i.GetAttempt() > 0 {
		fmt.Fprintf(&b, ", attempt %d", i.GetAttempt())
	}
	if i.GetNote() != "" {
		fmt.Fprintf(&b, ": %s", i.GetNote())
	}
	if i.GetOutcome() == holdfastv1.ItemOutcome_ITEM_OUTCOME_PENDING {
		b.WriteString(", not reported yet")
	}
	return b.String()
}

// closingEntries are what was billed and charged as the window closed.
func (s *statement) closingEntries() (list []entry) {
	day := s.GetStatement().GetClosingDate()
	for _, p := range s.GetInstallments() {
		e := entry{day: day, plan: p.GetPlanId(), number: p.GetNumber(), of: p.GetOf()}
		add := func(kind string, amount int64) {
			if e.kind, e.amount = kind, amount; amount != 0 {
				list = append(list, e)
			}
		}
		add("installment", p.GetPrincipal())
		e.nominal, e.effective = p.GetNominalAnnualRate(), p.GetEffectiveAnnualRate()
		add("installment_fee", p.GetFee())
		add("installment_interest", p.GetInterest())
	}
	for _, a := range s.GetAccruals() {
		add := func(kind string, amount int64, rate string) {
			if amount != 0 {
				list = append(list, entry{day: day, kind: kind, nominal: rate, note: "on the window of " + a.GetOpeningDate(), amount: amount})
			}
		}
		add("interest", a.GetInterest(), a.GetInterestAnnualRate())
		add("penalty", a.GetPenalty(), a.GetPenaltyAnnualRate())
	}
	return list
}

// withRest adds what changed the balance and no line tells of, so that the lines lead to the closing balance whatever is asked.
func (s *statement) withRest(list []entry) []entry {
	rest := changed(s.GetStatement().GetChanges())
	for _, e := range list {
		rest -= e.amount
	}
	if rest != 0 {
		list = append(list, entry{day: s.GetStatement().GetClosingDate(), kind: "not_listed", note: "no line tells of it", amount: rest})
	}
	return list
}

// change is one kind of change of a balance.
type change struct {
	name   string
	amount int64
}

// changesOf are the kinds of changes that there were.
func changesOf(c *holdfastv1.BalanceChanges) (list []change) {
	for _, one := range []change{
		{"purchases", c.GetPurchases()}, {"installments", c.GetInstallments()}, {"moved into plans", c.GetSpread()}, {"fees", c.GetFees()},
		{"interest", c.GetInterest()}, {"penalty", c.GetPenalty()}, {"refunds", c.GetRefunds()}, {"repayments", c.GetRepayments()},
		{"waived", c.GetWaived()}, {"paid out", c.GetPaidOut()}, {"charged off", c.GetWrittenOff()},
	} {
		if one.amount != 0 {
			list = append(list, one)
		}
	}
	return list
}

func changed(c *holdfastv1.BalanceChanges) (sum int64) {
	for _, one := range changesOf(c) {
		sum += one.amount
	}
	return sum
}

// sound says whether the statement adds up.
func (s *statement) sound() error {
	x := s.GetStatement()
	if sum := x.GetOpeningBalance() + changed(x.GetChanges()); sum != x.GetClosingBalance() {
		return fmt.Errorf("the statement does not add up: its closing balance is %s, not %s", s.money.write(x.GetClosingBalance()), s.money.write(sum))
	}
	return soundPoints(x.GetPoints())
}

// itemName is what an item is, for programs.
func itemName(i *holdfastv1.Item) string {
	switch i.GetKind() {
	case holdfastv1.ItemKind_ITEM_KIND_REPAYMENT_POSTED:
		return "repayment"
	case holdfastv1.ItemKind_ITEM_KIND_PURCHASE_REFUNDED:
		return "refund"
	}
	return strings.ToLower(strings.TrimPrefix(i.GetKind().String(), "ITEM_KIND_"))
}

func sceneName(s holdfastv1.Scene) string { return strings.TrimPrefix(s.String(), "SCENE_") }

// csvLines are lines of CSV.
type csvLines struct{ rows [][]string }

func (l *csvLines) add(cells ...string) { l.rows = append(l.rows, slices.Clone(cells)) }

func (l *csvLines) write(out io.Writer) error {
	w := csv.NewWriter(out)
	return w.WriteAll(l.rows) // and flush
}

// printCSV prints the statement for programs. What has happened since it was written is not in it.
func (s *statement) printCSV(out io.Writer) error {
	x, lines := s.GetStatement(), &csvLines{}
	lines.add("account", "window", "due", "date", "entry", "order", "scene", "carrier", "plan", "installment", "installments", "reference", "amount", "currency",
		"nominal_annual_rate", "effective_annual_rate")
	add := func(e entry) {
		installment, of := "", ""
		if e.number > 0 {
			installment, of = strconv.Itoa(int(e.number)), strconv.Itoa(int(e.of))
		}
		lines.add(x.GetAccountId(), x.GetOpeningDate(), x.GetDueDate(), e.day, e.kind, e.order, e.scene, e.carrier, e.plan, installment, of,
			e.reference, s.money.plain(e.amount), x.GetCurrency(), e.nominal, e.effective)
	}
	sum := x.GetOpeningBalance()
	add(entry{day: x.GetOpeningDate(), kind: "opening_balance", amount: sum})
	for _, e := range s.entries() {
		if e.amount != 0 || e.kind == "purchase" {
			add(e)
			sum += e.amount
		}
	}
	add(entry{day: x.GetClosingDate(), kind: "total", amount: sum})
	return lines.write(out)
}
