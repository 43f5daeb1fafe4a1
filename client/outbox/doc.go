// Package outbox delivers what a carrier's gateway has to tell Holdfast, through crashes of the gateway and outages of the
// core: every message reaches the core, takes effect once, and those of one order arrive in the order in which they were put.
//
// # Nouns
//
//   - [Message]: a call that the core must get: Advise, Capture, Void or Reverse, made by the functions of these names. It has
//     its request id from the beginning and for ever, so that the core carries it out once however often it is sent.
//   - [Outbox]: the messages that the core has not answered yet, in one file. [Outbox.Put] returns when they are on the disk;
//     until then nothing has been accepted, and from then on nothing is lost.
//   - Lane: the messages of one order id. The next one is sent when the core has answered the one before; lanes are delivered
//     side by side.
//   - Outage: the core was not reached, or had no room. Nothing is wrong with the message: the whole outbox waits, with
//     exponential backoff and full jitter, and then tries with one message of some lane. An answer to it opens all lanes.
//   - [Letter]: a dead letter, a message that the core refused for a reason that sending it again will not cure. It is kept,
//     and its lane waits behind it, until somebody says [Outbox.Retry] or [Outbox.Drop].
//   - [Note]: a few bytes by name that are written in the same transaction as messages. Package gateway remembers its orders
//     so.
//
// # What is durable
//
// The file is bbolt's. A goroutine commits whatever was put while the commit before was under way as one transaction, with
// the two syncs that bbolt makes of it; there is no timer. That a message was delivered is written the same way, and its lane
// waits for that: after a crash the last one of a lane may be sent again, but never one before it. The core answers it with what it
// answered before.
//
// A commit that fails may have been written all the same. So the outbox stops then: every later call is refused with
// [ErrBroken], and opening the file again shows what is there.
//
// # What is bounded
//
// An outbox has room for a number of messages, dead letters included, 100,000 unless told otherwise. A change that would make
// it larger is refused with [ErrFull]; one that does not is never. A Note may reserve room, so that the messages that end what
// was begun always find some: a gateway refuses the next sale rather than the capture of the one it has made. In memory there
// are a few words for each message; the messages themselves are read when they are sent.
//
// # Caveats
//
//   - One process at a time has the file; a second is told [ErrLocked].
//   - Request ids are remembered by the core for 400 days. An outbox that is opened after that may do things twice.
//   - An Advise that the core refuses with ORDER_EXISTS is no dead letter if the order has a hold: the Authorize whose answer
//     was lost has arrived after all, and its hold is captured instead. See answer.go.
//   - The disk is believed when it says that it has synced.
package outbox
