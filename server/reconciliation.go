package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
	"github.com/holdfast-credit/holdfast/ledger/reconcile/spill"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// reconciliations is ReconciliationService. A carrier's reconciliations are carried out where its home shard is decided.
type reconciliations struct {
	holdfastv1.UnimplementedReconciliationServiceServer
	*feed
	dir     string // for sorting
	now     func() calendar.Instant
	metrics *Metrics

	mu      sync.Mutex
	running map[running]bool
}

// running names a reconciliation that is being carried out.
type running struct {
	carrier ledger.CarrierID
	n       uint32
}

// newReconciliations makes the directory for sorting, and empties it of what a crash may have left.
func newReconciliations(f *feed, dir string, now func() calendar.Instant, m *Metrics) (*reconciliations, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &reconciliations{feed: f, dir: dir, now: now, metrics: m, running: map[running]bool{}}, spill.Clean(dir)
}

func (s *reconciliations) begin(r *ledger.Reconciliation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := running{r.Carrier, r.N}
	if s.running[k] {
		return false
	}
	s.running[k] = true
	return true
}

func (s *reconciliations) end(r *ledger.Reconciliation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, running{r.Carrier, r.N})
}

func (s *reconciliations) isRunning(r *ledger.Reconciliation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[running{r.Carrier, r.N}]
}

// homeOf is the shard that a carrier's reconciliations live in.
func (r *router) homeOf(id ledger.CarrierID) int { return r.hash(string(id)) }

func (s *reconciliations) Reconcile(stream holdfastv1.ReconciliationService_ReconcileServer) error {
	first, err := stream.Recv()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return failed(codes.InvalidArgument, "INVALID_REQUEST", "header is required")
		}
		return err
	}
	ctx := stream.Context()
	cmd, err := prepareReconcile(callerOf(ctx), first.GetHeader())
	if err != nil {
		return err
	}
	home := s.homeOf(cmd.Carrier)
	if s.node == nil || cameFromPeer(ctx) || s.node.leads(home) {
		return s.reconcile(ctx, stream, cmd)
	}
	var to *grpc.ClientConn
	err = s.node.at(ctx, home, func() error { return nil }, func(_ context.Context, _ cluster.Node, conn *grpc.ClientConn) error {
		to = conn
		return nil
	})
	switch { // it is tried once: records that were passed on are not there to be sent again
	case err != nil:
		return err
	case to == nil:
		return s.reconcile(ctx, stream, cmd)
	}
	return s.sendOn(stream, first, to)
}

// sendOn has another node carry out a reconciliation, and passes on what either side says. The hop has no deadline but the
// caller's.
func (s *reconciliations) sendOn(stream holdfastv1.ReconciliationService_ReconcileServer, first *holdfastv1.ReconcileRequest, conn *grpc.ClientConn) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	there, err := holdfastv1.NewReconciliationServiceClient(conn).Reconcile(s.node.onBehalf(ctx))
	if err != nil {
		return err
	}
	go func() { // it ends with the stream, which ends when this call returns
		for m := first; there.Send(m) == nil; {
			var err error
			switch m, err = stream.Recv(); {
			case errors.Is(err, io.EOF):
				_ = there.CloseSend()
				return
			case err != nil: // a caller who was cut off has not sent all, and must not seem to have
				cancel()
				return
			}
		}
	}()
	for {
		m, err := there.Recv()
		switch {
		case errors.Is(err, io.EOF):
			s.node.metrics.sent(holdfastv1.ReconciliationService_Reconcile_FullMethodName, nil)
			return nil
		case err == nil:
			err = stream.Send(m)
		default:
			s.node.metrics.sent(holdfastv1.ReconciliationService_Reconcile_FullMethodName, err)
		}
		if err != nil {
			return err
		}
	}
}

func prepareReconcile(caller ledger.Caller, h *holdfastv1.ReconcileHeader) (*ledger.BeginReconciliation, error) {
	var c check
	if h == nil {
		c.fault("header", "is required")
		return nil, c.err()
	}
	cmd := &ledger.BeginReconciliation{
		Request: c.request(caller, h.GetRequestId()), Carrier: token[ledger.CarrierID](&c, "carrier_id", h.GetCarrierId()),
		Currency: c.currency(h.GetCurrency()), Date: c.date("business_date", h.GetBusinessDate()), Fees: h.GetHasFees(),
	}
	return cmd, c.err()
}

