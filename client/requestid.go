package client

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/google/uuid"
)

// newRequestID makes a UUIDv7. It begins with the time, so that ids made about now lie side by side: the server's
// index of request ids then grows at its end, where random ids would touch a cold page for nearly every write.
func newRequestID() string {
	return uuid.Must(uuid.NewV7FromReader(chance{})).String() // chance never fails
}

// chance is a reader of math/rand/v2's generator, which the runtime seeds and keeps for each thread. An id has to be
// unique, not secret: it is known only together with its caller, whom the server authenticates. crypto/rand would take
// a fifth of a streaming client's processor time.
type chance struct{}

// Read fills p.
func (chance) Read(p []byte) (int, error) {
	var block [8]byte
	for n := 0; n < len(p); n += len(block) {
		binary.NativeEndian.PutUint64(block[:], rand.Uint64())
		copy(p[n:], block[:])
	}
	return len(p), nil
}

// NewRequestID makes a request id the way the client makes them for messages that have none. Use it to store the id
// beside the order before the first attempt, so that the same request can be sent again after a crash.
func (c *Client) NewRequestID() string { return c.opts.requestID() }

// identify gives a write its identity: afterwards *id is not empty.
//
// The id is written into the caller's message rather than into a copy. The caller has to know it to send the request
// again after a timeout, and with the id in the message that takes no thought: the same message is the same request.
// The price is that a message must not serve as a template for the next one; that mistake ends in a refusal or a
// replay, whereas the opposite one, a new id for a repeated message, would end in a second charge.
func (c *Client) identify(id *string) {
	if *id == "" {
		*id = c.opts.requestID()
	}
}
