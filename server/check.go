package server

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	opaque "github.com/holdfast-credit/holdfast/ledger/token"
)

// check validates a request field by field and collects everything that is wrong with it. The zero value is ready.
type check struct {
	faults []*errdetails.BadRequest_FieldViolation
}

func (c *check) fault(field, format string, args ...any) {
	c.faults = append(c.faults, &errdetails.BadRequest_FieldViolation{Field: field, Description: fmt.Sprintf(format, args...)})
}

// err is nil when nothing is wrong, and otherwise one status that names every field at fault.
func (c *check) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	text := make([]string, len(c.faults))
	for i, f := range c.faults {
		text[i] = f.Field + " " + f.Description
	}
	return failed(codes.InvalidArgument, "INVALID_REQUEST", strings.Join(text, "; "), &errdetails.BadRequest{FieldViolations: c.faults})
}

func token[T ~string](c *check, field, s string) T {
	if err := opaque.Check(s); err != nil {
		c.fault(field, "%v", err)
	}
	return T(s)
}

// reference is a carrier's own id of a sale, which may be left out. It is the carrier's: any printable text will do.
func (c *check) reference(s string) ledger.CarrierReference {
	switch {
	case len(s) > 64:
		c.fault("carrier_reference", "has %d bytes, more than 64", len(s))
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		c.fault("carrier_reference", "may have only printable characters")
	}
	return ledger.CarrierReference(s)
}

func (c *check) request(caller ledger.Caller, id string) ledger.Request {
	return ledger.Request{Caller: caller, ID: token[ledger.RequestID](c, "request_id", id)}
}

func (c *check) account(s string) ledger.AccountID {
	if s == "" {
		c.fault("account_id", "is required")
		return 0
	}
	id, err := ledger.ParseAccountID(s)
	if err != nil {
		c.fault("account_id", "is malformed: %v", err)
	}
	return id
}

func (c *check) authorization(s string) ledger.AuthorizationID {
	if s == "" {
		c.fault("authorization_id", "is required")
		return ledger.AuthorizationID{}
	}
	id, err := ledger.ParseAuthorizationID(s)
	if err != nil {
		c.fault("authorization_id", "is malformed: %v", err)
	}
	return id
}

func (c *check) mandate(s string) ledger.MandateID {
	id, err := ledger.ParseMandateID(s)
	if err != nil {
		c.fault("mandate_id", "%v", err)
	}
	return id
}

// mandateOf is the number of a mandate of an account.
func (c *check) mandateOf(account ledger.AccountID, s string) uint32 {
	id := c.mandate(s)
	if id.Account != account && id.N != 0 {
		c.fault("mandate_id", "is of another account")
	}
	return id.N
}

func (c *check) item(field, s string) ledger.ItemID {
	if s == "" {
		c.fault(field, "is required")
		return ledger.ItemID{}
	}
	id, err := ledger.ParseItemID(s)
	if err != nil {
		c.fault(field, "is malformed: %v", err)
	}
	return id
}

func (c *check) scene(field string, s holdfastv1.Scene) ledger.Scene {
	scene := ledger.Scene(s)
	if s <= 0 || s > ledger.Scenes {
		if s == 0 {
			c.fault(field, "is required: SCENE_TOPUP, SCENE_BILL or SCENE_BUNDLE")
		} else {
			c.fault(field, "%d is not a scene", s)
		}
		return ledger.NoScene
	}
	return scene
}

func (c *check) currency(s string) money.Currency { return c.currencyOf("currency", s) }

func (c *check) currencyOf(field, s string) money.Currency {
	if s == "" {
		c.fault(field, "is required")
		return ""
	}
	currency, err := money.ParseCurrency(s)
	if err != nil {
		c.fault(field, "is malformed: %v", err)
	}
	return currency
}

// amount accepts least to money.Max.
func (c *check) amount(field string, v int64, least money.Amount) money.Amount {
	a := money.Amount(v)
	if a < least || a > money.Max {
		c.fault(field, "%d is not within %d and %d", v, least, money.Max)
		return least
	}
	return a
}

// signed accepts an amount of either sign.
func (c *check) signed(field string, v int64) money.Amount {
	a := money.Amount(v)
	if a < -money.Max || a > money.Max {
		c.fault(field, "%d is not within %d and %d", v, -money.Max, money.Max)
		return 0
	}
	return a
}

func (c *check) count(field string, v int32) int32 {
	if v < 0 {
		c.fault(field, "%d is negative", v)
	}
	return v
}

func (c *check) note(field, s string) string {
	if strings.TrimSpace(s) == "" {
		c.fault(field, "is required")
	}
	return c.text(field, s)
}

// text is a note that may be left out.
func (c *check) text(field, s string) string {
	switch {
	case len(s) > 200:
		c.fault(field, "has %d characters, more than 200", len(s))
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }):
		c.fault(field, "may not have control characters")
	}
	return s
}

func (c *check) version(field, s string, required bool) string {
	if s != "" || required {
		token[string](c, field, s)
	}
	return s
}

func (c *check) date(field, s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		c.fault(field, "%v", err)
	}
	return d
}

