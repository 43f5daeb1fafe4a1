package sim

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// Book is a ledger.Book of plain maps. What is put is copied at once; what is asked for is handed out as a copy, which
// is wiped when the next row is asked for. So a ledger that breaks the contract of ledger.Book, by holding on to a row
// too long or by changing one without putting it, is found out: the former by its results, the latter by CheckPut.
type Book struct {
	shard     ledger.Shard
	accounts  map[ledger.AccountID]*ledger.Account
	consumers map[ledger.ConsumerToken]ledger.AccountID
	ended     map[ledger.AuthorizationID]*ledger.Authorization
	orders    map[orderKey]ledger.Order
	receipts  map[ledger.Request]*ledger.Receipt

	items      map[itemKey]*ledger.Item
	statements map[statementKey]*ledger.Statement
	lines      loans[lineKey, ledger.BatchLine]

	applicants   loans[ledger.ConsumerToken, ledger.Applicant]
	applications loans[ledger.ApplicationID, ledger.Application]
	reviews      loans[ledger.ReviewID, ledger.Review]
	settlements  loans[ledger.SettlementID, ledger.Settlement]

	reconciliations loans[reconciliationKey, ledger.Reconciliation]
	breaks          loans[ledger.BreakID, ledger.KeptBreak]

	// lent is the account handed out last, a copy of the row: changes are kept only when they are put.
	lent *ledger.Account
	// lentEnded likewise, for ended authorizations.
	lentEnded   *ledger.Authorization
	lentEndedID ledger.AuthorizationID
	// lentItem and lentStatement likewise.
	lentItem      *ledger.Item
	lentItemKey   itemKey
	lentStatement *ledger.Statement
	lentWindow    statementKey

	err     error
	reads   int   // how many rows can still be read, when failing is set
	failing error // what Err says then
	broken  error // how the contract was broken first
}

type orderKey struct {
	Caller ledger.Caller
	Order  ledger.OrderID
}

type itemKey struct {
	Account ledger.AccountID
	N       uint32
}

// lineKey is a line of a batch.
type lineKey struct {
	Batch ledger.BatchID
	N     uint32
}

type statementKey struct {
	Account ledger.AccountID
	Opens   calendar.Date
}

var _ ledger.Book = (*Book)(nil)

// NewBook is an empty book of a shard.
func NewBook(shard uint16) *Book {
	return &Book{
		shard:     ledger.Shard{Number: shard},
		accounts:  map[ledger.AccountID]*ledger.Account{},
		consumers: map[ledger.ConsumerToken]ledger.AccountID{},
		ended:     map[ledger.AuthorizationID]*ledger.Authorization{},
		orders:    map[orderKey]ledger.Order{},
		receipts:  map[ledger.Request]*ledger.Receipt{},

		items:      map[itemKey]*ledger.Item{},
		statements: map[statementKey]*ledger.Statement{},
		lines:      newLoans[lineKey]("batch line", cloneBatchLine),

		applicants:   newLoans[ledger.ConsumerToken]("applicant", cloneApplicant),
		applications: newLoans[ledger.ApplicationID]("application", cloneApplication),
		reviews:      newLoans[ledger.ReviewID]("review", cloneReview),

		reconciliations: newLoans[reconciliationKey]("reconciliation", (*ledger.Reconciliation).Clone),
		breaks:          newLoans[ledger.BreakID]("break", (*ledger.KeptBreak).Clone),
		settlements:     newLoans[ledger.SettlementID]("settlement", cloneSettlement),
	}
}

// Err is what SetErr said.
func (b *Book) Err() error { return b.err }

// Lost is called when a row that must be there could not be read. Without such trouble it is a bug.
func (b *Book) Lost(what string) {
	if b.err == nil {
		panic("sim: " + what + " is gone")
	}
}

// FailAfter makes the book one that cannot be read any more after so many rows: they are absent, and Err says why.
func (b *Book) FailAfter(reads int, err error) {
	b.reads, b.failing = reads, err
	b.lent, b.lentEnded, b.lentItem, b.lentStatement = nil, nil, nil, nil
	b.applicants.lent, b.applications.lent, b.reviews.lent = nil, nil, nil
	b.reconciliations.lent, b.breaks.lent = nil, nil
	b.settlements.lent = nil
	b.lines.lent = nil
}

