package sim

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// applied is an application as the model keeps it: what was asked, and what was done since. Its state follows.
type applied struct {
	id       ledger.ApplicationID
	consumer ledger.ConsumerToken
	command  *ledger.SubmitApplication
	account  ledger.AccountID
	offer    *ledger.Offer // that can or could be accepted
	settled  bool          // a limit review that asks nobody
	taken    bool
	ended    bool
	erased   bool
	later    bool // another came after it
}

func (a *applied) state(now calendar.Instant) ledger.ApplicationState {
	switch {
	case a.taken:
		return ledger.OfferTaken
	case a.ended:
		return ledger.OfferWithdrawn
	case a.settled:
		return ledger.LimitApplied
	case a.offer == nil:
		return ledger.ApplicationDeclined
	case now < a.offer.Expires:
		return ledger.Offered
	}
	return ledger.OfferExpired
}

// reviewed is a review as the model keeps it.
type reviewed struct {
	id       ledger.ReviewID
	consumer ledger.ConsumerToken
	subject  ledger.Subject
	outcome  ledger.ReviewOutcome
	erased   bool
	flagged  bool // by the risk policy, and nobody asked for it
}

// consented is a consent that was given; ended says that it does not last.
type consented struct {
	purpose ledger.Purpose
	version string
	ended   bool
}

// Seen is what the model says of a consumer, an application and a review.
type Seen struct {
	Consumer     ledger.ConsumerToken // of the applicant told of; empty when none is
	Applications int
	Pending      []ledger.ReviewID
	Consents     []ledger.Purpose // that last

	Application ledger.ApplicationID
	State       ledger.ApplicationState
	Account     ledger.AccountID
	Limit       money.Amount // of its offer, or that was applied
	Inputs      int
	Score       int32

	Review    ledger.ReviewID
	Outcome   ledger.ReviewOutcome
	Statement bool

	Reviews []ledger.ReviewID
	Kept    []ledger.Kept
}

// seenOf reads a dossier as the model writes it.
func seenOf(d *ledger.Dossier) *Seen {
	s := &Seen{Kept: d.Kept}
	for i := range s.Kept {
		s.Kept[i].Until = 0 // it is by when the account last changed, which the model does not keep
	}
	if p := d.Applicant; p != nil {
		s.Consumer, s.Applications, s.Pending = p.Consumer, int(p.Applications), p.Pending
		for _, c := range p.Consents {
			if c.Withdrawn == 0 {
				s.Consents = append(s.Consents, c.Purpose)
			}
		}
	}
	if a := d.Application; a != nil {
		s.Application, s.State, s.Account, s.Limit, s.Inputs, s.Score = a.ID, a.State, a.Account, a.Offer.Limit, len(a.Inputs), a.Score
	}
	if r := d.Review; r != nil {
		s.Review, s.Outcome, s.Statement = r.ID, r.Outcome, r.Statement != ""
	}
	for _, r := range d.Reviews {
		s.Reviews = append(s.Reviews, r.ID)
	}
	return s
}

// see fills in what is to be told of those who are named.
func (q *asking) see(s *Seen) {
	if a := q.applied(s.Application); a != nil {
		s.State, s.Account, s.Limit = a.state(q.now), a.account, 0
		switch {
		case a.offer != nil:
			s.Limit = a.offer.Limit
		case a.settled:
			s.Limit = a.command.Offer.Limit
		}
		if s.Inputs, s.Score = len(a.command.Inputs), a.command.Score; a.erased {
			s.Inputs, s.Score = 0, 0
		}
	}
	if r := q.reviewed(s.Review); r != nil {
		s.Outcome, s.Statement = r.outcome, !r.erased
	}
	if s.Consumer == "" {
		return
	}
	s.Applications, s.Pending, s.Consents = 0, nil, nil
	for _, a := range q.applications {
		if a.consumer == s.Consumer {
			s.Applications++
		}
	}
	for _, r := range q.reviews {
		if r.consumer == s.Consumer && r.outcome == ledger.ReviewPending {
			s.Pending = append(s.Pending, r.id)
		}
	}
	for _, c := range q.consents[s.Consumer] {
		if !c.ended {
			s.Consents = append(s.Consents, c.purpose)
		}
	}
}

