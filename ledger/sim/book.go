package sim

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
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

	// lent is the account handed out last, a copy of the row: changes are kept only when they are put.
	lent *ledger.Account
	// lentEnded likewise, for ended authorizations.
	lentEnded   *ledger.Authorization
	lentEndedID ledger.AuthorizationID
	err         error
	reads       int   // how many rows can still be read, when failing is set
	failing     error // what Err says then
	broken      error // how the contract was broken first
}

type orderKey struct {
	Caller ledger.Caller
	Order  ledger.OrderID
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
	}
}

// Err is what SetErr said.
func (b *Book) Err() error { return b.err }

// FailAfter makes the book one that cannot be read any more after so many rows: they are absent, and Err says why.
func (b *Book) FailAfter(reads int, err error) {
	b.reads, b.failing, b.lent, b.lentEnded = reads, err, nil, nil
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
		b.broken = b.CheckPut()
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
	return tally.Check(&b.shard)
}

// CheckPut says whether an account that was handed out was changed and not put.
func (b *Book) CheckPut() error {
	if b.broken != nil {
		return b.broken
	}
	if b.lent != nil && !same(b.lent, b.accounts[b.lent.ID]) {
		return fmt.Errorf("account %s was changed and not put: %+v, kept is %+v", b.lent.ID, b.lent, b.accounts[b.lent.ID])
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
