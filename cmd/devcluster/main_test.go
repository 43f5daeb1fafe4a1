package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

func TestMain(m *testing.M) {
	etcdtest.Reexec()
	os.Exit(m.Run())
}

// running is a devcluster within the test.
type running struct {
	t     *testing.T
	lines *bufio.Scanner
	stop  chan os.Signal
	ended chan error
}

func start(t *testing.T, args ...string) *running {
	read, write := io.Pipe()
	r := &running{t: t, lines: bufio.NewScanner(read), stop: make(chan os.Signal, 1), ended: make(chan error, 1)}
	go func() {
		err := run(args, write, r.stop)
		_ = write.CloseWithError(io.EOF)
		r.ended <- err
	}()
	return r
}

// until reads lines until one that matches, and answers with what its groups caught.
func (r *running) until(pattern string) []string {
	r.t.Helper()
	for r.lines.Scan() {
		r.t.Log(r.lines.Text())
		if found := regexp.MustCompile(pattern).FindStringSubmatch(r.lines.Text()); found != nil {
			return found
		}
	}
	r.t.Fatalf("it ended without saying %s: %v", pattern, <-r.ended)
	return nil
}

func (r *running) end() {
	r.t.Helper()
	r.stop <- syscall.SIGINT
	go func() {
		for r.lines.Scan() {
		}
	}()
	select {
	case err := <-r.ended:
		require.NoError(r.t, err)
	case <-time.After(time.Minute):
		r.t.Fatal("it did not end")
	}
}

// The cluster takes a write at the endpoints that are printed, is gone once it is interrupted, and has the write again when
// it is started on the same directory.
func TestMembersAlone(t *testing.T) {
	dir := t.TempDir()
	for _, before := range []int{0, 1} {
		r := start(t, "-nodes", "0", "-dir", dir)
		endpoints := strings.Split(r.until(`^endpoints: (.*)`)[1], ",")
		client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop()})
		require.NoError(t, err)
		have, err := client.Get(t.Context(), "key")
		require.NoError(t, err)
		require.Len(t, have.Kvs, before)
		_, err = client.Put(t.Context(), "key", "value")
		require.NoError(t, err)
		list, err := client.MemberList(t.Context())
		require.NoError(t, err)
		require.Len(t, list.Members, 3)
		require.NoError(t, client.Close())
		r.end()
		_, err = net.Dial("tcp", endpoints[0])
		require.Error(t, err)
	}
}

// Any node answers for any account, and all of them are gone at the end.
func TestNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds holdfast and runs seven processes")
	}
	dir := t.TempDir()
	r := start(t, "-dir", dir, "-shards", "2")
	var addresses []string
	for _, id := range []string{"a", "b", "c"} {
		addresses = append(addresses, r.until(`^` + id + ` +(\S+) +\S+ +\d+ +` + filepath.Join(dir, id) + `$`)[1])
	}
	r.until("every one of the 2 shards is led")
	for i, address := range addresses {
		conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		account, err := holdfastv1.NewAccountServiceClient(conn).OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
			RequestId: "open-1", ConsumerToken: "c-42", Currency: "CNY", Limit: 50000,
		})
		require.NoError(t, err)
		require.Equal(t, i > 0, account.GetReplayed())
		cancel()
		require.NoError(t, conn.Close())
	}
	r.end()
	for _, address := range addresses {
		_, err := net.Dial("tcp", address)
		require.Error(t, err)
	}
}

func TestRunRefusesWhatItDoesNotKnow(t *testing.T) {
	require.ErrorContains(t, run([]string{"members"}, io.Discard, nil), "there is no command")
	require.Error(t, run([]string{"-dir"}, io.Discard, nil))
	require.ErrorContains(t, run([]string{"-nodes", "17"}, io.Discard, nil), "up to 16 nodes")
}
