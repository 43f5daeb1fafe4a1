package server

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

var callersOfTests = `
- {name: gw, role: gateway, token_sha256: ` + digestOf("gw-token") + `}
- {name: shop, role: storefront, token_sha256: [` + digestOf("shop-old") + `, ` + digestOf("shop-new") + `], certificate: shop.example}
- {name: ops, role: operator, token_sha256: ` + digestOf("ops-token") + `}
- {name: root, role: admin, token_sha256: ` + digestOf("root-token") + `}
`

func testCallers(t *testing.T) *Callers {
	t.Helper()
	callers, faults := parseCallers([]byte(callersOfTests))
	require.Empty(t, faults)
	require.Equal(t, 4, callers.Len())
	return callers
}

// TestWhoMayDoWhat is every way to identify oneself against every kind of service.
func TestWhoMayDoWhat(t *testing.T) {
	var seen Caller
	service := &standIn{authorize: func(ctx context.Context, _ *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
		seen = CallerOf(ctx)
		return &holdfastv1.AuthorizeResponse{}, nil
	}}
	known := serveEdge(t, EdgeConfig{Callers: testCallers(t)}, service)
	open := serveEdge(t, EdgeConfig{}, service)
	bearer := func(token string) []string { return []string{"authorization", "Bearer " + token} }
	unknown := codes.Unauthenticated
	for _, c := range []struct {
		name             string
		server           *edgeServer
		metadata         []string
		want             Caller
		authorize, admin codes.Code
	}{
		{"gateway", known, bearer("gw-token"), Caller{"gw", RoleGateway}, codes.OK, codes.PermissionDenied},
		{"storefront, old token", known, bearer("shop-old"), Caller{"shop", RoleStorefront}, codes.OK, codes.PermissionDenied},
		{"storefront, new token", known, bearer("shop-new"), Caller{"shop", RoleStorefront}, codes.OK, codes.PermissionDenied},
		{"operator", known, bearer("ops-token"), Caller{"ops", RoleOperator}, codes.OK, codes.OK},
		{"admin", known, bearer("root-token"), Caller{"root", RoleAdmin}, codes.OK, codes.OK},
		{"scheme in lower case", known, []string{"authorization", "bearer gw-token"}, Caller{"gw", RoleGateway}, codes.OK, codes.PermissionDenied},
		{"nobody", known, nil, Caller{}, unknown, unknown},
		{"a name is not believed", known, []string{"holdfast-caller", "root"}, Caller{}, unknown, unknown},
		{"a name beside a token is not believed", known, append(bearer("gw-token"), "holdfast-caller", "root"),
			Caller{"gw", RoleGateway}, codes.OK, codes.PermissionDenied},
		{"unknown token", known, bearer("gw-tokem"), Caller{}, unknown, unknown},
		{"digest instead of token", known, bearer(digestOf("gw-token")), Caller{}, unknown, unknown},
		{"empty token", known, bearer(""), Caller{}, unknown, unknown},
		{"no scheme", known, []string{"authorization", "gw-token"}, Caller{}, unknown, unknown},
		{"basic", known, []string{"authorization", "Basic gw-token"}, Caller{}, unknown, unknown},
		{"two tokens", known, append(bearer("gw-token"), bearer("root-token")...), Caller{}, unknown, unknown},

		{"no callers file, no name", open, nil, Caller{"local", RoleAdmin}, codes.OK, codes.OK},
		{"no callers file, a name", open, []string{"holdfast-caller", "gw-7"}, Caller{"gw-7", RoleAdmin}, codes.OK, codes.OK},
		{"no callers file, two names", open, []string{"holdfast-caller", "a", "holdfast-caller", "b"}, Caller{}, unknown, unknown},
		{"no callers file, malformed name", open, []string{"holdfast-caller", "a b"}, Caller{}, unknown, unknown},
		{"no callers file, a token", open, bearer("whatever"), Caller{"local", RoleAdmin}, codes.OK, codes.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			cc := c.server.dial(t)
			ctx := metadata.AppendToOutgoingContext(testContext(t), c.metadata...)
			seen = Caller{}
			_, err := holdfastv1.NewAuthorizationServiceClient(cc).Authorize(ctx, &holdfastv1.AuthorizeRequest{})
			require.Equal(t, c.authorize, status.Code(err), "%v", err)
			require.Equal(t, c.want, seen)
			refusal(t, err)
			_, err = holdfastv1.NewAdminServiceClient(cc).GetStats(ctx, &holdfastv1.GetStatsRequest{})
			require.Equal(t, c.admin, status.Code(err), "%v", err)
			refusal(t, err)
			backup, err := holdfastv1.NewAdminServiceClient(cc).Backup(ctx, &holdfastv1.BackupRequest{})
			require.NoError(t, err)
			_, err = backup.Recv()
			if c.admin == codes.OK {
				require.Equal(t, codes.Unimplemented, status.Code(err), "let through to a service that has none")
			} else {
				require.Equal(t, c.admin, status.Code(err))
			}
			reflected, err := grpc_reflection_v1.NewServerReflectionClient(cc).ServerReflectionInfo(ctx)
			require.NoError(t, err)
			_ = reflected.CloseSend()
			if _, err = reflected.Recv(); c.authorize != codes.OK {
				require.Equal(t, c.authorize, status.Code(err), "reflection is for callers that are known")
			}
		})
	}
	require.NotContains(t, known.log.String(), "-token", "a bearer token is never logged")
}

// refusal checks that who is refused is told why in a way that programs understand.
func refusal(t *testing.T, err error) {
	t.Helper()
	switch status.Code(err) {
	case codes.Unauthenticated:
		require.Equal(t, "UNAUTHENTICATED_CALLER", errorInfo(t, err))
	case codes.PermissionDenied:
		require.Equal(t, "PERMISSION_DENIED", errorInfo(t, err))
	}
}

func TestCallerOutsideOfACall(t *testing.T) {
	require.Equal(t, Caller{}, CallerOf(context.Background()))
	type key struct{}
	outer := context.WithValue(context.Background(), key{}, "kept")
	inner := context.WithValue(WithCaller(outer, Caller{"me", RoleAdmin}), key{}, "hidden")
	require.Equal(t, Caller{"me", RoleAdmin}, CallerOf(inner))
	require.Equal(t, "kept", WithCaller(outer, Caller{}).Value(key{}))
}