// allowed refuses a carrier's principal who asks about another carrier.
func (s *reconciliations) allowed(ctx context.Context, id ledger.CarrierID) error {
	caller := callerOf(ctx)
	of, bound, err := s.speaksFor(ctx, caller)
	if err != nil || !bound || slices.Contains(of, id) {
		return err
	}
	return failed(codes.PermissionDenied, "NOT_OF_CARRIER", fmt.Sprintf("caller %q may not speak for carrier %q", caller, id))
}

// reconcile carries out a reconciliation whose header has been read.
func (s *reconciliations) reconcile(ctx context.Context, stream holdfastv1.ReconciliationService_ReconcileServer, cmd *ledger.BeginReconciliation) error {
	if err := s.allowed(ctx, cmd.Carrier); err != nil {
		return err
	}
	window, err := s.window(ctx, cmd)
	if err != nil {
		return err
	}
	w := s.writers[s.homeOf(cmd.Carrier)]
	out, err := submit(ctx, w, cmd)
	if err != nil {
		return err
	}
	row := out.Reconciled.Reconciliation
	if row.Done() {
		return s.tellKept(ctx, stream, row)
	}
	if !s.begin(row) {
		return failed(codes.FailedPrecondition, "RECONCILIATION_UNDER_WAY", fmt.Sprintf("reconciliation %d of carrier %q is being carried out", row.N, row.Carrier))
	}
	defer s.end(row)
	if out.Replayed {
		if out, err = submit(ctx, w, &ledger.RerunReconciliation{Carrier: row.Carrier, N: row.N, Run: row.Run}); err != nil {
			return err
		}
		row = out.Reconciled.Reconciliation
	}
	r := newReconciling(s, stream, w, row, window)
	began := time.Now()
	err = errors.Join(r.run(ctx), r.close())
	s.metrics.reconciled(r.received, r.m.Tally.Total().Count, time.Since(began), err)
	if err != nil {
		err = reconcileStatus(err)
		s.interrupt(row, err)
		return err
	}
	out, err = submit(ctx, w, &ledger.EndReconciliation{Carrier: row.Carrier, N: row.N, Run: row.Run, Read: r.read, Tally: r.m.Tally})
	if err != nil {
		return err
	}
	return stream.Send(&holdfastv1.ReconcileResponse{Part: &holdfastv1.ReconcileResponse_Summary{
		Summary: s.proto(out.Reconciled.Reconciliation, false)}})
}

// interruptWithin bounds how long it is tried to say that a reconciliation has come to no end; without it that is seen all
// the same.
const interruptWithin = 2 * time.Second

// interrupt says why a reconciliation has come to no end.
func (s *reconciliations) interrupt(row *ledger.Reconciliation, why error) {
	ctx, cancel := context.WithTimeout(context.Background(), interruptWithin)
	defer cancel()
	_, _ = s.writers[s.homeOf(row.Carrier)].Submit(ctx, &ledger.EndReconciliation{
		Carrier: row.Carrier, N: row.N, Run: row.Run, Failed: clip200(interruption(why))})
}

// tellKept answers a request that was carried out before with what is kept of it.
func (s *reconciliations) tellKept(ctx context.Context, stream holdfastv1.ReconciliationService_ReconcileServer, row *ledger.Reconciliation) error {
	q := &ledger.ListBreaks{Carrier: row.Carrier, Reconciliation: row.N, Limit: largestPage}
	for {
		out, err := submit(ctx, s.writers[s.homeOf(row.Carrier)], q)
		if err != nil {
			return err
		}
		for _, b := range out.Reconciled.Breaks {
			if err := stream.Send(breakMessage(b)); err != nil {
				return err
			}
		}
		if q.After = out.Reconciled.Next; q.After == 0 {
			break
		}
	}
	return stream.Send(&holdfastv1.ReconcileResponse{Part: &holdfastv1.ReconcileResponse_Summary{Summary: s.proto(row, true)}})
}

