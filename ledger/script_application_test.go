package ledger_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

var (
	applicationStates = [...]string{"NONE", "DECLINED", "OFFERED", "ACCEPTED", "EXPIRED", "WITHDRAWN", "APPLIED"}
	reviewOutcomes    = [...]string{"PENDING", "UPHELD", "OVERTURNED"}
	keptKinds         = [...]string{"", "ACCOUNT", "RECORDS", "APPLICATION", "REVIEW", "CONSENTS"}
)

// applicationCommand is a command on applications. An application and a review are their numbers; consents are purpose:version,
// inputs name:value, points characteristic:points.
//
//	apply consumer=c1 approve score=640 grade=B limit=50000 TOPUP=20000 needs=credit-history consents=credit-history:1
//	apply consumer=c1 decline reasons=(TOO_YOUNG) retry=720h
//	apply account=1 approve limit=70000 grade=A
//	take 1 agreement=v1 consents=servicing:1
func (s *script) applicationCommand() ledger.Command {
	switch s.d.Cmd {
	case "apply":
		return s.submission()
	case "take":
		return &ledger.AcceptOffer{Request: s.request(), Application: s.application(s.position(0)), Agreement: s.text("agreement", "v1"),
			Consents: s.consents(), Needs: s.purposes(), Day: calendar.StatementDay(s.number("day"))}
	case "endoffer":
		return &ledger.WithdrawOffer{Request: s.request(), Application: s.application(s.position(0)), Reason: s.text("reason", "asked")}
	case "withdraw":
		return &ledger.WithdrawConsent{Request: s.request(), Consumer: s.consumer(), Purpose: ledger.Purpose(s.text("purpose", ""))}
	case "review":
		return &ledger.RequestReview{Request: s.request(), Subject: s.subject(), Statement: s.text("statement", "please look again")}
	case "resolve":
		c := &ledger.ResolveReview{Request: s.request(), Review: s.review(s.position(0)), Outcome: ledger.Upheld, Note: s.text("note", "looked at it")}
		if s.flag("overturn") {
			c.Outcome = ledger.Overturned
		}
		if s.flag("limit") {
			c.Offer = s.offer()
		}
		return c
	case "erase":
		return &ledger.EraseConsumer{Request: s.request(), Consumer: s.consumer(), Years: 10}
	case "applicant":
		return &ledger.GetApplicant{Consumer: s.consumer(), Years: 10}
	case "application":
		return &ledger.GetApplication{Application: s.application(s.position(0))}
	case "getreview":
		return &ledger.GetReview{Review: s.review(s.position(0))}
	case "reviews":
		return &ledger.ListReviews{Before: uint64(s.number("before")), Limit: int(s.number("limit")), Pending: s.flag("pending")}
	}
	return nil
}

func (s *script) submission() ledger.Command {
	c := &ledger.SubmitApplication{Request: s.request(), Consumer: s.consumer(), Currency: s.currency(), Consents: s.consents(), Needs: s.purposes()}
	if v := s.text("account", ""); v != "" {
		c.Account = s.account(v)
	}
	v := &c.Assessment
	v.Policy, v.Grade, v.Score, v.Hash = s.text("policy", "p1"), s.text("grade", ""), int32(s.number("score")), uint64(s.number("hash"))
	v.Scored = v.Score != 0
	for name, value := range s.pairs("inputs") {
		v.Inputs = append(v.Inputs, ledger.Input{Name: name, Value: value})
	}
	for _, name := range s.list("missing") {
		v.Inputs = append(v.Inputs, ledger.Input{Name: name, Missing: true})
	}
	for name, value := range s.pairs("own") {
		v.Inputs = append(v.Inputs, ledger.Input{Name: name, Value: value, Own: true})
	}
	for name, value := range s.pairs("points") {
		n, err := strconv.Atoi(value)
		if err != nil {
			s.d.Fatalf(s.t, "%v", err)
		}
		v.Points = append(v.Points, ledger.ScoredPoints{Characteristic: name, Points: int32(n)})
	}
	for _, code := range s.list("reasons") {
		v.Reasons = append(v.Reasons, ledger.Explanation{Code: code, Text: "because of " + code})
	}
	if v.Decision = ledger.Decline; s.flag("approve") {
		v.Decision, c.Offer = ledger.Approve, s.offer()
	} else if !s.flag("decline") {
		s.d.Fatalf(s.t, "want approve or decline")
	}
	if d := s.duration("retry", 0); d != 0 {
		v.RetryAfter = s.now.Add(d)
	}
	return c
}

func (s *script) offer() ledger.Offer {
	o := ledger.Offer{
		Grade: s.text("grade", ""), Limit: s.number("limit"), Terms: s.text("terms", ""), AnnualRate: int64(s.number("rate")), Agreement: s.text("agreement", "v1"),
		Expires: s.now.Add(s.duration("offer", 72*time.Hour)),
	}
	for scene := ledger.TopUp; scene.Valid(); scene++ {
		if s.flag(scene.String()) {
			o.Lines = append(o.Lines, ledger.LimitOfLine{Scene: scene, Limit: s.number(scene.String())})
		}
	}
	return o
}

