package server

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// carriers is CarrierService.
type carriers struct {
	holdfastv1.UnimplementedCarrierServiceServer
	*router
	now func() calendar.Instant
}

func (s *carriers) PutCarrier(ctx context.Context, r *holdfastv1.PutCarrierRequest) (*holdfastv1.PutCarrierResponse, error) {
	cmd, err := preparePutCarrier(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	cmd.Shards = len(s.writers)
	if cmd.Version == 0 {
		// The first shard has it first, and so knows which is the last version.
		known, err := look(ctx, s.writers[0], &ledger.GetShard{})
		if err != nil {
			return nil, err
		}
		r = proto.CloneOf(r) // the other shards get the same version, whoever decides for them
		cmd.Version = nextVersion(known.Shard, cmd)
		r.Version = int32(cmd.Version)
	}
	replayed, err := s.everywhere(ctx, cmd, holdfastv1.CarrierService_PutCarrier_FullMethodName, r, &holdfastv1.PutCarrierResponse{})
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.PutCarrierResponse{Replayed: replayed}
	if _, one := onlyShard(ctx); one {
		return resp, nil
	}
	resp.Carrier, err = s.find(ctx, firsts, cmd.ID, cmd.Version)
	return resp, err
}

// nextVersion is the version that a put makes: that which the same request made, or one more than the last. A put of what is
// in force completes that one.
func nextVersion(s *ledger.Shard, cmd *ledger.PutCarrier) uint32 {
	for i := range s.Carriers {
		if c := &s.Carriers[i]; c.ID == cmd.ID && c.Request == cmd.Request {
			return c.Version
		}
	}
	last := s.Carrier(cmd.ID)
	switch {
	case last == nil:
		return 1
	case last.Agreed(&cmd.Settings):
		return last.Version
	}
	return last.Version + 1
}

func (s *carriers) GetCarrier(ctx context.Context, r *holdfastv1.GetCarrierRequest) (*holdfastv1.GetCarrierResponse, error) {
	var c check
	id := token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId())
	version := c.count("version", r.GetVersion())
	if err := c.err(); err != nil {
		return nil, err
	}
	found, err := s.find(ctx, s.everybodys(), id, uint32(version))
	if err != nil {
		return nil, err
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range exposures(shards, s.now()) {
		if e.carrier == id {
			found.Exposures = append(found.Exposures, e.proto())
		}
	}
	return &holdfastv1.GetCarrierResponse{Carrier: found}, nil
}

func (s *carriers) ListCarriers(ctx context.Context, _ *holdfastv1.ListCarriersRequest) (*holdfastv1.ListCarriersResponse, error) {
	known, err := s.known(ctx, s.everybodys())
	if err != nil {
		return nil, err
	}
	resp := new(holdfastv1.ListCarriersResponse)
	for i := range known.Carriers {
		if c := &known.Carriers[i]; c == known.Carrier(c.ID) {
			resp.Carriers = append(resp.Carriers, carrierProto(known, c))
		}
	}
	return resp, nil
}

// known is what a shard has of carriers.
func (s *carriers) known(ctx context.Context, shard int) (*ledger.Shard, error) {
	out, err := look(ctx, s.writers[shard], &ledger.GetShard{})
	if err != nil {
		return nil, err
	}
	return out.Shard, nil
}

// find is a version of a carrier in a shard, 0 being that in force.
func (s *carriers) find(ctx context.Context, shard int, id ledger.CarrierID, version uint32) (*holdfastv1.Carrier, error) {
	known, err := s.known(ctx, shard)
	if err != nil {
		return nil, err
	}
	c, name := known.Carrier(id), string(id)
	if version != 0 {
		c, name = known.CarrierAt(id, version), fmt.Sprintf("%s of version %d", id, version)
	}
	if c == nil {
		return nil, failed(codes.NotFound, "CARRIER_NOT_FOUND", "there is no carrier "+name+" in the registry",
			&errdetails.ResourceInfo{ResourceName: string(id), Description: "the registry has no such carrier"})
	}
	return carrierProto(known, c), nil
}

func carrierProto(known *ledger.Shard, c *ledger.Carrier) *holdfastv1.Carrier {
	return &holdfastv1.Carrier{
		CarrierId: string(c.ID), Version: int32(c.Version), Settings: carrierSettingsProto(&c.CarrierSettings),
		CreateTime: timestamp(c.Put), Caller: string(c.Request.Caller),
		Suspended: slices.ContainsFunc(known.Suspensions, func(v ledger.Suspension) bool { return v.Scope.Carrier == c.ID }),
	}
}
