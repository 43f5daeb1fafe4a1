package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/server"
)

// JournalCmd prints the journal.
type JournalCmd struct {
	Data  string `help:"Data directory; no server may be running on it." default:"data" type:"path"`
	Shard int    `help:"The shard." default:"0"`
	From  uint64 `help:"Sequence of the first entry to print." default:"1"`
	Limit int    `help:"Most entries to print; 0 for all." default:"0"`
}

// Help teaches.
func (JournalCmd) Help() string {
	return `Prints the entries of a shard's journal, a line of JSON each, verified against the hash chain on the way.

  holdfast journal                          everything in ./data
  holdfast journal --from 1200 --limit 10   ten entries
  holdfast journal | jq 'select(.entry.orderDecided)'

A running server tells the same as events: grpcurl ... holdfast.v1.EventService/WatchEvents`
}

// line is one entry as printed.
type line struct {
	Sequence uint64          `json:"sequence"`
	Time     time.Time       `json:"time"`
	Prev     string          `json:"prev"`
	Entry    json.RawMessage `json:"entry"`
}

// Run prints.
func (c *JournalCmd) Run(ctx context.Context) error {
	data, err := server.ReadDataDir(c.Data)
	if err != nil {
		return err
	}
	if c.Shard < 0 || c.Shard >= data.Meta.Shards {
		return fmt.Errorf("--shard: %s has shards 0 to %d", c.Data, data.Meta.Shards-1)
	}
	j, err := bolt.Open(data.JournalDir(c.Shard), bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer j.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	printed := 0
	for e, err := range j.Replay(ctx, max(c.From, 1)) {
		if err != nil {
			return err
		}
		if err := printEntry(out, e); err != nil {
			return err
		}
		if printed++; printed == c.Limit {
			break
		}
	}
	return nil
}

func printEntry(out *bufio.Writer, e journal.Entry) error {
	var m journalv1.Entry
	if err := proto.Unmarshal(e.Payload, &m); err != nil {
		return fmt.Errorf("entry %d: %w", e.Sequence, err)
	}
	entry, err := protojson.Marshal(&m)
	if err != nil {
		return fmt.Errorf("entry %d: %w", e.Sequence, err)
	}
	b, err := json.Marshal(line{e.Sequence, time.Unix(0, e.Time).UTC(), e.Prev.String(), entry})
	if err != nil {
		return err
	}
	_, err = out.Write(append(b, '\n'))
	return err
}
