package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

func TestMain(m *testing.M) {
	etcdtest.Reexec()
	os.Exit(m.Run())
}

// The cluster takes a write at the endpoints that are printed, and is gone once it is interrupted.
func TestRun(t *testing.T) {
	read, write := io.Pipe()
	stop := make(chan os.Signal, 1)
	ended := make(chan error, 1)
	go func() { ended <- run(nil, write, stop) }()
	var endpoints string
	lines := bufio.NewScanner(read)
	for endpoints == "" && lines.Scan() {
		endpoints, _ = strings.CutPrefix(lines.Text(), "endpoints: ")
		if endpoints == lines.Text() {
			endpoints = ""
		}
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(endpoints, ","), Logger: zap.NewNop()})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Put(t.Context(), "key", "value")
	require.NoError(t, err)
	list, err := client.MemberList(t.Context())
	require.NoError(t, err)
	require.Len(t, list.Members, 3)

	stop <- syscall.SIGINT
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("it did not end")
	}
	_, err = net.Dial("tcp", strings.Split(endpoints, ",")[0])
	require.Error(t, err)
}

func TestRunRefusesWhatItDoesNotKnow(t *testing.T) {
	require.ErrorContains(t, run([]string{"members"}, io.Discard, nil), "there is no command")
	require.Error(t, run([]string{"-dir"}, io.Discard, nil))
}
