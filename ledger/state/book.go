package state

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// Book is the ledger's view of a state. It belongs to the goroutine that decides.
type Book struct {
	state *State
	shard *ledger.Shard

	// account is the one being worked on, decoded; current is its id, 0 when there is none. It is encoded again
	// when the command is over (Settle), not at every change.
	account ledger.Account
	current ledger.AccountID
	changed bool

	ended   ledger.Authorization
	endedID ledger.AuthorizationID

	item      lent[ledger.Item]
	statement lent[ledger.Statement]
	line      lent[ledger.BatchLine]

	applicant   lent[ledger.Applicant]
	application lent[ledger.Application]
	review      lent[ledger.Review]
	settlement  lent[ledger.Settlement]

	reconciliation lent[ledger.Reconciliation]
	kept           lent[ledger.KeptBreak]

	receipt ledger.Receipt
	key     []byte
	buf     []byte
	err     error
}

// Book is the ledger's view of the state, going on from the shard's row that Open answered with.
func (s *State) Book(shard *ledger.Shard) *Book { return &Book{state: s, shard: shard} }

var _ ledger.Book = (*Book)(nil)

// Err is the first trouble with the file; the book is of no use after it.
func (b *Book) Err() error { return b.err }

// Lost says that a row that must be there is not.
func (b *Book) Lost(what string) { b.fail(&CorruptError{b.state.path, what + " is gone"}) }

func (b *Book) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Shard is the shard's own row.
func (b *Book) Shard() *ledger.Shard { return b.shard }

// Account finds an account and makes it the one being worked on.
func (b *Book) Account(id ledger.AccountID) *ledger.Account {
	if id == b.current {
		return &b.account
	}
	b.Settle()
	value, ok := b.state.accounts.get(id)
	if !ok {
		var err error
		if value, err = b.state.loadAccount(id); err != nil {
			b.fail(err)
		}
	}
	if value == nil {
		// The newest may not have been put yet. Every other that was opened is there.
		if id.Shard() == b.shard.Number && id.Number() != 0 && (id.Number() < b.shard.Accounts || id.Number() <= b.state.opened) {
			b.fail(&CorruptError{b.state.path, fmt.Sprintf("account %s is gone", id)})
		}
		return nil
	}
	b.current = 0
	if len(value) < accountAt || record.DecodeAccount(value[accountAt:], &b.account) != nil || b.account.ID != id {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("account %s cannot be read", id)})
		return nil
	}
	b.account.Sequence = binary.BigEndian.Uint64(value[sequenceAt:])
	b.current = id
	return &b.account
}

// PutAccount keeps an account. It is encoded when the command is over.
func (b *Book) PutAccount(a *ledger.Account) {
	if a != &b.account {
		b.Settle()
		b.account = *a
		b.current = a.ID
	}
	b.changed = true
}

// Settle encodes the account being worked on, if it was changed. The decider calls it after every command.
func (b *Book) Settle() {
	if !b.changed {
		return
	}
	b.changed = false
	b.buf = encodeAccount(b.buf[:0], &b.account)
	b.state.accounts.put(b.current, exact(b.buf))
}

// Forget drops the account being worked on, changed or not: the command that changed it did not happen.
func (b *Book) Forget() {
	b.current, b.changed, b.endedID = 0, false, ledger.AuthorizationID{}
	b.item.key, b.statement.key, b.line.key = b.item.key[:0], b.statement.key[:0], b.line.key[:0]
	b.applicant.key, b.application.key, b.review.key = b.applicant.key[:0], b.application.key[:0], b.review.key[:0]
	b.reconciliation.key, b.kept.key = b.reconciliation.key[:0], b.kept.key[:0]
	b.settlement.key = b.settlement.key[:0]
}

func encodeAccount(buf []byte, a *ledger.Account) []byte {
	buf = append(buf, make([]byte, sumSize)...)
	buf = binary.BigEndian.AppendUint64(buf, a.Sequence)
	buf = binary.BigEndian.AppendUint64(buf, uint64(a.NextDeadline()))
	return record.AppendAccount(buf, a)
}

// exact is a copy that takes no more room than it needs.
func exact(b []byte) []byte {
	c := make([]byte, len(b))
	copy(c, b)
	return c
}

// find looks for the row of the key in b.key. About a fresh name the filter is asked, and nothing else: it knows every name.
func (b *Book) find(in *buffer) []byte {
	hash := in.hash(b.key)
	if in.names != nil && !in.names.maybe(hash) {
		return nil
	}
	if row, ok := in.find(hash, b.key); ok {
		return row
	}
	value, err := b.state.load(in.bucket, b.key)
	if err != nil {
		b.fail(err)
	}
	if value == nil {
		return nil
	}
	return value[sumSize:]
}

// put keeps a row under the key in b.key.
func (b *Book) put(in *buffer, row []byte) {
	hash := in.hash(b.key)
	if in.names != nil {
		in.names.add(hash)
	}
	in.put(hash, b.key, row)
}

// Consumer finds a consumer's account.
func (b *Book) Consumer(token ledger.ConsumerToken) ledger.AccountID {
	b.key = append(b.key[:0], token...)
	row := b.find(b.state.consumers)
	if row == nil {
		return 0
	}
	if len(row) != 8 {
		b.fail(&CorruptError{b.state.path, "a consumer's row cannot be read"})
		return 0
	}
	return ledger.AccountID(binary.BigEndian.Uint64(row))
}

