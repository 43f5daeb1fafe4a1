package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
	"github.com/holdfast-credit/holdfast/server"
)

// serveBook serves a directory in this process until stop is called.
func serveBook(t *testing.T, dir string, shards int) (conns []*grpc.ClientConn, stop func()) {
	t.Helper()
	s, err := server.New(t.Context(), server.Config{Data: dir, Shards: shards, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve() }() // until Shutdown
	if conns, err = dialEach(s.Addr(), 1); err != nil {
		t.Fatal(err)
	}
	return conns, func() {
		t.Helper()
		_ = conns[0].Close()
		if err := s.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
}

// payloads are the entries of a directory's only journal.
func payloads(t *testing.T, dir string) (entries [][]byte) {
	t.Helper()
	data, err := server.ReadDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	j, err := bolt.Open(data.JournalDir(0), bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for e, err := range j.Replay(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, bytes.Clone(e.Payload))
	}
	return entries
}

// An account that was opened without a server is, to the byte, one that a server opened.
func TestFillOpensWhatTheServerWould(t *testing.T) {
	const n = 3
	served, filled := t.TempDir(), t.TempDir()
	conns, stop := serveBook(t, served, 1)
	for number := range n {
		request := openingRequest("request-"+strconv.Itoa(number), number)
		if _, err := holdfastv1.NewAccountServiceClient(conns[0]).OpenAccount(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	f, err := newFiller(t.Context(), filled, 1, fillCache, server.RealClock().Now)
	if err != nil {
		t.Fatal(err)
	}
	for number := range n {
		out, err := f.writers[0].Submit(t.Context(), openingCommand("request-"+strconv.Itoa(number), number))
		if err != nil || out.Fault != nil {
			t.Fatal(err, out)
		}
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	want, got := payloads(t, served), payloads(t, filled)
	if len(want) != n || len(got) != n {
		t.Fatalf("%d entries of the server, %d without one", len(want), len(got))
	}
	for i := range want {
		if !bytes.Equal(want[i], got[i]) {
			t.Errorf("entry %d is\n%q\nwant\n%q", i+1, got[i], want[i])
		}
	}
}

// What is missing is opened beside what is there, in the shards in which the server looks for it.
func TestFillMoreShards(t *testing.T) {
	dir := t.TempDir()
	const shards = 2
	var out strings.Builder
	var book accountBook
	for _, n := range []int{50, 80} {
		var err error
		f, err := newFiller(t.Context(), dir, shards, fillCache, server.RealClock().Now)
		if err != nil {
			t.Fatal(err)
		}
		book, err = fillAccounts(t.Context(), f, n, &out)
		if err := errors.Join(err, f.close()); err != nil {
			t.Fatal(err)
		}
		if book.len() != n {
			t.Fatalf("%d ids of %d accounts", book.len(), n)
		}
	}
	if !strings.Contains(out.String(), "30 accounts opened in ") || !strings.Contains(out.String(), " beside 50 found.\n") {
		t.Errorf("it says %q", &out)
	}
	known := map[string]bool{}
	for i := range book.len() {
		known[book.id(i)] = true
	}
	conns, stop := serveBook(t, dir, shards)
	defer stop()
	for number := range 80 {
		resp, err := holdfastv1.NewAccountServiceClient(conns[0]).GetAccount(t.Context(), &holdfastv1.GetAccountRequest{
			ConsumerToken: benchToken + strconv.Itoa(number),
		})
		if err != nil {
			t.Fatal(err)
		}
		id := resp.GetAccount().GetAccountId()
		if !known[id] {
			t.Errorf("account %s of consumer %d is not among the ids, or twice", id, number)
		}
		delete(known, id)
	}
	// Over gRPC the same are found.
	var said strings.Builder
	if book, err := openBenchAccounts(t.Context(), conns, 80, &said); err != nil || book.len() != 80 {
		t.Fatal(book.len(), err)
	}
	if said.String() != "80 accounts found in the book.\n" {
		t.Errorf("it says %q", said.String())
	}
}

// A book that is larger than a page is listed whole, and no further than needed.
func TestEachPage(t *testing.T) {
	f, err := newFiller(t.Context(), t.TempDir(), 1, fillCache, server.RealClock().Now)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	const n = fillPage + 5
	var ids strings.Builder
	if err := f.open(t.Context(), make([]bool, n), n, &ids, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{n, fillPage, 7} {
		var listed strings.Builder
		found, err := f.list(context.Background(), want, &listed)
		if err != nil {
			t.Fatal(err)
		}
		if listed.String() != ids.String()[:want*accountIDLen] || len(found) != want {
			t.Errorf("%d accounts found of %d", listed.Len()/accountIDLen, want)
		}
	}
}
