package state

import (
	"encoding/binary"
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger"
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

func (b *Book) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Shard is the shard's own row.
func (b *Book) Shard() *ledger.Shard { return b.shard }

// accountHeader is the account's sequence and next deadline, which stand before its row where they can be read
// without decoding it.
const accountHeader = 16

// Account finds an account and makes it the one being worked on.
func (b *Book) Account(id ledger.AccountID) *ledger.Account {
	if id == b.current {
		return &b.account
	}
	b.Settle()
	value := find(b, b.state.accounts, bucketAccounts, id, func() []byte { return accountKey(b.key[:0], id) })
	if value == nil {
		// The newest may not have been put yet. Every other that was opened is there.
		if id.Shard() == b.shard.Number && id.Number() != 0 && id.Number() < b.shard.Accounts {
			b.fail(&CorruptError{b.state.path, fmt.Sprintf("account %s is gone", id)})
		}
		return nil
	}
	b.current = 0
	if len(value) < accountHeader || record.DecodeAccount(value[accountHeader:], &b.account) != nil || b.account.ID != id {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("account %s cannot be read", id)})
		return nil
	}
	b.account.Sequence = binary.BigEndian.Uint64(value)
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
func (b *Book) Forget() { b.current, b.changed, b.endedID = 0, false, ledger.AuthorizationID{} }

func encodeAccount(buf []byte, a *ledger.Account) []byte {
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

// find looks for a row in memory and then in the file.
func find[K comparable](b *Book, t *table[K], bucket []byte, k K, key func() []byte) []byte {
	if row, ok := t.get(k); ok {
		return row
	}
	b.key = key()
	row, err := load(b.state, t, bucket, k, b.key)
	if err != nil {
		b.fail(err)
	}
	return row
}

// findNamed is find for rows whose names the filter knows, those in memory included: about a fresh name it is asked
// first and alone. The key is in b.key.
func findNamed(b *Book, t *table[string], bucket []byte) []byte {
	if !b.state.names.maybe(b.key) {
		return nil
	}
	if row, ok := getNamed(t, b.key); ok {
		return row
	}
	row, err := load(b.state, t, bucket, string(b.key), b.key)
	if err != nil {
		b.fail(err)
	}
	return row
}

func putNamed(b *Book, t *table[string], row []byte) {
	b.state.names.add(b.key)
	t.put(string(b.key), exact(row))
}

// Consumer finds a consumer's account.
func (b *Book) Consumer(token ledger.ConsumerToken) ledger.AccountID {
	b.key = append(b.key[:0], token...)
	row := findNamed(b, b.state.consumers, bucketConsumers)
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
	putNamed(b, b.state.consumers, b.buf)
}

// Ended finds an authorization that has ended. It is asked only for what must be there.
func (b *Book) Ended(id ledger.AuthorizationID) *ledger.Authorization {
	if id == b.endedID && id.N != 0 {
		return &b.ended
	}
	row := find(b, b.state.ended, bucketEnded, id, func() []byte { return endedKey(b.key[:0], id) })
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
	b.buf = record.AppendEnded(b.buf[:0], a)
	b.state.ended.put(id, exact(b.buf))
	if id == b.endedID && a != &b.ended {
		b.endedID = ledger.AuthorizationID{}
	}
}

// Order finds what is known of an order id.
func (b *Book) Order(c ledger.Caller, id ledger.OrderID) (o ledger.Order, known bool) {
	b.key = callerKey(b.key[:0], c, id)
	row := findNamed(b, b.state.orders, bucketOrders)
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
	putNamed(b, b.state.orders, b.buf)
}

// Receipt finds the receipt of a request.
func (b *Book) Receipt(r ledger.Request) *ledger.Receipt {
	b.key = callerKey(b.key[:0], r.Caller, r.ID)
	row := findNamed(b, b.state.receipts, bucketReceipts)
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
	putNamed(b, b.state.receipts, b.buf)
}
