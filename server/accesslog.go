package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/holdfast-credit/holdfast/ledger"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// AccessLog says which calls are logged: those that failed, those that were slow, and a sample of the others. When the
// logger's level is debug all are, however many.
type AccessLog struct {
	Off       bool
	Slow      time.Duration // from which on a unary call is slow; default 250 ms
	Sample    int           // one in so many of the other calls; 0 for none
	PerSecond int           // most lines in a second, so that trouble is not made worse; default 100
}

func (a AccessLog) withDefaults() AccessLog {
	if a.Slow == 0 {
		a.Slow = 250 * time.Millisecond
	}
	if a.PerSecond == 0 {
		a.PerSecond = 100
	}
	return a
}

// accessLog writes a line for a call. No token of a consumer or a phone is ever in it: what a line quotes is the id of
// the account, and of an account that is known by its token only, a keyed hash under a key of this process.
type accessLog struct {
	AccessLog
	logger *slog.Logger
	key    [16]byte

	calls   atomic.Uint64 // of those that may be sampled
	second  atomic.Int64  // the second that lines are counted for
	lines   atomic.Int64  // in that second
	dropped atomic.Int64  // lines left out since one was last written
}

func newAccessLog(a AccessLog, logger *slog.Logger) *accessLog {
	l := &accessLog{AccessLog: a.withDefaults(), logger: logger}
	_, _ = rand.Read(l.key[:])
	return l
}

// wants says whether a call is to be logged, and at what level. It is all that a call which is not logged pays.
func (l *accessLog) wants(ctx context.Context, code codes.Code, took time.Duration, stream bool) (slog.Level, bool) {
	if l.Off {
		return 0, false
	}
	level, debug := slog.LevelInfo, l.logger.Enabled(ctx, slog.LevelDebug)
	switch {
	case code != codes.OK:
		level = levelOf(code)
	case took >= l.Slow && !stream:
	case debug:
		level = slog.LevelDebug
	case l.Sample == 0 || l.calls.Add(1)%uint64(l.Sample) != 0:
		return level, false
	}
	return level, debug || l.logger.Enabled(ctx, level) && l.room(time.Now().Unix())
}