func (m *Model) applied(id ledger.ApplicationID) *applied {
	if n := id.Number(); id.Shard() == m.shard && n != 0 && n <= uint64(len(m.applications)) {
		return m.applications[n-1]
	}
	return nil
}

func (m *Model) reviewed(id ledger.ReviewID) *reviewed {
	if n := id.Number(); id.Shard() == m.shard && n != 0 && n <= uint64(len(m.reviews)) {
		return m.reviews[n-1]
	}
	return nil
}

func (q *asking) accountOf(token ledger.ConsumerToken) *customer {
	if i := slices.IndexFunc(q.accounts, func(a *customer) bool { return a.consumer == token }); i >= 0 {
		return q.find(q.accounts[i].id)
	}
	return nil
}

// consenting is what consents come to when more are given.
func (q *asking) consenting(token ledger.ConsumerToken, given []ledger.Consenting) []consented {
	list := slices.Clone(q.consents[token])
	for _, g := range given {
		same := false
		for i := range list {
			if c := &list[i]; c.purpose == g.Purpose && !c.ended {
				same = c.version == g.Version
				c.ended = !same
			}
		}
		if !same {
			list = append(list, consented{g.Purpose, g.Version, false})
		}
	}
	return list
}

// consentFault is what is wrong with consents; empty when nothing is.
func consentFault(list []consented, needs []ledger.Purpose) string {
	if len(list) > 64 {
		return "TOO_MANY_CONSENTS"
	}
	for _, p := range needs {
		if !slices.ContainsFunc(list, func(c consented) bool { return c.purpose == p && !c.ended }) {
			return "CONSENT_MISSING"
		}
	}
	return ""
}

// dossierCall predicts the calls on applications, consents and reviews.
func (q *asking) dossierCall(c ledger.Command) (p Prediction, happen func(), mine bool) {
	switch c := c.(type) {
	case *ledger.SubmitApplication:
		p, happen = q.submit(c)
	case *ledger.AcceptOffer:
		p, happen = q.take(c)
	case *ledger.WithdrawOffer:
		p, happen = q.onOffer(c.Application, func(a *applied) { a.ended = true })
	case *ledger.WithdrawConsent:
		p, happen = q.withdraw(c)
	case *ledger.RequestReview:
		p, happen = q.ask(c)
	case *ledger.ResolveReview:
		p, happen = q.resolve(c)
	case *ledger.EraseConsumer:
		p, happen = q.erase(c)
	default:
		p, mine = q.readDossier(c)
		return p, nil, mine
	}
	return p, happen, true
}

func (q *asking) submit(c *ledger.SubmitApplication) (Prediction, func()) {
	consumer, account := c.Consumer, (*customer)(nil)
	if c.Account != 0 {
		a, fault := q.changeable(c.Account, c.Currency)
		if fault != "" {
			return refuse(fault)
		}
		consumer, account = a.consumer, a
	} else if q.accountOf(consumer) != nil {
		return refuse("CONSUMER_HAS_ACCOUNT")
	}
	for _, a := range q.applications {
		switch {
		case a.consumer != consumer || a.later:
		case a.state(q.now) == ledger.Offered:
			return refuse("OFFER_OPEN")
		case a.state(q.now) == ledger.ApplicationDeclined && q.now < a.command.RetryAfter:
			return refuse("APPLIED_TOO_SOON")
		}
	}
	consents := q.consenting(consumer, c.Consents)
	if fault := consentFault(consents, c.Needs); fault != "" {
		return refuse(fault)
	}
	a := &applied{id: ledger.NewApplicationID(q.shard, uint64(len(q.applications)+1)), consumer: consumer, command: c, account: c.Account}
	p := Prediction{Seen: &Seen{Consumer: consumer, Application: a.id}}
	switch {
	case c.Decision == ledger.Decline:
	case account != nil && c.Offer.Limit <= account.limit:
		a.settled = true
		p.Account = &Standing{ID: account.id}
	case c.Offer.Expires <= q.now:
		return refuse("OFFER_IN_PAST")
	case account == nil && c.Offer.Terms != "":
		return refuse("TERMS_NOT_FOUND")
	default:
		offer := c.Offer
		if a.offer = &offer; account != nil { // of lines that there are
			offer.Lines = slices.DeleteFunc(slices.Clone(offer.Lines), func(l ledger.LimitOfLine) bool {
				return account.lines[l.Scene-1].status == ledger.NoLine
			})
		}
	}
	return p, func() {
		for _, before := range q.applications {
			before.later = before.later || before.consumer == consumer
		}
		q.consents[consumer] = consents
		q.applications = append(q.applications, a)
		if a.settled {
			if account.assessed = a.id; c.Offer.Limit < account.limit {
				account.limit = c.Offer.Limit
				for _, l := range c.Offer.Lines {
					line := &account.lines[l.Scene-1]
					line.limit = min(line.limit, l.Limit)
				}
			}
		}
	}
}

