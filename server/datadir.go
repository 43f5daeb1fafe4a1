package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// DataDir is a directory that holds a book.
type DataDir struct {
	Path string
	Meta Meta
}

// Meta is what a data directory's holdfast.json says. It is written once: the number of shards is part of every id,
// and the zone part of every decision about days.
type Meta struct {
	Format int    `json:"format"`
	Shards int    `json:"shards"`
	Zone   string `json:"zone"`
}

const (
	metaFile   = "holdfast.json"
	metaFormat = 1
)

// OpenDataDir reads a data directory, or makes it with the meta given if there is none. Zero fields of meta accept
// what is there; others must agree with it.
func OpenDataDir(path string, want Meta) (*DataDir, error) {
	have, err := ReadDataDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createDataDir(path, want)
	}
	if err != nil {
		return nil, err
	}
	if want.Shards != 0 && want.Shards != have.Meta.Shards {
		return nil, fmt.Errorf("%s has %d shards, not %d: the number is fixed when it is made", path, have.Meta.Shards, want.Shards)
	}
	if want.Zone != "" && want.Zone != have.Meta.Zone {
		return nil, fmt.Errorf("%s has business zone %s, not %s: it is fixed when it is made", path, have.Meta.Zone, want.Zone)
	}
	return have, nil
}

// ReadDataDir reads a data directory that must be there; an error that is fs.ErrNotExist says that it is not.
func ReadDataDir(path string) (*DataDir, error) {
	b, err := os.ReadFile(filepath.Join(path, metaFile))
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	d := &DataDir{Path: path}
	if err := json.Unmarshal(b, &d.Meta); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(path, metaFile), err)
	}
	if d.Meta.Format != metaFormat {
		return nil, fmt.Errorf("%s has format %d; this version reads %d", path, d.Meta.Format, metaFormat)
	}
	return d, d.Meta.check()
}

func (m Meta) check() error {
	if m.Shards < 1 || m.Shards > ledger.MaxShards {
		return fmt.Errorf("shards %d is not within 1 and %d", m.Shards, ledger.MaxShards)
	}
	_, err := calendar.LoadZone(m.Zone)
	return err
}

func createDataDir(path string, m Meta) (*DataDir, error) {
	m.Format = metaFormat
	if m.Shards == 0 {
		m.Shards = 1
	}
	if m.Zone == "" {
		m.Zone = DefaultZone
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return &DataDir{path, m}, writeFile(filepath.Join(path, metaFile), append(b, '\n'))
}

// writeFile puts a whole file in place, durably, or nothing.
func writeFile(path string, b []byte) error {
	return replaceFile(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// replaceFile puts a whole file in place, durably, or nothing: what write writes.
func replaceFile(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err = write(tmp); err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// DefaultZone is where business days begin unless a data directory says otherwise.
const DefaultZone = "Asia/Shanghai"

// SortDir is where more is sorted than memory holds. What is in it is good for nothing once the server has ended.
func (d *DataDir) SortDir() string { return filepath.Join(d.Path, "sort") }

// JournalDir is where a shard's journal is.
func (d *DataDir) JournalDir(shard int) string { return filepath.Join(d.shardDir(shard), "journal") }

// StatePath is where a shard's state file is.
func (d *DataDir) StatePath(shard int) string { return filepath.Join(d.shardDir(shard), "state.db") }

// PortfolioPath is where the checkpoint of a shard's portfolio is. It may be deleted: then the journal is read again.
func (d *DataDir) PortfolioPath(shard int) string {
	return filepath.Join(d.shardDir(shard), "portfolio")
}

// UsagePath is where the checkpoint of a shard's usage is. It may be deleted: then the journal is read again.
func (d *DataDir) UsagePath(shard int) string { return filepath.Join(d.shardDir(shard), "usage") }

func (d *DataDir) shardDir(shard int) string {
	return filepath.Join(d.Path, fmt.Sprintf("shard-%04d", shard))
}
