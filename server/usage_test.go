package server

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/usage"
)

func (b *book) usage(caller, carrier string) (*holdfastv1.GetUsageResponse, error) {
	return holdfastv1.NewUsageServiceClient(b.conn).GetUsage(as(b.t.Context(), caller), &holdfastv1.GetUsageRequest{CarrierId: carrier})
}

// usageOfJournals folds the journals here.
func (b *book) usageOfJournals(carrier ledger.CarrierID) []usage.Usage {
	b.t.Helper()
	var all [][]usage.Usage
	for shard, w := range b.server.router.writers {
		f := usage.New(uint16(shard))
		require.NoError(b.t, replayInto(b.t.Context(), w.Journal(), 0, func(e *ledger.Entry) (bool, error) { return true, f.Add(e) }))
		all = append(all, f.Usage(carrier, 0, 0))
	}
	return usage.Merge(all...)
}

// TestTheUsageOfACarrier orders from four shards over weeks, and asks: of all that is durable, after a restart that goes on from
// the checkpoint, and with a checkpoint that is damaged.
func TestTheUsageOfACarrier(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	agreed := agreedWith("cmcc")
	agreed.Principals, agreed.PrincipalsOnly, agreed.Products = []string{"cmcc-gateway"}, false, nil
	b.putCarrier("cmcc", agreed)
	var accounts []*holdfastv1.Account
	for shard := range fourShards {
		accounts = append(accounts, b.accountIn(shard, 1e6))
	}
	for day := range 40 {
		b.on(time.Date(2026, 1, 6+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		b.orderFor("shop", "cmcc", accounts[day%3], int64(1_000*(1+day%2)))
		if day%10 == 0 {
			b.orderFor("shop", "unicom", accounts[3], 500)
		}
	}
	resp, err := b.usage("shop", "cmcc")
	require.NoError(t, err)
	require.Len(t, resp.GetUsages(), 1)
	require.Len(t, resp.GetMarks(), fourShards)
	u := resp.GetUsages()[0]
	require.Equal(t, "Asia/Shanghai", u.GetZone())
	require.Len(t, u.GetDays(), 40)
	sum := u.GetSum()
	require.EqualValues(t, 40, sum.GetApproved().GetCount())
	require.EqualValues(t, 60_000, sum.GetApproved().GetAmount())
	require.True(t, proto.Equal(sum.GetApproved(), sum.GetCaptured()))
	require.Len(t, sum.GetDenominations(), 2)
	require.EqualValues(t, 20, sum.GetDenominations()[1].GetOrders())
	require.EqualValues(t, 40, sum.GetAccounts())
	require.EqualValues(t, 37, sum.GetReturned(), "each of three accounts, but for its last order")
	require.EqualValues(t, 9, u.GetSettledAccounts())
	require.EqualValues(t, 9, u.GetSettledReturned())
	require.True(t, u.GetDays()[8].GetReturnsSettled())
	require.False(t, u.GetDays()[9].GetReturnsSettled())

	folded := b.usageOfJournals("cmcc")
	require.True(t, proto.Equal(UsageProto(&folded[0]), u))
	read, err := UsageOf(u)
	require.NoError(t, err)
	require.True(t, proto.Equal(UsageProto(read), u), "what is told is not what is read of it")

	b.restart()
	again, err := b.usage("shop", "cmcc")
	require.NoError(t, err)
	require.True(t, proto.Equal(resp, again))
	for i, f := range b.server.used.list {
		require.Equal(t, resp.GetMarks()[i].GetSequence(), f.from, "the checkpoint was not used")
	}
	require.NoError(t, b.server.Shutdown())
	file, err := os.ReadFile(b.server.data.UsagePath(1))
	require.NoError(t, err)
	file[len(file)/2] ^= 1
	require.NoError(t, os.WriteFile(b.server.data.UsagePath(1), file, 0o600))
	b.start()
	again, err = b.usage("shop", "cmcc")
	require.NoError(t, err)
	require.True(t, proto.Equal(resp, again))
	require.Zero(t, b.server.used.list[1].from, "a damaged checkpoint was used")

	// Some days of it, and a currency that there is not.
	client := holdfastv1.NewUsageServiceClient(b.conn)
	some, err := client.GetUsage(t.Context(), &holdfastv1.GetUsageRequest{CarrierId: "cmcc", Currency: "CNY", FromDate: u.GetDays()[3].GetDate(), ToDate: u.GetDays()[5].GetDate()})
	require.NoError(t, err)
	require.Len(t, some.GetUsages()[0].GetDays(), 3)
	require.EqualValues(t, 3, some.GetUsages()[0].GetSum().GetApproved().GetCount())
	none, err := client.GetUsage(t.Context(), &holdfastv1.GetUsageRequest{CarrierId: "cmcc", Currency: "UGX"})
	require.NoError(t, err)
	require.Empty(t, none.GetUsages())

	// A carrier's own may ask of their carrier.
	_, err = b.usage("cmcc-gateway", "cmcc")
	require.NoError(t, err)
	_, err = b.usage("cmcc-gateway", "unicom")
	requireReason(t, err, codes.PermissionDenied, "NOT_OF_CARRIER")
	agreed.Principals = []string{"another"}
	b.putCarrier("cmcc", agreed)
	_, err = b.usage("cmcc-gateway", "cmcc")
	requireReason(t, err, codes.PermissionDenied, "NOT_OF_CARRIER")
}

func TestUsageRequestsAreChecked(t *testing.T) {
	b := serveBook(t, Config{NoUsage: true})
	client := holdfastv1.NewUsageServiceClient(b.conn)
	_, err := client.GetUsage(t.Context(), &holdfastv1.GetUsageRequest{CarrierId: "c m", Currency: "yuan", FromDate: "2026-02-30", ToDate: "x"})
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	require.ElementsMatch(t, []string{"carrier_id", "currency", "from_date", "to_date"}, violations(err))
	_, err = client.GetUsage(t.Context(), &holdfastv1.GetUsageRequest{CarrierId: "c", FromDate: "2026-02-03", ToDate: "2026-02-01"})
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	_, err = client.GetUsage(t.Context(), &holdfastv1.GetUsageRequest{CarrierId: "c"})
	requireReason(t, err, codes.FailedPrecondition, "NO_USAGE")
}

// TestEveryNodeTellsTheSameUsage of what it has followed, whoever decides.
func TestEveryNodeTellsTheSameUsage(t *testing.T) {
	ns := serveNodes(t, 2, 2, nil)
	ns.list[1].serial = 10_000
	for shard := range 2 {
		a := ns.list[0].accountIn(shard, 1e6)
		for i := range 6 {
			ns.list[i%2].orderFor("shop", "cmcc", a, 100)
		}
	}
	ns.alike()
	for _, b := range ns.list {
		resp, err := b.usage("shop", "cmcc")
		require.NoError(t, err)
		require.EqualValues(t, 12, resp.GetUsages()[0].GetSum().GetApproved().GetCount())
	}
}
