package ledger

import "github.com/holdfast-credit/holdfast/ledger/feature"

// Dossier is what a command on applications is answered with. Which fields are set depends on the command.
type Dossier struct {
	Applicant   *Applicant
	Application *Application
	Review      *Review
	Reviews     []*Review
	Next        uint64 // number to go on before, when there are more Reviews
	Kept        []Kept
	Record      *feature.Set // of GetRecord
	Account     AccountID    // of GetApplicant; 0 when the consumer has none
}

// dossierCommand carries out a command on applications; false when it is another command.
func (l *Ledger) dossierCommand(c Command) (Outcome, bool) {
	switch c := c.(type) {
	case *SubmitApplication:
		return l.submitApplication(c), true
	case *AcceptOffer:
		return l.acceptOffer(c), true
	case *WithdrawOffer:
		return l.withdrawOffer(c), true
	case *WithdrawConsent:
		return l.withdrawConsent(c), true
	case *RequestReview:
		return l.requestReview(c), true
	case *ResolveReview:
		return l.resolveReview(c), true
	case *EraseConsumer:
		return l.eraseConsumer(c), true
	}
	return l.readDossier(c)
}

// dossierAgain tells what a request was about that was carried out before, as it is now.
func (l *Ledger) dossierAgain(c Command, r *Receipt, out *Outcome) {
	token := ConsumerToken("")
	d := &Dossier{}
	switch c := c.(type) {
	case *SubmitApplication, *AcceptOffer, *WithdrawOffer:
	case *WithdrawConsent:
		token = c.Consumer
	case *EraseConsumer:
		token = c.Consumer
		d.Kept = l.kept(l.applicant(token), c.Years)
	case *RequestReview, *ResolveReview:
		if d.Review, _ = l.review(r.Review); d.Review != nil {
			token = d.Review.Consumer
		}
	default:
		return
	}
	if r.Application != 0 {
		if d.Application, _ = l.application(r.Application); d.Application != nil {
			token = d.Application.Consumer
			out.Account = l.accountOf(c, d.Application)
		}
	}
	if (d.Application != nil || d.Review != nil) && l.book.Applicant(token) == nil {
		l.book.Lost("the applicant of request " + string(l.req.ID))
	}
	d.Applicant, out.Dossier = l.applicant(token), d
}

// accountOf is the account that an application opened or changed, as it is now; nil when it did not.
func (l *Ledger) accountOf(c Command, a *Application) *Account {
	switch _, accepted := c.(*AcceptOffer); {
	case accepted:
	case a.State == LimitApplied:
	default:
		return nil
	}
	account := l.view(a.Account)
	if account == nil {
		return nil
	}
	account = account.Clone()
	account.Holds = nil
	return account
}

// readDossier answers a command that reads of applications; false when it is another command.
func (l *Ledger) readDossier(c Command) (out Outcome, mine bool) {
	out.Today, out.Dossier = l.today, &Dossier{}
	d := out.Dossier
	var f *Fault
	switch c := c.(type) {
	case *GetApplicant:
		p := l.applicant(c.Consumer)
		if d.Applicant = p; p.Sequence == 0 && l.book.Consumer(c.Consumer) == 0 {
			f = consumerNotFound()
		}
		d.Kept, d.Account = l.kept(p, c.Years), l.book.Consumer(c.Consumer)
	case *GetRecord:
		a := l.view(c.Account)
		if a == nil {
			f = accountNotFound(c.Account)
			break
		}
		l.featuresOf(a, question{Purchase: &Purchase{}})
		record := l.set
		d.Record, out.Account = &record, a.Clone()
	case *GetApplication:
		d.Application, f = l.application(c.Application)
	case *GetReview:
		if d.Review, f = l.review(c.Review); f == nil && d.Review.Subject.Application != 0 {
			d.Application, f = l.application(d.Review.Subject.Application)
		}
	case *ListReviews:
		l.listReviews(c, &out)
	default:
		return Outcome{}, false
	}
	if f != nil {
		out = refused(f)
	}
	return out, true
}

// listReviews walks the reviews of the shard, newest first. Of those looked at most may have their outcome: then the page is
// short.
func (l *Ledger) listReviews(c *ListReviews, out *Outcome) {
	s := l.book.Shard()
	n := s.Reviews
	if c.Before != 0 {
		n = min(n, c.Before-1)
	}
	for looked := 0; n > 0 && looked < mostLooked && len(out.Dossier.Reviews) < c.Limit; n, looked = n-1, looked+1 {
		if r, f := l.review(NewReviewID(s.Number, n)); f == nil && (!c.Pending || r.Outcome == ReviewPending) {
			out.Dossier.Reviews = append(out.Dossier.Reviews, r)
		}
	}
	if out.More = n > 0; out.More {
		out.Dossier.Next = n + 1
	}
}
