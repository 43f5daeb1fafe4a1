package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// KeptKind is something that is kept although its consumer asked that it be erased.
type KeptKind uint8

// The kinds. Their numbers are those of the API.
const (
	KeptAccount     KeptKind = iota + 1 // an account that is open, or owes, with all that it did
	KeptRecords                         // what an account did that is closed
	KeptApplication                     // the one that the account was opened or changed by, or that a person is to look at
	KeptReview                          // one without an outcome
	KeptConsents                        // those that an open account is kept by
)

// Kept is something that is kept: while what it is for lasts, or until a day that law says.
type Kept struct {
	Kind        KeptKind
	Account     AccountID
	Application ApplicationID
	Review      ReviewID
	Until       calendar.Date // 0 for as long as what keeps it lasts
}

// eraseConsumer takes away all that law does not oblige to keep of a consumer. What is kept is told.
func (l *Ledger) eraseConsumer(c *EraseConsumer) Outcome {
	id := l.book.Consumer(c.Consumer)
	p := l.applicant(c.Consumer)
	if id == 0 && p.Sequence == 0 {
		return refused(consumerNotFound())
	}
	f := &ConsumerErased{Consumer: c.Consumer}
	if id != 0 {
		a, missing := l.account(id)
		if missing != nil {
			return refused(missing)
		}
		f.Bound = a.Status != AccountClosed || a.inUse()
	}
	kept := l.kept(p, c.Years)
	for r := p.Review; r != 0; {
		row, missing := l.review(r)
		if missing != nil {
			return refused(missing)
		}
		if row.Erased == 0 && !slices.Contains(p.Pending, r) {
			f.Reviews = append(f.Reviews, r)
		}
		r = row.Previous
	}
	for a := p.Application; a != 0; {
		row, missing := l.application(a)
		if missing != nil {
			return refused(missing)
		}
		if row.Erased == 0 && !slices.ContainsFunc(kept, func(k Kept) bool { return k.Application == a }) {
			f.Applications = append(f.Applications, a)
		}
		a = row.Previous
	}
	out := l.post(f)
	if out.Dossier != nil {
		out.Dossier.Kept = kept
	}
	return out
}

func consumerNotFound() *Fault {
	return fault(NotFound, "CONSUMER_NOT_FOUND", "nothing is held on the consumer").on("consumer_token")
}

// kept is what of a consumer cannot be erased now. Records of an account that is closed are kept so many years from the last
// thing that happened to it.
func (l *Ledger) kept(p *Applicant, years int) (list []Kept) {
	if id := l.book.Consumer(p.Consumer); id != 0 {
		a := l.view(id)
		if a == nil {
			return nil // it could not be read
		}
		if a.Status != AccountClosed || a.inUse() {
			list = append(list, Kept{Kind: KeptAccount, Account: id})
			if len(p.Consents) > 0 {
				list = append(list, Kept{Kind: KeptConsents, Account: id})
			}
			if a.Risk.Application != 0 {
				list = append(list, Kept{Kind: KeptApplication, Account: id, Application: a.Risk.Application})
			}
		} else {
			list = append(list, Kept{Kind: KeptRecords, Account: id, Until: yearsAfter(l.zone.DateAt(a.Updated), years)})
		}
	}
	for _, id := range p.Pending {
		list = append(list, Kept{Kind: KeptReview, Review: id})
		if r, f := l.review(id); f == nil && r.Subject.Application != 0 {
			list = append(list, Kept{Kind: KeptApplication, Review: id, Application: r.Subject.Application})
		}
	}
	return list
}

// yearsAfter is a day so many years after another, counted as 366 days each, so that it is never too early.
func yearsAfter(d calendar.Date, years int) calendar.Date { return d.AddDays(366 * years) }
