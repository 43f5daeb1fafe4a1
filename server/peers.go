package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/replica"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// PeerConfig is how a node reaches the others.
type PeerConfig struct {
	TLS   *tls.Config // nil for plaintext
	Token string      // bearer token by which the others know a peer; empty where a certificate or nothing does
}

// peers are the connections to the other nodes.
type peers struct {
	node  *node
	mu    sync.Mutex
	conns map[string]*grpc.ClientConn // by address
}

func newPeers(n *node) *peers { return &peers{node: n, conns: map[string]*grpc.ClientConn{}} }

// conn is a connection to a node.
func (p *peers) conn(address string) (*grpc.ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.conns[address]; c != nil {
		return c, nil
	}
	creds := insecure.NewCredentials()
	if p.node.config.Peers.TLS != nil {
		creds = credentials.NewTLS(p.node.config.Peers.TLS)
	}
	c, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(creds),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 3 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(2*journal.MaxBatchBytes)))
	if err != nil {
		return nil, fmt.Errorf("peer %s: %w", address, err)
	}
	p.conns[address] = c
	return c, nil
}

func (p *peers) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, c := range p.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// others are the other nodes that have caught up with a shard, the one who leads it last: it has most to do.
func (p *peers) others(ctx context.Context, shard int) (nodes []cluster.Node, err error) {
	registry, err := cluster.Open(p.node.client, p.node.config.registry())
	if err != nil {
		return nil, err
	}
	v, err := registry.Read(ctx)
	if err != nil {
		return nil, err
	}
	owner, _ := v.Owner(shard)
	var last []cluster.Node
	for _, n := range v.Nodes() {
		switch {
		case n.ID == p.node.config.Node:
		case n.ID == owner.Node:
			last = append(last, n)
		case slices.Contains(n.Warm, shard):
			nodes = append(nodes, n)
		}
	}
	return append(nodes, last...), nil
}

// errNoPeer says that no other node has a shard.
var errNoPeer = errors.New("no other node has it")

// journal reads a shard's journal from whichever peer has it.
func (p *peers) journal(shard int) func(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	return func(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
		return func(yield func(journal.Entry, error) bool) {
			nodes, err := p.others(ctx, shard)
			if err == nil {
				err = errNoPeer
			}
			for _, n := range nodes {
				var some, more bool
				if some, more, err = p.journalOf(ctx, n.Address, shard, from, yield); some || !more {
					break
				}
			}
			if err != nil && !errors.Is(err, errStopped) {
				yield(journal.Entry{}, fmt.Errorf("journal of shard %d from a peer: %w", shard, err))
			}
		}
	}
}

var errStopped = errors.New("stopped")

