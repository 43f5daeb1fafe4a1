package server

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

const secret = "do-not-log-me"

// secrets is a message with the secret in every field that holds a token, and in others what a careless caller might
// write there.
func secrets(d protoreflect.MessageDescriptor, elsewhere string, depth int) protoreflect.Message {
	m := dynamicpb.NewMessage(d)
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		text := elsewhere
		if holdsToken(f) {
			text = secret
		} else if f.Name() == "request_id" && !hasTokenField(d) {
			text = "x-1" // the caller's own id, and nothing says that it would be a token
		}
		switch {
		case f.Kind() == protoreflect.StringKind && f.IsList():
			m.Mutable(f).List().Append(protoreflect.ValueOfString(text))
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString(text))
		case f.Kind() != protoreflect.MessageKind || f.IsMap() || depth == 0:
		case f.IsList():
			m.Mutable(f).List().Append(protoreflect.ValueOfMessage(secrets(f.Message(), elsewhere, depth-1)))
		default:
			m.Set(f, protoreflect.ValueOfMessage(secrets(f.Message(), elsewhere, depth-1)))
		}
	}
	return m
}

func hasTokenField(d protoreflect.MessageDescriptor) bool {
	for i := range d.Fields().Len() {
		if holdsToken(d.Fields().Get(i)) {
			return true
		}
	}
	return false
}

// TestNoTokenIsLogged sends every call that there is to a real server, with tokens in the fields for tokens, then also
// in all others, and with what a validation error would quote. Everything is logged, down to debug.
func TestNoTokenIsLogged(t *testing.T) {
	log := &capturedLog{}
	s, err := New(testContext(t), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Logger: log.logger(slog.LevelDebug)})
	require.NoError(t, err)
	go func() { _ = s.Serve() }()
	t.Cleanup(func() { require.NoError(t, s.Shutdown()) })
	cc, err := grpc.NewClient(s.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = cc.Close() })

	calls := 0
	for _, elsewhere := range []string{"", "x-1", "acc_0000000000001", secret, secret + " ü", "prefix-" + secret + "-1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage("holdfast.v1", func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				for j := range file.Services().Get(i).Methods().Len() {
					callWithSecrets(t, cc, file.Services().Get(i).Methods().Get(j), elsewhere)
					calls++
				}
			}
			return true
		})
	}
	ctx := metadata.AppendToOutgoingContext(testContext(t), "holdfast-caller", secret+" ü", "authorization", "Bearer "+secret)
	_, err = holdfastv1.NewAuthorizationServiceClient(cc).Authorize(ctx, &holdfastv1.AuthorizeRequest{})
	require.Error(t, err)

	require.Eventually(t, func() bool { return strings.Count(log.String(), "msg=call ") >= calls }, patience, 10*time.Millisecond)
	for line := range strings.Lines(log.String()) {
		require.NotContains(t, line, secret)
	}
	log.line(t, "method=/holdfast.v1.AccountService/GetAccount", "consumer_hash=")
	log.line(t, "method=/holdfast.v1.AuthorizationService/Authorize", "fields=", "request_id=x-1")
}

func callWithSecrets(t *testing.T, cc *grpc.ClientConn, m protoreflect.MethodDescriptor, elsewhere string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
	req, resp := secrets(m.Input(), elsewhere, 3).Interface(), dynamicpb.NewMessage(m.Output())
	if !m.IsStreamingClient() && !m.IsStreamingServer() {
		_ = cc.Invoke(ctx, name, req, resp)
		return
	}
	stream, err := cc.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, name)
	require.NoError(t, err)
	defer time.AfterFunc(300*time.Millisecond, cancel).Stop() // some never end by themselves
	_ = stream.SendMsg(req)
	_ = stream.CloseSend()
	for stream.RecvMsg(resp) == nil {
	}
}

// TestEveryTokenFieldIsKnown fails when the API gains a field that looks like a token and is not struck out.
func TestEveryTokenFieldIsKnown(t *testing.T) {
	known := regexp.MustCompile(`^(page_token|next_page_token)$`)
	protoregistry.GlobalFiles.RangeFilesByPackage("holdfast.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			fields := file.Messages().Get(i).Fields()
			for j := range fields.Len() {
				if f := fields.Get(j); strings.Contains(string(f.Name()), "token") && !known.MatchString(string(f.Name())) {
					require.True(t, holdsToken(f), f.FullName())
				}
			}
		}
		return true
	})
}

