package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// standIn is every service with nothing behind it: what a call does is what the test says.
type standIn struct {
	holdfastv1.UnimplementedAuthorizationServiceServer
	holdfastv1.UnimplementedAdminServiceServer
	authorize func(context.Context, *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error)
	stream    func(holdfastv1.AuthorizationService_AuthorizeStreamServer) error
}

func (s *standIn) Authorize(ctx context.Context, r *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
	if s.authorize == nil {
		return &holdfastv1.AuthorizeResponse{Decision: holdfastv1.Decision_DECISION_APPROVED}, nil
	}
	return s.authorize(ctx, r)
}

func (s *standIn) AuthorizeStream(stream holdfastv1.AuthorizationService_AuthorizeStreamServer) error {
	return s.stream(stream)
}

func (s *standIn) GetStats(context.Context, *holdfastv1.GetStatsRequest) (*holdfastv1.GetStatsResponse, error) {
	return &holdfastv1.GetStatsResponse{}, nil
}

// edgeServer is a running server with a standIn behind it.
type edgeServer struct {
	addr    string
	metrics *Metrics
	health  *Health
	log     *capturedLog
	grpc    *grpc.Server
}

func serveEdge(t *testing.T, c EdgeConfig, service *standIn) *edgeServer {
	t.Helper()
	s := &edgeServer{metrics: NewMetrics(), log: &capturedLog{}}
	if c.Logger == nil {
		c.Logger = s.log.logger(slog.LevelDebug)
	}
	var err error
	s.grpc, err = NewGRPC(c, s.metrics)
	require.NoError(t, err)
	holdfastv1.RegisterAuthorizationServiceServer(s.grpc, service)
	holdfastv1.RegisterAdminServiceServer(s.grpc, service)
	reflection.Register(s.grpc)
	s.health = NewHealth(s.grpc)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = l.Addr().String()
	go func() { _ = s.grpc.Serve(l) }()
	t.Cleanup(s.grpc.Stop)
	return s
}

func (s *edgeServer) dial(t *testing.T, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	if len(options) == 0 {
		options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	cc, err := grpc.NewClient(s.addr, options...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

func (s *edgeServer) client(t *testing.T) holdfastv1.AuthorizationServiceClient {
	return holdfastv1.NewAuthorizationServiceClient(s.dial(t))
}

// capturedLog is what a server logged.
type capturedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *capturedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *capturedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *capturedLog) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
}

// line waits for a line that has all of the texts.
func (l *capturedLog) line(t *testing.T, texts ...string) string {
	t.Helper()
	var found string
	require.Eventually(t, func() bool {
	lines:
		for line := range strings.Lines(l.String()) {
			for _, text := range texts {
				if !strings.Contains(line, text) {
					continue lines
				}
			}
			found = line
			return true
		}
		return false
	}, 5*time.Second, 5*time.Millisecond, "no line with %q", texts)
	return found
}

// errorInfo is the reason that an error carries; it fails the test if there is none of domain holdfast.
func errorInfo(t *testing.T, err error) string {
	t.Helper()
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			require.Equal(t, ErrorDomain, info.Domain)
			return info.Reason
		}
	}
	t.Fatalf("no ErrorInfo in %v", err)
	return ""
}

// testContext is for calls that should not take long, and whose client sends no deadline when it is a plain context.
func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	timer := time.AfterFunc(20*time.Second, cancel)
	t.Cleanup(func() { timer.Stop(); cancel() })
	return ctx
}

func testEdge(c EdgeConfig) *edge { return newEdge(c.withDefaults(), NewMetrics()) }

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
