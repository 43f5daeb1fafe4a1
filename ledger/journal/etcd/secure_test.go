package etcd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

// A user who may read and write what is below the prefix can do all that a journal does; whoever has a wrong password,
// or another prefix, hears so at once.
func TestUserAndPassword(t *testing.T) {
	t.Parallel()
	m := startMembers(t, 1, etcdtest.Member{})
	admin := m.Client()
	for user, role := range map[string]string{"root": "root", "holdfast": "journals"} {
		_, err := admin.UserAdd(background, user, "secret")
		require.NoError(t, err)
		_, err = admin.RoleAdd(background, role)
		require.NoError(t, err)
		_, err = admin.UserGrantRole(background, user, role)
		require.NoError(t, err)
	}
	_, err := admin.RoleGrantPermission(background, "journals", "/mine/", clientv3.GetPrefixRangeEnd("/mine/"), clientv3.PermissionType(clientv3.PermReadWrite))
	require.NoError(t, err)
	_, err = admin.AuthEnable(background)
	require.NoError(t, err)

	login := func(password, prefix string) func(*Config) {
		return func(c *Config) { c.Username, c.Password, c.Prefix = "holdfast", password, prefix }
	}
	c := connectTo(t, m.Endpoints(), login("secret", "/mine/"))
	j := open(t, c, "log")
	head := appendMany(t, j, acquire(t, j), 3, "x")
	f := follow(t, j, 1)
	f.sees(6)
	require.NoError(t, j.Trim(background, 3))
	appendMany(t, j, head, 1, "x")
	f.sees(8)

	for _, change := range []func(*Config){login("wrong", "/mine/"), login("secret", "/others/"), nil} {
		config := Config{Endpoints: m.Endpoints(), Logger: quiet}
		if change != nil {
			change(&config)
		}
		begun := time.Now()
		_, err := Connect(background, config)
		require.Error(t, err)
		require.Less(t, time.Since(begun), config.Patience+10*time.Second)
	}
}

// The connection may be TLS. A member's own TLS is etcd's affair, so here something else ends it.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, roots := certificate(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13})
	require.NoError(t, err)
	var conns sync.WaitGroup
	defer conns.Wait()
	defer l.Close()
	conns.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			member, err := net.Dial("tcp", members.Endpoints()[0])
			if err != nil {
				_ = client.Close()
				return
			}
			conns.Go(func() { _, _ = io.Copy(member, client); _ = member.Close() })
			conns.Go(func() { _, _ = io.Copy(client, member); _ = client.Close() })
		}
	})
	func() {
		c, err := Connect(background, Config{
			Endpoints: []string{"https://" + l.Addr().String()}, Prefix: prefixOf(t), Logger: quiet,
			Patience: 5 * time.Second,
			TLS:      &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13},
		})
		require.NoError(t, err)
		defer c.Close()
		j, err := c.Open("log")
		require.NoError(t, err)
		defer j.Close()
		appendMany(t, j, acquire(t, j), 3, "x")
	}()
	_, err = Connect(background, Config{
		Endpoints: []string{"https://" + l.Addr().String()}, Logger: quiet, Patience: 300 * time.Millisecond,
		TLS: &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS13},
	})
	require.ErrorContains(t, err, "certificate", "nobody vouches for it")
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
