package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/archive"
	"github.com/holdfast-credit/holdfast/ledger/audit"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// admin is AdminService.
type admin struct {
	holdfastv1.UnimplementedAdminServiceServer
	*router
	server *Server
}

func (s *admin) GetStats(ctx context.Context, _ *holdfastv1.GetStatsRequest) (*holdfastv1.GetStatsResponse, error) {
	resp := &holdfastv1.GetStatsResponse{
		Version: s.server.config.Version, Time: timestamp(s.server.now()), VirtualClock: s.server.config.Clock.Virtual(),
		StartTime: timestamp(calendar.InstantOf(s.server.started)),
	}
	totals := make(map[[2]string]*holdfastv1.CarrierTotals)
	for i, w := range s.writers {
		out, err := look(ctx, w, &ledger.GetShard{})
		if err != nil {
			return nil, err
		}
		st := w.Stats()
		resp.Shards = append(resp.Shards, &holdfastv1.ShardStats{
			Shard: int32(i), Accounts: int64(out.Shard.Accounts), OpenHolds: out.Shard.OpenHolds, Sequence: st.Durable,
			FlushedSequence: st.State.Flushed, Hash: st.Hash.String(), Epoch: st.Epoch, Queued: int64(st.Queued),
			CacheBytes: st.State.CacheBytes, DirtyRows: st.State.DirtyRows, Commands: st.Commands, Batches: st.Batches,
			Statements: out.Shard.Statements(),
		})
		for _, t := range out.Shard.Totals {
			key := [2]string{string(t.Carrier), string(t.Currency)}
			sum := totals[key]
			if sum == nil {
				sum = &holdfastv1.CarrierTotals{CarrierId: key[0], Currency: key[1]}
				totals[key] = sum
				resp.Carriers = append(resp.Carriers, sum)
			}
			sum.Held += int64(t.Held)
			sum.Captured += int64(t.Captured)
			sum.Refunded += int64(t.Refunded)
			sum.AdvisedExceeding += int64(t.Exceeded)
		}
	}
	slices.SortFunc(resp.Carriers, func(a, b *holdfastv1.CarrierTotals) int {
		return cmp.Or(cmp.Compare(a.CarrierId, b.CarrierId), cmp.Compare(a.Currency, b.Currency))
	})
	return resp, nil
}

// Backup streams an archive of every shard up to what was durable when the call began. A node of a cluster reads its own
// copies, whoever decides.
func (s *admin) Backup(_ *holdfastv1.BackupRequest, stream holdfastv1.AdminService_BackupServer) error {
	upto, err := s.moment(stream.Context())
	if err != nil {
		return err
	}
	sources := make([]archive.Source, len(s.writers))
	for i, w := range s.writers {
		sources[i] = archive.Source{Journal: w.Journal(), Upto: upto[i]}
	}
	header := archive.Header{Zone: s.server.data.Meta.Zone, Made: s.server.now().Time()}
	if err := archive.Write(stream.Context(), chunks{stream}, header, sources); err != nil {
		return failed(codes.Internal, "BACKUP_FAILED", err.Error())
	}
	return nil
}

// chunks sends what is written to it.
type chunks struct {
	stream holdfastv1.AdminService_BackupServer
}

const chunkBytes = 64 << 10

func (c chunks) Write(b []byte) (int, error) {
	for at := 0; at < len(b); at += chunkBytes {
		if err := c.stream.Send(&holdfastv1.BackupResponse{Chunk: b[at:min(at+chunkBytes, len(b))]}); err != nil {
			return at, err
		}
	}
	return len(b), nil
}

// Verify checks one shard after the other while they go on.
func (s *admin) Verify(_ *holdfastv1.VerifyRequest, stream holdfastv1.AdminService_VerifyServer) error {
	result := &holdfastv1.VerifyResponse{Done: true}
	for i := range s.writers {
		report, err := s.verifyShard(stream, i)
		if _, ok := status.FromError(err); err != nil && ok {
			return err
		}
		if err != nil {
			return failed(codes.Internal, "VERIFY_FAILED", err.Error())
		}
		result.Shard, result.Entries, result.EntriesTotal = int32(i), result.Entries+report.Entries, result.EntriesTotal+report.Entries
		result.Rows += report.Rows
		result.Accounts, result.Authorizations = result.Accounts+report.Accounts, result.Authorizations+report.Authorizations
		result.Items, result.Statements = result.Items+report.Items, result.Statements+report.Statements
		result.Applications, result.Reviews = result.Applications+report.Applications, result.Reviews+report.Reviews
		result.PointsOutstanding += int64(report.Points.Outstanding())
		result.PointsHeld += int64(report.Points.Held)
		result.Shards = append(result.Shards, &holdfastv1.VerifiedShard{
			Shard: int32(i), Sequence: report.Entries, Hash: report.Hash.String(), StateHash: report.Digest.String(),
		})
		for _, f := range report.Faults {
			result.Faults = append(result.Faults, fmt.Sprintf("shard %d: %s", i, f))
		}
	}
	return stream.Send(result)
}

func (s *admin) verifyShard(stream holdfastv1.AdminService_VerifyServer, i int) (*audit.Report, error) {
	w, ctx := s.writers[i], stream.Context()
	if err := w.Flush(ctx); err != nil {
		return nil, submitStatus(err)
	}
	snapshot, err := w.Snapshot()
	if err != nil {
		return nil, submitStatus(err)
	}
	defer snapshot.Close()
	upto, err := w.Durable()
	if err != nil {
		return nil, submitStatus(err)
	}
	return audit.Check(ctx, audit.Shard{
		Number: uint16(i), Journal: w.Journal(), Upto: upto, State: snapshot,
		Terms: s.server.config.Terms, Zone: s.server.zone, TempDir: s.server.data.Path,
		Progress: func(done, total uint64) {
			// A watcher that went away ends the check through its context.
			_ = stream.Send(&holdfastv1.VerifyResponse{Shard: int32(i), Entries: done, EntriesTotal: total})
		},
	})
}