// unreadable counts a row that is asked for, and says whether it cannot be read.
func (b *Book) unreadable() bool {
	if b.failing != nil && b.err == nil {
		if b.reads--; b.reads < 0 {
			b.err = b.failing
		}
	}
	return b.err != nil
}

// Shard is the shard's row.
func (b *Book) Shard() *ledger.Shard { return &b.shard }

// Account finds an account. What it hands out is good until another account is asked for.
func (b *Book) Account(id ledger.AccountID) *ledger.Account {
	if b.lent != nil && b.lent.ID == id {
		return b.lent
	}
	b.spoil()
	row := b.accounts[id]
	if b.unreadable() || row == nil {
		return nil
	}
	b.lent = row.Clone()
	return b.lent
}

// spoil makes the account that was handed out last useless, as the contract allows.
func (b *Book) spoil() {
	if b.lent != nil {
		b.broken = cmp.Or(b.broken, b.checkAccount())
		*b.lent = ledger.Account{}
		b.lent = nil
	}
}

// PutAccount keeps an account as it is now, which is stricter than the contract: what is changed afterwards has to be
// put again.
func (b *Book) PutAccount(a *ledger.Account) {
	if a != b.lent {
		b.spoil()
		b.lent = a
	}
	b.accounts[a.ID] = a.Clone()
}

// Consumer finds a consumer's account.
func (b *Book) Consumer(token ledger.ConsumerToken) ledger.AccountID {
	if b.unreadable() {
		return 0
	}
	return b.consumers[token]
}

// PutConsumer keeps a consumer's account.
func (b *Book) PutConsumer(token ledger.ConsumerToken, id ledger.AccountID) { b.consumers[token] = id }

// Ended finds an authorization that has ended. What it hands out is good until another is asked for.
func (b *Book) Ended(id ledger.AuthorizationID) *ledger.Authorization {
	if b.lentEnded != nil && b.lentEndedID == id {
		return b.lentEnded
	}
	if b.lentEnded != nil {
		*b.lentEnded, b.lentEnded = ledger.Authorization{}, nil
	}
	row := b.ended[id]
	if b.unreadable() || row == nil {
		return nil
	}
	b.lentEnded, b.lentEndedID = cloneEnded(row), id
	return b.lentEnded
}

// PutEnded keeps an authorization that has ended.
func (b *Book) PutEnded(id ledger.AuthorizationID, a *ledger.Authorization) {
	b.ended[id] = cloneEnded(a)
	if b.lentEndedID == id && a != b.lentEnded {
		b.lentEnded = nil
	}
}

func cloneEnded(a *ledger.Authorization) *ledger.Authorization {
	c := *a
	c.Captures, c.Refunds = slices.Clone(a.Captures), slices.Clone(a.Refunds)
	return &c
}

// Order finds what is known of an order id.
func (b *Book) Order(c ledger.Caller, id ledger.OrderID) (ledger.Order, bool) {
	if b.unreadable() {
		return ledger.Order{}, false
	}
	o, known := b.orders[orderKey{c, id}]
	return o, known
}

// PutOrder keeps what is known of an order id.
func (b *Book) PutOrder(c ledger.Caller, id ledger.OrderID, o ledger.Order) {
	b.orders[orderKey{c, id}] = o
}

// Receipt finds the receipt of a request.
func (b *Book) Receipt(r ledger.Request) *ledger.Receipt {
	if b.unreadable() || b.receipts[r] == nil {
		return nil
	}
	return cloneReceipt(b.receipts[r])
}

// PutReceipt keeps the receipt of a request.
func (b *Book) PutReceipt(r ledger.Request, v *ledger.Receipt) { b.receipts[r] = cloneReceipt(v) }

func cloneReceipt(v *ledger.Receipt) *ledger.Receipt {
	c := *v
	c.Print = bytes.Clone(v.Print)
	if v.Account != nil {
		c.Account = v.Account.Clone()
	}
	return &c
}

