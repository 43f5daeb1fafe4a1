package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// A Message is a call that the core must get.
type Message struct {
	// Sequence is the message's place in the outbox, and its name there. Put gives it.
	Sequence uint64
	// OrderID is the lane.
	OrderID string
	// Call is the request, with its request id, as AuthorizeStream has it.
	Call *holdfastv1.AuthorizeStreamRequest
	// PutTime is when it was put, by the gateway's clock.
	PutTime time.Time
}

// Advise makes the message that tells of a sale that took place while the core could not be reached. Like all that make
// messages it gives the request a request id if it has none; the request must not be changed afterwards.
func Advise(req *holdfastv1.AdviseRequest) Message {
	identify(&req.RequestId)
	return Message{OrderID: req.OrderId, Call: &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Advise{Advise: req}}}
}

// Capture makes the message that an authorized order was delivered. The order id is that of the authorization.
func Capture(orderID string, req *holdfastv1.CaptureRequest) Message {
	identify(&req.RequestId)
	return Message{OrderID: orderID, Call: &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Capture{Capture: req}}}
}

// Void makes the message that an authorized order was not delivered. The order id is that of the authorization.
func Void(orderID string, req *holdfastv1.VoidRequest) Message {
	identify(&req.RequestId)
	return Message{OrderID: orderID, Call: &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Void{Void: req}}}
}

// Reverse makes the message that an order is undone, whatever became of it.
func Reverse(req *holdfastv1.ReverseRequest) Message {
	identify(&req.RequestId)
	return Message{OrderID: req.OrderId, Call: &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Reverse{Reverse: req}}}
}

func identify(id *string) {
	if *id == "" {
		*id = uuid.Must(uuid.NewV7()).String()
	}
}

// Kind is what the message asks for: Advise, Capture, Void or Reverse; empty for anything else, which Put refuses.
func (m *Message) Kind() string {
	switch m.Call.GetCall().(type) {
	case *holdfastv1.AuthorizeStreamRequest_Advise:
		return "Advise"
	case *holdfastv1.AuthorizeStreamRequest_Capture:
		return "Capture"
	case *holdfastv1.AuthorizeStreamRequest_Void:
		return "Void"
	case *holdfastv1.AuthorizeStreamRequest_Reverse:
		return "Reverse"
	}
	return ""
}

// RequestID is the identity under which the core carries it out.
func (m *Message) RequestID() string {
	switch c := m.Call.GetCall().(type) {
	case *holdfastv1.AuthorizeStreamRequest_Advise:
		return c.Advise.GetRequestId()
	case *holdfastv1.AuthorizeStreamRequest_Capture:
		return c.Capture.GetRequestId()
	case *holdfastv1.AuthorizeStreamRequest_Void:
		return c.Void.GetRequestId()
	case *holdfastv1.AuthorizeStreamRequest_Reverse:
		return c.Reverse.GetRequestId()
	}
	return ""
}

// messageBytesMax bounds a message. A request of these kinds has some hundred bytes.
const messageBytesMax = 16 << 10

// check refuses what could never be delivered.
func (m *Message) check() error {
	switch {
	case m.Kind() == "" || m.RequestID() == "":
		return errors.New("outbox: a message is made by Advise, Capture, Void or Reverse")
	case m.OrderID == "":
		return fmt.Errorf("outbox: %s without an order id", m.Kind())
	case proto.Size(m.Call) > messageBytesMax:
		return fmt.Errorf("outbox: %s of order %s has more than %d bytes", m.Kind(), m.OrderID, messageBytesMax)
	}
	return nil
}

// written is a message as it lies in the file. JSON, because people look at it when something is wrong.
type written struct {
	Order string    `json:"order"`
	Kind  string    `json:"kind"` // for people
	Put   time.Time `json:"put"`
	Call  []byte    `json:"call"` // an AuthorizeStreamRequest

	Refusal *refusal `json:"refusal,omitempty"` // of a dead letter
}

// refusal is why a letter is dead.
type refusal struct {
	Code   string    `json:"code"`
	Reason string    `json:"reason"`
	Text   string    `json:"text"`
	Time   time.Time `json:"time"`
}

func encode(m *Message, r *refusal) ([]byte, error) {
	call, err := proto.Marshal(m.Call)
	if err != nil {
		return nil, err
	}
	return json.Marshal(&written{Order: m.OrderID, Kind: m.Kind(), Put: m.PutTime, Call: call, Refusal: r})
}

func decode(sequence uint64, value []byte) (Message, *refusal, error) {
	var w written
	if err := json.Unmarshal(value, &w); err != nil {
		return Message{}, nil, fmt.Errorf("outbox: message %d is damaged: %w", sequence, err)
	}
	m := Message{Sequence: sequence, OrderID: w.Order, PutTime: w.Put, Call: new(holdfastv1.AuthorizeStreamRequest)}
	if err := proto.Unmarshal(w.Call, m.Call); err != nil {
		return m, nil, fmt.Errorf("outbox: message %d is damaged: %w", sequence, err)
	}
	if err := m.check(); err != nil {
		return m, nil, fmt.Errorf("outbox: message %d is damaged: %w", sequence, err)
	}
	return m, w.Refusal, nil
}
