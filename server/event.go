package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// events is EventService: the journal, told as events.
type events struct {
	holdfastv1.UnimplementedEventServiceServer
	*router
	draining <-chan struct{} // closed when the server goes down
}

// cursor is how far a watcher has come in each shard.
type cursor []uint64

func (c cursor) String() string {
	parts := make([]string, len(c))
	for i, n := range c {
		parts[i] = strconv.FormatUint(n, 36)
	}
	return base64.RawURLEncoding.EncodeToString([]byte("e1." + strings.Join(parts, ".")))
}

func parseCursor(s string, shards int) (cursor, error) {
	c := make(cursor, shards)
	if s == "" {
		return c, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	text, ok := strings.CutPrefix(string(b), "e1.")
	parts := strings.Split(text, ".")
	if err != nil || !ok || len(parts) != shards {
		return nil, errors.New("was not made by this service")
	}
	for i, p := range parts {
		if c[i], err = strconv.ParseUint(p, 36, 64); err != nil {
			return nil, errors.New("was not made by this service")
		}
	}
	return c, nil
}

// occurrence is an entry of a shard's journal, or what went wrong in reading it, or its end.
type occurrence struct {
	shard int
	entry ledger.Entry
	err   error
	end   bool
}

func (s *events) WatchEvents(r *holdfastv1.WatchEventsRequest, stream holdfastv1.EventService_WatchEventsServer) error {
	last, err := s.durable()
	if err != nil {
		return err
	}
	at, match, err := s.parseWatch(r, last)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	from := slices.Clone(at) // at moves on while the shards are read
	happened := make(chan occurrence, 64)
	for shard := range s.writers {
		go s.read(ctx, shard, from[shard], last[shard], r.GetUntilNow(), happened)
	}
	for open := len(s.writers); open > 0; {
		select {
		case <-s.draining:
			return failed(codes.Unavailable, "DRAINING", "the server is going down; watch again with the last cursor")
		case <-ctx.Done():
			return ctx.Err()
		case o := <-happened:
			if o.end {
				open--
				continue
			}
			if o.err != nil {
				return watchStatus(o.err)
			}
			at[o.shard] = o.entry.Sequence
			if e := eventProto(o.shard, &o.entry); match(e) {
				e.Cursor = at.String()
				if err := stream.Send(&holdfastv1.WatchEventsResponse{Event: e}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// parseWatch checks a request. The last durable entry of each shard is as far as a cursor can have come.
func (s *events) parseWatch(r *holdfastv1.WatchEventsRequest, last []uint64) (cursor, func(*holdfastv1.Event) bool, error) {
	var c check
	at, err := parseCursor(r.GetCursor(), len(s.writers))
	if err != nil {
		c.fault("cursor", "%v", err)
	}
	for i := range at {
		if at[i] > last[i] {
			c.fault("cursor", "lies beyond the end of shard %d", i)
		}
	}
	if r.GetAccountId() != "" {
		c.account(r.GetAccountId())
	}
	if r.GetCarrierId() != "" {
		token[string](&c, "carrier_id", r.GetCarrierId())
	}
	for _, t := range r.GetTypes() {
		if _, known := holdfastv1.EventType_name[int32(t)]; !known || t == 0 {
			c.fault("types", "%d is not an event type", t)
		}
	}
	match := func(e *holdfastv1.Event) bool {
		return (len(r.GetTypes()) == 0 || slices.Contains(r.GetTypes(), e.GetType())) &&
			(r.GetAccountId() == "" || e.GetAccountId() == r.GetAccountId()) &&
			(r.GetCarrierId() == "" || e.GetCarrierId() == r.GetCarrierId())
	}
	return at, match, c.err()
}

// read passes on a shard's entries after a sequence, until the last one if that is all that is wanted.
func (s *events) read(ctx context.Context, shard int, after, last uint64, untilNow bool, to chan<- occurrence) {
	pass := func(o occurrence) bool {
		select {
		case to <- o:
			return true
		case <-ctx.Done():
			return false
		}
	}
	j := s.writers[shard].Journal()
	entries := j.Follow
	if untilNow {
		entries = j.Replay
	}
	if !untilNow || after < last {
		for e, err := range entries(ctx, after+1) {
			o := occurrence{shard: shard, err: err}
			if err == nil {
				o.err = record.DecodeEntry(slices.Clone(e.Payload), &o.entry)
				o.entry.Sequence, o.entry.Time = e.Sequence, calendar.Instant(e.Time)
			}
			if untilNow && e.Sequence > last || !pass(o) || o.err != nil {
				break
			}
		}
	}
	pass(occurrence{shard: shard, end: true})
}

func watchStatus(err error) error {
	var corrupt *journal.CorruptError
	switch {
	case errors.Is(err, journal.ErrTrimmed):
		return failed(codes.OutOfRange, "EVENTS_TRIMMED", "the cursor lies before what is kept")
	case errors.Is(err, journal.ErrClosed):
		return failed(codes.Unavailable, "DRAINING", "the server is going down; watch again with the last cursor")
	case errors.As(err, &corrupt), errors.Is(err, record.ErrUnknownFact):
		return failed(codes.DataLoss, "DATA_LOSS", err.Error())
	}
	return failed(codes.Internal, "INTERNAL", fmt.Sprintf("read events: %v", err))
}
