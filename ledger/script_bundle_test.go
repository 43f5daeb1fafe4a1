package ledger_test

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// bundleCommand is the command of the script's present line, if it is about bundles.
//
//	offer phone carrier=cmcc price=300000 down=60000 plan=flat_fee:12 fee=8000 rule=BUY_BACK cooling=7
//	cancel 1/1 effective=2026-03-01
//	return 1/1
func (s *script) bundleCommand() ledger.Command {
	switch s.d.Cmd {
	case "offer":
		choice := s.choice()
		c := &ledger.PutBundleOffer{Request: s.request(), ID: ledger.BundleOfferID(s.position(0)), Version: max(1, uint32(s.number("version"))), Operator: !s.flag("caller")}
		c.Settings = ledger.BundleSettings{
			Carrier: ledger.CarrierID(s.text("carrier", "cmcc")), Name: "a phone", Currency: s.currency(), Price: s.number("price"), DownPayment: s.number("down"),
			Plan:       plan.Offer{Method: choice.Method, Months: choice.Months, Fee: plan.MonthlyRate(s.number("fee")), Interest: plan.AnnualRate(s.number("interest"))},
			CoolingOff: int(s.number("cooling")), From: s.day("from"), Until: s.day("until"), Withdrawn: s.flag("withdrawn"),
		}
		for r := ledger.Accelerates; r.Valid(); r++ {
			if r.String() == s.text("rule", "KEEP") {
				c.Settings.Termination = r
			}
		}
		return c
	case "cancel":
		return &ledger.CancelBundle{Request: s.request(), Authorization: s.hold(), Effective: s.day("effective"), Reason: "contract over", Operator: !s.flag("caller")}
	case "return":
		return &ledger.ReturnBundle{Request: s.request(), Authorization: s.hold(), Reason: "sent back", Operator: !s.flag("caller")}
	}
	return nil
}

// tellBundle tells the contract of an authorization, if it is of a bundle.
func tellBundle(b *strings.Builder, v *ledger.Bundled) {
	if v.Offer == "" {
		return
	}
	fmt.Fprintf(b, "bundle %s version %d ", v.Offer, v.Version)
	if v.Began.Day != 0 {
		fmt.Fprintf(b, "plan %d began %s ", v.Plan, v.Began.Day)
	}
	if v.Began.Until != 0 {
		fmt.Fprintf(b, "returnable until %s ", v.Began.Until)
	}
	if v.Cancelled != 0 {
		fmt.Fprintf(b, "cancelled %s ", v.Cancelled)
	}
	if v.Returned != 0 {
		fmt.Fprintf(b, "returned %s ", v.Returned)
	}
	if v.Cancelled != 0 || v.Returned != 0 {
		fmt.Fprintf(b, "billed %d ", v.Billed)
	}
	figures(b, "bought back", v.BoughtBack)
}
