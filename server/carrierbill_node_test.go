package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// TestLinesAreReportedAtAnyNode sends results for accounts of all shards to each node: each is carried out where its shard is decided,
// and answered in its place.
func TestLinesAreReportedAtAnyNode(t *testing.T) {
	ns := serveNodes(t, 2, fourShards, nil)
	first := ns.list[0]
	report := new(holdfastv1.ReportCollectionLinesRequest)
	for shard := range fourShards {
		a := first.accountIn(shard, 1e6)
		id, err := ledger.ParseAccountID(a.GetAccountId())
		require.NoError(t, err)
		for _, collection := range []string{itemID(id, 7), itemID(id, 9)} {
			report.Results = append(report.Results, &holdfastv1.CollectionLineResult{
				CollectionId: collection, Outcome: lineRefused, Currency: "CNY", Reason: "no such line",
			})
		}
	}
	for _, b := range ns.list {
		told, err := b.ReportCollectionLines(t.Context(), report)
		require.NoError(t, err)
		require.Len(t, told.GetAnswers(), len(report.GetResults()))
		for i, a := range told.GetAnswers() {
			require.Equal(t, report.GetResults()[i].GetCollectionId(), a.GetCollectionId())
			require.Equal(t, "ITEM_NOT_FOUND", a.GetReason(), a.GetMessage())
		}
		list, err := b.ListCollectionBatches(t.Context(), &holdfastv1.ListCollectionBatchesRequest{CarrierId: "cmcc"})
		require.NoError(t, err)
		require.Empty(t, list.GetBatches())
	}
	forwarded := `holdfast_forwarded_total{code="OK",method="ReportCollectionLines"}`
	require.NotEqual(t, "0", sample(t, scrape(t, first.server.metrics), forwarded), "nothing went over the wire")
	ns.alike()
}
