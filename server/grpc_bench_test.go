package server

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// BenchmarkEdge is what every unary call pays for passing through the interceptor: no network, and a service that does
// nothing. The request is there as gRPC would hand it over.
func BenchmarkEdge(b *testing.B) {
	incoming := func(pairs ...string) context.Context {
		ctx, cancel := context.WithCancel(context.Background())
		b.Cleanup(cancel)
		ctx = peer.NewContext(ctx, &peer.Peer{Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7600}})
		return metadata.NewIncomingContext(ctx, metadata.Pairs(append(pairs, "content-type", "application/grpc", ":authority", "x", "user-agent", "y")...))
	}
	timed := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithTimeout(ctx, time.Hour)
		b.Cleanup(cancel)
		return ctx
	}
	known, faults := parseCallers([]byte("- {name: gw, role: gateway, token_sha256: " + digestOf("secret") + "}"))
	if len(faults) > 0 {
		b.Fatal(faults)
	}
	for _, c := range []struct {
		name    string
		ctx     context.Context
		callers *Callers
	}{
		{"local", timed(incoming()), nil},
		{"named", timed(incoming("holdfast-caller", "gw-1")), nil},
		{"token", timed(incoming("authorization", "Bearer secret")), known},
		{"no-deadline", incoming(), nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := testEdge(EdgeConfig{Callers: c.callers, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
			info := &grpc.UnaryServerInfo{FullMethod: holdfastv1.AuthorizationService_Authorize_FullMethodName}
			req, resp := &holdfastv1.AuthorizeRequest{}, &holdfastv1.AuthorizeResponse{}
			handler := func(ctx context.Context, _ any) (any, error) {
				if CallerOf(ctx).Name == "" {
					b.Fatal("nobody calls")
				}
				return resp, nil
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.unary(c.ctx, req, info, handler); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("decided", func(b *testing.B) {
		m := NewMetrics()
		b.ReportAllocs()
		for b.Loop() {
			m.Decided(1, true, 0)
		}
	})
}