// sameSubmission says whether two applications say the same: what a policy made of them, and needs, does not count.
func sameSubmission(a, b *ledger.SubmitApplication) bool {
	x, y := *a, *b
	for _, c := range []*ledger.SubmitApplication{&x, &y} {
		inputs := slices.DeleteFunc(slices.Clone(c.Inputs), func(i ledger.Input) bool { return i.Own || i.Missing })
		c.Needs, c.Offer, c.Assessment = nil, ledger.Offer{}, ledger.Assessment{Inputs: inputs}
	}
	return same(x, y)
}

// onOffer does something about an offer that is open.
func (q *asking) onOffer(id ledger.ApplicationID, happen func(*applied)) (Prediction, func()) {
	a := q.applied(id)
	switch {
	case a == nil:
		return refuse("APPLICATION_NOT_FOUND")
	case a.state(q.now) == ledger.OfferExpired:
		return refuse("OFFER_EXPIRED")
	case a.state(q.now) != ledger.Offered:
		return refuse("NO_OFFER")
	}
	return Prediction{Seen: &Seen{Consumer: a.consumer, Application: id}}, func() { happen(a) }
}

func (q *asking) take(c *ledger.AcceptOffer) (Prediction, func()) {
	p, happen := q.onOffer(c.Application, func(a *applied) { a.taken = true })
	if p.Fault != "" {
		return p, nil
	}
	a := q.applied(c.Application)
	consents := q.consenting(a.consumer, c.Consents)
	if c.Agreement != "v1" {
		return refuse("AGREEMENT_MISMATCH")
	}
	if fault := consentFault(consents, c.Needs); fault != "" {
		return refuse(fault)
	}
	if a.account != 0 {
		account, fault := q.changeable(a.account, "")
		switch {
		case fault != "":
			return refuse(fault)
		case account.limit >= a.offer.Limit:
			return refuse("LIMIT_NOT_RAISED")
		}
		p.Account = &Standing{ID: account.id}
		return p, func() {
			happen()
			q.consents[a.consumer] = consents
			account.limit, account.assessed = a.offer.Limit, a.id
			for _, l := range a.offer.Lines {
				if line := &account.lines[l.Scene-1]; line.status != ledger.NoLine {
					line.limit = l.Limit
				}
			}
		}
	}
	open := &ledger.OpenAccount{Consumer: a.consumer, Currency: a.command.Currency, Limit: a.offer.Limit, Day: c.Day, Channel: c.Channel}
	for _, l := range a.offer.Lines {
		open.Lines = append(open.Lines, ledger.LineOpening{Scene: l.Scene, Limit: l.Limit, Agreement: "v1", Accepted: "v1"})
	}
	opened, opens := q.open(open)
	if opened.Fault != "" {
		return opened, nil
	}
	p.Account = opened.Account
	return p, func() {
		opens()
		happen()
		q.consents[a.consumer] = consents
		a.account = opened.Account.ID
		q.accountOf(a.consumer).assessed = a.id
	}
}

