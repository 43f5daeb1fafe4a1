package server

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/risk/policy"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), s)
}

// Nodes that were not started with the same policy say so, as long as both are there.
func TestNodesCompareWhatTheyWereStartedWith(t *testing.T) {
	var log lines
	other, err := policy.Parse([]byte(policyText("mine", "name: made_up; when: order.amount > 5000; action: review; reason: MADE_UP")))
	require.NoError(t, err)
	ns := serveNodes(t, 2, 2, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	status := func(b *book) []string {
		resp, err := holdfastv1.NewClusterServiceClient(b.conn).GetClusterStatus(t.Context(), &holdfastv1.GetClusterStatusRequest{})
		require.NoError(t, err)
		return resp.GetDifferences()
	}
	for _, b := range ns.list {
		require.Empty(t, status(b))
		require.Equal(t, "0", sample(t, scrape(t, b.server.metrics), "holdfast_cluster_setups_differ"))
	}
	ns.add("c", 2, func(c *Config) { c.Policy = other })
	ns.settled()
	const said = "the nodes were not started with the same risk policy"
	for _, b := range ns.list {
		differ := status(b)
		require.Len(t, differ, 1)
		require.Contains(t, differ[0], said+": ")
		require.Contains(t, differ[0], ") at a, b; mine (sha256 ")
		require.Contains(t, differ[0], ") at c")
		require.Equal(t, "1", sample(t, scrape(t, b.server.metrics), "holdfast_cluster_setups_differ"))
	}
	require.Eventually(t, func() bool { return log.has(said) }, 10*time.Second, 10*time.Millisecond)
	require.False(t, log.has("the nodes were started with the same terms"))

	require.NoError(t, ns.list[2].server.Shutdown())
	ns.list = ns.list[:2]
	ns.settled()
	require.Empty(t, status(ns.list[0]))
	require.Eventually(t, func() bool { return log.has("the nodes were started with the same terms") }, 10*time.Second, 10*time.Millisecond)
}
