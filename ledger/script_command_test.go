package ledger_test

import (
	"fmt"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// command is the command of the script's present line.
func (s *script) command() ledger.Command {
	if c := s.orderCommand(); c != nil {
		return c
	}
	if c := s.accountCommand(); c != nil {
		return c
	}
	if c := s.debtCommand(); c != nil {
		return c
	}
	if c := s.applicationCommand(); c != nil {
		return c
	}
	if c := s.pointsCommand(); c != nil {
		return c
	}
	if c := s.bundleCommand(); c != nil {
		return c
	}
	switch s.d.Cmd {
	case "suspend":
		return &ledger.Suspend{Request: s.request(), Scope: s.scope(), Reason: s.text("reason", "incident")}
	case "resume":
		return &ledger.Resume{Request: s.request(), Scope: s.scope(), Reason: s.text("reason", "over")}
	case "tick":
		var ids []ledger.AccountID
		for i := range s.d.CmdArgs {
			ids = append(ids, s.account(s.position(i)))
		}
		return &ledger.Tick{Accounts: ids}
	case "clock":
		return &ledger.AdvanceClock{}
	case "claim":
		return &ledger.ClaimOrder{Caller: s.caller(), Order: s.order(), Account: ledger.NewAccountID(uint16(s.number("shard")), uint64(s.number("account")))}
	case "get":
		if v := s.text("consumer", ""); v != "" {
			return &ledger.GetAccount{Consumer: ledger.ConsumerToken(v)}
		}
		return &ledger.GetAccount{Account: s.account(s.position(0))}
	case "show":
		return &ledger.GetAuthorization{Authorization: s.authorization(s.position(0))}
	case "lookup":
		return &ledger.LookupOrder{Caller: s.caller(), Order: s.order()}
	case "list":
		return &ledger.ListAuthorizations{Account: s.account(s.position(0)), Before: uint32(s.number("before")), Limit: int(s.number("limit")), Mandate: uint32(s.number("mandate"))}
	case "accounts":
		return &ledger.ListAccounts{After: uint64(s.number("after")), Limit: int(s.number("limit"))}
	case "shard":
		return &ledger.GetShard{}
	}
	s.d.Fatalf(s.t, "no such command")
	return nil
}

func (s *script) reference() ledger.CarrierReference {
	return ledger.CarrierReference(s.text("reference", ""))
}

func (s *script) orderCommand() ledger.Command {
	switch s.d.Cmd {
	case "check":
		return &ledger.Check{Purchase: s.purchase()}
	case "authorize":
		return &ledger.Authorize{Request: s.request(), Purchase: s.purchase(), Lifetime: s.duration("lifetime", 0)}
	case "charge":
		return &ledger.Charge{Request: s.request(), Purchase: s.purchase(), Reference: s.reference()}
	case "advise":
		return &ledger.Advise{Request: s.request(), Purchase: s.purchase(), SaleTime: s.now.Add(-s.duration("ago", 0)), Reference: s.reference()}
	case "increment":
		return &ledger.Increment{Request: s.request(), Authorization: s.hold(), Currency: s.currency(), Amount: s.number("amount")}
	case "extend":
		return &ledger.Extend{Request: s.request(), Authorization: s.hold(), Lifetime: s.duration("lifetime", 0)}
	case "submit":
		return &ledger.MarkSubmitted{Request: s.request(), Authorization: s.hold(), Reference: s.reference()}
	case "capture":
		return &ledger.CaptureHold{Request: s.request(), Authorization: s.hold(), Currency: s.currency(), Amount: s.number("amount"), Final: s.flag("final"),
			Reference: s.reference(), Activated: s.day("activated")}
	case "void":
		v := &ledger.Void{Request: s.request(), Authorization: s.hold(), Amount: s.number("amount")}
		if v.Amount != 0 || s.flag("currency") {
			v.Currency = s.currency()
		}
		return v
	case "refund":
		return &ledger.RefundCapture{Request: s.request(), Authorization: s.hold(), Currency: s.currency(), Amount: s.number("amount")}
	case "reverse":
		return &ledger.Reverse{Request: s.request(), Account: s.account(s.position(0)), Order: s.order()}
	}
	return nil
}

func (s *script) accountCommand() ledger.Command {
	switch s.d.Cmd {
	case "open":
		return s.open()
	case "limits":
		return s.limits()
	case "raise":
		last := calendar.Date(0)
		if v := s.text("until", ""); v != "" {
			day, err := calendar.ParseDate(v)
			if err != nil {
				s.d.Fatalf(s.t, "%v", err)
			}
			last = day
		}
		return &ledger.SetTemporaryLimit{Request: s.request(), Account: s.account(s.position(0)), Currency: s.currency(),
			Scene: s.scene(s.position(1)), Raise: ledger.TemporaryLimit{Limit: s.number("limit"), LastDay: last}}
	case "freeze":
		return &ledger.Freeze{Request: s.request(), Account: s.account(s.position(0)), Reason: s.text("reason", "call")}
	case "unfreeze":
		return &ledger.Unfreeze{Request: s.request(), Account: s.account(s.position(0)), Reason: s.text("reason", "resolved")}
	case "close":
		return &ledger.CloseAccount{Request: s.request(), Account: s.account(s.position(0)), Reason: s.text("reason", "asked")}
	case "openline":
		return &ledger.OpenLine{Request: s.request(), Account: s.account(s.position(0)), Currency: s.currency(),
			Line: s.opening(s.scene(s.position(1)), s.number("limit"))}
	case "closeline":
		return &ledger.CloseLine{Request: s.request(), Account: s.account(s.position(0)), Scene: s.scene(s.position(1)), Reason: s.text("reason", "asked")}
	case "accept":
		return &ledger.AcceptAgreement{Request: s.request(), Account: s.account(s.position(0)), Scene: s.scene(s.position(1)), Version: s.text("version", "v1")}
	case "controls":
		return &ledger.SetControls{Request: s.request(), Account: s.account(s.position(0)), Scene: s.scene(s.position(1)), Currency: s.currency(), Controls: s.controls()}
	}
	return nil
}

func (s *script) open() ledger.Command {
	c := &ledger.OpenAccount{Request: s.request(), Consumer: ledger.ConsumerToken(s.text("consumer", "")), Currency: s.currency(), Limit: s.number("limit"), Day: calendar.StatementDay(s.number("day"))}
	for scene := ledger.TopUp; scene.Valid(); scene++ {
		if s.flag(scene.String()) {
			c.Lines = append(c.Lines, s.opening(scene, s.number(scene.String())))
		}
	}
	return c
}

func (s *script) limits() ledger.Command {
	c := &ledger.SetLimits{Request: s.request(), Account: s.account(s.position(0)), Currency: s.currency(), SetAccount: s.flag("account"), Limit: s.number("account")}
	for scene := ledger.TopUp; scene.Valid(); scene++ {
		if s.flag(scene.String()) {
			c.Lines = append(c.Lines, ledger.LimitOfLine{Scene: scene, Limit: s.number(scene.String())})
		}
	}
	return c
}

func (s *script) opening(scene ledger.Scene, limit money.Amount) ledger.LineOpening {
	agreement := s.text("agreement", "v1")
	return ledger.LineOpening{Scene: scene, Limit: limit, Agreement: agreement, Accepted: s.text("accepted", agreement), Controls: s.controls()}
}

func (s *script) controls() (c ledger.Controls) {
	c.PerOrder = s.number("per_order")
	c.DailyAmount, c.DailyCount = s.number("daily"), int32(s.number("daily_count"))
	c.MonthlyAmount, c.MonthlyCount = s.number("monthly"), int32(s.number("monthly_count"))
	for _, v := range s.list("carriers") {
		c.Carriers = append(c.Carriers, ledger.CarrierID(v))
	}
	for _, v := range s.list("phones") {
		c.Phones = append(c.Phones, ledger.PhoneToken(v))
	}
	c.MaxHolds = int32(s.number("max_holds"))
	return c
}

func (s *script) purchase() ledger.Purchase {
	return ledger.Purchase{
		Account: s.account(s.position(0)), Scene: s.scene(s.position(1)), Order: s.order(),
		Carrier: ledger.CarrierID(s.text("carrier", "cmcc")), Phone: ledger.PhoneToken(s.text("phone", "p1")),
		Currency: s.currency(), Amount: s.number("amount"), Partial: s.flag("partial"), Minimum: s.number("minimum"), Plan: s.choice(),
		Bill: ledger.BillID(s.text("bill", "")), Mandate: uint32(s.number("mandate")), Bundle: ledger.BundleOfferID(s.text("bundle", "")),
		Points: ledger.Points(s.number("points")),
	}
}

func (s *script) request() ledger.Request {
	s.requests++
	return ledger.Request{Caller: s.caller(), ID: ledger.RequestID(s.text("req", fmt.Sprintf("auto-%d", s.requests)))}
}

func (s *script) scope() ledger.Scope {
	return ledger.Scope{Scene: s.scene(s.text("scene", "")), Carrier: ledger.CarrierID(s.text("carrier", ""))}
}

func (s *script) hold() ledger.AuthorizationID { return s.authorization(s.position(0)) }
func (s *script) caller() ledger.Caller        { return ledger.Caller(s.text("caller", "shop")) }
func (s *script) order() ledger.OrderID        { return ledger.OrderID(s.text("order", "")) }
func (s *script) currency() money.Currency     { return money.Currency(s.text("currency", "CNY")) }

// clock is an instant as the wall clock of the zone shows it.
func (s *script) clock(i calendar.Instant) string {
	location, err := time.LoadLocation(s.zone.String())
	if err != nil {
		s.t.Fatal(err)
	}
	return i.Time().In(location).Format("2006-01-02 15:04:05 MST")
}
