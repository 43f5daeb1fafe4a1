package main

import (
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Three members are one cluster, and one that is killed and launched again has what it had.
func TestMembers(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the etcd server")
	}
	m, err := startMembers(t.Context(), "", t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.stop(); err != nil {
			t.Error(err)
		}
	}()
	client, err := clientv3.New(clientv3.Config{Endpoints: m.endpoints()[:1], Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Put(t.Context(), "key", "value"); err != nil {
		t.Fatal(err)
	}
	m.list[0].kill()
	if m.list[0], err = m.launch(0); err != nil {
		t.Fatal(err)
	}
	if err := m.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Get(t.Context(), "key"); err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "value" {
		t.Errorf("%v %v", got, err)
	}
	if list, err := client.MemberList(t.Context()); err != nil || len(list.Members) != 3 {
		t.Errorf("%v %v", list, err)
	}
}
