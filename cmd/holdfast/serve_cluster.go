package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/server"
)

// EtcdFlags say where a cluster's journals and registry are.
type EtcdFlags struct {
	Etcd             []string `help:"Members of etcd." placeholder:"HOST:PORT,..."`
	EtcdCA           string   `name:"etcd-ca" help:"Speak TLS with etcd and trust this authority (PEM)." type:"existingfile" placeholder:"FILE"`
	EtcdCert         string   `name:"etcd-cert" help:"Client certificate towards etcd (PEM)." type:"existingfile" placeholder:"FILE"`
	EtcdKey          string   `name:"etcd-key" help:"Key of that certificate (PEM)." type:"existingfile" placeholder:"FILE"`
	EtcdUser         string   `name:"etcd-user" help:"User at etcd, where its authentication is on." placeholder:"NAME"`
	EtcdPasswordFile string   `name:"etcd-password-file" help:"File with that user's password." type:"existingfile" placeholder:"FILE"`

	JournalsIn []string `name:"journals-in" help:"Shards whose journals are in another etcd cluster, which all nodes must be told alike." placeholder:"FIRST-LAST=HOST:PORT+HOST:PORT,..."`
	Cluster    string   `help:"Name of the cluster: etcd may have several." default:"default"`
}

// ClusterFlags make a server a node of a cluster.
type ClusterFlags struct {
	Journal string `help:"Where the journal is: bolt for the data directory, etcd for a cluster." enum:"bolt,etcd" default:"bolt"`

	EtcdFlags

	Node      string        `help:"This node's id, the same after each start and another for each node." placeholder:"ID"`
	Advertise string        `help:"Where the other nodes and clients reach the API (default: where it listens)." placeholder:"HOST:PORT"`
	Lease     time.Duration `help:"How long a node that does not answer keeps its shards." default:"3s"`
	Copies    int           `help:"Nodes that must have an entry on disk before etcd forgets it." default:"2"`

	PeerCA        string `name:"peer-ca" help:"Speak TLS with the other nodes and trust this authority (PEM)." type:"existingfile" placeholder:"FILE"`
	PeerCert      string `name:"peer-cert" help:"Certificate by which the other nodes know this one as a peer (PEM)." type:"existingfile" placeholder:"FILE"`
	PeerKey       string `name:"peer-key" help:"Key of that certificate (PEM)." type:"existingfile" placeholder:"FILE"`
	PeerTokenFile string `name:"peer-token-file" help:"File with the token by which the other nodes know this one as a peer." type:"existingfile" placeholder:"FILE"`
}

// config is what the flags say; nil for a server of its own.
func (f *ClusterFlags) config() (*server.ClusterConfig, error) {
	if f.Journal != "etcd" {
		if len(f.Etcd) > 0 || f.Node != "" || f.Advertise != "" {
			return nil, errors.New("--etcd, --node and --advertise are for --journal=etcd")
		}
		return nil, nil
	}
	switch {
	case len(f.Etcd) == 0:
		return nil, errors.New("--journal=etcd wants --etcd, the members of etcd")
	case f.Node == "":
		return nil, errors.New("--journal=etcd wants --node, this node's id")
	}
	c, err := f.EtcdFlags.config()
	if err != nil {
		return nil, err
	}
	c.Node, c.Advertise, c.Lease, c.Copies = f.Node, f.Advertise, f.Lease, f.Copies
	if c.Peers.Token, err = secret(f.PeerTokenFile); err != nil {
		return nil, err
	}
	if c.Peers.TLS, err = clientTLS(f.PeerCA, f.PeerCert, f.PeerKey); err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	return c, nil
}

// config is where the cluster is.
func (f *EtcdFlags) config() (*server.ClusterConfig, error) {
	c := &server.ClusterConfig{Endpoints: f.Etcd, Name: f.Cluster, Username: f.EtcdUser}
	for _, text := range f.JournalsIn {
		in, err := journalsIn(text)
		if err != nil {
			return nil, err
		}
		c.Journals = append(c.Journals, in)
	}
	var err error
	if c.Password, err = secret(f.EtcdPasswordFile); err != nil {
		return nil, err
	}
	if c.TLS, err = clientTLS(f.EtcdCA, f.EtcdCert, f.EtcdKey); err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return c, nil
}

// journalsIn reads FIRST-LAST=HOST:PORT+HOST:PORT.
func journalsIn(text string) (in server.JournalsIn, err error) {
	shards, endpoints, ok := strings.Cut(text, "=")
	first, last, between := strings.Cut(shards, "-")
	if in.First, err = strconv.Atoi(first); err == nil && between {
		in.Last, err = strconv.Atoi(last)
	}
	if !ok || !between || err != nil || in.First < 0 || in.Last < in.First || endpoints == "" {
		return in, fmt.Errorf("--journals-in: want FIRST-LAST=HOST:PORT+HOST:PORT, such as 8-15=etcd-4:2379+etcd-5:2379+etcd-6:2379, have %q", text)
	}
	in.Endpoints = strings.Split(endpoints, "+")
	return in, nil
}

// secret reads a file with a secret in it; empty for no file.
func secret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	if s == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return s, nil
}

// clientTLS is TLS towards somebody; nil when neither an authority nor a certificate is given.
func clientTLS(ca, cert, key string) (*tls.Config, error) {
	if ca == "" && cert == "" && key == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("a certificate and its key go together")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
