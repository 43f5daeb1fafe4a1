package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/client/outbox"
)

// agreed is what the core's registry has of the carrier, as the outbox's file remembers it: a gateway that starts while the core
// cannot be reached goes by it.
type agreed struct {
	Carrier  string `json:"carrier"`
	Currency string `json:"currency"`
	Floor    int64  `json:"floor"`
}

// agreedKey is its note's. No order id has an asterisk.
const agreedKey = "*agreed"

// agreedEvery is how often the registry is read.
const agreedEvery = time.Minute

// follow keeps the floor limit that of the registry.
func (g *Gateway) follow() {
	for {
		wait := agreedEvery
		if g.readAgreed() != nil {
			wait = g.opts.RecoverEvery
		}
		select {
		case <-g.running.Done():
			return
		case <-time.After(wait):
		}
	}
}

// readAgreed reads the registry, and writes what it has down if it is another than before. A carrier that is suspended, or not
// registered, may sell nothing.
func (g *Gateway) readAgreed() error {
	ctx, cancel := context.WithTimeout(g.running, g.opts.AskTimeout)
	defer cancel()
	has := agreed{Carrier: g.opts.StandIn.CarrierID, Currency: g.opts.StandIn.Currency}
	resp, err := g.core.GetCarrier(ctx, &holdfastv1.GetCarrierRequest{CarrierId: has.Carrier})
	if err != nil && client.ReasonOf(err) != "CARRIER_NOT_FOUND" {
		return err
	}
	if c := resp.GetCarrier(); !c.GetSuspended() {
		for _, limit := range c.GetSettings().GetStandInFloorLimits() {
			if limit.GetCurrency() == has.Currency {
				has.Floor = limit.GetAmount()
			}
		}
	}
	if !g.trust.agree(has.Floor) {
		return nil
	}
	value, err := json.Marshal(has)
	if err != nil {
		return err
	}
	return g.box.Put(outbox.Change{Notes: []outbox.Note{{Key: agreedKey, Value: value}}})
}

// loadAgreed takes up what was read before, unless it is of another carrier.
func (g *Gateway) loadAgreed(n outbox.Note) error {
	var has agreed
	if err := json.Unmarshal(n.Value, &has); err != nil {
		return fmt.Errorf("gateway: what was agreed is damaged: %w", err)
	}
	if has.Carrier == g.opts.StandIn.CarrierID && has.Currency == g.opts.StandIn.Currency {
		g.trust.agree(has.Floor)
	}
	return nil
}