// scoped is a request that names a scope; exactly one of its fields must be set.
type scoped interface {
	GetRequestId() string
	GetScene() holdfastv1.Scene
	GetCarrierId() string
	GetAll() bool
	GetReason() string
}

func (c *check) scope(r scoped, given any) (scope ledger.Scope) {
	switch given.(type) {
	case *holdfastv1.SuspendRequest_Scene, *holdfastv1.ResumeRequest_Scene:
		scope.Scene = c.scene("scene", r.GetScene())
	case *holdfastv1.SuspendRequest_CarrierId, *holdfastv1.ResumeRequest_CarrierId:
		scope.Carrier = token[ledger.CarrierID](c, "carrier_id", r.GetCarrierId())
	case *holdfastv1.SuspendRequest_All, *holdfastv1.ResumeRequest_All:
		if !r.GetAll() {
			c.fault("all", "must be true, or left out")
		}
	default:
		c.fault("scene", "or carrier_id or all is required")
	}
	return scope
}

func (s *admin) Suspend(ctx context.Context, r *holdfastv1.SuspendRequest) (*holdfastv1.SuspendResponse, error) {
	var c check
	cmd := &ledger.Suspend{Request: c.request(callerOf(ctx), r.GetRequestId()), Scope: c.scope(r, r.GetScope()), Reason: c.note("reason", r.GetReason())}
	list, replayed, err := s.suspend(ctx, &c, cmd, holdfastv1.AdminService_Suspend_FullMethodName, r, &holdfastv1.SuspendResponse{})
	if err != nil {
		return nil, err
	}
	return &holdfastv1.SuspendResponse{Suspensions: list, Replayed: replayed}, nil
}

func (s *admin) Resume(ctx context.Context, r *holdfastv1.ResumeRequest) (*holdfastv1.ResumeResponse, error) {
	var c check
	cmd := &ledger.Resume{Request: c.request(callerOf(ctx), r.GetRequestId()), Scope: c.scope(r, r.GetScope()), Reason: c.note("reason", r.GetReason())}
	list, replayed, err := s.suspend(ctx, &c, cmd, holdfastv1.AdminService_Resume_FullMethodName, r, &holdfastv1.ResumeResponse{})
	if err != nil {
		return nil, err
	}
	return &holdfastv1.ResumeResponse{Suspensions: list, Replayed: replayed}, nil
}

// suspend carries out a suspension, or its end, in every shard and answers with what is suspended then.
func (s *admin) suspend(ctx context.Context, c *check, cmd ledger.Command, method string, r proto.Message, like replayable) ([]*holdfastv1.Suspension, bool, error) {
	if err := c.err(); err != nil {
		return nil, false, err
	}
	replayed, err := s.everywhere(ctx, cmd, method, r, like)
	if err != nil {
		return nil, false, err
	}
	list, err := s.suspensions(ctx)
	return list, replayed, err
}

// suspensions are the same in every shard; the first is asked.
func (s *admin) suspensions(ctx context.Context) ([]*holdfastv1.Suspension, error) {
	out, err := look(ctx, s.writers[0], &ledger.GetShard{})
	if err != nil {
		return nil, err
	}
	return suspensionsProto(out.Shard), nil
}

func (s *admin) ListSuspensions(ctx context.Context, _ *holdfastv1.ListSuspensionsRequest) (*holdfastv1.ListSuspensionsResponse, error) {
	list, err := s.suspensions(ctx)
	return &holdfastv1.ListSuspensionsResponse{Suspensions: list}, err
}

// AdvanceClock moves the virtual clock, journals that it moved, and lets what is due happen, or leaves that to the
// writers' sweeps.
func (s *admin) AdvanceClock(ctx context.Context, r *holdfastv1.AdvanceClockRequest) (*holdfastv1.AdvanceClockResponse, error) {
	clock := s.server.config.Clock
	if !clock.Virtual() {
		return nil, failed(codes.FailedPrecondition, "CLOCK_NOT_VIRTUAL", "the server runs on real time; start it with --virtual-clock")
	}
	var c check
	var to calendar.Instant
	switch {
	case r.GetTime() != nil:
		to = c.instant("time", r.GetTime())
	case r.GetDuration() != nil:
		d := r.GetDuration()
		if d.CheckValid() != nil || d.AsDuration() <= 0 || d.AsDuration() > 100*365*24*time.Hour {
			c.fault("duration", "must be above 0 and at most 100 years")
			break
		}
		to = c.instant("duration", timestamp(s.server.now().Add(d.AsDuration())))
	default:
		c.fault("time", "or duration is required")
	}
	if len(c.faults) == 0 && !clock.AdvanceTo(to) {
		c.fault("time", "lies before the clock, which is at %s", s.server.now().Time().Format(time.RFC3339Nano))
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	resp := &holdfastv1.AdvanceClockResponse{Time: timestamp(to)}
	for _, w := range s.writers {
		if _, err := submit(ctx, w, &ledger.AdvanceClock{}); err != nil {
			return nil, err
		}
		if r.GetInBackground() {
			continue
		}
		expired, err := w.Sweep(ctx)
		if err != nil {
			return nil, submitStatus(err)
		}
		resp.ExpiredHolds += int64(expired)
	}
	return resp, nil
}
