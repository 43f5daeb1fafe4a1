package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/client"
)

// DialFlags are the flags with which a command reaches a running server: what makes it trust the server, and the server
// it. They are the other side of serve's --tls-cert, --client-ca and --callers. Without any of them a command speaks
// plaintext and names no caller.
type DialFlags struct {
	TLS           bool   `name:"tls" help:"Speak TLS. The other --tls flags imply it."`
	TLSCA         string `name:"tls-ca" type:"existingfile" placeholder:"FILE" help:"Trust a server of this authority (PEM), instead of the authorities that this machine trusts."`
	TLSServerName string `name:"tls-server-name" placeholder:"NAME" help:"Name in the server's certificate, where it is not that of --target."`
	TLSCert       string `name:"tls-cert" type:"existingfile" placeholder:"FILE" help:"Client certificate to be known by (PEM)."`
	TLSKey        string `name:"tls-key" type:"existingfile" placeholder:"FILE" help:"Key of the client certificate (PEM)."`
	TokenFile     string `name:"token-file" type:"existingfile" placeholder:"FILE" help:"File with the bearer token to be known by. It is sent over TLS, or to this machine."`
}

// secure tells whether TLS is asked for.
func (f *DialFlags) secure() bool {
	return f.TLS || f.TLSCA != "" || f.TLSServerName != "" || f.TLSCert != "" || f.TLSKey != ""
}

// check refuses flags that contradict each other, or that nobody would heed because there is no target.
func (f *DialFlags) check(target string) error {
	switch {
	case target == "" && (f.secure() || f.TokenFile != ""):
		return errors.New("the --tls flags and --token-file are for --target, not for a directory or a file")
	case (f.TLSCert == "") != (f.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together")
	}
	return nil
}

// dial makes a client for a target. It does not wait for a connection.
func (f *DialFlags) dial(target string, options ...client.Option) (*client.Client, error) {
	if f.secure() {
		config, err := f.tlsConfig()
		if err != nil {
			return nil, err
		}
		options = append(options, client.WithTransportCredentials(credentials.NewTLS(config)))
	} else {
		options = append(options, client.WithInsecure())
	}
	if f.TokenFile != "" {
		token, err := f.token()
		if err != nil {
			return nil, err
		}
		options = append(options, client.WithBearerToken(token))
	}
	c, err := client.Dial(target, options...)
	if err != nil && f.TokenFile != "" && !f.secure() {
		return nil, fmt.Errorf("--token-file wants --tls or --tls-ca: %w", err)
	}
	return c, err
}

func (f *DialFlags) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.TLSServerName}
	if f.TLSCA != "" {
		pem, err := os.ReadFile(f.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tls-ca: %s has no certificate", f.TLSCA)
		}
	}
	if f.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		// Not Certificates: those are held back from a server that trusts other authorities, and its answer would then be
		// that it misses a certificate.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return config, nil
}

// token reads the token. A digest is made of a token without a newline; an editor puts one into the file all the same.
func (f *DialFlags) token() (string, error) {
	text, err := os.ReadFile(f.TokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("--token-file: want one token of printable ASCII characters in %s", f.TokenFile)
	}
	return token, nil
}

// explain adds to the error of a call which flag may be missing.
func (f *DialFlags) explain(err error) error {
	st, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	says := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(st.Message(), text) })
	}
	// A server that is not content with the client's side of TLS, or gets none, hangs up, and which end notices how is
	// a matter of chance.
	hungUp := says("server preface", "broken pipe", "connection reset", "remote error: tls")
	advice := ""
	switch {
	case st.Code() == codes.Unauthenticated:
		advice = "--token-file, or --tls-cert and --tls-key, say who is calling"
	case st.Code() == codes.PermissionDenied:
		advice = "call as an operator or admin of the server's callers file"
	case st.Code() != codes.Unavailable:
	case says("does not look like a TLS handshake"):
		advice = "the server speaks plaintext: leave the --tls flags out"
	case says("unknown authority", "not trusted") && !hungUp:
		advice = "--tls-ca names the authority of the server's certificate"
	case says("certificate is valid for", "cannot validate certificate for", "certificate is not valid for"):
		advice = "--tls-server-name is for a certificate that is for another name than --target's"
	case hungUp && !f.secure():
		advice = "if the server speaks TLS: --tls, or --tls-ca"
	case hungUp && f.TLSCert == "":
		advice = "if the server wants a client certificate: --tls-cert and --tls-key"
	case hungUp:
		advice = "if the server does not take the certificate of --tls-cert: it wants one of the authority of its --client-ca"
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w\n%s", err, advice)
}
