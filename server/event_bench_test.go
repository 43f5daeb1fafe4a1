package server

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// BenchmarkWatch reads a journal of 60,000 entries to its end: all of it, and one carrier's twentieth of it.
func BenchmarkWatch(b *testing.B) {
	k := serveBook(b, Config{NoPortfolio: true})
	const accounts, orders = 100, 30_000
	for range accounts {
		k.account(1e12)
	}
	list, err := k.ListAccounts(b.Context(), &holdfastv1.ListAccountsRequest{PageSize: accounts})
	require.NoError(b, err)
	var all sync.WaitGroup
	for worker := range 64 {
		all.Go(func() {
			for n := worker; n < orders; n += 64 {
				r := orderOf(list.GetAccounts()[n%accounts], fmt.Sprint("r-", n), fmt.Sprint("o-", n), 10)
				r.CarrierId, r.PhoneToken = fmt.Sprint("carrier-", n%20), fmt.Sprint("p-", n)
				resp, err := k.Authorize(b.Context(), r)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := k.Capture(b.Context(), &holdfastv1.CaptureRequest{
					RequestId: fmt.Sprint("c-", n), AuthorizationId: resp.GetAuthorization().GetAuthorizationId(), Currency: "CNY", Amount: 10,
				}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for name, r := range map[string]*holdfastv1.WatchEventsRequest{
		"all":          {},
		"carrier":      {CarrierId: "carrier-7"},
		"account":      {AccountId: list.GetAccounts()[7].GetAccountId()},
		"type":         {Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_REVERSED}},
		"carrier-none": {CarrierId: "nobody"},
	} {
		b.Run(name, func(b *testing.B) {
			var told int
			for b.Loop() {
				told = len(k.events(r))
			}
			b.ReportMetric(float64(told), "told")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(2*orders), "ns/entry")
		})
	}
}
