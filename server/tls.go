package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
)

// TLSConfig names the PEM files of TLS. The zero value is plaintext.
type TLSConfig struct {
	CertFile string // certificate chain of the server
	KeyFile  string // its private key
	// ClientCAFile has the authorities whose client certificates are verified. With a callers file a certificate is
	// optional, because a bearer token may stand in for it; without one it is required.
	ClientCAFile string
}

// Enabled says whether connections are to be encrypted.
func (c TLSConfig) Enabled() bool { return c != TLSConfig{} }

// reloadInterval is how long a look at the files' times is good for. A handshake is made at most this much later with
// what was there before a change.
const reloadInterval = 2 * time.Second

// certificates hands the current TLS configuration to each handshake, so that renewed certificates are taken up
// without a restart. A change that cannot be loaded is logged, and what was there before stays in use.
type certificates struct {
	files          TLSConfig
	requireClients bool
	logger         *slog.Logger
	interval       time.Duration

	mu      sync.Mutex
	checked time.Time    // when the files were last looked at; guarded by mu
	seen    [3]time.Time // their modification times then; guarded by mu
	current *tls.Config  // guarded by mu
}

// serverCredentials are the gRPC transport credentials of c.
func (c TLSConfig) serverCredentials(requireClients bool, logger *slog.Logger) (credentials.TransportCredentials, error) {
	certs, err := newCertificates(c, requireClients, logger)
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return certs.config(time.Now()), nil
		},
	}), nil
}

func newCertificates(files TLSConfig, requireClients bool, logger *slog.Logger) (*certificates, error) {
	if files.CertFile == "" || files.KeyFile == "" {
		return nil, errors.New("TLS needs both a certificate file and a key file")
	}
	s := &certificates{files: files, requireClients: requireClients, logger: logger, interval: reloadInterval}
	s.seen, s.checked = s.times(), time.Now()
	var err error
	if s.current, err = s.load(); err != nil {
		return nil, err
	}
	return s, nil
}

// config is the configuration for a handshake now.
func (s *certificates) config(now time.Time) *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.checked) < s.interval {
		return s.current
	}
	s.checked = now
	times := s.times()
	if times == s.seen {
		return s.current
	}
	loaded, err := s.load()
	if err != nil {
		// Seen stays as it was: certificate and key are written one after the other, and may fit at the next look.
		s.logger.Error("changed TLS files cannot be loaded; the earlier ones stay in use", "error", err)
		return s.current
	}
	s.seen, s.current = times, loaded
	s.logger.Info("TLS files loaded again", "certificate", s.files.CertFile)
	return s.current
}

func (s *certificates) times() (times [3]time.Time) {
	for i, path := range []string{s.files.CertFile, s.files.KeyFile, s.files.ClientCAFile} {
		if info, err := os.Stat(path); err == nil {
			times[i] = info.ModTime()
		}
	}
	return times
}

func (s *certificates) load() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(s.files.CertFile, s.files.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if s.files.ClientCAFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(s.files.ClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("client authorities: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("client authorities: %s has no certificate", s.files.ClientCAFile)
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	if s.requireClients {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// CheckListen refuses to listen in plaintext where others than this machine could call.
func CheckListen(addr string, c TLSConfig, allowPlaintext bool) error {
	if c.Enabled() || allowPlaintext || isLoopback(addr) {
		return nil
	}
	return fmt.Errorf("refusing to listen on %s without TLS, because it is reachable from other machines: "+
		"give a certificate and a key, listen on a loopback address, or say --allow-plaintext", addr)
}

// isLoopback says whether only this machine can reach an address. Of names only localhost is known to be so.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
