// Package gateway is a kit for a carrier's gateway: the part between a carrier's own system, which delivers, and Holdfast, which
// decides on credit. It sells, tells Holdfast what became of each sale, sells a little on trust while Holdfast cannot be reached,
// and after a crash finds out what became of every order. Nothing is lost and nothing is done twice.
//
// # Nouns
//
//   - [Gateway]: made by [Open], with a client, a file for its outbox and the carrier. One process has the file.
//   - Order: what [Gateway.Sell] is asked to sell. It is on the disk before Holdfast is asked, and is over when the carrier has
//     said what became of it: [Gateway.Delivered] or [Gateway.NotDelivered]. A carrier that takes a delivery back later says
//     [Gateway.Reverse]. Each may be said any number of times.
//   - [Sale]: the answer. The carrier may deliver if it is Approved, and must not otherwise.
//   - [Carrier]: how the gateway asks what became of an order of which it has heard nothing: after a crash, and when it has
//     waited for [Options].Patience.
//   - Stand-in: while the core cannot be reached the gateway approves orders itself up to the floor limit, and tells the core
//     afterwards. See [StandIn].
//
// # The life of an order
//
//	         Sell: on the disk, then Authorize
//	                      │
//	 approved             │ no answer               declined
//	    │         ┌───────┴────────┐                    │
//	    │     stand-in          too much               over
//	    │   Advise is put     Reverse is put
//	    │         │                │
//	    ▼         ▼               over
//	 the carrier delivers, or does not
//	    │                   │
//	Delivered          NotDelivered
//	Capture is put;    Void is put; of a stand-in sale, or if the answer was lost, Reverse
//	of a stand-in
//	sale nothing
//
// "Is put" means that it is in the outbox, on the disk, before the call returns; the outbox delivers it when it can. What was
// sold in stand-in is in the outbox before the sale is answered.
//
// # After a crash
//
// Open reads the orders that were not over. Of each the carrier is asked. Delivered: the same Authorize is sent again under the same
// request id, so that it is decided now if it never was; its hold is captured. If the core declines it now, or still does not
// answer, the sale took place all the same, and is advised; should there be a hold, the outbox captures that. Not delivered: the
// order is reversed, which also refuses the Authorize should it still be on its way. Pending: the core is told so, and the carrier is asked again later.
//
// # Caveats
//
//   - A carrier that answers NotDelivered must not deliver the order any more. It is a promise, not a state of affairs.
//   - A sale in stand-in is a risk of whoever agreed on the floor limit: Holdfast records it whatever it exceeds. An order that
//     Holdfast has declined is never sold so, nor is another one of the same account until Holdfast has approved one, as far as
//     the orders reach back that are remembered.
//   - An order id is used once. The last Options.Remember orders are remembered and refused a second time with [ErrOver]; those
//     before are refused by the core, if it can be reached.
//   - What the core refuses for good is a dead letter of the outbox: see [Gateway.Outbox], and look at its figures.
package gateway
