package server

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// use is what one account has in use: all that the model needs to know.
type use struct{ held, posted int64 }

type useOp struct {
	kind   string // authorize, void, capture or get
	amount int64
}

type useResult struct {
	approved  bool
	use       use   // of the line, as the answer says
	available int64 // as the answer says
}

// oneAccount says what may be answered to whom when an account with a limit is used by one caller after the other.
func oneAccount(limit int64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return use{} },
		Step: func(state, input, output any) (bool, any) {
			s, in, out := state.(use), input.(useOp), output.(useResult)
			switch in.kind {
			case "authorize":
				if approve := s.held+s.posted+in.amount <= limit; approve != out.approved {
					return false, s
				} else if approve {
					s.held += in.amount
				}
			case "void":
				s.held -= in.amount
			case "capture":
				s.held, s.posted = s.held-in.amount, s.posted+in.amount
			}
			return out.use == s && out.available == limit-s.held-s.posted, s
		},
	}
}

// TestOneAccountIsLinearizable has several clients, each with a connection of its own, use one account at once. Some give
// a call up before it is answered and send it again with the same request id: it then begins where it began first.
func TestOneAccountIsLinearizable(t *testing.T) {
	const clients, calls, limit = 6, 120, 1000
	b := serveBook(t, Config{})
	a := b.account(limit)
	begun := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	given := 0
	var wg sync.WaitGroup
	for c := range clients {
		conn := b.dial()
		defer conn.Close()
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 3))
			client := &accountUser{
				t: t, r: r, account: a, authorizations: holdfastv1.NewAuthorizationServiceClient(conn),
				accounts: holdfastv1.NewAccountServiceClient(conn), name: fmt.Sprint(c),
			}
			for range calls {
				call := time.Since(begun)
				in, out := client.next()
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: c, Input: in, Call: int64(call), Output: out, Return: int64(time.Since(begun))})
				mu.Unlock()
			}
			mu.Lock()
			given += client.gaveUp
			mu.Unlock()
		})
	}
	wg.Wait()
	require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(oneAccount(limit), history, 30*time.Second))
	require.NotZero(t, given, "nobody gave a call up")
	last := history[len(history)-1]
	wrong := last.Output.(useResult)
	wrong.use.held++
	last.Output = wrong
	require.Equal(t, porcupine.Illegal, porcupine.CheckOperationsTimeout(oneAccount(limit), append(history[:len(history)-1:len(history)-1], last), 30*time.Second),
		"the check finds nothing")
	b.sound()
}

// accountUser is one client of the account.
type accountUser struct {
	t              *testing.T
	r              *rand.Rand
	name           string
	serial, gaveUp int
	account        *holdfastv1.Account
	authorizations holdfastv1.AuthorizationServiceClient
	accounts       holdfastv1.AccountServiceClient
	holds          []*holdfastv1.Authorization
}

// insist makes a call until it is answered, giving up early now and then.
func insist[R any](c *accountUser, call func(context.Context) (R, error)) R {
	for {
		ctx, cancel := context.WithCancel(c.t.Context())
		if c.r.IntN(4) == 0 {
			ctx, cancel = context.WithTimeout(c.t.Context(), time.Duration(c.r.IntN(1500))*time.Microsecond)
		}
		resp, err := call(ctx)
		cancel()
		if err == nil {
			return resp
		}
		require.Error(c.t, ctx.Err(), "%v", err)
		c.gaveUp++
	}
}

func (c *accountUser) next() (useOp, useResult) {
	c.serial++
	id := fmt.Sprintf("%s-%d", c.name, c.serial)
	n := c.r.IntN(10)
	if n < 2 || n < 6 && len(c.holds) == 0 {
		got := insist(c, func(ctx context.Context) (*holdfastv1.GetAccountResponse, error) {
			return c.accounts.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: c.account.GetAccountId()})
		}).GetAccount()
		line := got.GetLines()[0]
		return useOp{kind: "get"}, useResult{use: use{line.GetHeld(), line.GetPosted()}, available: line.GetAvailable()}
	}
	if n < 6 {
		hold := c.holds[0]
		c.holds = c.holds[1:]
		if n < 5 || c.r.IntN(4) > 0 {
			resp := insist(c, func(ctx context.Context) (*holdfastv1.VoidResponse, error) {
				return c.authorizations.Void(ctx, &holdfastv1.VoidRequest{RequestId: id, AuthorizationId: hold.GetAuthorizationId()})
			})
			return useOp{"void", hold.GetAuthorizedAmount()}, resultOf(true, resp.GetHeadroom())
		}
		resp := insist(c, func(ctx context.Context) (*holdfastv1.CaptureResponse, error) {
			return c.authorizations.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: id, AuthorizationId: hold.GetAuthorizationId(), Currency: "CNY"})
		})
		return useOp{"capture", hold.GetAuthorizedAmount()}, resultOf(true, resp.GetHeadroom())
	}
	amount := 50 + c.r.Int64N(200)
	resp := insist(c, func(ctx context.Context) (*holdfastv1.AuthorizeResponse, error) {
		return c.authorizations.Authorize(ctx, orderOf(c.account, id, id, amount))
	})
	approved := resp.GetDecision() == holdfastv1.Decision_DECISION_APPROVED
	if approved {
		c.holds = append(c.holds, resp.GetAuthorization())
	}
	return useOp{"authorize", amount}, resultOf(approved, resp.GetHeadroom())
}

func resultOf(approved bool, h *holdfastv1.Headroom) useResult {
	return useResult{approved, use{h.GetHeld(), h.GetPosted()}, h.GetAvailable()}
}
