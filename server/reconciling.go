package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
	"github.com/holdfast-credit/holdfast/ledger/reconcile/spill"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

const (
	// sortBytes is how much of either side is in memory while it is sorted. No more than two sorters fill at a time.
	sortBytes = 24 << 20
	// progressEach is how often progress is told.
	progressEach = 500 * time.Millisecond
	// mostCallers is how many callers' orders are looked up: those who spoke for the carrier in what was read.
	mostCallers = 32
)

var errTooManyBreaks = errors.New("too many breaks")

// reconciling is a reconciliation being carried out. It belongs to the goroutine of its call.
type reconciling struct {
	*reconciliations
	stream holdfastv1.ReconciliationService_ReconcileServer
	w      *writer.Writer
	row    *ledger.Reconciliation
	window *dateWindow
	read   calendar.Instant

	m                       reconcile.Matcher
	ours, theirs            *spill.Sorter // by order id
	oursLeft, theirsLeft    *spill.Sorter // by reference
	callers                 []ledger.Caller
	key, value              []byte
	unknown                 []reconcile.Item // of theirs, to be looked up
	found                   []reconcile.Break
	kept                    uint32 // breaks that are in the journal
	received, entries, seen int64
	told                    time.Time
}

func newReconciling(s *reconciliations, stream holdfastv1.ReconciliationService_ReconcileServer, w *writer.Writer, row *ledger.Reconciliation,
	window *dateWindow) *reconciling {
	r := &reconciling{reconciliations: s, stream: stream, w: w, row: row, window: window}
	r.m = reconcile.Matcher{Date: row.Date, Fees: row.Fees}
	r.ours, r.theirs = spill.New(s.dir, sortBytes), spill.New(s.dir, sortBytes)
	r.oursLeft, r.theirsLeft = spill.New(s.dir, sortBytes/2), spill.New(s.dir, sortBytes/2)
	r.callers = append(r.callers, window.carrier.Principals...)
	return r
}

func (r *reconciling) close() error {
	return errors.Join(r.ours.Close(), r.theirs.Close(), r.oursLeft.Close(), r.theirsLeft.Close())
}

// run takes theirs, reads ours, and matches them: by order, by reference, and by looking up what is left.
func (r *reconciling) run(ctx context.Context) error {
	if err := r.progress(true); err != nil {
		return err
	}
	if err := r.receive(ctx); err != nil {
		return err
	}
	if err := r.readOurs(ctx); err != nil {
		return err
	}
	if err := r.match(r.ours, r.theirs, r.m.ByOrder, &byOrder{r}); err != nil {
		return err
	}
	left := &byReference{r, ctx}
	if err := r.match(r.oursLeft, r.theirsLeft, r.m.ByReference, left); err != nil {
		return err
	}
	if err := r.lookUp(ctx); err != nil {
		return err
	}
	return r.keep(ctx)
}

