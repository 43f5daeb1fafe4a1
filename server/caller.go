package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/binary"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// Role is what a caller may do. Gateways and storefronts may make every call but those of AdminService and those of
// BillingService and TermsService that are operators' acts: see accessOf.
type Role uint8

// The roles.
const (
	NoRole Role = iota
	RoleGateway
	RoleStorefront
	RoleOperator
	RoleAdmin
	RolePeer // another node of the cluster: it makes calls on behalf of its callers, and those of PeerService
)

var roleNames = [...]string{"none", "gateway", "storefront", "operator", "admin", "peer"}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown"
}

// operates says whether the role may make the calls that are for operators.
func (r Role) operates() bool { return r == RoleOperator || r == RoleAdmin }

// Caller is who is calling. The name is the principal that request ids and order ids belong to.
type Caller struct {
	Name string
	Role Role
}

// LocalCaller is who calls when there is no callers file and the call names nobody.
const LocalCaller = "local"

// Metadata keys of a call that say who it is from.
const (
	callerKey        = "holdfast-caller"
	authorizationKey = "authorization"
)

// CallerOf is who makes the call whose context this is; the zero Caller outside of a call.
func CallerOf(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerContextKey{}).(*callContext); ok {
		return c.caller
	}
	return Caller{}
}

// WithCaller is a context in which CallerOf answers c, for calls that do not come over the network.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return &callContext{Context: ctx, caller: c}
}

type callerContextKey struct{}

// callContext is the context of a call with its caller. It is a type of its own rather than a context.WithValue so that
// it costs one allocation and no boxing.
type callContext struct {
	context.Context
	caller Caller
	hopped bool // a peer sent it on
}

func (c *callContext) Value(key any) any {
	if _, ok := key.(callerContextKey); ok {
		return c
	}
	return c.Context.Value(key)
}

// identify says who is calling: by the verified client certificate, or else by the bearer token. A nil Callers, which
// stands for a server without a callers file, believes the metadata and lets everybody do everything.
func (c *Callers) identify(ctx context.Context) (Caller, error) {
	if c == nil {
		return trustedCaller(ctx)
	}
	if cert := clientCertificate(ctx); cert != nil {
		if caller, ok := c.byCertificate(cert); ok {
			return caller, nil
		}
	}
	values := metadata.ValueFromIncomingContext(ctx, authorizationKey)
	if len(values) == 0 {
		return Caller{}, failed(codes.Unauthenticated, "UNAUTHENTICATED_CALLER",
			"the call names no caller: want a client certificate, or the metadata authorization: Bearer TOKEN")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "bearer") || token == "" {
		return Caller{}, failed(codes.Unauthenticated, "UNAUTHENTICATED_CALLER", "want authorization: Bearer TOKEN, once")
	}
	if caller, ok := c.byToken(token); ok {
		return caller, nil
	}
	return Caller{}, failed(codes.Unauthenticated, "UNAUTHENTICATED_CALLER", "the token is no known caller's")
}

// trustedCaller believes what the metadata says.
func trustedCaller(ctx context.Context) (Caller, error) {
	values := metadata.ValueFromIncomingContext(ctx, callerKey)
	if len(values) == 0 {
		return Caller{LocalCaller, RoleAdmin}, nil
	}
	if len(values) > 1 || !validCallerName(values[0]) {
		return Caller{}, failed(codes.Unauthenticated, "UNAUTHENTICATED_CALLER",
			"want holdfast-caller once, as 1 to 64 characters of A-Z a-z 0-9 . _ : -")
	}
	return Caller{values[0], RoleAdmin}, nil
}

// clientCertificate is the certificate that the connection's client has proved to hold, nil when there is none.
func clientCertificate(ctx context.Context) *x509.Certificate {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return nil
	}
	return info.State.VerifiedChains[0][0]
}

// byCertificate looks for the names of a certificate: first those that it was issued for, then its subject.
func (c *Callers) byCertificate(cert *x509.Certificate) (Caller, bool) {
	for _, uri := range cert.URIs {
		if caller, ok := c.certificates[uri.String()]; ok {
			return caller, true
		}
	}
	for _, name := range cert.DNSNames {
		if caller, ok := c.certificates[name]; ok {
			return caller, true
		}
	}
	for _, name := range cert.EmailAddresses {
		if caller, ok := c.certificates[name]; ok {
			return caller, true
		}
	}
	caller, ok := c.certificates[cert.Subject.CommonName]
	return caller, ok
}

// byToken looks for the digest of a token: 8 bytes of it find the candidate, the whole is compared in constant time.
// What those 8 bytes give away by timing is of a digest, and helps nobody to a token.
func (c *Callers) byToken(token string) (Caller, bool) {
	digest := sha256.Sum256([]byte(token))
	known, ok := c.tokens[tokenPrefix(digest)]
	if !ok || subtle.ConstantTimeCompare(known.digest[:], digest[:]) != 1 {
		return Caller{}, false
	}
	return known.caller, true
}

func tokenPrefix(digest [sha256.Size]byte) uint64 { return binary.BigEndian.Uint64(digest[:]) }

// validCallerName holds for 1 to 64 characters of the alphabet of all caller-made ids.
func validCallerName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch b := s[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		case b == '.', b == '_', b == ':', b == '-':
		default:
			return false
		}
	}
	return true
}
