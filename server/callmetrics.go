package server

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// callVectors are the figures of gRPC calls. Their names are those that go-grpc-middleware gave them, so that the usual
// dashboards fit; it resolves five labels on each call, which costs more than all else that an interceptor does here.
type callVectors struct {
	started  *prometheus.CounterVec
	handled  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	received *prometheus.CounterVec
	sent     *prometheus.CounterVec
}

var (
	callLabels    = []string{"grpc_type", "grpc_service", "grpc_method"}
	handledLabels = append(callLabels[:3:3], "grpc_code")
)

// Buckets of a call: from half a sync to the default deadline.
var callBuckets = []float64{
	100e-6, 250e-6, 500e-6, 1e-3, 2e-3, 3e-3, 5e-3, 7.5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5,
}

func newCallVectors() callVectors {
	counter := func(name, help string, labels []string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return callVectors{
		started:  counter("grpc_server_started_total", "Calls begun.", callLabels),
		handled:  counter("grpc_server_handled_total", "Calls ended, by their status code.", handledLabels),
		received: counter("grpc_server_msg_received_total", "Messages received on streams.", callLabels),
		sent:     counter("grpc_server_msg_sent_total", "Messages sent on streams.", callLabels),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "grpc_server_handling_seconds", Buckets: callBuckets,
			Help: "Time from a unary call's arrival at the interceptors to its answer. Streams are not in it: they last.",
		}, callLabels),
	}
}

func (v *callVectors) register(r *prometheus.Registry) {
	r.MustRegister(v.started, v.handled, v.seconds, v.received, v.sent)
}

// method is what is known of an RPC method before a call of it arrives.
type method struct {
	name   string // /service/method
	access access

	started  prometheus.Counter
	handled  [codes.Unauthenticated + 1]prometheus.Counter
	seconds  prometheus.Observer // nil for streams
	received prometheus.Counter  // nil for unary calls
	sent     prometheus.Counter  // nil for unary calls
}

// handledWith is the counter of calls that ended with a code.
func (m *method) handledWith(code codes.Code) prometheus.Counter {
	if int(code) < len(m.handled) {
		return m.handled[code]
	}
	return m.handled[codes.Unknown]
}

// methods finds a method by its name. The map is copied when a method is called for the first time, so that finding
// takes no lock; gRPC lets only registered methods through, so it does not grow without bound.
type methods struct {
	vectors *callVectors
	known   atomic.Pointer[map[string]*method]
	adding  sync.Mutex
}

func newMethods(v *callVectors) *methods {
	m := &methods{vectors: v}
	m.known.Store(&map[string]*method{})
	return m
}

func (m *methods) find(name string, stream *streamKind) *method {
	if found, ok := (*m.known.Load())[name]; ok {
		return found
	}
	return m.add(name, stream)
}

// streamKind is the directions of a streaming method; nil stands for a unary one.
type streamKind struct{ client, server bool }

func (k *streamKind) String() string {
	switch {
	case k == nil:
		return "unary"
	case k.client && k.server:
		return "bidi_stream"
	case k.client:
		return "client_stream"
	}
	return "server_stream"
}

func (m *methods) add(name string, stream *streamKind) *method {
	m.adding.Lock()
	defer m.adding.Unlock()
	old := *m.known.Load()
	if found, ok := old[name]; ok {
		return found
	}
	service, short, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	labels := []string{stream.String(), service, short}
	added := &method{name: name, access: accessOf(service, short), started: m.vectors.started.WithLabelValues(labels...)}
	for code := range added.handled {
		added.handled[code] = m.vectors.handled.WithLabelValues(append(labels[:3:3], codes.Code(code).String())...)
	}
	if stream == nil {
		added.seconds = m.vectors.seconds.WithLabelValues(labels...)
	} else {
		added.received, added.sent = m.vectors.received.WithLabelValues(labels...), m.vectors.sent.WithLabelValues(labels...)
	}
	grown := make(map[string]*method, len(old)+1)
	for k, v := range old {
		grown[k] = v
	}
	grown[name] = added
	m.known.Store(&grown)
	return added
}

// reasonOf is the stable reason of an error: that of its ErrorInfo, or else its code.
func reasonOf(st *status.Status) string {
	for _, detail := range st.Proto().GetDetails() {
		info := &errdetails.ErrorInfo{}
		if detail.MessageIs(info) && detail.UnmarshalTo(info) == nil && info.Domain == ErrorDomain {
			return info.Reason
		}
	}
	return strings.ToUpper(st.Code().String())
}