func (s *reconciliations) GetReconciliation(ctx context.Context, r *holdfastv1.GetReconciliationRequest) (*holdfastv1.GetReconciliationResponse, error) {
	var c check
	q := &ledger.GetReconciliation{Carrier: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()), N: uint32(c.count("number", r.GetNumber()))}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.ask(ctx, q.Carrier, q)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetReconciliationResponse{Reconciliation: s.proto(out.Reconciled.Reconciliation, false)}, nil
}

// ask carries out a command on a carrier's reconciliations for a caller who may.
func (s *reconciliations) ask(ctx context.Context, id ledger.CarrierID, c ledger.Command) (*ledger.Outcome, error) {
	if err := s.allowed(ctx, id); err != nil {
		return nil, err
	}
	return submit(ctx, s.writers[s.homeOf(id)], c)
}

func (s *reconciliations) ListReconciliations(ctx context.Context, r *holdfastv1.ListReconciliationsRequest) (*holdfastv1.ListReconciliationsResponse, error) {
	var c check
	q := &ledger.ListReconciliations{
		Carrier: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()), Limit: c.page(r.GetPageSize()), Before: c.numbered(r.GetPageToken()),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.ask(ctx, q.Carrier, q)
	if err != nil {
		return nil, err
	}
	resp := new(holdfastv1.ListReconciliationsResponse)
	for _, row := range out.Reconciled.List {
		resp.Reconciliations = append(resp.Reconciliations, s.proto(row, false))
	}
	if out.More {
		resp.NextPageToken = strconv.Itoa(int(out.Reconciled.List[len(out.Reconciled.List)-1].N))
	}
	return resp, nil
}

// numbered reads a page token that is a number.
func (c *check) numbered(s string) uint32 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != s {
		c.fault("page_token", "is not a token of this list")
	}
	return uint32(n)
}

func (s *reconciliations) ListBreaks(ctx context.Context, r *holdfastv1.ListBreaksRequest) (*holdfastv1.ListBreaksResponse, error) {
	var c check
	q := &ledger.ListBreaks{
		Carrier: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()), Reconciliation: uint32(c.count("number", r.GetNumber())),
		After: c.numbered(r.GetPageToken()), Limit: c.page(r.GetPageSize()), Open: r.GetOnlyOpen(), Kind: reconcile.BreakKind(r.GetKind()),
	}
	if k := r.GetKind(); k != 0 && (k < 0 || int(k) > reconcile.BreakKinds) {
		c.fault("kind", "%d is not a kind of break", k)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.ask(ctx, q.Carrier, q)
	if err != nil {
		return nil, err
	}
	resp := new(holdfastv1.ListBreaksResponse)
	for _, b := range out.Reconciled.Breaks {
		resp.Breaks = append(resp.Breaks, breakProto(b))
	}
	if out.Reconciled.Next != 0 {
		resp.NextPageToken = strconv.Itoa(int(out.Reconciled.Next))
	}
	return resp, nil
}

func (s *reconciliations) ResolveBreak(ctx context.Context, r *holdfastv1.ResolveBreakRequest) (*holdfastv1.ResolveBreakResponse, error) {
	var c check
	cmd := &ledger.ResolveBreak{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Carrier: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()),
		Reconciliation: uint32(c.count("number", r.GetNumber())), N: uint32(c.count("break_number", r.GetBreakNumber())),
		How: ledger.ResolutionKind(r.GetResolution()), Reason: c.note("reason", r.GetReason()),
	}
	switch how := r.GetResolution(); {
	case how <= 0 || how > holdfastv1.BreakResolution_BREAK_RESOLUTION_ADJUST:
		c.fault("resolution", "is required: ACCEPT_THEIRS, ACCEPT_OURS or ADJUST")
	case how != holdfastv1.BreakResolution_BREAK_RESOLUTION_ADJUST && r.GetAmount() != 0:
		c.fault("amount", "is only for ADJUST")
	case how == holdfastv1.BreakResolution_BREAK_RESOLUTION_ADJUST:
		cmd.Amount = c.signed("amount", r.GetAmount())
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.ask(ctx, cmd.Carrier, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.ResolveBreakResponse{Break: breakProto(out.Reconciled.Break), Replayed: out.Replayed}, nil
}