// receive takes the records. A server that goes down does not wait for them.
func (r *reconciling) receive(ctx context.Context) error {
	type message struct {
		records []*holdfastv1.CarrierRecord
		err     error
	}
	messages := make(chan message, 4)
	go func() { // it ends with the stream, which ends when the call returns
		for {
			m, err := r.stream.Recv()
			if err == nil && m.GetRecords() == nil {
				err = failed(codes.InvalidArgument, "INVALID_REQUEST", "records are required behind the header")
			}
			select {
			case messages <- message{m.GetRecords().GetRecords(), err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		select {
		case <-r.draining:
			return failed(codes.Unavailable, "DRAINING", "the server is going down; reconcile again under the same request_id")
		case <-ctx.Done():
			return ctx.Err()
		case m := <-messages:
			switch {
			case errors.Is(m.err, io.EOF):
				return nil
			case m.err != nil:
				return m.err
			}
			if err := r.take(m.records); err != nil {
				return err
			}
		}
	}
}

// take sorts some records in.
func (r *reconciling) take(records []*holdfastv1.CarrierRecord) error {
	if len(records) > mostRecords {
		return failed(codes.InvalidArgument, "INVALID_REQUEST", fmt.Sprintf("records: a message has at most %d", mostRecords))
	}
	for n, record := range records {
		i, err := itemOf(record, r.row.Date)
		if err != nil {
			return failed(codes.InvalidArgument, "INVALID_REQUEST", fmt.Sprintf("record %d: %v", r.received+int64(n)+1, err))
		}
		if err := r.sortIn(r.theirs, i.Order, i); err != nil {
			return err
		}
	}
	r.received += int64(len(records))
	return r.progress(false)
}

// sortIn sorts an item in by a key.
func (r *reconciling) sortIn(to *spill.Sorter, key string, i *reconcile.Item) error {
	r.key, r.value = append(r.key[:0], key...), i.Append(r.value[:0])
	return to.Add(r.key, r.value)
}

// match sorts two sides and matches them.
func (r *reconciling) match(ours, theirs *spill.Sorter, by func(ours, theirs reconcile.Stream, sink reconcile.Sink) error, sink reconcile.Sink) error {
	a, err := ours.Sorted()
	if err != nil {
		return err
	}
	b, err := theirs.Sorted()
	if err != nil {
		return err
	}
	if err := by(r.handed(a), r.handed(b), sink); err != nil {
		return err
	}
	return errors.Join(ours.Close(), theirs.Close()) // what they take is needed for what comes
}

// handed hands out what was sorted.
func (r *reconciling) handed(from *spill.Reader) reconcile.Stream {
	return func() (string, reconcile.Item, error) {
		key, value, err := from.Next()
		if err != nil {
			return "", reconcile.Item{}, err
		}
		r.seen++
		if r.seen%4_096 == 0 {
			if err := r.progress(false); err != nil {
				return "", reconcile.Item{}, err
			}
		}
		i, err := reconcile.DecodeItem(value)
		return string(key), i, err
	}
}

// byOrder takes what matching by order leaves.
type byOrder struct{ *reconciling }

func (s *byOrder) Break(b *reconcile.Break) error { return s.add(s.stream.Context(), b) }

// OursLeft keeps what may match by reference. What is of another day and has none matches nothing.
func (s *byOrder) OursLeft(i *reconcile.Item) error {
	if i.Reference == "" && i.Date != s.row.Date {
		return nil
	}
	return s.sortIn(s.oursLeft, i.Reference, i)
}

func (s *byOrder) TheirsLeft(i *reconcile.Item) error { return s.sortIn(s.theirsLeft, i.Reference, i) }

// byReference takes what matching by reference leaves.
type byReference struct {
	*reconciling
	ctx context.Context
}

func (s *byReference) Break(b *reconcile.Break) error   { return s.add(s.ctx, b) }
func (s *byReference) OursLeft(i *reconcile.Item) error { return s.m.MissingThere(i, s) }
func (s *byReference) TheirsLeft(i *reconcile.Item) error {
	s.unknown = append(s.unknown, *i)
	if len(s.unknown) < lookedUpAtOnce {
		return nil
	}
	return s.lookUp(s.ctx)
}

// add keeps a break, with others.
func (r *reconciling) add(ctx context.Context, b *reconcile.Break) error {
	if int(r.kept)+len(r.found) == ledger.MostBreaks {
		return errTooManyBreaks
	}
	r.found = append(r.found, *b)
	if len(r.found) < ledger.MostFound {
		return nil
	}
	return r.keep(ctx)
}

// keep has the breaks journalled that were found, and then tells them.
func (r *reconciling) keep(ctx context.Context) error {
	if len(r.found) == 0 {
		return nil
	}
	_, err := submit(ctx, r.w, &ledger.FindBreaks{Carrier: r.row.Carrier, N: r.row.N, Run: r.row.Run, First: r.kept + 1, Breaks: r.found})
	if err != nil {
		return err
	}
	for i := range r.found {
		r.kept++
		if err := r.stream.Send(breakMessage(&ledger.KeptBreak{N: r.kept, Break: r.found[i]})); err != nil {
			return err
		}
	}
	r.found = nil // the command has it
	return nil
}

// progress tells how far it has come, now and then.
func (r *reconciling) progress(now bool) error {
	if !now && time.Since(r.told) < progressEach {
		return nil
	}
	r.told = time.Now()
	return r.stream.Send(&holdfastv1.ReconcileResponse{Part: &holdfastv1.ReconcileResponse_Progress{Progress: &holdfastv1.ReconcileProgress{
		Number: int32(r.row.N), Received: r.received, Entries: r.entries, Compared: r.seen,
	}}})
}

// reconcileStatus makes a status of what ended a reconciliation.
func reconcileStatus(err error) error {
	switch {
	case errors.Is(err, errTooManyBreaks):
		return failed(codes.FailedPrecondition, "TOO_MANY_BREAKS", fmt.Sprintf("there are more than %d breaks: is it the right file, date and map?", ledger.MostBreaks))
	case errors.Is(err, reconcile.ErrTooMany):
		return failed(codes.InvalidArgument, "TOO_MANY_RECORDS_OF_ONE", err.Error())
	case errors.Is(err, context.Canceled):
		return status.FromContextError(context.Canceled).Err()
	case errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(context.DeadlineExceeded).Err()
	}
	if st, ok := status.FromError(err); ok {
		return st.Err()
	}
	return watchStatus(err)
}

// interruption is what is kept of why one came to no end.
func interruption(err error) string {
	if st := status.Convert(err); st.Code() == codes.Canceled {
		return "the caller was cut off"
	}
	return status.Convert(err).Message()
}

// clip200 is a text of at most 200 bytes.
func clip200(s string) string { return s[:min(len(s), 200)] }
