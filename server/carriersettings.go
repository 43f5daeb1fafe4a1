package server

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// What a carrier may have at most.
const (
	mostPrincipals    = 50
	mostProducts      = 200
	mostDenominations = 50
	mostCarrierFees   = 200
	mostSums          = 20
	mostBasisPoints   = 10_000
)

// basisPoint is a hundredth of a percent.
const basisPoint terms.Rate = 100

func preparePutCarrier(caller ledger.Caller, r *holdfastv1.PutCarrierRequest) (*ledger.PutCarrier, error) {
	var c check
	cmd := &ledger.PutCarrier{
		Request: c.request(caller, r.GetRequestId()), ID: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()),
		Version: uint32(c.count("version", r.GetVersion())),
	}
	if r.GetSettings() == nil {
		c.fault("settings", "is required")
	} else {
		cmd.Settings = c.carrierSettings(r.GetSettings())
	}
	return cmd, c.err()
}

func (c *check) carrierSettings(p *holdfastv1.CarrierSettings) (s ledger.CarrierSettings) {
	s.Name = c.note("settings.name", p.GetName())
	s.Closed, s.Collects = p.GetPrincipalsOnly(), p.GetCollects()
	c.most("settings.principals", len(p.GetPrincipals()), mostPrincipals)
	seen := map[string]bool{}
	for i, name := range p.GetPrincipals() {
		field := fmt.Sprintf("settings.principals[%d]", i)
		if !validCallerName(name) {
			c.fault(field, "is no name that a caller can have")
		}
		c.once(seen, field, name)
		s.Principals = append(s.Principals, ledger.Caller(name))
	}
	if s.Closed && len(s.Principals) == 0 {
		c.fault("settings.principals_only", "leaves nobody who may make orders: name principals")
	}
	s.Products = c.products(p.GetProducts())
	s.Settlement = c.settlement(p.GetSettlement())
	s.Fees = c.carrierFees(p.GetFees())
	if p.CaptureToleranceBasisPoints != nil {
		s.Tolerates, s.Tolerance = true, c.basisPoints("settings.capture_tolerance_basis_points", p.GetCaptureToleranceBasisPoints())
	}
	if p.GetHoldLifetime() != nil {
		s.HoldLifetime = c.lifetimeOf("settings.hold_lifetime", p.GetHoldLifetime())
	}
	s.FloorLimits = c.sums("settings.stand_in_floor_limits", p.GetStandInFloorLimits())
	s.ExposureLimits = c.sums("settings.exposure_limits", p.GetExposureLimits())
	return s
}

func (c *check) products(list []*holdfastv1.CarrierProduct) (out []ledger.Product) {
	c.most("settings.products", len(list), mostProducts)
	seen := map[string]bool{}
	for i, p := range list {
		at := fmt.Sprintf("settings.products[%d].", i)
		product := ledger.Product{
			ID: token[ledger.ProductID](c, at+"product_id", p.GetProductId()), Scene: c.anyScene(at+"scene", p.GetScene()),
			Currency: c.currencyOf(at+"currency", p.GetCurrency()),
		}
		c.once(seen, at+"product_id", p.GetProductId())
		c.most(at+"denominations", len(p.GetDenominations()), mostDenominations)
		last := money.Amount(0)
		for j, v := range p.GetDenominations() {
			field := fmt.Sprintf("%sdenominations[%d]", at, j)
			amount := c.amount(field, v, 1)
			if amount <= last {
				c.fault(field, "is not above the one before")
			}
			last = amount
			product.Denominations = append(product.Denominations, amount)
		}
		out = append(out, product)
	}
	return out
}