func TestWhatALineSays(t *testing.T) {
	s := serveEdge(t, EdgeConfig{}, &standIn{})
	_, err := s.client(t).Authorize(metadata.AppendToOutgoingContext(testContext(t), "holdfast-caller", "gw-1"), &holdfastv1.AuthorizeRequest{
		RequestId: "r-1", AccountId: "acc_0000000000001", PhoneToken: "ph-1",
	})
	require.NoError(t, err)
	line := s.log.line(t, "msg=call")
	for _, want := range []string{
		"level=DEBUG", "method=/holdfast.v1.AuthorizationService/Authorize", "caller=gw-1", "code=OK", "duration_ms=",
		"peer=127.0.0.1:", "request_id=r-1", "account=acc_0000000000001", "decision=APPROVED",
	} {
		require.Contains(t, line, want)
	}
	for id, want := range map[string]string{
		"r-13912345678": "malformed", "r-1391234567": "r-1391234567", "a b": "malformed", "r-ph-1-2": "r-[token]-2",
	} {
		require.Equal(t, want, quotable(id, []string{"ph-1"}))
	}
}

// TestWhichCallsAreLogged checks that at the usual level it is failures, slow calls and a sample, and not too many.
func TestWhichCallsAreLogged(t *testing.T) {
	var log capturedLog
	ctx, slow := context.Background(), time.Second
	count := func(a AccessLog, level slog.Level, n int, code codes.Code, took time.Duration, stream bool) (wanted int) {
		l := newAccessLog(a, log.logger(level))
		for range n {
			if _, ok := l.wants(ctx, code, took, stream); ok {
				wanted++
			}
		}
		return wanted
	}
	require.Zero(t, count(AccessLog{}, slog.LevelInfo, 500, codes.OK, 0, false))
	require.Equal(t, 500, count(AccessLog{}, slog.LevelDebug, 500, codes.OK, 0, false))
	require.Equal(t, 5, count(AccessLog{Sample: 100}, slog.LevelInfo, 500, codes.OK, 0, false))
	require.Equal(t, 50, count(AccessLog{}, slog.LevelInfo, 50, codes.OK, slow, false))
	require.Zero(t, count(AccessLog{}, slog.LevelInfo, 50, codes.OK, slow, true), "a stream is not slow, it lasts")
	require.Equal(t, 50, count(AccessLog{}, slog.LevelInfo, 50, codes.NotFound, 0, true))
	require.Zero(t, count(AccessLog{}, slog.LevelError, 50, codes.NotFound, 0, false), "below the logger's level")
	require.Zero(t, count(AccessLog{Off: true}, slog.LevelDebug, 50, codes.Internal, slow, false))
	begun := time.Now()
	lines := count(AccessLog{PerSecond: 10}, slog.LevelInfo, 1_000, codes.Unavailable, 0, false)
	require.LessOrEqual(t, lines, 10*(2+int(time.Since(begun)/time.Second)), "one second or two, or as many as it took")
}

func TestDroppedLinesAreCounted(t *testing.T) {
	var log capturedLog
	l := newAccessLog(AccessLog{PerSecond: 2}, log.logger(slog.LevelInfo))
	for range 5 {
		l.room(100)
	}
	require.True(t, l.room(101), "a new second")
	l.write(context.Background(), slog.LevelInfo, &callRecord{method: &method{name: "/s/m"}, status: status.New(codes.OK, "")})
	log.line(t, "lines_dropped=3")
}

func TestTokensOf(t *testing.T) {
	require.Equal(t, []string{"ph-1"}, tokensOf(&holdfastv1.AuthorizeRequest{PhoneToken: "ph-1", OrderId: "o"}))
	require.Equal(t, []string{"p1", "p2"}, tokensOf(&holdfastv1.OpenLineRequest{Line: &holdfastv1.LineOpening{
		Controls: &holdfastv1.SpendingControls{AllowedPhoneTokens: []string{"p1", "p2"}},
	}}))
	require.Empty(t, tokensOf(nil))
	require.Empty(t, tokensOf("text"))
	require.Empty(t, tokensOf((*holdfastv1.AuthorizeRequest)(nil)))
}
