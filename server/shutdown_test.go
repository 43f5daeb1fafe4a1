package server

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestShutdownUnderLoadKeepsItsWord shuts the server down while clients make calls. Every answer that anybody got is
// there after the restart, and everything can be sent again.
func TestShutdownUnderLoadKeepsItsWord(t *testing.T) {
	b := serveBook(t, Config{Shards: 2})
	const clients = 8
	var accounts []*holdfastv1.Account
	for range clients {
		accounts = append(accounts, b.account(1e12))
	}
	for round := range 3 {
		ctx, stop := context.WithCancel(t.Context())
		answered := make([]map[string]string, clients)
		asked := make([]int, clients)
		var wg sync.WaitGroup
		charge := func(c, n int) (*holdfastv1.ChargeResponse, error) {
			id := fmt.Sprintf("%d-%d-%d", round, c, n)
			return b.Charge(t.Context(), &holdfastv1.ChargeRequest{
				RequestId: id, OrderId: id, AccountId: accounts[c].GetAccountId(), Scene: 1, CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 1,
			})
		}
		begun := make(chan struct{}, clients)
		for c := range clients {
			answered[c] = map[string]string{}
			wg.Go(func() {
				for ctx.Err() == nil {
					resp, err := charge(c, asked[c])
					asked[c]++
					if err != nil {
						return
					}
					answered[c][resp.GetAuthorization().GetOrderId()] = resp.GetAuthorization().GetAuthorizationId()
					if asked[c] == 20 {
						begun <- struct{}{}
					}
				}
			})
		}
		for range clients {
			<-begun
		}
		require.NoError(t, b.server.Shutdown())
		stop()
		wg.Wait()
		b.restart()
		for c := range clients {
			for order, id := range answered[c] {
				found, err := b.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: order})
				require.NoError(t, err)
				require.Equal(t, id, found.GetAuthorization().GetAuthorizationId())
			}
			for n := range asked[c] {
				_, err := charge(c, n)
				require.NoError(t, err)
			}
			got, err := b.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: accounts[c].GetAccountId()})
			require.NoError(t, err)
			require.LessOrEqual(t, int64(asked[c]), got.GetAccount().GetPosted())
		}
		b.sound()
	}
	posted := map[string]int{}
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_CAPTURED}}) {
		posted[e.GetOrderId()]++
		require.Equal(t, 1, posted[e.GetOrderId()], "order %s was carried out twice", e.GetOrderId())
	}
}