// levelOf is how bad a code is: the server's fault, its trouble, or the caller's affair.
func levelOf(code codes.Code) slog.Level {
	switch code {
	case codes.Internal, codes.Unknown, codes.DataLoss:
		return slog.LevelError
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Aborted:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// room counts a line against the second that it falls into.
func (l *accessLog) room(second int64) bool {
	if old := l.second.Load(); old != second && l.second.CompareAndSwap(old, second) {
		l.lines.Store(0)
	}
	if l.lines.Add(1) > int64(l.PerSecond) {
		l.dropped.Add(1)
		return false
	}
	return true
}

// callRecord is a call that has ended.
type callRecord struct {
	method         *method
	caller         Caller
	req, resp      any // nil for streams
	status         *status.Status
	took           time.Duration
	received, sent int64 // messages of a stream
}

func (l *accessLog) write(ctx context.Context, level slog.Level, r *callRecord) {
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs, slog.String("method", r.method.name), slog.String("caller", r.caller.Name),
		slog.String("code", r.status.Code().String()),
		slog.Float64("duration_ms", float64(r.took.Microseconds())/1000))
	if p, ok := peer.FromContext(ctx); ok {
		attrs = append(attrs, slog.String("peer", p.Addr.String()))
	}
	if r.req == nil {
		attrs = append(attrs, slog.Int64("received", r.received), slog.Int64("sent", r.sent))
	} else {
		attrs = l.appendRequest(attrs, r)
	}
	if r.status.Code() != codes.OK {
		attrs = append(attrs, slog.String("reason", reasonOf(r.status)))
		attrs = appendFields(attrs, r.status)
	}
	if n := l.dropped.Swap(0); n > 0 {
		attrs = append(attrs, slog.Int64("lines_dropped", n))
	}
	l.logger.LogAttrs(ctx, level, "call", attrs...)
}

// appendRequest tells what a unary call was about. The text of its error is left out: it may quote any field.
func (l *accessLog) appendRequest(attrs []slog.Attr, r *callRecord) []slog.Attr {
	tokens := tokensOf(r.req)
	if m, ok := r.req.(interface{ GetRequestId() string }); ok && m.GetRequestId() != "" {
		attrs = append(attrs, slog.String("request_id", quotable(m.GetRequestId(), tokens)))
	}
	if m, ok := r.req.(interface{ GetAccountId() string }); ok && m.GetAccountId() != "" {
		account := "malformed"
		if id, err := ledger.ParseAccountID(m.GetAccountId()); err == nil {
			account = id.String()
		}
		attrs = append(attrs, slog.String("account", account))
	} else if m, ok := r.req.(interface{ GetConsumerToken() string }); ok && m.GetConsumerToken() != "" {
		attrs = append(attrs, slog.String("consumer_hash", l.hash(m.GetConsumerToken())))
	}
	if m, ok := r.resp.(interface{ GetDecision() holdfastv1.Decision }); ok && r.status.Code() == codes.OK {
		attrs = append(attrs, slog.String("decision", strings.TrimPrefix(m.GetDecision().String(), "DECISION_")))
	}
	return attrs
}

// hash stands for a token in the lines of this process, and cannot be turned back without its memory.
func (l *accessLog) hash(token string) string {
	mac := hmac.New(sha256.New, l.key[:])
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}

// appendFields names the fields that a request was refused for. Their names are the API's, not the caller's.
func appendFields(attrs []slog.Attr, st *status.Status) []slog.Attr {
	for _, detail := range st.Proto().GetDetails() {
		bad := &errdetails.BadRequest{}
		if !detail.MessageIs(bad) || detail.UnmarshalTo(bad) != nil {
			continue
		}
		var fields []string
		for _, v := range bad.GetFieldViolations() {
			fields = append(fields, v.GetField())
		}
		return append(attrs, slog.String("fields", strings.Join(fields, ",")))
	}
	return attrs
}

// quotable is a caller-made id as it may be quoted: with tokens struck out, and not at all if it is malformed or has a
// mobile number in it.
func quotable(id string, tokens []string) string {
	if !validCallerName(id) || hasMobileNumber(id) {
		return "malformed"
	}
	return redact(id, tokens)
}

func hasMobileNumber(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			digits = 0
		} else if digits++; digits == 11 {
			return true
		}
	}
	return false
}

// redact strikes tokens out of a text.
func redact(text string, tokens []string) string {
	for _, token := range tokens {
		text = strings.ReplaceAll(text, token, "[token]")
	}
	return text
}

// tokensOf are the values of all fields of a message, at any depth, that hold a consumer's or a phone's token.
func tokensOf(v any) (tokens []string) {
	m, ok := v.(proto.Message)
	if !ok || m == nil || !m.ProtoReflect().IsValid() {
		return nil
	}
	collectTokens(m.ProtoReflect(), &tokens)
	return tokens
}

func collectTokens(m protoreflect.Message, to *[]string) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		each := func(v protoreflect.Value) {
			switch {
			case f.Kind() == protoreflect.MessageKind:
				collectTokens(v.Message(), to)
			case holdsToken(f) && v.String() != "":
				*to = append(*to, v.String())
			}
		}
		switch {
		case f.IsList():
			for i := range v.List().Len() {
				each(v.List().Get(i))
			}
		case !f.IsMap():
			each(v)
		}
		return true
	})
}

func holdsToken(f protoreflect.FieldDescriptor) bool {
	name := string(f.Name())
	return f.Kind() == protoreflect.StringKind &&
		(strings.HasSuffix(name, "consumer_token") || strings.HasSuffix(name, "phone_token") || strings.HasSuffix(name, "phone_tokens"))
}
