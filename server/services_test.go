package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// book is a server on a data directory of its own, and a connection to it.
type book struct {
	holdfastv1.AuthorizationServiceClient
	holdfastv1.AccountServiceClient
	holdfastv1.BillingServiceClient
	holdfastv1.PointsServiceClient
	holdfastv1.TermsServiceClient
	holdfastv1.RiskServiceClient
	holdfastv1.CarrierServiceClient
	holdfastv1.BundleServiceClient
	holdfastv1.SettlementServiceClient
	holdfastv1.CarrierBillServiceClient
	holdfastv1.EventServiceClient
	holdfastv1.AdminServiceClient

	t      testing.TB
	config Config
	server *Server
	served chan error
	conn   *grpc.ClientConn
	serial int
}

// serveBook starts a server, which is stopped with the test.
func serveBook(t testing.TB, c Config) *book {
	t.Helper()
	if c.Data == "" {
		c.Data = filepath.Join(t.TempDir(), "book")
	}
	c.Listen, c.Logger = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	if c.Drain == 0 {
		c.Drain = 5 * time.Second
	}
	b := &book{t: t, config: c}
	b.start()
	t.Cleanup(func() {
		_ = b.conn.Close()
		_ = b.server.Shutdown()
	})
	return b
}

func (b *book) start() {
	b.t.Helper()
	var err error
	b.server, err = New(b.t.Context(), b.config)
	require.NoError(b.t, err)
	b.served = make(chan error, 1)
	go func(s *Server, served chan error) { served <- s.Serve() }(b.server, b.served)
	b.conn = b.dial()
	b.AuthorizationServiceClient = holdfastv1.NewAuthorizationServiceClient(b.conn)
	b.AccountServiceClient = holdfastv1.NewAccountServiceClient(b.conn)
	b.BillingServiceClient = holdfastv1.NewBillingServiceClient(b.conn)
	b.PointsServiceClient = holdfastv1.NewPointsServiceClient(b.conn)
	b.TermsServiceClient = holdfastv1.NewTermsServiceClient(b.conn)
	b.RiskServiceClient = holdfastv1.NewRiskServiceClient(b.conn)
	b.CarrierServiceClient = holdfastv1.NewCarrierServiceClient(b.conn)
	b.BundleServiceClient = holdfastv1.NewBundleServiceClient(b.conn)
	b.SettlementServiceClient = holdfastv1.NewSettlementServiceClient(b.conn)
	b.CarrierBillServiceClient = holdfastv1.NewCarrierBillServiceClient(b.conn)
	b.EventServiceClient = holdfastv1.NewEventServiceClient(b.conn)
	b.AdminServiceClient = holdfastv1.NewAdminServiceClient(b.conn)
}

// dial makes a connection of its own.
func (b *book) dial() *grpc.ClientConn {
	conn, err := grpc.NewClient(b.server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b.t, err)
	return conn
}

// restart shuts the server down and starts another on the same data directory.
func (b *book) restart() {
	b.t.Helper()
	b.conn.Close()
	require.NoError(b.t, b.server.Shutdown())
	require.NoError(b.t, <-b.served)
	b.start()
}

// fresh is a new id.
func (b *book) fresh(kind string) string {
	b.serial++
	return fmt.Sprintf("%s-%d", kind, b.serial)
}

// account opens an account with a limit on itself and on its line for top-ups.
func (b *book) account(limit int64) *holdfastv1.Account {
	b.t.Helper()
	resp, err := b.OpenAccount(b.t.Context(), &holdfastv1.OpenAccountRequest{
		RequestId: b.fresh("open"), ConsumerToken: b.fresh("consumer"), Currency: "CNY", Limit: limit,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: limit, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	require.NoError(b.t, err)
	return resp.GetAccount()
}

// accountIn opens an account that lives in a shard.
func (b *book) accountIn(shard int, limit int64) *holdfastv1.Account {
	for {
		if a := b.account(limit); shardOf(b.t, a) == shard {
			return a
		}
	}
}

func shardOf(t testing.TB, a *holdfastv1.Account) int {
	id, err := ledger.ParseAccountID(a.GetAccountId())
	require.NoError(t, err)
	return int(id.Shard())
}

// orderOf is a request to authorize an amount.
func orderOf(account *holdfastv1.Account, request, order string, amount int64) *holdfastv1.AuthorizeRequest {
	return &holdfastv1.AuthorizeRequest{
		RequestId: request, AccountId: account.GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: order,
		CarrierId: "cmcc", PhoneToken: "p-1", Currency: "CNY", Amount: amount,
	}
}

// orderAt is an order id whose home is a shard.
func (b *book) orderAt(home int) string {
	for {
		if id := b.fresh("order"); b.server.router.home(LocalCaller, ledger.OrderID(id)) == home {
			return id
		}
	}
}

// held authorizes an amount of a new order, which must be approved.
func (b *book) held(a *holdfastv1.Account, amount int64) *holdfastv1.Authorization {
	b.t.Helper()
	resp, err := b.Authorize(b.t.Context(), orderOf(a, b.fresh("r"), b.fresh("order"), amount))
	require.NoError(b.t, err)
	require.Equal(b.t, holdfastv1.Decision_DECISION_APPROVED, resp.GetDecision())
	return resp.GetAuthorization()
}

// sound has the server verify itself.
func (b *book) sound() {
	b.t.Helper()
	stream, err := b.Verify(b.t.Context(), &holdfastv1.VerifyRequest{})
	require.NoError(b.t, err)
	for {
		m, err := stream.Recv()
		require.NoError(b.t, err)
		if m.GetDone() {
			require.Empty(b.t, m.GetFaults())
			return
		}
	}
}

// events are all events of the book until now, after a cursor.
func (b *book) events(r *holdfastv1.WatchEventsRequest) (list []*holdfastv1.Event) {
	b.t.Helper()
	r.UntilNow = true
	stream, err := b.WatchEvents(b.t.Context(), r)
	require.NoError(b.t, err)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(b.t, err)
		list = append(list, m.GetEvent())
	}
}

// as is a context in which somebody else calls.
func (b *book) as(caller string) context.Context {
	return metadata.AppendToOutgoingContext(b.t.Context(), callerKey, caller)
}

// reasonFrom is the reason of an error, which must be one of Holdfast's.
func reasonFrom(t testing.TB, err error) (codes.Code, string) {
	t.Helper()
	if err == nil {
		return codes.OK, ""
	}
	st, ok := status.FromError(err)
	require.True(t, ok, "%v", err)
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			require.Equal(t, ErrorDomain, info.GetDomain())
			return st.Code(), info.GetReason()
		}
	}
	return st.Code(), ""
}

func requireReason(t testing.TB, err error, code codes.Code, reason string) {
	t.Helper()
	gotCode, gotReason := reasonFrom(t, err)
	require.Equal(t, code.String()+" "+reason, gotCode.String()+" "+gotReason, "%v", err)
}
