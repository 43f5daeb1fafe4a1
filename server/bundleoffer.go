package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

func preparePutBundleOffer(caller Caller, r *holdfastv1.PutBundleOfferRequest) (*ledger.PutBundleOffer, error) {
	var c check
	cmd := &ledger.PutBundleOffer{
		Request: c.request(ledger.Caller(caller.Name), r.GetRequestId()), ID: token[ledger.BundleOfferID](&c, "bundle_offer_id", r.GetBundleOfferId()),
		Version: uint32(c.count("version", r.GetVersion())), Operator: caller.Role.operates(),
	}
	if r.GetSettings() == nil {
		c.fault("settings", "is required")
	} else {
		cmd.Settings = c.bundleSettings(r.GetSettings())
	}
	return cmd, c.err()
}

func (c *check) bundleSettings(p *holdfastv1.BundleOfferSettings) (s ledger.BundleSettings) {
	s.Carrier = token[ledger.CarrierID](c, "settings.carrier_id", p.GetCarrierId())
	s.Name, s.Currency = c.note("settings.name", p.GetName()), c.currencyOf("settings.currency", p.GetCurrency())
	s.Price, s.DownPayment = c.amount("settings.price", p.GetPrice(), 1), c.amount("settings.down_payment", p.GetDownPayment(), 0)
	if s.DownPayment >= s.Price {
		c.fault("settings.down_payment", "%d is not below price: nothing is left to be financed", s.DownPayment)
	}
	if p.GetPlan() == nil {
		c.fault("settings.plan", "is required")
	} else {
		s.Plan = c.bundlePlan(p.GetPlan())
	}
	if s.Termination = ledger.Termination(p.GetTermination()); p.GetTermination() < 0 || p.GetTermination() > 0xff || !s.Termination.Valid() {
		c.fault("settings.termination", "%d is not a rule: want BUNDLE_TERMINATION_ACCELERATE, KEEP or BUY_BACK", p.GetTermination())
	}
	if n := p.GetCoolingOffDays(); n < 0 || n > ledger.MostCoolingOff {
		c.fault("settings.cooling_off_days", "%d is not within 0 and %d", n, ledger.MostCoolingOff)
	}
	s.CoolingOff, s.Withdrawn = int(p.GetCoolingOffDays()), p.GetWithdrawn()
	s.From, s.Until = c.dateOr("settings.valid_from", p.GetValidFrom()), c.dateOr("settings.valid_until", p.GetValidUntil())
	if s.Until != 0 && s.Until < s.From {
		c.fault("settings.valid_until", "is before valid_from")
	}
	return s
}

// bundlePlan reads what the plan of a bundle costs.
func (c *check) bundlePlan(p *holdfastv1.PlanOffer) (o plan.Offer) {
	choice := c.plan(&holdfastv1.PlanChoice{Method: p.GetMethod(), Months: p.GetMonths()}, true)
	if n := choice.Months; n < ledger.BundleMonthsLeast || n > ledger.BundleMonthsMost {
		c.fault("settings.plan.months", "%d is not within %d and %d", n, ledger.BundleMonthsLeast, ledger.BundleMonthsMost)
	}
	o.Method, o.Months = choice.Method, choice.Months
	o.Fee = plan.MonthlyRate(c.percent("settings.plan.monthly_fee_percent", p.GetMonthlyFeePercent()))
	o.Interest = plan.AnnualRate(c.percent("settings.plan.annual_interest_percent", p.GetAnnualInterestPercent()))
	if err := o.Check(); err != nil && len(c.faults) == 0 {
		c.fault("settings.plan", "%v", err)
	}
	return o
}

// percent reads a rate such as 0.8, in millionths; 0 when it is left out.
func (c *check) percent(field, s string) terms.Rate {
	if s == "" {
		return 0
	}
	rate, err := terms.ParseRate(s + " %")
	if err != nil {
		c.fault(field, "want a number of percent with up to four digits after the point, such as 0.8")
	}
	return rate
}

func bundleOfferProto(o *ledger.BundleOffer) *holdfastv1.BundleOffer {
	if o == nil {
		return nil
	}
	return &holdfastv1.BundleOffer{
		BundleOfferId: string(o.ID), Version: int32(o.Version), FinancedAmount: int64(o.Financed()), CreateTime: timestamp(o.Put), Caller: string(o.Request.Caller),
		Settings: &holdfastv1.BundleOfferSettings{
			CarrierId: string(o.Carrier), Name: o.Name, Currency: string(o.Currency), Price: int64(o.Price), DownPayment: int64(o.DownPayment),
			Plan: offerProto(o.Plan), Termination: holdfastv1.BundleTermination(o.Termination), CoolingOffDays: int32(o.CoolingOff),
			ValidFrom: dateProto(o.From), ValidUntil: dateProto(o.Until), Withdrawn: o.Withdrawn,
		},
	}
}