func (q *asking) withdraw(c *ledger.WithdrawConsent) (Prediction, func()) {
	if consentFault(q.consents[c.Consumer], []ledger.Purpose{c.Purpose}) != "" {
		return refuse("CONSENT_NOT_FOUND")
	}
	p := Prediction{Seen: &Seen{Consumer: c.Consumer}}
	var ends *applied
	for _, a := range q.applications {
		if a.consumer == c.Consumer && a.state(q.now) == ledger.Offered && slices.Contains(a.command.Needs, c.Purpose) {
			ends, p.Seen.Application = a, a.id
		}
	}
	return p, func() {
		list := slices.Clone(q.consents[c.Consumer])
		for i := range list {
			list[i].ended = list[i].ended || list[i].purpose == c.Purpose
		}
		if q.consents[c.Consumer] = list; ends != nil {
			ends.ended = true
		}
	}
}

func (q *asking) ask(c *ledger.RequestReview) (Prediction, func()) {
	r := &reviewed{id: ledger.NewReviewID(q.shard, uint64(len(q.reviews)+1)), subject: c.Subject}
	id := c.Subject.Account
	switch {
	case c.Subject.Application != 0:
		a := q.applied(c.Subject.Application)
		switch {
		case a == nil:
			return refuse("APPLICATION_NOT_FOUND")
		case a.erased:
			return refuse("APPLICATION_ERASED")
		}
		r.consumer = a.consumer
	case c.Subject.Authorization.N != 0:
		if q.story(c.Subject.Authorization) == nil {
			return refuse("AUTHORIZATION_NOT_FOUND")
		}
		id = c.Subject.Authorization.Account
	}
	if r.consumer == "" {
		a := q.find(id)
		if a == nil {
			return refuse("ACCOUNT_NOT_FOUND")
		}
		r.consumer = a.consumer
	}
	pending := 0
	for _, other := range q.reviews {
		if other.consumer == r.consumer && other.outcome == ledger.ReviewPending {
			if pending++; other.subject == r.subject {
				return refuse("REVIEW_PENDING")
			}
		}
	}
	if pending == 8 {
		return refuse("TOO_MANY_REVIEWS")
	}
	return Prediction{Seen: &Seen{Consumer: r.consumer, Review: r.id}}, func() { q.reviews = append(q.reviews, r) }
}

func (q *asking) resolve(c *ledger.ResolveReview) (Prediction, func()) {
	r := q.reviewed(c.Review)
	switch {
	case r == nil:
		return refuse("REVIEW_NOT_FOUND")
	case r.outcome != ledger.ReviewPending:
		return refuse("REVIEW_RESOLVED")
	}
	p := Prediction{Seen: &Seen{Consumer: r.consumer, Review: r.id}}
	a := q.applied(r.subject.Application)
	if a == nil || c.Outcome == ledger.Upheld {
		if c.Offer.Made() {
			return refuse("NOTHING_TO_OFFER")
		}
		return p, func() { r.outcome = c.Outcome }
	}
	switch {
	case a.erased:
		return refuse("APPLICATION_ERASED")
	case a.state(q.now) != ledger.ApplicationDeclined:
		return refuse("APPLICATION_NOT_DECLINED")
	case a.later:
		return refuse("APPLICATION_SUPERSEDED")
	case !c.Offer.Made():
		return refuse("OFFER_REQUIRED")
	case c.Offer.Expires <= q.now:
		return refuse("OFFER_IN_PAST")
	case a.command.Account == 0 && c.Offer.Terms != "":
		return refuse("TERMS_NOT_FOUND")
	}
	p.Seen.Application = a.id
	return p, func() { r.outcome, a.offer = c.Outcome, &c.Offer }
}

// kept is what of a consumer cannot be erased.
func (q *asking) kept(token ledger.ConsumerToken) (list []ledger.Kept) {
	if a := q.accountOf(token); a != nil {
		if q.bound(a) {
			list = append(list, ledger.Kept{Kind: ledger.KeptAccount, Account: a.id})
			if len(q.consents[token]) > 0 {
				list = append(list, ledger.Kept{Kind: ledger.KeptConsents, Account: a.id})
			}
			if a.assessed != 0 {
				list = append(list, ledger.Kept{Kind: ledger.KeptApplication, Account: a.id, Application: a.assessed})
			}
		} else {
			list = append(list, ledger.Kept{Kind: ledger.KeptRecords, Account: a.id})
		}
	}
	for _, r := range q.reviews {
		if r.consumer == token && r.outcome == ledger.ReviewPending {
			list = append(list, ledger.Kept{Kind: ledger.KeptReview, Review: r.id})
			if id := r.subject.Application; id != 0 {
				list = append(list, ledger.Kept{Kind: ledger.KeptApplication, Review: r.id, Application: id})
			}
		}
	}
	return list
}

