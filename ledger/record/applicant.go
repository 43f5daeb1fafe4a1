package record

import "github.com/holdfast-credit/holdfast/ledger"

// AppendApplicant appends an applicant's row.
func AppendApplicant(b []byte, p *ledger.Applicant) []byte {
	r := begin(b)
	walkApplicant(&r, p)
	return r.end()
}

// DecodeApplicant reads an applicant's row.
func DecodeApplicant(b []byte, p *ledger.Applicant) error {
	r := open(b)
	walkApplicant(&r, p)
	return r.err()
}

func walkApplicant(r *row, p *ledger.Applicant) {
	n := r.list(8)
	unsigned(r, &n[0], &p.Sequence)
	unsigned(r, &n[1], &p.Applications)
	unsigned(r, &n[2], &p.Application)
	unsigned(r, &n[3], &p.Reviews)
	unsigned(r, &n[4], &p.Review)
	number(r, &n[5], &p.Erased)
	consents := elements(r, &n[6], &p.Consents, 4)
	pending := elements(r, &n[7], &p.Pending, 1)
	word(r, &p.Consumer)
	for i := range consents {
		c := &consents[i]
		n := r.list(2)
		number(r, &n[0], &c.Given)
		number(r, &n[1], &c.Withdrawn)
		word(r, &c.Purpose)
		word(r, &c.Version)
		word(r, &c.Caller)
	}
	for i := range pending {
		n := r.list(1)
		unsigned(r, &n[0], &pending[i])
	}
}

// AppendApplication appends an application's row.
func AppendApplication(b []byte, a *ledger.Application) []byte {
	r := begin(b)
	walkApplication(&r, a)
	return r.end()
}

// DecodeApplication reads an application's row.
func DecodeApplication(b []byte, a *ledger.Application) error {
	r := open(b)
	walkApplication(&r, a)
	return r.err()
}

func walkApplication(r *row, a *ledger.Application) {
	v := &a.Assessment
	n := r.list(23)
	unsigned(r, &n[0], &a.ID)
	unsigned(r, &n[1], &a.Sequence)
	unsigned(r, &n[2], &a.Previous)
	unsigned(r, &n[3], &a.Kind)
	unsigned(r, &n[4], &a.State)
	unsigned(r, &n[5], &a.Account)
	number(r, &n[6], &a.Created)
	since(r, &n[7], &a.Updated, a.Created)
	number(r, &n[8], &a.Before)
	unsigned(r, &n[9], &a.Overturned)
	number(r, &n[10], &a.Erased)
	unsigned(r, &n[11], &v.Decision)
	truth(r, &n[12], &v.Scored)
	number(r, &n[13], &v.Score)
	number(r, &n[14], &v.RetryAfter)
	unsigned(r, &n[15], &v.Hash)
	unsigned(r, &n[16], &v.Shadow.Decision)
	number(r, &n[17], &v.Shadow.Score)
	needs := elements(r, &n[18], &a.Needs, 1)
	points := elements(r, &n[19], &v.Points, 2)
	reasons := elements(r, &n[20], &v.Reasons, 2)
	inputs := elements(r, &n[21], &v.Inputs, 3)
	offered := a.Offer.Expires != 0 || a.Offer.Limit != 0 || a.Offer.Grade != "" || a.Offer.Terms != "" || a.Offer.Agreement != "" ||
		a.Offer.AnnualRate != 0 || len(a.Offer.Lines) > 0
	truth(r, &n[22], &offered)
	word(r, &a.Consumer)
	word(r, &a.Currency)
	word(r, &a.Caller)
	word(r, &a.Note)
	word(r, &v.Policy)
	word(r, &v.Grade)
	word(r, &v.Shadow.Policy)
	word(r, &v.Shadow.Grade)
	if r.reading {
		a.Offer = ledger.Offer{}
		if a.State > ledger.LimitApplied || a.Kind > ledger.LimitReview || v.Decision > ledger.Decline || v.Shadow.Decision > ledger.Decline {
			r.spoil()
		}
	}
	for i := range needs {
		word(r, &needs[i])
	}
	for i := range points {
		n := r.list(1)
		number(r, &n[0], &points[i].Points)
		word(r, &points[i].Characteristic)
	}
	for i := range reasons {
		word(r, &reasons[i].Code)
		word(r, &reasons[i].Text)
	}
	for i := range inputs {
		n := r.list(2)
		truth(r, &n[0], &inputs[i].Missing)
		truth(r, &n[1], &inputs[i].Own)
		word(r, &inputs[i].Name)
		word(r, &inputs[i].Value)
	}
	if offered {
		walkOfferRow(r, &a.Offer)
	}
}

func walkOfferRow(r *row, o *ledger.Offer) {
	n := r.list(4)
	number(r, &n[0], &o.Limit)
	number(r, &n[1], &o.AnnualRate)
	number(r, &n[2], &o.Expires)
	lines := elements(r, &n[3], &o.Lines, 1)
	word(r, &o.Grade)
	word(r, &o.Terms)
	word(r, &o.Agreement)
	for i := range lines {
		n := r.list(2)
		unsigned(r, &n[0], &lines[i].Scene)
		number(r, &n[1], &lines[i].Limit)
		if r.reading && !lines[i].Scene.Valid() {
			r.spoil()
		}
	}
}

// AppendReview appends a review's row.
func AppendReview(b []byte, v *ledger.Review) []byte {
	r := begin(b)
	walkReview(&r, v)
	return r.end()
}

// DecodeReview reads a review's row.
func DecodeReview(b []byte, v *ledger.Review) error {
	r := open(b)
	walkReview(&r, v)
	return r.err()
}

func walkReview(r *row, v *ledger.Review) {
	n := r.list(11)
	unsigned(r, &n[0], &v.ID)
	unsigned(r, &n[1], &v.Sequence)
	unsigned(r, &n[2], &v.Previous)
	unsigned(r, &n[3], &v.Subject.Application)
	unsigned(r, &n[4], &v.Subject.Authorization.Account)
	unsigned(r, &n[5], &v.Subject.Authorization.N)
	unsigned(r, &n[6], &v.Subject.Account)
	number(r, &n[7], &v.Created)
	unsigned(r, &n[8], &v.Outcome)
	number(r, &n[9], &v.Resolved)
	number(r, &n[10], &v.Erased)
	word(r, &v.Consumer)
	word(r, &v.Statement)
	word(r, &v.Caller)
	word(r, &v.Note)
	word(r, &v.Operator)
	if r.reading && !v.Outcome.Valid() {
		r.spoil()
	}
}
