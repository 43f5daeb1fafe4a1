package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// events is EventService: the journal, told as events.
type events struct {
	holdfastv1.UnimplementedEventServiceServer
	*feed
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

func (s *events) WatchEvents(r *holdfastv1.WatchEventsRequest, stream holdfastv1.EventService_WatchEventsServer) error {
	last, err := s.durable()
	if err != nil {
		return err
	}
	ctx := stream.Context()
	at, match, err := s.parseWatch(ctx, r, last)
	if err != nil {
		return err
	}
	see, err := s.sightOf(ctx, last)
	if err != nil {
		return err
	}
	w := watch{at: at, last: last, untilNow: r.GetUntilNow()}
	w.wants = func(shard int, e *ledger.Entry) (bool, error) {
		told := about(shard, e)
		if !match.has(&told) {
			return false, see.moved(ctx, shard, e)
		}
		return see.sees(&told), see.moved(ctx, shard, e)
	}
	w.tell = func(shard int, entry *ledger.Entry, at cursor) error {
		e := eventProto(shard, entry)
		e.Cursor = at.String()
		return stream.Send(&holdfastv1.WatchEventsResponse{Event: e})
	}
	if r.GetTellProgress() {
		w.progress = func(at cursor) error {
			return stream.Send(&holdfastv1.WatchEventsResponse{Event: &holdfastv1.Event{Cursor: at.String()}})
		}
	}
	return s.watch(ctx, &w)
}

// parseWatch checks a request.
func (s *events) parseWatch(ctx context.Context, r *holdfastv1.WatchEventsRequest, last []uint64) (cursor, *eventFilter, error) {
	var c check
	at, f := s.cursor(ctx, &c, r.GetCursor(), last), new(eventFilter)
	if r.GetAccountId() != "" {
		f.accounts.add(c.account(r.GetAccountId()))
	}
	for _, id := range r.GetAccountIds() {
		account, err := ledger.ParseAccountID(id)
		if err != nil {
			c.fault("account_ids", "are malformed: %v", err)
		}
		f.accounts.add(account)
	}
	if r.GetCarrierId() != "" {
		f.carriers.add(token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()))
	}
	for _, id := range r.GetCarrierIds() {
		f.carriers.add(token[ledger.CarrierID](&c, "carrier_ids", id))
	}
	for _, t := range r.GetTypes() {
		if _, known := holdfastv1.EventType_name[int32(t)]; !known || t == 0 {
			c.fault("types", "%d is not an event type", t)
		}
		f.types.add(t)
	}
	return at, f, c.err()
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