// bound says whether an account is open or has anything to settle.
func (q *asking) bound(a *customer) bool {
	held, posted := a.sums(ledger.NoScene, q.now)
	return !a.closed || held != 0 || posted != 0 || a.life.balance() != 0
}

func (q *asking) knows(token ledger.ConsumerToken) bool {
	_, asked := q.erasures[token]
	return asked || len(q.consents[token]) > 0 || q.accountOf(token) != nil ||
		slices.ContainsFunc(q.applications, func(a *applied) bool { return a.consumer == token })
}

func (q *asking) erase(c *ledger.EraseConsumer) (Prediction, func()) {
	if !q.knows(c.Consumer) {
		return refuse("CONSUMER_NOT_FOUND")
	}
	kept := q.kept(c.Consumer)
	keeps := func(id ledger.ApplicationID) bool {
		return slices.ContainsFunc(kept, func(k ledger.Kept) bool { return k.Application == id })
	}
	return Prediction{Seen: &Seen{Consumer: c.Consumer, Kept: kept}}, func() {
		q.erasures[c.Consumer] = true
		for _, a := range q.applications {
			if a.consumer == c.Consumer && !a.erased && !keeps(a.id) {
				a.erased = true
				a.ended = a.ended || a.offer != nil && !a.taken
			}
		}
		for _, r := range q.reviews {
			r.erased = r.erased || r.consumer == c.Consumer && r.outcome != ledger.ReviewPending
		}
		if a := q.accountOf(c.Consumer); a != nil && q.bound(a) {
			return
		}
		list := slices.Clone(q.consents[c.Consumer])
		for i := range list {
			list[i].ended = true
		}
		q.consents[c.Consumer] = list
	}
}

// readDossier predicts the calls that read.
func (q *asking) readDossier(c ledger.Command) (Prediction, bool) {
	s := &Seen{}
	fault := ""
	switch c := c.(type) {
	case *ledger.GetApplicant:
		s.Consumer, s.Kept = c.Consumer, q.kept(c.Consumer)
		if !q.knows(c.Consumer) {
			fault = "CONSUMER_NOT_FOUND"
		}
	case *ledger.GetApplication:
		if s.Application = c.Application; q.applied(c.Application) == nil {
			fault = "APPLICATION_NOT_FOUND"
		}
	case *ledger.GetReview:
		r := q.reviewed(c.Review)
		if r == nil {
			fault = "REVIEW_NOT_FOUND"
			break
		}
		s.Review, s.Application = r.id, r.subject.Application
	case *ledger.ListReviews:
		for _, r := range slices.Backward(q.reviews) {
			if (c.Before == 0 || r.id.Number() < c.Before) && (!c.Pending || r.outcome == ledger.ReviewPending) && len(s.Reviews) < c.Limit {
				s.Reviews = append(s.Reviews, r.id)
			}
		}
	default:
		return Prediction{}, false
	}
	if fault != "" {
		return Prediction{Fault: fault}, true
	}
	q.see(s)
	return Prediction{Seen: s}, true
}

// again is what a request on applications is told when it is sent again: how things are now.
func (q *asking) again(p Prediction, c ledger.Command) Prediction {
	s := &Seen{Consumer: p.Seen.Consumer, Application: p.Seen.Application, Review: p.Seen.Review}
	if e, erases := c.(*ledger.EraseConsumer); erases {
		s.Kept = q.kept(e.Consumer)
	}
	q.see(s)
	if p.Seen = s; p.Account != nil {
		p.Account = q.standing(q.find(p.Account.ID))
	}
	return p
}
