package gateway

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client/outbox"
)

// state is where an order stands.
type state string

const (
	asking  state = "asking"   // the core is asked, or has approved; the answer is not on the disk
	stoodIn state = "stood in" // sold without the core, and the advice is in the outbox
	over    state = "over"
)

// end is how an order ended.
type end string

const (
	delivered    end = "delivered"
	notDelivered end = "not delivered"
	declined     end = "declined"
	refused      end = "refused" // the core would not decide on it
	unreachable  end = "unreachable"
	reversed     end = "reversed" // delivered, and taken back
)

// order is what the gateway knows of an order.
type order struct {
	id      string
	account string

	sync.Mutex // held while something is done about the order; guards all below
	state      state
	end        end // once it is over
	begun      time.Time
	ended      time.Time
	request    *holdfastv1.AuthorizeRequest // until it is over
	approved   *holdfastv1.Authorization    // once the core has approved, as far as this process knows
	decided    bool                         // whether the core has approved it
	heard      time.Time                    // when the carrier was last known to have it in hand
	kept       bool                         // the core was told that the carrier has it, or will not hear of it
	orphan     bool                         // taken up from the file: whoever sold it is gone
}

// orderNote is an order as it lies in the outbox's file, under its id.
type orderNote struct {
	State   state     `json:"state"`
	Account string    `json:"account"`
	End     end       `json:"end,omitempty"`
	Begun   time.Time `json:"begun"`
	Ended   time.Time `json:"ended,omitzero"`
	Decided bool      `json:"decided,omitempty"` // the core has approved it
	Request []byte    `json:"request,omitempty"` // an AuthorizeRequest
}

// reserve is how many messages may yet follow: Capture, Void or Reverse; and in its place, for one that is asked about, Advise
// and then Reverse.
func (o *order) reserve() int {
	switch o.state {
	case asking:
		return 2
	case stoodIn:
		return 1
	}
	return 0
}

// note is the order as the outbox keeps it.
func (o *order) note() (outbox.Note, error) {
	n := orderNote{State: o.state, Account: o.account, End: o.end, Begun: o.begun, Ended: o.ended, Decided: o.decided || o.approved != nil}
	if o.state != over {
		var err error
		if n.Request, err = proto.Marshal(o.request); err != nil {
			return outbox.Note{}, err
		}
	}
	value, err := json.Marshal(n)
	return outbox.Note{Key: o.id, Value: value, Reserve: o.reserve()}, err
}

func readOrder(n outbox.Note) (*order, error) {
	var w orderNote
	if err := json.Unmarshal(n.Value, &w); err != nil {
		return nil, fmt.Errorf("gateway: order %s is damaged: %w", n.Key, err)
	}
	o := &order{id: n.Key, account: w.Account, state: w.State, end: w.End, begun: w.Begun, ended: w.Ended, decided: w.Decided, heard: w.Begun}
	if o.state != over {
		o.request = new(holdfastv1.AuthorizeRequest)
		if err := proto.Unmarshal(w.Request, o.request); err != nil {
			return nil, fmt.Errorf("gateway: order %s is damaged: %w", n.Key, err)
		}
	}
	return o, nil
}

// write writes the order as it is, with messages, and returns when that is on the disk. Called with the order's lock.
func (g *Gateway) write(o *order, messages ...outbox.Message) error {
	n, err := o.note()
	if err != nil {
		return err
	}
	return g.box.Put(outbox.Change{Messages: messages, Notes: append(g.forget(), n)})
}

// finish writes that the order is over, with the messages that say how. Called with the order's lock. If that fails the order is
// as it was; what the file has is looked at when it is opened again.
func (g *Gateway) finish(o *order, how end, messages ...outbox.Message) error {
	before, hadEnd, ended := o.state, o.end, o.ended
	o.state, o.end = over, how
	if before != over {
		o.ended = g.opts.now()
	}
	if err := g.write(o, messages...); err != nil {
		o.state, o.end, o.ended = before, hadEnd, ended
		return err
	}
	o.decided = o.decided || o.approved != nil
	o.request, o.approved = nil, nil
	if before == over {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = append(g.over, o.id)
	if how == declined {
		g.trust.declines(o.account)
	}
	return nil
}

// forget are the notes of orders that have been over for longest, to be removed with the next change.
func (g *Gateway) forget() (notes []outbox.Note) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.over) > g.opts.Remember {
		id := g.over[0]
		g.over = g.over[1:]
		delete(g.orders, id)
		notes = append(notes, outbox.Note{Key: id})
	}
	return notes
}

// remember puts the orders that are over in the order in which they ended, and learns from them, in the order in which they began,
// whom the core declined last.
func (g *Gateway) remember() {
	var ended []*order
	for _, o := range g.orders {
		if o.state == over {
			ended = append(ended, o)
		}
	}
	slices.SortFunc(ended, func(a, b *order) int { return cmp.Or(a.begun.Compare(b.begun), cmp.Compare(a.id, b.id)) })
	for _, o := range ended {
		if o.end == declined {
			g.trust.declines(o.account)
		} else if o.decided {
			g.trust.approves(o.account)
		}
	}
	slices.SortFunc(ended, func(a, b *order) int { return cmp.Or(a.ended.Compare(b.ended), cmp.Compare(a.id, b.id)) })
	for _, o := range ended {
		g.over = append(g.over, o.id)
	}
}
