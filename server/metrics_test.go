package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/writer"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// startOps is the operations listener of a set of metrics.
func startOps(t *testing.T, m *Metrics, ready func() error) *Ops {
	t.Helper()
	o, err := NewOps("127.0.0.1:0", m, ready, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	o.Start()
	t.Cleanup(func() { require.NoError(t, o.Shutdown()) })
	return o
}

func get(t *testing.T, o *Ops, path string) (int, string) {
	t.Helper()
	response, err := http.Get("http://" + o.Addr() + path)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	code, body := get(t, startOps(t, m, func() error { return nil }), "/metrics")
	require.Equal(t, http.StatusOK, code)
	return body
}

// sample is the value of a series, written as a scrape writes it.
func sample(t *testing.T, text, series string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (.*)$`).FindStringSubmatch(text)
	require.NotNil(t, found, "no series %s", series)
	return found[1]
}

func TestMetricsOfCalls(t *testing.T) {
	s := serveEdge(t, EdgeConfig{}, &standIn{
		authorize: func(_ context.Context, r *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
			if r.GetAmount() < 0 {
				return nil, failed(codes.InvalidArgument, "AMOUNT_INVALID", "no")
			}
			return &holdfastv1.AuthorizeResponse{}, nil
		},
		stream: func(stream holdfastv1.AuthorizationService_AuthorizeStreamServer) error {
			for {
				if _, err := stream.Recv(); err != nil {
					return nil
				}
				if err := stream.Send(&holdfastv1.AuthorizeStreamResponse{}); err != nil {
					return err
				}
			}
		},
	})
	ctx, client := testContext(t), s.client(t)
	for amount := int64(-1); amount < 3; amount++ {
		_, _ = client.Authorize(ctx, &holdfastv1.AuthorizeRequest{Amount: amount})
	}
	_, err := client.Void(ctx, &holdfastv1.VoidRequest{})
	require.Equal(t, codes.Unimplemented, status.Code(err))
	stream, err := client.AuthorizeStream(ctx)
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, stream.Send(&holdfastv1.AuthorizeStreamRequest{}))
		_, err := stream.Recv()
		require.NoError(t, err)
	}
	require.NoError(t, stream.CloseSend())
	_, err = stream.Recv()
	require.ErrorIs(t, err, io.EOF)
	s.log.line(t, "AuthorizeStream", "received=5", "sent=5", "code=OK")

	text := scrape(t, s.metrics)
	unary := `grpc_method="Authorize",grpc_service="holdfast.v1.AuthorizationService",grpc_type="unary"}`
	bidi := `grpc_method="AuthorizeStream",grpc_service="holdfast.v1.AuthorizationService",grpc_type="bidi_stream"}`
	require.Equal(t, "4", sample(t, text, "grpc_server_started_total{"+unary))
	require.Equal(t, "3", sample(t, text, `grpc_server_handled_total{grpc_code="OK",`+unary))
	require.Equal(t, "1", sample(t, text, `grpc_server_handled_total{grpc_code="InvalidArgument",`+unary))
	require.Equal(t, "4", sample(t, text, "grpc_server_handling_seconds_count{"+unary))
	require.Equal(t, "1", sample(t, text, `grpc_server_handled_total{grpc_code="OK",`+bidi))
	require.Equal(t, "5", sample(t, text, "grpc_server_msg_received_total{"+bidi))
	require.Equal(t, "5", sample(t, text, "grpc_server_msg_sent_total{"+bidi))
	require.Equal(t, "1", sample(t, text, `holdfast_faults_total{reason="AMOUNT_INVALID"}`))
	require.Equal(t, "1", sample(t, text, `holdfast_faults_total{reason="UNIMPLEMENTED"}`))
}

func TestMetricsOfTheDomain(t *testing.T) {
	m := NewMetrics()
	m.Decided(uint8(ledger.TopUp), true, 0)
	m.Decided(uint8(ledger.TopUp), true, 0)
	m.Decided(uint8(ledger.Bundle), false, uint8(ledger.AccountLimit))
	m.Decided(uint8(ledger.Bill), false, uint8(ledger.RiskPolicy))
	m.Decided(uint8(ledger.Bill), false, 200)
	m.Decided(99, false, 31)
	m.Replayed()
	m.Fault("ORDER_NOT_FOUND")
	appended := m.OnAppend(3)
	appended(64, 9_000, 90*time.Microsecond)
	appended(1, 200, 2*time.Second)
	m.WatchShards(func() []writer.Stats {
		return []writer.Stats{
			{Shard: 0, Leads: true, Durable: 1_000, Epoch: 2, Queued: 7, Commands: 900, Batches: 30, State: state.Stats{CacheBytes: 5, DirtyBytes: 4, DirtyRows: 3, Flushed: 400}},
			{Shard: 1, StandsBy: true, Durable: 10, State: state.Stats{Flushed: 12}},
			{Shard: 2}, // starting
		}
	})
	text := scrape(t, m)
	for series, want := range map[string]string{
		`holdfast_decisions_total{decision="APPROVED",reason="NONE",scene="TOPUP"}`:           "2",
		`holdfast_decisions_total{decision="DECLINED",reason="ACCOUNT_LIMIT",scene="BUNDLE"}`: "1",
		`holdfast_decisions_total{decision="DECLINED",reason="RISK_POLICY",scene="BILL"}`:     "1",
		`holdfast_decisions_total{decision="DECLINED",reason="LINE_LIMIT",scene="TOPUP"}`:     "0",
		`holdfast_decisions_total{decision="DECLINED",reason="UNKNOWN",scene="NONE"}`:         "1",
		`holdfast_replayed_total`:                               "1",
		`holdfast_faults_total{reason="ORDER_NOT_FOUND"}`:       "1",
		`holdfast_batch_entries_sum{shard="3"}`:                 "65",
		`holdfast_append_seconds_bucket{shard="3",le="0.0001"}`: "1",
		`holdfast_append_seconds_count{shard="3"}`:              "2",
		`holdfast_journal_entries_total{shard="3"}`:             "65",
		`holdfast_journal_bytes_total{shard="3"}`:               "9200",
		`holdfast_shard_up{shard="0"}`:                          "1",
		`holdfast_shard_up{shard="1"}`:                          "1",
		`holdfast_shard_up{shard="2"}`:                          "0",
		`holdfast_shard_leads{shard="0"}`:                       "1",
		`holdfast_shard_leads{shard="1"}`:                       "0",
		`holdfast_queue_depth{shard="0"}`:                       "7",
		`holdfast_journal_durable_sequence{shard="0"}`:          "1000",
		`holdfast_state_flushed_sequence{shard="0"}`:            "400",
		`holdfast_state_lag_entries{shard="0"}`:                 "600",
		`holdfast_state_lag_entries{shard="1"}`:                 "0",
		`holdfast_commands_total{shard="0"}`:                    "900",
		`holdfast_batches_total{shard="0"}`:                     "30",
		`holdfast_state_dirty_rows{shard="0"}`:                  "3",
		`holdfast_journal_epoch{shard="0"}`:                     "2",
	} {
		require.Equal(t, want, sample(t, text, series), series)
	}
	require.NotContains(t, text, `holdfast_queue_depth{shard="2"}`, "a starting shard has no figures")
	require.Contains(t, text, "holdfast_build_info{")
	require.Contains(t, text, "go_goroutines ")
	require.Contains(t, text, "process_resident_memory_bytes ")
}

// TestMetricNames holds every metric to the conventions, and to having a help text.
func TestMetricNames(t *testing.T) {
	m := NewMetrics()
	m.OnAppend(0)
	m.WatchShards(func() []writer.Stats { return []writer.Stats{{Leads: true, Epoch: 1}} })
	families, err := m.Registry.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	for _, f := range families {
		require.NotEmpty(t, f.GetHelp(), f.GetName())
	}
}

func TestOps(t *testing.T) {
	var broken error
	o := startOps(t, NewMetrics(), func() error { return broken })
	code, body := get(t, o, "/readyz")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ready\n", body)

	broken = fmt.Errorf("shard 3: %w", errors.New("the journal has no room"))
	code, body = get(t, o, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "shard 3: the journal has no room\n", body)
	code, body = get(t, o, "/healthz")
	require.Equal(t, http.StatusOK, code, "alive, though not ready")
	require.Equal(t, "ok\n", body)

	code, index := get(t, o, "/")
	require.Equal(t, http.StatusOK, code)
	links := regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(index, -1)
	require.Len(t, links, 4)
	broken = nil
	for _, link := range links {
		code, body := get(t, o, link[1])
		require.Equal(t, http.StatusOK, code, link[1])
		require.NotEmpty(t, body)
	}
	code, _ = get(t, o, "/nothing")
	require.Equal(t, http.StatusNotFound, code)
	code, body = get(t, o, "/debug/pprof/goroutine?debug=1")
	require.Equal(t, http.StatusOK, code)
	require.True(t, strings.HasPrefix(body, "goroutine profile:"))

	_, err := NewOps(o.Addr(), NewMetrics(), func() error { return nil }, nil)
	require.ErrorContains(t, err, "operations", "the port is taken")
	never, err := NewOps("127.0.0.1:0", NewMetrics(), func() error { return nil }, nil)
	require.NoError(t, err)
	require.NoError(t, never.Shutdown(), "one that was never started")
}