// journalOf reads a shard's journal from one peer. It says whether there was any of it, and whether more is wanted.
func (p *peers) journalOf(ctx context.Context, address string, shard int, from uint64, yield func(journal.Entry, error) bool) (some, more bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := p.conn(address)
	if err != nil {
		return false, true, err
	}
	stream, err := peerv1.NewPeerServiceClient(conn).ReadJournal(p.node.asPeer(ctx), &peerv1.ReadJournalRequest{Shard: int32(shard), From: from})
	for err == nil {
		var m *peerv1.ReadJournalResponse
		if m, err = stream.Recv(); err != nil {
			break
		}
		var b journal.Batch
		if b, err = journal.Open(m.GetBatch()); err != nil {
			break
		}
		for e, err := range journal.Entries(b.Bytes, b.First, b.Prev()) {
			if err != nil {
				return some, true, err
			}
			some = true
			if !yield(e, nil) {
				return true, false, errStopped
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return some, true, err
}

// fetchState gets a peer's state file where there is none, so that a new node need not fold the whole journal.
func (p *peers) fetchState(ctx context.Context, shard int, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	nodes, err := p.others(ctx, shard)
	if err != nil {
		return err
	}
	err = errNoPeer
	for _, n := range nodes {
		if err = p.stateOf(ctx, n.Address, shard, path); err == nil {
			p.node.logger.Info("state fetched from a peer", "shard", shard, "peer", n.ID)
			return nil
		}
	}
	return err
}

func (p *peers) stateOf(ctx context.Context, address string, shard int, path string) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := p.conn(address)
	if err != nil {
		return err
	}
	stream, err := peerv1.NewPeerServiceClient(conn).ReadState(p.node.asPeer(ctx), &peerv1.ReadStateRequest{Shard: int32(shard)})
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".state-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	size, have := int64(-1), int64(0)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if size < 0 {
			size = m.GetSize()
		}
		k, err := tmp.Write(m.GetChunk())
		if err != nil {
			return err
		}
		have += int64(k)
	}
	if have != size || size <= 0 {
		return fmt.Errorf("the peer sent %d bytes of a state of %d", have, size)
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// peerService is PeerService: what the other nodes ask of this one.
type peerService struct {
	peerv1.UnimplementedPeerServiceServer
	*router
}

// ClaimOrder claims an order for an account, in the order's home.
func (s *peerService) ClaimOrder(ctx context.Context, r *peerv1.ClaimOrderRequest) (*peerv1.ClaimOrderResponse, error) {
	id, err := ledger.ParseAccountID(r.GetAccountId())
	if err != nil {
		return nil, failed(codes.InvalidArgument, "INVALID_REQUEST", err.Error())
	}
	c := &ledger.ClaimOrder{Caller: ledger.Caller(r.GetCaller()), Order: ledger.OrderID(r.GetOrderId()), Account: id}
	_, err = submit(ctx, s.writers[s.home(c.Caller, c.Order)], c)
	return &peerv1.ClaimOrderResponse{}, err
}

// MoveExposure has a shard give or take a part of an exposure limit.
func (s *peerService) MoveExposure(ctx context.Context, r *peerv1.MoveExposureRequest) (*peerv1.MoveExposureResponse, error) {
	shard, err := s.shard(r.GetShard())
	if err != nil {
		return nil, err
	}
	if _, err := s.shard(r.GetOther()); err != nil {
		return nil, err
	}
	_, err = submit(ctx, s.writers[shard], exposureCommand(r))
	return &peerv1.MoveExposureResponse{}, err
}

// shard checks a shard's number.
func (s *peerService) shard(n int32) (int, error) {
	if n < 0 || int(n) >= len(s.writers) {
		return 0, failed(codes.InvalidArgument, "INVALID_REQUEST", fmt.Sprintf("there is no shard %d", n))
	}
	return int(n), nil
}

// ReadJournal streams the node's own copy of a journal.
func (s *peerService) ReadJournal(r *peerv1.ReadJournalRequest, stream peerv1.PeerService_ReadJournalServer) error {
	shard, err := s.shard(r.GetShard())
	if err != nil {
		return err
	}
	var b journal.Builder
	var buffer []byte
	send := func() error {
		if b.Count() == 0 {
			return nil
		}
		batch := b.Batch()
		buffer = batch.Bytes
		return stream.Send(&peerv1.ReadJournalResponse{Batch: batch.Bytes})
	}
	size, next := 0, uint64(0)
	j, ok := s.writers[shard].Journal().(*replica.Journal)
	if !ok {
		return failed(codes.FailedPrecondition, "NOT_CLUSTERED", "this server is no cluster's node")
	}
	for e, err := range j.Copy().Replay(stream.Context(), r.GetFrom()) {
		if err != nil {
			return failed(codes.Unavailable, "DATA_UNREADABLE", err.Error())
		}
		if next == 0 || size >= batchBytes {
			if err := send(); err != nil {
				return err
			}
			b.Reset(e.Sequence, e.Prev, buffer)
		}
		_, size = b.Add(e.Time, func(to []byte) []byte { return append(to, e.Payload...) })
		next = e.Sequence + 1
	}
	if next == 0 {
		return nil
	}
	return send()
}

// batchBytes is about how large the batches are that a journal is sent in.
const batchBytes = 256 << 10

// ReadState streams the node's own state file.
func (s *peerService) ReadState(r *peerv1.ReadStateRequest, stream peerv1.PeerService_ReadStateServer) error {
	shard, err := s.shard(r.GetShard())
	if err != nil {
		return err
	}
	snapshot, err := s.writers[shard].Snapshot()
	if err != nil {
		return submitStatus(err)
	}
	defer snapshot.Close()
	first := &peerv1.ReadStateResponse{Sequence: snapshot.Flushed, Size: snapshot.Size()}
	if err := stream.Send(first); err != nil {
		return err
	}
	if _, err := snapshot.WriteTo(stateChunks{stream}); err != nil {
		return failed(codes.Unavailable, "DATA_UNREADABLE", err.Error())
	}
	return nil
}

// stateChunks sends what is written to it.
type stateChunks struct {
	stream peerv1.PeerService_ReadStateServer
}

func (c stateChunks) Write(b []byte) (int, error) {
	for at := 0; at < len(b); at += batchBytes {
		if err := c.stream.Send(&peerv1.ReadStateResponse{Chunk: b[at:min(at+batchBytes, len(b))]}); err != nil {
			return at, err
		}
	}
	return len(b), nil
}
