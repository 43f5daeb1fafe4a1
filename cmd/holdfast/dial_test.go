package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// papers is a directory with what servers and callers show each other.
type papers struct {
	t   *testing.T
	dir string
}

func (p papers) path(name string) string { return filepath.Join(p.dir, name) }

func (p papers) write(name string, text []byte) string {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return p.path(name)
}

func (p papers) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// authority writes NAME.pem, an authority's certificate, and answers with what signs by it.
func (p papers) authority(name string) func(leaf string, dnsNames ...string) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.must(err)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, &key.PublicKey, key)
	p.must(err)
	p.write(name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return func(leaf string, dnsNames ...string) { p.issue(leaf, dnsNames, authority, key) }
}

// issue writes NAME.pem and NAME.key. A certificate without DNS names is for 127.0.0.1.
func (p papers) issue(name string, dnsNames []string, authority *x509.Certificate, by *ecdsa.PrivateKey) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.must(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: dnsNames,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if len(dnsNames) == 0 {
		leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, by)
	p.must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	p.must(err)
	p.write(name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	p.write(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// serve starts a server and answers with where it listens.
func (p papers) serve(book string, flags ...string) (target string) {
	p.t.Helper()
	args := append([]string{"serve", "--data", p.path(book), "--listen", "127.0.0.1:0", "--ops", ""}, flags...)
	s, err := start(context.Background(), args...)
	p.must(err)
	p.t.Cleanup(s.kill)
	return s.Listen
}

// holdfast runs a command of this binary.
func (p papers) holdfast(args ...string) (out string, ok bool) {
	p.t.Helper()
	self, err := os.Executable()
	p.must(err)
	cmd := exec.Command(self, args...)
	cmd.Dir = p.dir
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return string(text), err == nil
}

// TestDial takes backups from, and verifies, servers that want TLS, a client certificate, or a token: with the flags that
// it takes, and with those that it does not take, which the error then names.
func TestDial(t *testing.T) {
	p := papers{t, t.TempDir()}
	ours := p.authority("ours")
	ours("server")
	ours("core", "core.example")
	ours("operator.example")
	ours("gateway.example")
	p.authority("theirs")("stranger")
	p.write("token", []byte("a-token-of-ops"))
	p.write("edited", []byte("a-token-of-ops\n"))
	p.write("wrong", []byte("a-token-of-nobody"))
	p.write("two", []byte("one\ntwo\n"))
	p.write("empty", nil)
	p.write("callers.yaml", fmt.Appendf(nil, `
- {name: ops, role: operator, token_sha256: %x}
- {name: night, role: admin, certificate: operator.example}
- {name: gw, role: gateway, certificate: gateway.example}
`, sha256.Sum256([]byte("a-token-of-ops"))))

	plain := p.serve("plain")
	callers := p.serve("callers", "--callers", p.path("callers.yaml"))
	tokens := p.serve("tokens", "--callers", p.path("callers.yaml"), "--tls-cert", p.path("server.pem"), "--tls-key", p.path("server.key"))
	named := p.serve("named", "--callers", p.path("callers.yaml"), "--tls-cert", p.path("core.pem"), "--tls-key", p.path("core.key"),
		"--client-ca", p.path("ours.pem"))
	closed := p.serve("closed", "--tls-cert", p.path("server.pem"), "--tls-key", p.path("server.key"), "--client-ca", p.path("ours.pem"))
	const (
		trusted = "--tls-ca ours.pem"
		core    = trusted + " --tls-server-name core.example"
		night   = " --tls-cert operator.example.pem --tls-key operator.example.key"
		gateway = " --tls-cert gateway.example.pem --tls-key gateway.example.key"
		unknown = " --tls-cert stranger.pem --tls-key stranger.key"
	)
	for _, c := range []struct{ name, target, flags, refused string }{
		{"plaintext", plain, "", ""},
		{"plaintext, a token on this machine", callers, "--token-file token", ""},
		{"plaintext, no token", callers, "", "--token-file, or --tls-cert and --tls-key, say who is calling"},
		{"plaintext, a token to another machine", "192.0.2.1:7600", "--token-file token", "--token-file wants --tls or --tls-ca: "},
		{"TLS to plaintext", plain, trusted, "the server speaks plaintext: leave the --tls flags out"},

		{"TLS and a token", tokens, trusted + " --token-file token", ""},
		{"TLS and a token with a newline", tokens, trusted + " --token-file edited", ""},
		{"TLS and another token", tokens, trusted + " --token-file wrong", "--token-file, or --tls-cert and --tls-key, say who is calling"},
		{"TLS and no token", tokens, trusted, "--token-file, or --tls-cert and --tls-key, say who is calling"},
		{"plaintext to TLS", tokens, "--token-file token", "if the server speaks TLS: --tls, or --tls-ca"},
		{"another authority", tokens, "--tls-ca theirs.pem --token-file token", "--tls-ca names the authority of the server's certificate"},
		{"no authority", tokens, "--tls --token-file token", "--tls-ca names the authority of the server's certificate"},
		{"two tokens", tokens, trusted + " --token-file two", "--token-file: want one token of printable ASCII characters in "},
		{"an empty token", tokens, trusted + " --token-file empty", "--token-file: want one token of printable ASCII characters in "},
		{"an authority that is none", tokens, "--tls-ca token", "--tls-ca: "},

		{"certificate for another name", named, trusted + night, "--tls-server-name is for a certificate that is for another name"},
		{"client certificate", named, core + night, ""},
		{"client certificate of a gateway", named, core + gateway, "call as an operator or admin of the server's callers file"},
		{"client certificate of nobody, and a token", named, core + " --tls-cert server.pem --tls-key server.key --token-file token", ""},
		{"client certificate of another authority", named, core + unknown, "if the server does not take the certificate of --tls-cert"},
		{"token beside client certificates", named, core + " --token-file token", ""},

		{"no callers file, client certificate", closed, trusted + gateway, ""},
		{"no callers file, no client certificate", closed, trusted + " --token-file token", "if the server wants a client certificate: --tls-cert and --tls-key"},
		{"certificate without key", closed, trusted + " --tls-cert server.pem", "--tls-cert and --tls-key go together"},
		{"another's key", closed, trusted + " --tls-cert server.pem --tls-key core.key", "--tls-cert and --tls-key: tls: private key does not match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := papers{t, p.dir}
			file := p.path("book.hfa")
			defer os.Remove(file)
			flags := append([]string{"--target", c.target}, strings.Fields(c.flags)...)
			for _, command := range [][]string{{"backup", file}, {"verify"}} {
				out, ok := p.holdfast(append(command, flags...)...)
				if ok != (c.refused == "") || !strings.Contains(out, c.refused) {
					t.Errorf("%s: want %q, have:\n%s", command[0], c.refused, out)
				}
				if strings.Contains(out, "a-token") {
					t.Errorf("%s: it tells the token:\n%s", command[0], out)
				}
			}
			if _, err := os.Stat(file); c.refused != "" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a refused backup leaves a file behind: %v", err)
			} else if c.refused != "" {
				return
			}
			if out, ok := p.holdfast("verify", "--backup", file); !ok {
				t.Errorf("the backup is not sound:\n%s", out)
			}
		})
	}
}

// TestTokenStaysAtHome listens where a token must not be sent in the clear, and hears nothing.
func TestTokenStaysAtHome(t *testing.T) {
	p := papers{t, t.TempDir()}
	p.write("token", []byte("a-token"))
	l, err := net.Listen("tcp", "0.0.0.0:0")
	p.must(err)
	defer l.Close()
	heard := make(chan struct{}, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
			heard <- struct{}{}
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	p.must(err)
	for _, host := range []string{"0.0.0.0", "core.example", "127.0.0.1.core.example", "dns:///core.example"} {
		out, ok := p.holdfast("verify", "--target", host+":"+port, "--token-file", "token")
		if ok || !strings.Contains(out, "--token-file wants --tls or --tls-ca") {
			t.Errorf("%s: %s", host, out)
		}
	}
	select {
	case <-heard:
		t.Error("somebody called")
	default:
	}
}

// TestReplayDials plays orders to a server that wants TLS and a token.
func TestReplayDials(t *testing.T) {
	p := papers{t, t.TempDir()}
	ours := p.authority("ours")
	ours("server")
	p.write("token", []byte("a-token"))
	p.write("callers.yaml", fmt.Appendf(nil, "- {name: ops, role: operator, token_sha256: %x}", sha256.Sum256([]byte("a-token"))))
	p.write("orders.csv", []byte("order,who,when,value,kind,via\na,ann,2026-01-01 09:00,20.00,prepaid,cmcc\n"))
	p.write("map.yaml", []byte(strings.TrimSpace(`
columns: {order: order, consumer: who, time: when, amount: value, category: kind, carrier: via}
currency: CNY
minor_digits: 2
time: {formats: ["2006-01-02 15:04"], zone: Asia/Shanghai}
scenes: {prepaid: TOPUP}
outcomes: [{then: capture, after: 1m}]
account: {limit: 300, lines: {TOPUP: 200}, agreement: v1}
`)))
	target := p.serve("book", "--virtual-clock", "2025-12-31T00:00:00Z", "--callers", p.path("callers.yaml"),
		"--tls-cert", p.path("server.pem"), "--tls-key", p.path("server.key"))
	replay := []string{"replay", "--orders", "orders.csv", "--map", "map.yaml"}
	out, ok := p.holdfast(append(replay, "--target", target, "--tls-ca", "ours.pem", "--token-file", "token")...)
	if !ok || !bytes.Contains([]byte(out), []byte("no faults.")) {
		t.Errorf("want no faults, have:\n%s", out)
	}
	out, ok = p.holdfast(append(replay, "--target", target, "--tls-ca", "ours.pem")...)
	if ok || !strings.Contains(out, "--token-file, or --tls-cert and --tls-key, say who is calling") {
		t.Errorf("want a refusal, have:\n%s", out)
	}
	out, ok = p.holdfast(append(replay, "--tls")...)
	if ok || !strings.Contains(out, "the --tls flags and --token-file are for --target") {
		t.Errorf("want a refusal, have:\n%s", out)
	}
}