// Item finds an item. What it hands out is good until another is asked for.
func (b *Book) Item(id ledger.AccountID, n uint32) *ledger.Item {
	key := itemKey{id, n}
	if b.lentItem != nil && b.lentItemKey == key {
		return b.lentItem
	}
	if b.lentItem != nil {
		b.broken = cmp.Or(b.broken, b.checkItem())
		*b.lentItem, b.lentItem = ledger.Item{}, nil
	}
	row := b.items[key]
	if b.unreadable() || row == nil {
		return nil
	}
	b.lentItem, b.lentItemKey = cloneItem(row), key
	return b.lentItem
}

// PutItem keeps an item.
func (b *Book) PutItem(id ledger.AccountID, i *ledger.Item) {
	key := itemKey{id, i.N}
	b.items[key] = cloneItem(i)
	if b.lentItemKey == key && i != b.lentItem {
		b.lentItem = nil
	}
}

func cloneItem(i *ledger.Item) *ledger.Item {
	c := *i
	c.Moves, c.Settled = slices.Clone(i.Moves), slices.Clone(i.Settled)
	return &c
}

// Statement finds a statement. What it hands out is good until another is asked for.
func (b *Book) Statement(id ledger.AccountID, opens calendar.Date) *ledger.Statement {
	key := statementKey{id, opens}
	if b.lentStatement != nil && b.lentWindow == key {
		return b.lentStatement
	}
	if b.lentStatement != nil {
		b.broken = cmp.Or(b.broken, b.checkStatement())
		*b.lentStatement, b.lentStatement = ledger.Statement{}, nil
	}
	row := b.statements[key]
	if b.unreadable() || row == nil {
		return nil
	}
	b.lentStatement, b.lentWindow = cloneStatement(row), key
	return b.lentStatement
}

// PutStatement keeps a statement.
func (b *Book) PutStatement(id ledger.AccountID, s *ledger.Statement) {
	key := statementKey{id, s.Opens}
	b.statements[key] = cloneStatement(s)
	if b.lentWindow == key && s != b.lentStatement {
		b.lentStatement = nil
	}
}

func cloneStatement(s *ledger.Statement) *ledger.Statement {
	c := *s
	c.Charges = slices.Clone(s.Charges)
	return &c
}

// Clone is a copy that shares nothing.
func (b *Book) Clone() *Book {
	c := NewBook(0)
	c.shard = *b.shard.Clone()
	for id, a := range b.accounts {
		c.accounts[id] = a.Clone()
	}
	maps.Copy(c.consumers, b.consumers)
	for id, a := range b.ended {
		c.ended[id] = cloneEnded(a)
	}
	maps.Copy(c.orders, b.orders)
	for r, v := range b.receipts {
		c.receipts[r] = cloneReceipt(v)
	}
	for k, i := range b.items {
		c.items[k] = cloneItem(i)
	}
	for k, s := range b.statements {
		c.statements[k] = cloneStatement(s)
	}
	c.lines = b.lines.copied()
	c.applicants, c.applications, c.reviews = b.applicants.copied(), b.applications.copied(), b.reviews.copied()
	c.reconciliations, c.breaks = b.reconciliations.copied(), b.breaks.copied()
	c.settlements = b.settlements.copied()
	return c
}

// Check says what invariant of the ledger the book breaks: of any account, of any ended authorization, or of the
// shard's totals.
func (b *Book) Check() error {
	if err := b.CheckPut(); err != nil {
		return err
	}
	history := map[ledger.AccountID][]*ledger.Authorization{}
	for id, a := range b.ended {
		if a.N != id.N {
			return fmt.Errorf("ended authorization %s says that it is number %d", id, a.N)
		}
		history[id.Account] = append(history[id.Account], a)
	}
	var tally ledger.Tally
	for id, a := range b.accounts {
		if a.ID != id {
			return fmt.Errorf("account %s says that it is %s", id, a.ID)
		}
		if b.consumers[a.Consumer] != id {
			return fmt.Errorf("the consumer of account %s has account %s", id, b.consumers[a.Consumer])
		}
		if err := tally.Add(a, slices.Values(history[id])); err != nil {
			return err
		}
	}
	if err := tally.Check(&b.shard); err != nil {
		return err
	}
	return cmp.Or(b.checkApplicants(), b.checkSettlements(), b.checkBatches())
}