// PutConsumer keeps a consumer's account.
func (b *Book) PutConsumer(token ledger.ConsumerToken, id ledger.AccountID) {
	b.key = append(b.key[:0], token...)
	b.buf = accountKey(b.buf[:0], id)
	b.put(b.state.consumers, b.buf)
}

// Ended finds an authorization that has ended. It is asked only for what must be there.
func (b *Book) Ended(id ledger.AuthorizationID) *ledger.Authorization {
	if id == b.endedID && id.N != 0 {
		return &b.ended
	}
	b.key = endedKey(b.key[:0], id)
	row := b.find(b.state.ended)
	if row == nil {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("authorization %s is gone", id)})
		return nil
	}
	b.endedID = ledger.AuthorizationID{}
	if record.DecodeEnded(row, &b.ended) != nil {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("authorization %s cannot be read", id)})
		return nil
	}
	b.endedID = id
	return &b.ended
}

// PutEnded keeps an authorization that has ended.
func (b *Book) PutEnded(id ledger.AuthorizationID, a *ledger.Authorization) {
	b.key = endedKey(b.key[:0], id)
	b.buf = record.AppendEnded(b.buf[:0], a)
	b.put(b.state.ended, b.buf)
	if id == b.endedID && a != &b.ended {
		b.endedID = ledger.AuthorizationID{}
	}
}

// Order finds what is known of an order id.
func (b *Book) Order(c ledger.Caller, id ledger.OrderID) (o ledger.Order, known bool) {
	b.key = callerKey(b.key[:0], c, id)
	row := b.find(b.state.orders)
	if row == nil {
		return o, false
	}
	if record.DecodeOrder(row, &o) != nil {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("order %q cannot be read", id)})
		return o, false
	}
	return o, true
}

// PutOrder keeps what is known of an order id.
func (b *Book) PutOrder(c ledger.Caller, id ledger.OrderID, o ledger.Order) {
	b.key = callerKey(b.key[:0], c, id)
	b.buf = record.AppendOrder(b.buf[:0], &o)
	b.put(b.state.orders, b.buf)
}

// Receipt finds the receipt of a request.
func (b *Book) Receipt(r ledger.Request) *ledger.Receipt {
	b.key = callerKey(b.key[:0], r.Caller, r.ID)
	row := b.find(b.state.receipts)
	if row == nil {
		return nil
	}
	if record.DecodeReceipt(row, &b.receipt) != nil {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("the receipt of request %q cannot be read", r.ID)})
		return nil
	}
	return &b.receipt
}

// PutReceipt keeps the receipt of a request.
func (b *Book) PutReceipt(r ledger.Request, v *ledger.Receipt) {
	b.key = callerKey(b.key[:0], r.Caller, r.ID)
	b.buf = record.AppendReceipt(b.buf[:0], v)
	b.put(b.state.receipts, b.buf)
}

// lent is the row of a kind that was handed out last, and its key; no key when there is none. Another row has memory of
// its own: they are seldom asked for.
type lent[T any] struct {
	row *T
	key []byte
}

// history finds the row of the key in b.key, of a kind that an account's history has; nil when there is none.
func history[T any](b *Book, in *buffer, l *lent[T], decode func([]byte, *T) error) *T {
	if bytes.Equal(l.key, b.key) {
		return l.row
	}
	row := b.find(in)
	if row == nil {
		return nil
	}
	l.key, l.row = l.key[:0], new(T)
	if decode(row, l.row) != nil {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("row %x of %s cannot be read", b.key, in.bucket)})
		return nil
	}
	l.key = append(l.key, b.key...)
	return l.row
}

// putHistory keeps the row in b.buf under the key in b.key.
func putHistory[T any](b *Book, in *buffer, l *lent[T], row *T) {
	b.put(in, b.buf)
	if row != l.row && bytes.Equal(l.key, b.key) {
		l.key = l.key[:0]
	}
}

// Item finds an item of an account.
func (b *Book) Item(id ledger.AccountID, n uint32) *ledger.Item {
	b.key = itemKey(b.key[:0], id, n)
	i := history(b, b.state.items, &b.item, record.DecodeItem)
	if i == nil && n != 0 { // whoever asks has its number from an account or a receipt
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("item %s is gone", ledger.ItemID{Account: id, N: n})})
	}
	return i
}

// PutItem keeps an item of an account.
func (b *Book) PutItem(id ledger.AccountID, i *ledger.Item) {
	b.key = itemKey(b.key[:0], id, i.N)
	b.buf = record.AppendItem(b.buf[:0], i)
	putHistory(b, b.state.items, &b.item, i)
}

// Statement finds the statement of an account's window.
func (b *Book) Statement(id ledger.AccountID, opens calendar.Date) *ledger.Statement {
	b.key = statementKey(b.key[:0], id, opens)
	return history(b, b.state.statements, &b.statement, record.DecodeStatement)
}

// PutStatement keeps a statement of an account.
func (b *Book) PutStatement(id ledger.AccountID, v *ledger.Statement) {
	b.key = statementKey(b.key[:0], id, v.Opens)
	b.buf = record.AppendStatement(b.buf[:0], v)
	putHistory(b, b.state.statements, &b.statement, v)
}