func (c *check) settlement(p *holdfastv1.CarrierSettlement) (s ledger.SettlementTerms) {
	if p == nil {
		return s
	}
	if p.GetCycle() <= 0 || p.GetCycle() > holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_MONTHLY {
		c.fault("settings.settlement.cycle", "%d is not a cycle: want SETTLEMENT_CYCLE_DAILY or SETTLEMENT_CYCLE_MONTHLY", p.GetCycle())
	} else {
		s.Cycle = ledger.PayCycle(p.GetCycle())
	}
	if p.GetCutOff() != "" {
		at, err := time.Parse("15:04", p.GetCutOff())
		if err != nil || at.Format("15:04") != p.GetCutOff() {
			c.fault("settings.settlement.cut_off", "want HH:MM, have %q", p.GetCutOff())
		}
		s.CutOff = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	s.Zone = p.GetZone()
	if _, err := calendar.LoadZone(s.Zone); err != nil || s.Zone == "" {
		c.fault("settings.settlement.zone", "%q is no zone: want an IANA name such as Asia/Shanghai", s.Zone)
	}
	return s
}

func (c *check) carrierFees(list []*holdfastv1.CarrierFee) (out []ledger.CarrierFee) {
	c.most("settings.fees", len(list), mostCarrierFees)
	for i, p := range list {
		at := fmt.Sprintf("settings.fees[%d].", i)
		fee := ledger.CarrierFee{
			Scene: c.anyScene(at+"scene", p.GetScene()), Currency: c.currencyOf(at+"currency", p.GetCurrency()),
			Share: c.basisPoints(at+"basis_points", p.GetBasisPoints()), Fixed: c.amount(at+"fixed_amount", p.GetFixedAmount(), 0),
		}
		if p.GetProductId() != "" {
			fee.Product = token[ledger.ProductID](c, at+"product_id", p.GetProductId())
		}
		out = append(out, fee)
	}
	return out
}

// sums are amounts in different currencies.
func (c *check) sums(field string, list []*holdfastv1.CurrencyAmount) (out []ledger.Sum) {
	c.most(field, len(list), mostSums)
	seen := map[string]bool{}
	for i, p := range list {
		at := fmt.Sprintf("%s[%d].", field, i)
		c.once(seen, at+"currency", p.GetCurrency())
		out = append(out, ledger.Sum{Currency: c.currencyOf(at+"currency", p.GetCurrency()), Amount: c.amount(at+"amount", p.GetAmount(), 1)})
	}
	return out
}

func (c *check) most(field string, n, most int) {
	if n > most {
		c.fault(field, "has %d entries, more than %d", n, most)
	}
}

func (c *check) once(seen map[string]bool, field, v string) {
	if seen[v] {
		c.fault(field, "%q is there twice", v)
	}
	seen[v] = true
}

func (c *check) anyScene(field string, s holdfastv1.Scene) ledger.Scene {
	if s == 0 {
		return ledger.NoScene
	}
	return c.scene(field, s)
}

func (c *check) basisPoints(field string, v int32) terms.Rate {
	if v < 0 || v > mostBasisPoints {
		c.fault(field, "%d is not within 0 and %d", v, mostBasisPoints)
	}
	return terms.Rate(v) * basisPoint
}

func carrierSettingsProto(s *ledger.CarrierSettings) *holdfastv1.CarrierSettings {
	p := &holdfastv1.CarrierSettings{Name: s.Name, PrincipalsOnly: s.Closed, Collects: s.Collects, StandInFloorLimits: sumsProto(s.FloorLimits), ExposureLimits: sumsProto(s.ExposureLimits)}
	for _, name := range s.Principals {
		p.Principals = append(p.Principals, string(name))
	}
	for i := range s.Products {
		v := &s.Products[i]
		product := &holdfastv1.CarrierProduct{ProductId: string(v.ID), Scene: holdfastv1.Scene(v.Scene), Currency: string(v.Currency)}
		for _, d := range v.Denominations {
			product.Denominations = append(product.Denominations, int64(d))
		}
		p.Products = append(p.Products, product)
	}
	if v := &s.Settlement; v.Cycle != ledger.NoCycle {
		minutes := int(v.CutOff.Minutes())
		p.Settlement = &holdfastv1.CarrierSettlement{
			Cycle: holdfastv1.SettlementCycle(v.Cycle), CutOff: fmt.Sprintf("%02d:%02d", minutes/60, minutes%60), Zone: v.Zone,
		}
	}
	for _, f := range s.Fees {
		p.Fees = append(p.Fees, &holdfastv1.CarrierFee{
			Scene: holdfastv1.Scene(f.Scene), ProductId: string(f.Product), Currency: string(f.Currency),
			BasisPoints: int32(f.Share / basisPoint), FixedAmount: int64(f.Fixed),
		})
	}
	if s.Tolerates {
		v := int32(s.Tolerance / basisPoint)
		p.CaptureToleranceBasisPoints = &v
	}
	if s.HoldLifetime != 0 {
		p.HoldLifetime = durationpb.New(s.HoldLifetime)
	}
	return p
}

func sumsProto(list []ledger.Sum) (out []*holdfastv1.CurrencyAmount) {
	for _, v := range list {
		out = append(out, &holdfastv1.CurrencyAmount{Currency: string(v.Currency), Amount: int64(v.Amount)})
	}
	return out
}
