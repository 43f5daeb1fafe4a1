package ledger

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Ledger decides for one shard. It keeps no state of its own but scratch space: everything is in the Book.
type Ledger struct {
	book  Book
	terms *terms.Terms
	zone  calendar.Zone

	// Set for the time of one Apply.
	now   calendar.Instant
	today calendar.Date
	req   Request
	print []byte
	emit  func(*Entry)

	// The risk policy, as UsePolicies was told; and those that were compiled of late.
	made     Policy
	compile  Policies
	compiled []Policy

	// Who is a principal of any carrier, as of so many versions.
	principals   map[Caller]struct{}
	principalsOf int

	// Zones of carriers, and the business day of each that is paid in a cycle, as of late.
	zones zoneCache
	days  map[SettlementTerms]businessDay

	minuteAt calendar.Instant
	minuteOf int

	happened []happening // in this Apply: the accounts are to be watched

	// What the hot path makes for every call, made once. Each is good until the next of its kind.
	set      feature.Set
	verdict  Verdict
	shadowed Verdict
	prints   fingerprint
	entry    Entry
	decision OrderDecided
	ended    Authorization
	receipt  Receipt
}

// New is a ledger over a book. The zone says where civil days begin.
func New(book Book, terms *terms.Terms, zone calendar.Zone) *Ledger {
	return &Ledger{book: book, terms: terms, zone: zone, zones: zoneCache{}, days: map[SettlementTerms]businessDay{}}
}

// Terms are the terms that decisions use.
func (l *Ledger) Terms() *terms.Terms { return l.terms }

// Apply carries out a command at an instant, which must not be before that of the entry before. Each entry that it
// makes is folded into the book and passed to emit, which must take what it needs of it, fact included, before it returns. A command
// that has been carried out before makes no entry and has the first outcome.
//
// If the book's Err is set afterwards the outcome is worthless, and so is every entry emitted.
func (l *Ledger) Apply(now calendar.Instant, c Command, emit func(*Entry)) Outcome {
	l.now, l.today, l.emit = now, l.zone.DateAt(now), emit
	l.req, l.print = Request{}, nil
	if w, ok := c.(Write); ok {
		l.req = *w.identity()
		l.prints.sum = l.prints.sum[:0]
		c.fields(&l.prints)
		l.print = l.prints.sum
		again, only := c.(*Again)
		if only {
			c = again.Write
		}
		switch r := l.book.Receipt(l.req); {
		case r != nil && now < r.Time.Add(l.requestsKept()):
			return l.again(c, r)
		case only:
			return refused(fault(NotFound, "REQUEST_NOT_FOUND", "request %q has not been carried out", l.req.ID).on("request_id").named(string(l.req.ID)))
		}
	}
	l.happened = l.happened[:0]
	out := l.decide(c)
	l.watchAll()
	return out
}

// Peek answers a command that only reads, at an instant, and makes no entry: for a book that follows a journal and may
// not change it. It answers false when the command is no read, or when time has done something to its account that
// has not been recorded yet.
func (l *Ledger) Peek(now calendar.Instant, c Command) (Outcome, bool) {
	var id AccountID
	switch c := c.(type) {
	case *GetBilling:
		id = c.Account
	case *GetStatement:
		id = c.Account
	case *ListStatements:
		id = c.Account
	case *ListItems:
		id = c.Account
	case *GetPayoff:
		id = c.Account
	case *Quote:
		id = c.Account
	case *GetPoints:
		id = c.Account
	case *ListPointsItems:
		id = c.Account
	case *GetBundle:
		id = c.Authorization.Account
	case *GetSettlement, *ListSettlements:
	case *GetApplicant, *GetRecord, *GetApplication, *GetReview, *ListReviews:
	case *Check, *GetTerms, *GetAccount, *ListAccounts, *GetAuthorization, *LookupOrder, *ListAuthorizations, *GetPolicies, *GetShard,
		*GetReconciliation, *ListReconciliations, *ListBreaks, *ListBatchLines:
	default:
		return Outcome{}, false
	}
	if id != 0 {
		if a := l.book.Account(id); a != nil && a.NextDeadline() != 0 && a.NextDeadline() <= now {
			return Outcome{}, false
		}
	}
	l.now, l.today = now, l.zone.DateAt(now)
	l.req, l.print = Request{}, nil
	l.emit = func(e *Entry) { panic(fmt.Sprintf("ledger: a look at %T makes entry %d", c, e.Sequence)) }
	return l.decide(c), true
}

func (l *Ledger) decide(c Command) Outcome {
	switch c := c.(type) {
	case *Authorize:
		return l.authorize(c)
	case *CaptureHold:
		return l.capture(c)
	case *Void:
		return l.void(c)
	case *Charge:
		return l.charge(c)
	case *Check:
		return l.check(c)
	case *Increment:
		return l.increment(c)
	case *Extend:
		return l.extend(c)
	case *MarkSubmitted:
		return l.markSubmitted(c)
	case *Reverse:
		return l.reverse(c)
	case *RefundCapture:
		return l.refund(c)
	case *Advise:
		return l.advise(c)
	case *ClaimOrder:
		return l.claimOrder(c)
	case *OpenAccount:
		return l.openAccount(c)
	case *SetLimits:
		return l.setLimits(c)
	case *SetTemporaryLimit:
		return l.setTemporaryLimit(c)
	case *Freeze:
		return l.setStatus(c.Account, AccountFrozen, c.Reason)
	case *Unfreeze:
		return l.setStatus(c.Account, AccountActive, c.Reason)
	case *CloseAccount:
		return l.setStatus(c.Account, AccountClosed, c.Reason)
	case *OpenLine:
		return l.openLine(c)
	case *CloseLine:
		return l.closeLine(c)
	case *AcceptAgreement:
		return l.acceptAgreement(c)
	case *SetControls:
		return l.setControls(c)
	case *Suspend:
		return l.post(&SuspensionSet{Scope: c.Scope, Reason: c.Reason})
	case *Resume:
		return l.post(&SuspensionSet{Scope: c.Scope, Reason: c.Reason, Resumed: true})
	case *Tick:
		return l.tick(c)
	case *AdvanceClock:
		return l.post(&ClockAdvanced{})
	}
	if out, mine := l.debtCommand(c); mine {
		return out
	}
	if out, mine := l.readDebt(c); mine {
		return out
	}
	if out, mine := l.settlementCommand(c); mine {
		return out
	}
	if out, mine := l.dossierCommand(c); mine {
		return out
	}
	if out, mine := l.pointsCommand(c); mine {
		return out
	}
	if out, mine := l.reconciliationCommand(c); mine {
		return out
	}
	return l.read(c)
}

