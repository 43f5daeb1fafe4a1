package client

import (
	"context"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
)

// AsOf says how much a node had followed that answered a local read.
type AsOf struct {
	// Local says that a node answered that follows the shard. Otherwise the owner did, whose answer has everything, and the
	// other fields are zero.
	Local bool
	// Shard is the shard that was read.
	Shard int
	// Sequence is that of the last entry of the shard's journal that the answer has.
	Sequence uint64
	// Time is when that entry was made.
	Time time.Time
}

// ReadLocally makes a context for calls that only read: the node that they reach answers them, from what it has followed
// so far, which as a rule is milliseconds behind the owner. It is for what can do with that and must not burden the owner,
// or must be answered while there is none, such as pages that show a balance. Calls that change something, and Admin, are
// made as ever.
//
// Of each call that is answered, asOf tells how old the answer is; nil if nobody wants to know. Use one for one call at a
// time. Such calls do not go over pooled streams.
func ReadLocally(ctx context.Context, asOf *AsOf) context.Context {
	if asOf == nil {
		asOf = unread
	}
	return context.WithValue(ctx, localKey{}, asOf)
}

type localKey struct{}

// unread is in place of the AsOf that nobody wants.
var unread = new(AsOf)

// localOf is where a local read puts its age; nil if reads of this context are not local.
func localOf(ctx context.Context) *AsOf {
	asOf, _ := ctx.Value(localKey{}).(*AsOf)
	return asOf
}

// The metadata of a local read, and that of its answer: "shard sequence time".
const (
	readKey   = "holdfast-read"
	readLocal = "local"
	asOfKey   = "holdfast-as-of"
)

// read takes the header of an answer in.
func (a *AsOf) read(header metadata.MD) {
	if a == unread {
		return
	}
	*a = AsOf{}
	value := header[asOfKey]
	if len(value) == 0 {
		return
	}
	fields := strings.Fields(value[0])
	if len(fields) != 3 {
		return
	}
	shard, err1 := strconv.Atoi(fields[0])
	sequence, err2 := strconv.ParseUint(fields[1], 10, 64)
	at, err3 := time.Parse(time.RFC3339Nano, fields[2])
	if err1 == nil && err2 == nil && err3 == nil {
		*a = AsOf{Local: true, Shard: shard, Sequence: sequence, Time: at}
	}
}