func (s *script) subject() (v ledger.Subject) {
	if a := s.text("application", ""); a != "" {
		v.Application = s.application(a)
	}
	if a := s.text("authorization", ""); a != "" {
		v.Authorization = s.authorization(a)
	}
	if a := s.text("account", ""); a != "" {
		v.Account = s.account(a)
	}
	return v
}

// pairs are the arguments of the form name:value under a key, in order.
func (s *script) pairs(key string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for _, v := range s.list(key) {
			if name, value, _ := strings.Cut(v, ":"); !yield(name, value) {
				return
			}
		}
	}
}

func (s *script) consents() (list []ledger.Consenting) {
	for purpose, version := range s.pairs("consents") {
		list = append(list, ledger.Consenting{Purpose: ledger.Purpose(purpose), Version: version})
	}
	return list
}

func (s *script) purposes() (list []ledger.Purpose) {
	for _, v := range s.list("needs") {
		list = append(list, ledger.Purpose(v))
	}
	return list
}

func (s *script) consumer() ledger.ConsumerToken { return ledger.ConsumerToken(s.text("consumer", "")) }

func (s *script) inShard(v string) uint64 {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		s.d.Fatalf(s.t, "want a number: %v", err)
	}
	return n
}

func (s *script) application(v string) ledger.ApplicationID {
	return ledger.NewApplicationID(0, s.inShard(v))
}

func (s *script) review(v string) ledger.ReviewID { return ledger.NewReviewID(0, s.inShard(v)) }

// tellDossier writes what is told of applications.
func (s *script) tellDossier(b *strings.Builder, d *ledger.Dossier) {
	if d.Application != nil {
		s.tellApplication(b, d.Application)
	}
	if d.Review != nil {
		s.tellReview(b, d.Review)
	}
	for _, r := range d.Reviews {
		s.tellReview(b, r)
	}
	if d.Applicant != nil {
		s.tellApplicant(b, d.Applicant)
	}
	for _, k := range d.Kept {
		fmt.Fprintf(b, "  kept: %s", keptKinds[k.Kind])
		for _, id := range []uint64{k.Account.Number(), k.Application.Number(), k.Review.Number()} {
			fmt.Fprintf(b, " %d", id)
		}
		if k.Until != 0 {
			fmt.Fprintf(b, " until %s", k.Until)
		}
		b.WriteByte('\n')
	}
}

func (s *script) tellApplication(b *strings.Builder, a *ledger.Application) {
	fmt.Fprintf(b, "  application %d of %s %s", a.ID.Number(), a.Consumer, applicationStates[a.State])
	words(b, a.Kind == ledger.LimitReview, " limit review", a.Erased != 0, " erased")
	if a.Account != 0 {
		fmt.Fprintf(b, " of account %d", a.Account.Number())
	}
	if a.Before != 0 {
		fmt.Fprintf(b, " limit was %d", a.Before)
	}
	fmt.Fprintf(b, " policy %s score %d grade %q hash %x", a.Policy, a.Score, a.Grade, a.Hash)
	if a.Overturned != 0 {
		fmt.Fprintf(b, " overturned by review %d", a.Overturned.Number())
	}
	if a.RetryAfter != 0 {
		fmt.Fprintf(b, " retry after %s", s.clock(a.RetryAfter))
	}
	if a.Note != "" {
		fmt.Fprintf(b, " (%s)", a.Note)
	}
	b.WriteByte('\n')
	for _, r := range a.Reasons {
		fmt.Fprintf(b, "    reason %s: %s\n", r.Code, r.Text)
	}
	for _, p := range a.Points {
		fmt.Fprintf(b, "    points %s %d\n", p.Characteristic, p.Points)
	}
	for _, i := range a.Inputs {
		fmt.Fprintf(b, "    input %s %s", i.Name, i.Value)
		words(b, i.Missing, "missing", i.Own, " of its own")
		b.WriteByte('\n')
	}
	if o := &a.Offer; o.Made() || o.Limit != 0 {
		fmt.Fprintf(b, "    offer grade %s limit %d", o.Grade, o.Limit)
		for _, l := range o.Lines {
			fmt.Fprintf(b, " %s %d", l.Scene, l.Limit)
		}
		if o.Made() {
			fmt.Fprintf(b, " agreement %s until %s", o.Agreement, s.clock(o.Expires))
		}
		b.WriteByte('\n')
	}
}

func (s *script) tellReview(b *strings.Builder, r *ledger.Review) {
	fmt.Fprintf(b, "  review %d of %s %s: %q", r.ID.Number(), r.Consumer, reviewOutcomes[r.Outcome], r.Statement)
	if r.Resolved != 0 {
		fmt.Fprintf(b, ", %s: %q", r.Operator, r.Note)
	}
	words(b, r.Erased != 0, " erased")
	b.WriteByte('\n')
}

func (s *script) tellApplicant(b *strings.Builder, p *ledger.Applicant) {
	fmt.Fprintf(b, "  applicant %s: %d applications, %d reviews, %d pending", p.Consumer, p.Applications, p.Reviews, len(p.Pending))
	words(b, p.Erased != 0, ", erased")
	b.WriteByte('\n')
	for _, c := range p.Consents {
		fmt.Fprintf(b, "    consent %s %q", c.Purpose, c.Version)
		words(b, c.Withdrawn != 0, " withdrawn")
		b.WriteByte('\n')
	}
}