// CheckPut says whether an account or another row that was handed out was changed and not put.
func (b *Book) CheckPut() error {
	return cmp.Or(b.broken, b.checkAccount(), b.checkItem(), b.checkStatement(),
		b.applicants.check(), b.applications.check(), b.reviews.check(), b.reconciliations.check(), b.breaks.check(),
		b.settlements.check(), b.lines.check())
}

func (b *Book) checkAccount() error {
	if b.lent == nil {
		return nil
	}
	return checkPut("account", b.lent.ID, b.lent, b.accounts[b.lent.ID])
}

func (b *Book) checkItem() error {
	return checkPut("item", b.lentItemKey, b.lentItem, b.items[b.lentItemKey])
}

func (b *Book) checkStatement() error {
	return checkPut("statement", b.lentWindow, b.lentStatement, b.statements[b.lentWindow])
}

func checkPut[K comparable, V any](kind string, key K, lent, kept *V) error {
	if lent != nil && !same(lent, kept) {
		return fmt.Errorf("%s %v was changed and not put: %+v, kept is %+v", kind, key, lent, kept)
	}
	return nil
}

// Equal says how two books differ, row by row; nil when they do not.
func (b *Book) Equal(other *Book) error {
	if !same(b.shard, other.shard) {
		return fmt.Errorf("the shard is %+v, the other's %+v", b.shard, other.shard)
	}
	if err := equalRows("account", b.accounts, other.accounts); err != nil {
		return err
	}
	if err := equalRows("consumer", b.consumers, other.consumers); err != nil {
		return err
	}
	if err := equalRows("ended authorization", b.ended, other.ended); err != nil {
		return err
	}
	if err := equalRows("order", b.orders, other.orders); err != nil {
		return err
	}
	if err := equalRows("item", b.items, other.items); err != nil {
		return err
	}
	if err := equalRows("statement", b.statements, other.statements); err != nil {
		return err
	}
	if err := equalRows("batch line", b.lines.rows, other.lines.rows); err != nil {
		return err
	}
	if err := equalRows("applicant", b.applicants.rows, other.applicants.rows); err != nil {
		return err
	}
	if err := equalRows("application", b.applications.rows, other.applications.rows); err != nil {
		return err
	}
	if err := equalRows("settlement", b.settlements.rows, other.settlements.rows); err != nil {
		return err
	}
	if err := equalRows("review", b.reviews.rows, other.reviews.rows); err != nil {
		return err
	}
	if err := equalRows("reconciliation", b.reconciliations.rows, other.reconciliations.rows); err != nil {
		return err
	}
	if err := equalRows("break", b.breaks.rows, other.breaks.rows); err != nil {
		return err
	}
	return equalRows("receipt", b.receipts, other.receipts)
}

func equalRows[K comparable, V any](kind string, a, b map[K]V) error {
	for k, v := range a {
		if w, there := b[k]; !there || !same(v, w) {
			return fmt.Errorf("%s %v is %+v, the other's %+v", kind, k, v, w)
		}
	}
	for k, w := range b {
		if _, there := a[k]; !there {
			return fmt.Errorf("%s %v is not there, the other's is %+v", kind, k, w)
		}
	}
	return nil
}

// same is equality that does not tell an empty list from none.
func same(a, b any) bool { return sameValue(reflect.ValueOf(a), reflect.ValueOf(b)) }

func sameValue(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() || a.Type() != b.Type() {
		return a.IsValid() == b.IsValid()
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return sameValue(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !sameValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// Accounts yields the ids of all accounts, in order.
func (b *Book) Accounts() iter.Seq[ledger.AccountID] {
	return slices.Values(slices.Sorted(maps.Keys(b.accounts)))
}