// again answers a request that has been carried out before.
func (l *Ledger) again(c Command, r *Receipt) Outcome {
	if !bytes.Equal(r.Print, l.print) {
		return refused(fault(Invalid, "REQUEST_ID_REUSED",
			"request_id %q was used for another request", l.req.ID).on(differing(c, r.Print)...))
	}
	if r.ID.Account == 0 {
		out := r.outcome(nil)
		l.dossierAgain(c, r, &out)
		l.settlementAgain(c, &out)
		if l.reconciliationAgain(c, r, &out); l.book.Err() != nil {
			return Outcome{}
		}
		switch c.(type) {
		case *Suspend, *Resume:
			out.Shard = l.book.Shard().Clone() // what is suspended now: receipts do not keep it
		case *PutTerms:
			out.TermsPut = slices.Clone(l.book.Shard().Terms)
		}
		return out
	}
	a := l.book.Account(r.ID.Account)
	if a == nil {
		if l.book.Err() != nil {
			return Outcome{}
		}
		panic(fmt.Sprintf("ledger: account %s of receipt %q is gone", r.ID.Account, l.req.ID))
	}
	if r.ID.N == 0 {
		out := r.outcome(nil)
		out.Currency = a.Currency
		if r.Account != nil && r.ID.Account != 0 {
			out.Billing = &BillingAnswer{Terms: l.termsOf(r.Account.Billing.Terms).Version}
			if r.Item != 0 {
				if i := l.book.Item(a.ID, r.Item); i != nil {
					out.Billing.Item = i.clone()
					out.Billing.Item.Outcome = Succeeded // as it was then
				}
			}
		}
		return out
	}
	now := l.authorization(a, r.ID.N)
	if l.book.Err() != nil {
		return Outcome{}
	}
	out := r.outcome(now)
	out.Currency = a.Currency
	return out
}

// post makes an entry of a fact, folds it and emits it.
func (l *Ledger) post(f Fact) Outcome {
	return l.record(f, l.req, l.print)
}

// lapse is post for what time caused rather than the request.
func (l *Ledger) lapse(f Fact) Outcome { return l.record(f, Request{}, nil) }

func (l *Ledger) record(f Fact, r Request, print []byte) Outcome {
	if l.book.Err() != nil {
		return Outcome{} // it was decided on rows that could not be read
	}
	l.entry = Entry{Sequence: l.book.Shard().Sequence + 1, Time: l.now, Request: r, Print: print, Fact: f}
	out := l.Fold(&l.entry)
	l.emit(&l.entry)
	l.note(f)
	return out
}

// account loads an account and lets happen what is due on it.
func (l *Ledger) account(id AccountID) (*Account, *Fault) {
	a := l.book.Account(id)
	if a == nil {
		return nil, fault(NotFound, "ACCOUNT_NOT_FOUND", "there is no account %s", id).named(id.String())
	}
	l.catchUp(a)
	return a, nil
}

// catchUp lets everything happen that time has done to an account, in order: holds that ran out expire, windows close, due
// dates pass. It tells how many holds expired, and how many bookings there were.
func (l *Ledger) catchUp(a *Account) (expired, booked int) {
	for {
		f := l.nextDue(a)
		if f == nil || l.book.Err() != nil {
			return expired, booked
		}
		if b, books := f.(*Booked); books {
			booked++
			l.score(a, &b.Booking)
		} else {
			expired++
		}
		l.lapse(f)
	}
}

// firstDue is the open hold that ran out first; nil when none has.
func (a *Account) firstDue(now calendar.Instant) (first *Authorization) {
	for i := range a.Holds {
		if h := &a.Holds[i]; h.due(now) && (first == nil || h.Expires < first.Expires) {
			first = h
		}
	}
	return first
}

func (a *Account) ref(h *Authorization) HoldRef {
	return HoldRef{Account: a.ID, N: h.N, Scene: h.Scene, Carrier: h.Carrier, Currency: a.Currency, Order: h.Order}
}

// mostTicked bounds what one Tick lets happen: a command's entries go into one batch of the journal. An account that has
// more to catch up with stays due.
const mostTicked = 1_024

func (l *Ledger) tick(c *Tick) (out Outcome) {
	for _, id := range c.Accounts {
		if out.Expired+out.Booked >= mostTicked {
			break
		}
		if a := l.book.Account(id); a != nil {
			expired, booked := l.catchUp(a)
			out.Expired += expired
			out.Booked += booked
		}
	}
	return out
}

func checkCurrency(a *Account, got string) *Fault {
	if got != string(a.Currency) {
		return fault(Invalid, "CURRENCY_MISMATCH", "account %s is in %s, not %s", a.ID, a.Currency, got).on("currency")
	}
	return nil
}
