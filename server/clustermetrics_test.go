package server

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// A node tells what it decides for and what it follows, how far behind it is, what it sent on, and how etcd is.
func TestMetricsOfNodes(t *testing.T) {
	ns := serveNodes(t, 2, 1, nil)
	owner, others := ns.owner(0)
	other := others[0]
	account := owner.accountIn(0, 1e9).GetAccountId()
	for _, id := range []string{account, account[:len(account)-1] + "9"} {
		_, err := other.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: id})
		require.Equal(t, id != account, err != nil)
	}
	ns.alike()
	_, next, err := owner.server.node.logs[0].Bounds(t.Context())
	require.NoError(t, err)
	for _, b := range ns.list { // what the others have is looked at in the background
		require.Eventually(t, func() bool {
			return b.server.node.metrics.members.Load() != nil && b.server.node.bounds[0].next.Load() == next
		}, patience, 20*time.Millisecond)
		families, err := b.server.metrics.Registry.Gather()
		require.NoError(t, err)
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		require.NoError(t, err)
		require.Empty(t, problems)
	}
	for _, b := range ns.list {
		text := scrape(t, b.server.metrics)
		leads := "0"
		if b == owner {
			leads = "1"
			require.NotEqual(t, "0", sample(t, text, `holdfast_takeover_seconds_count{shard="0"}`))
		}
		require.Equal(t, leads, sample(t, text, `holdfast_shard_leads{shard="0"}`))
		require.Equal(t, "1", sample(t, text, `holdfast_shard_up{shard="0"}`), "to stand by is to be up")
		require.Equal(t, "2", sample(t, text, "holdfast_cluster_nodes"))
		require.Equal(t, "0", sample(t, text, `holdfast_journal_trimmed_sequence{shard="0"}`))
		require.Equal(t, "0", sample(t, text, `holdfast_replica_lag_entries{shard="0"}`))
		leaders := 0
		for _, endpoint := range etcdMembers(t).Endpoints() {
			at := `{endpoint="` + endpoint + `"}`
			require.Equal(t, "1", sample(t, text, "holdfast_etcd_up"+at))
			require.Equal(t, "0", sample(t, text, "holdfast_etcd_alarms"+at))
			require.NotEqual(t, "0", sample(t, text, "holdfast_etcd_db_bytes"+at))
			if sample(t, text, "holdfast_etcd_leader"+at) == "1" {
				leaders++
			}
		}
		require.Equal(t, 1, leaders)
	}
	text := scrape(t, other.server.metrics)
	require.Equal(t, "1", sample(t, text, `holdfast_forwarded_total{code="OK",method="GetAccount"}`))
	require.Equal(t, "1", sample(t, text, `holdfast_forwarded_total{code="NotFound",method="GetAccount"}`))
}
