package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/archive"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/server"
)

// BackupCmd writes a backup of a running server's book, or of a data directory at rest.
type BackupCmd struct {
	Target string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Data   string `help:"Back up this data directory instead; no server may be running on it." type:"existingdir" placeholder:"DIR"`
	Out    string `arg:"" help:"File to write; it must not exist." type:"path"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (BackupCmd) Help() string {
	return `Writes the whole book, as of the moment the call arrives, into one file. The file holds the journals, hash chain
included, so it can be verified by itself and restored anywhere.

  holdfast backup book.hfa                               of the server on this machine
  holdfast backup --data /srv/holdfast book.hfa          of the directory of a stopped server
  holdfast backup --target core.example:7600 --tls-ca ca.pem --token-file token book.hfa
  holdfast backup --target core.example:7600 --tls-ca ca.pem --tls-cert ops.pem --tls-key ops.key book.hfa

  holdfast verify --backup book.hfa
  holdfast restore --data /srv/again book.hfa

Only operators and admins of a server's callers file may take a backup.`
}

// Validate refuses flags that contradict each other.
func (c *BackupCmd) Validate() error {
	if c.Data != "" {
		return c.check("")
	}
	return c.check(c.Target)
}

// Run writes the backup. A file that is cut short by an error is removed.
func (c *BackupCmd) Run(ctx context.Context) error {
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	counted := &counter{w: f, begun: time.Now()}
	if c.Data != "" {
		err = backupData(ctx, c.Data, counted)
	} else {
		err = c.explain(c.backupServer(ctx, counted))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(c.Out)
		return err
	}
	fmt.Printf("%s: %.1f MiB in %s\n", c.Out, float64(counted.n)/(1<<20), time.Since(counted.begun).Round(time.Millisecond))
	return nil
}

// counter counts what goes through it and says so once in a while.
type counter struct {
	w     io.Writer
	n     int64
	begun time.Time
	said  time.Time
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	if now := time.Now(); now.Sub(c.begun) > 2*time.Second && now.Sub(c.said) > time.Second {
		c.said = now
		fmt.Fprintf(os.Stderr, "%.0f MiB\n", float64(c.n)/(1<<20))
	}
	return n, err
}

func (c *BackupCmd) backupServer(ctx context.Context, w io.Writer) error {
	sdk, err := c.dial(c.Target)
	if err != nil {
		return err
	}
	defer sdk.Close()
	stream, err := sdk.Admin().Backup(ctx, &holdfastv1.BackupRequest{})
	if err != nil {
		return err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(m.GetChunk()); err != nil {
			return err
		}
	}
}

func backupData(ctx context.Context, dir string, w io.Writer) error {
	data, err := server.ReadDataDir(dir)
	if err != nil {
		return err
	}
	sources := make([]archive.Source, data.Meta.Shards)
	for shard := range sources {
		j, err := bolt.Open(data.JournalDir(shard), bolt.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		defer j.Close()
		found, err := j.Verify(ctx)
		if err != nil {
			return err
		}
		sources[shard] = archive.Source{Journal: j, Upto: found.Next - 1}
	}
	return archive.Write(ctx, w, archive.Header{Zone: data.Meta.Zone, Made: time.Now().UTC()}, sources)
}

// RestoreCmd makes a data directory of a backup.
type RestoreCmd struct {
	Data string `help:"Data directory to make; it must not exist or be empty." required:"" type:"path"`
	In   string `arg:"" help:"The backup." type:"existingfile"`
}

// Help teaches.
func (RestoreCmd) Help() string {
	return `Makes a data directory of a backup. Every entry is verified on the way. The first serve on it builds the state from
the journal.

  holdfast restore --data /srv/again book.hfa
  holdfast serve --data /srv/again`
}

// Run restores.
func (c *RestoreCmd) Run(ctx context.Context) error {
	begun := time.Now()
	data, end, err := restoreBook(ctx, c.In, c.Data)
	if err != nil {
		return err
	}
	for shard, last := range end.Shards {
		fmt.Printf("shard %d: %d entries, journal hash %s\n", shard, last.Sequence, last.Hash)
	}
	fmt.Printf("%s: restored in %s\n", data.Path, time.Since(begun).Round(time.Millisecond))
	return nil
}

// restoreBook writes an archive's journals into a new data directory, beside its final place until all is there.
func restoreBook(ctx context.Context, from, dir string) (data *server.DataDir, end archive.End, err error) {
	switch entries, err := os.ReadDir(dir); {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, end, err // a file, for one, which is not to be replaced
	case len(entries) > 0:
		return nil, end, fmt.Errorf("%s is not empty", dir)
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, end, err
	}
	defer f.Close()
	partial := filepath.Clean(dir) + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return nil, end, err
	}
	defer os.RemoveAll(partial)
	r := &restorer{ctx: ctx, dir: partial}
	end, err = archive.Read(f, r.begin, r.take)
	if err = errors.Join(err, r.close()); err != nil {
		return nil, end, err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, end, err
	}
	if err := os.Rename(partial, dir); err != nil {
		return nil, end, err
	}
	data, err = server.ReadDataDir(dir)
	return data, end, err
}

type restorer struct {
	ctx      context.Context
	dir      string
	journals []*bolt.Journal
	heads    []journal.Head
}

func (r *restorer) begin(h archive.Header) error {
	data, err := server.OpenDataDir(r.dir, server.Meta{Shards: h.Shards, Zone: h.Zone})
	if err != nil {
		return err
	}
	for shard := range h.Shards {
		j, err := bolt.Open(data.JournalDir(shard), bolt.Options{})
		if err != nil {
			return err
		}
		r.journals = append(r.journals, j)
		head, err := j.Acquire(r.ctx, "restore")
		if err != nil {
			return err
		}
		r.heads = append(r.heads, head)
	}
	return nil
}

func (r *restorer) take(shard int, b journal.Batch) (err error) {
	r.heads[shard], err = r.journals[shard].Append(r.ctx, r.heads[shard], b)
	return err
}

func (r *restorer) close() (err error) {
	for _, j := range r.journals {
		err = errors.Join(err, j.Close())
	}
	return err
}