// dateOr is a date that may be left out: 0 then.
func (c *check) dateOr(field, s string) calendar.Date {
	if s == "" {
		return 0
	}
	return c.date(field, s)
}

func (c *check) statementDay(v int32, required bool) calendar.StatementDay {
	if v == 0 && !required {
		return 0
	}
	day, err := calendar.NewStatementDay(int(v))
	if err != nil {
		c.fault("statement_day", "%v", err)
	}
	return day
}

func (c *check) channel(field string, v holdfastv1.CollectionChannel, required bool) ledger.Channel {
	if v == 0 && !required {
		return ledger.NoChannel
	}
	if v <= 0 || v > holdfastv1.CollectionChannel_COLLECTION_CHANNEL_MANUAL {
		c.fault(field, "%d is not a channel: want DIRECT_DEBIT, CARRIER or MANUAL", v)
		return ledger.NoChannel
	}
	return ledger.Channel(v)
}

// plan is a choice of a plan; whether it is offered is for the terms to say.
func (c *check) plan(p *holdfastv1.PlanChoice, required bool) (choice ledger.PlanChoice) {
	if p == nil {
		if required {
			c.fault("plan", "is required")
		}
		return choice
	}
	if m := p.GetMethod(); m <= 0 || m > holdfastv1.PlanMethod_PLAN_METHOD_INTEREST_FREE {
		c.fault("plan.method", "%d is not a method: want FLAT_FEE, ANNUITY or INTEREST_FREE", m)
	}
	if n := p.GetMonths(); n < 1 || n > plan.MaxMonths {
		c.fault("plan.months", "%d is not within 1 and %d", n, plan.MaxMonths)
	}
	return ledger.PlanChoice{Method: plan.Method(p.GetMethod()), Months: int(p.GetMonths())}
}

func (c *check) lifetime(d *durationpb.Duration, required bool) time.Duration {
	if d == nil {
		if required {
			c.fault("hold_lifetime", "is required")
		}
		return 0
	}
	return c.lifetimeOf("hold_lifetime", d)
}

func (c *check) lifetimeOf(field string, d *durationpb.Duration) time.Duration {
	v := d.AsDuration()
	switch {
	case d.CheckValid() != nil || v <= 0 || v > 366*24*time.Hour:
		c.fault(field, "must be above 0 and at most a year")
	case v%time.Second != 0:
		c.fault(field, "must be whole seconds")
	default:
		return v
	}
	return 0
}

func (c *check) instant(field string, t *timestamppb.Timestamp) calendar.Instant {
	if t == nil {
		c.fault(field, "is required")
		return 0
	}
	if err := t.CheckValid(); err != nil || t.GetSeconds() < 0 || t.GetSeconds() > 1<<33 {
		c.fault(field, "is not a valid instant after 1970")
		return 0
	}
	return calendar.InstantOf(t.AsTime())
}

func (c *check) controls(prefix string, p *holdfastv1.SpendingControls) (v ledger.Controls) {
	if p == nil {
		return v
	}
	v.PerOrder = c.amount(prefix+"per_order_amount", p.GetPerOrderAmount(), 0)
	v.DailyAmount = c.amount(prefix+"daily_amount", p.GetDailyAmount(), 0)
	v.DailyCount = c.count(prefix+"daily_count", p.GetDailyCount())
	v.MonthlyAmount = c.amount(prefix+"monthly_amount", p.GetMonthlyAmount(), 0)
	v.MonthlyCount = c.count(prefix+"monthly_count", p.GetMonthlyCount())
	v.MaxHolds = c.count(prefix+"max_open_holds", p.GetMaxOpenHolds())
	v.Carriers = tokens[ledger.CarrierID](c, prefix+"allowed_carriers", p.GetAllowedCarriers())
	v.Phones = tokens[ledger.PhoneToken](c, prefix+"allowed_phone_tokens", p.GetAllowedPhoneTokens())
	return v
}

func tokens[T ~string](c *check, field string, list []string) []T {
	if len(list) > ledger.MaxAllowed {
		c.fault(field, "has %d entries, more than %d", len(list), ledger.MaxAllowed)
		return nil
	}
	var out []T
	for i, s := range list {
		out = append(out, token[T](c, fmt.Sprintf("%s[%d]", field, i), s))
	}
	return out
}

func (c *check) line(prefix string, p *holdfastv1.LineOpening) ledger.LineOpening {
	if p == nil {
		c.fault(strings.TrimSuffix(prefix, "."), "is required")
		return ledger.LineOpening{}
	}
	return ledger.LineOpening{
		Scene:     c.scene(prefix+"scene", p.GetScene()),
		Limit:     c.amount(prefix+"limit", p.GetLimit(), 0),
		Agreement: c.version(prefix+"agreement_version", p.GetAgreementVersion(), true),
		Accepted:  c.version(prefix+"accepted_agreement_version", p.GetAcceptedAgreementVersion(), false),
		Controls:  c.controls(prefix+"controls.", p.GetControls()),
	}
}

// The sizes of a page.
const (
	defaultPage = 50
	largestPage = 500
)

func (c *check) page(size int32) int {
	switch {
	case size < 0:
		c.fault("page_size", "%d is negative", size)
	case size == 0:
		return defaultPage
	}
	return min(int(size), largestPage)
}
