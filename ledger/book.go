package ledger

import "github.com/holdfast-credit/holdfast/ledger/calendar"

// Book is where the rows of a shard are. The ledger reads and writes rows through it and keeps nothing itself.
//
// What a Book hands out belongs to the ledger until the next call for another row of the same kind; asked twice in a
// row for the same one it hands out the same pointer. What is put has been copied when Put returns, but for an account,
// which may still be asked for and changed: it is taken when the command is over. Rows that cannot be read are reported as absent, and Err says why: the caller of Apply
// and Fold must look at Err before it makes anything of their result.
type Book interface {
	Shard() *Shard
	Account(AccountID) *Account // nil when there is none
	PutAccount(*Account)
	Consumer(ConsumerToken) AccountID // 0 when there is none
	PutConsumer(ConsumerToken, AccountID)
	Ended(AuthorizationID) *Authorization // nil when there is none, or it is open
	PutEnded(AuthorizationID, *Authorization)
	Order(Caller, OrderID) (Order, bool)
	PutOrder(Caller, OrderID, Order)
	Receipt(Request) *Receipt // nil when there is none
	PutReceipt(Request, *Receipt)
	Item(AccountID, uint32) *Item // nil when there is none, which for a number that was given is damage
	PutItem(AccountID, *Item)
	Statement(AccountID, calendar.Date) *Statement // by the opening date of its window; nil when there is none
	PutStatement(AccountID, *Statement)
	BatchLine(BatchID, uint32) *BatchLine // of a batch; nil when there is none, which for a number that was given is damage
	PutBatchLine(BatchID, *BatchLine)
	Applicant(ConsumerToken) *Applicant // nil when there is none
	PutApplicant(*Applicant)
	Application(ApplicationID) *Application // nil when there is none
	PutApplication(*Application)
	Review(ReviewID) *Review // nil when there is none
	PutReview(*Review)
	Reconciliation(CarrierID, uint32) *Reconciliation // nil when there is none
	PutReconciliation(*Reconciliation)
	KeptBreak(BreakID) *KeptBreak // nil when there is none
	PutBreak(*KeptBreak)
	Settlement(SettlementID) *Settlement // nil when there is none
	PutSettlement(*Settlement)
	// Lost says that a row that must be there is not: the book is damaged, and Err says so, if it does not say something already.
	Lost(what string)
	Err() error
}

// Order is what is known of a caller's order id. An order id belongs to the first account that used it.
type Order struct {
	Account  AccountID
	N        uint32 // the latest authorization; 0 when there is none in this shard
	Reversed bool   // no authorization is accepted any more
}
