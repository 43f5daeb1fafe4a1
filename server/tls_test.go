package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// authority makes certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// issue is a certificate and its key as PEM.
func (a *authority) issue(t *testing.T, commonName string, dnsNames ...string) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: commonName}, DNSNames: dnsNames,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// tlsFiles writes the files of a server whose clients' authority is a, too.
func tlsFiles(t *testing.T, a *authority) TLSConfig {
	t.Helper()
	dir := t.TempDir()
	c := TLSConfig{filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"), filepath.Join(dir, "clients.crt")}
	replaceServerCertificate(t, c, a)
	require.NoError(t, os.WriteFile(c.ClientCAFile, a.pem, 0o600))
	return c
}

func replaceServerCertificate(t *testing.T, c TLSConfig, a *authority) {
	t.Helper()
	certPEM, keyPEM := a.issue(t, "holdfast", "localhost")
	require.NoError(t, os.WriteFile(c.CertFile, certPEM, 0o600))
	require.NoError(t, os.WriteFile(c.KeyFile, keyPEM, 0o600))
}

// as dials with what a client of the authority a trusts and, unless it is empty, a certificate from signer.
func (s *edgeServer) as(t *testing.T, trusted, signer *authority, commonName string, dnsNames ...string) *grpc.ClientConn {
	t.Helper()
	config := &tls.Config{RootCAs: trusted.pool(), ServerName: "localhost"}
	if signer != nil {
		certPEM, keyPEM := signer.issue(t, commonName, dnsNames...)
		pair, err := tls.X509KeyPair(certPEM, keyPEM)
		require.NoError(t, err)
		// Not Certificates: those are held back from a server that names other authorities.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return s.dial(t, grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

func TestClientCertificates(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	var seen Caller
	s := serveEdge(t, EdgeConfig{TLS: tlsFiles(t, ours), Callers: testCallers(t)}, &standIn{
		authorize: func(ctx context.Context, _ *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
			seen = CallerOf(ctx)
			return &holdfastv1.AuthorizeResponse{}, nil
		},
	})
	call := func(cc *grpc.ClientConn, options ...grpc.CallOption) error {
		seen = Caller{}
		_, err := holdfastv1.NewAuthorizationServiceClient(cc).Authorize(testContext(t), &holdfastv1.AuthorizeRequest{}, options...)
		return err
	}
	token := grpc.PerRPCCredentials(bearerToken("gw-token"))

	require.NoError(t, call(s.as(t, ours, ours, "shop.example")))
	require.Equal(t, Caller{"shop", RoleStorefront}, seen, "by common name")
	require.NoError(t, call(s.as(t, ours, ours, "pod-17", "shop.example")))
	require.Equal(t, Caller{"shop", RoleStorefront}, seen, "by DNS name")
	require.NoError(t, call(s.as(t, ours, ours, "shop.example"), token))
	require.Equal(t, "shop", seen.Name, "the certificate comes before the token")
	require.NoError(t, call(s.as(t, ours, ours, "stranger"), token))
	require.Equal(t, "gw", seen.Name, "a token beside a certificate that is nobody's")
	require.NoError(t, call(s.as(t, ours, nil, ""), token))
	require.Equal(t, "gw", seen.Name, "a token without a certificate")

	require.Equal(t, codes.Unauthenticated, status.Code(call(s.as(t, ours, ours, "stranger"))))
	require.Equal(t, codes.Unauthenticated, status.Code(call(s.as(t, ours, nil, ""))))
	require.Equal(t, codes.Unavailable, status.Code(call(s.as(t, ours, theirs, "shop.example"))), "another authority's certificate")
	require.Equal(t, codes.Unavailable, status.Code(call(s.as(t, theirs, nil, ""))), "the client does not trust the server")
	require.Equal(t, codes.Unavailable, status.Code(call(s.dial(t))), "plaintext to a TLS port")
}

// Without a callers file whoever can connect may do everything, so a certificate is asked of everybody.
func TestClientCertificateIsRequiredWithoutCallers(t *testing.T) {
	ours := newAuthority(t, "ours")
	s := serveEdge(t, EdgeConfig{TLS: tlsFiles(t, ours)}, &standIn{})
	call := func(cc *grpc.ClientConn) error {
		_, err := holdfastv1.NewAuthorizationServiceClient(cc).Authorize(testContext(t), &holdfastv1.AuthorizeRequest{})
		return err
	}
	require.NoError(t, call(s.as(t, ours, ours, "anything")))
	require.Equal(t, codes.Unavailable, status.Code(call(s.as(t, ours, nil, ""))))
}

type bearerToken string

func (b bearerToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearerToken) RequireTransportSecurity() bool { return true }

// serialOf is the serial number of the certificate that a handshake at a time is given.
func serialOf(t *testing.T, s *certificates, now time.Time) *big.Int {
	t.Helper()
	leaf, err := x509.ParseCertificate(s.config(now).Certificates[0].Certificate[0])
	require.NoError(t, err)
	return leaf.SerialNumber
}

func TestCertificatesAreReloaded(t *testing.T) {
	ours := newAuthority(t, "ours")
	files, log := tlsFiles(t, ours), &capturedLog{}
	old := time.Now().Add(-time.Hour)
	for _, path := range []string{files.CertFile, files.KeyFile, files.ClientCAFile} {
		require.NoError(t, os.Chtimes(path, old, old))
	}
	s, err := newCertificates(files, false, log.logger(slog.LevelInfo))
	require.NoError(t, err)
	now := time.Now()
	first := serialOf(t, s, now)

	// Half of a renewal: the key does not fit the certificate yet.
	certPEM, keyPEM := ours.issue(t, "holdfast", "localhost")
	require.NoError(t, os.WriteFile(files.CertFile, certPEM, 0o600))
	require.Equal(t, first, serialOf(t, s, now.Add(s.interval/2)), "files are not looked at on every handshake")
	now = now.Add(s.interval)
	require.Equal(t, first, serialOf(t, s, now))
	log.line(t, "level=ERROR", "the earlier ones stay in use")

	require.NoError(t, os.WriteFile(files.KeyFile, keyPEM, 0o600))
	now = now.Add(s.interval)
	second := serialOf(t, s, now)
	require.NotEqual(t, first, second)
	log.line(t, "TLS files loaded again")

	require.NoError(t, os.Remove(files.CertFile))
	require.Equal(t, second, serialOf(t, s, now.Add(s.interval)), "a file that is gone changes nothing")
}

// TestReloadOverTheNetwork renews a certificate under a server that goes on running.
func TestReloadOverTheNetwork(t *testing.T) {
	before, after := newAuthority(t, "before"), newAuthority(t, "after")
	files := tlsFiles(t, before)
	s := serveEdge(t, EdgeConfig{TLS: files, Callers: testCallers(t)}, &standIn{})
	call := func(trusted *authority) codes.Code {
		_, err := holdfastv1.NewAuthorizationServiceClient(s.as(t, trusted, nil, "")).Authorize(
			testContext(t), &holdfastv1.AuthorizeRequest{}, grpc.PerRPCCredentials(bearerToken("gw-token")))
		return status.Code(err)
	}
	require.Equal(t, codes.OK, call(before))
	require.Equal(t, codes.Unavailable, call(after))
	replaceServerCertificate(t, files, after)
	require.Eventually(t, func() bool { return call(after) == codes.OK }, 3*reloadInterval+patience, 100*time.Millisecond)
	require.Equal(t, codes.Unavailable, call(before))
}

func TestTLSFilesThatCannotBeUsed(t *testing.T) {
	ours := newAuthority(t, "ours")
	good := tlsFiles(t, ours)
	other := tlsFiles(t, ours)
	empty := filepath.Join(t.TempDir(), "empty.crt")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, c := range map[string]TLSConfig{
		"no key":           {CertFile: good.CertFile},
		"no certificate":   {KeyFile: good.KeyFile},
		"only authorities": {ClientCAFile: good.ClientCAFile},
		"another's key":    {CertFile: good.CertFile, KeyFile: other.KeyFile},
		"missing file":     {CertFile: good.CertFile + "x", KeyFile: good.KeyFile},
		"no authority":     {CertFile: good.CertFile, KeyFile: good.KeyFile, ClientCAFile: empty},
	} {
		_, err := NewGRPC(EdgeConfig{TLS: c}, NewMetrics())
		require.Error(t, err, name)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	ours := newAuthority(t, "ours")
	s := serveEdge(t, EdgeConfig{TLS: tlsFiles(t, ours), Callers: testCallers(t)}, &standIn{})
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", s.addr, &tls.Config{
			RootCAs: ours.pool(), ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: version, NextProtos: []string{"h2"},
		})
		if require.Equal(t, want, err == nil, "%x: %v", version, err); err == nil {
			require.NoError(t, conn.Close())
		}
	}
}

func TestCheckListen(t *testing.T) {
	withTLS := TLSConfig{CertFile: "c", KeyFile: "k"}
	for _, addr := range []string{"127.0.0.1:7600", "127.8.8.8:1", "[::1]:7600", "localhost:7600", "LocalHost:0"} {
		require.NoError(t, CheckListen(addr, TLSConfig{}, false), addr)
	}
	for _, addr := range []string{":7600", "0.0.0.0:7600", "[::]:7600", "10.1.2.3:7600", "example.org:7600", "127.0.0.1", "", "127.0.0.1.example.org:1"} {
		err := CheckListen(addr, TLSConfig{}, false)
		require.ErrorContains(t, err, "--allow-plaintext", addr)
		require.ErrorContains(t, err, addr)
		require.NoError(t, CheckListen(addr, withTLS, false), addr)
		require.NoError(t, CheckListen(addr, TLSConfig{}, true), addr)
	}
}
