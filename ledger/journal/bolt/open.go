package bolt

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

const (
	storeName  = "journal.db"
	markerName = "journal.head"
	lockName   = "journal.lock"
)

var segmentNames = [2]string{"journal.a", "journal.b"}

// Open opens the journal in dir, making the directory and the journal if there is none, and reads its tail.
// It answers ErrLocked if the directory is open elsewhere and a *journal.CorruptError if its bytes are not what was
// written.
func Open(dir string, opts Options) (*Journal, error) {
	if opts.SegmentBytes == 0 {
		opts.SegmentBytes = defaultSegmentBytes
	}
	if opts.SegmentBytes < recordHeader {
		return nil, fmt.Errorf("journal/bolt: segments of %d bytes hold no batch", opts.SegmentBytes)
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.disk.write == nil {
		opts.disk.write = (*os.File).WriteAt
	}
	if opts.disk.sync == nil {
		opts.disk.sync = datasync
	}
	j := &Journal{
		dir: dir, log: opts.Logger, disk: opts.disk, reads: opts.ReadOnly,
		stirred: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan struct{}),
	}
	j.grown, j.vacated = sync.NewCond(&j.mu), sync.NewCond(&j.mu)
	if err := j.open(opts); err != nil {
		return nil, errors.Join(fmt.Errorf("journal/bolt: opening %s: %w", dir, err), j.release())
	}
	return j, nil
}

func (j *Journal) open(opts Options) (err error) {
	if !j.reads {
		if err := os.MkdirAll(j.dir, 0o700); err != nil {
			return err
		}
	}
	if j.lock, err = lockDir(j.dir, j.reads); err != nil {
		return err
	}
	if !j.reads {
		if err := create(j.dir, opts.SegmentBytes); err != nil {
			return err
		}
	}
	if j.store, err = openStore(j.path(storeName), j.reads); err != nil {
		return err
	}
	for i, name := range segmentNames {
		j.segments[i] = &segment{number: i, path: j.path(name)}
	}
	if err := j.openFiles(); err != nil {
		return err
	}
	if err := j.load(); err != nil {
		return err
	}
	if j.reads {
		return nil
	}
	if err := j.mark(); err != nil {
		return err
	}
	j.workers.Add(2)
	go j.move()
	go j.keepMarker()
	poke(j.full) // a crash may have left a sealed segment
	return nil
}

func (j *Journal) path(name string) string { return filepath.Join(j.dir, name) }

// openFiles opens the segments and the marker's file, closing what was open before.
func (j *Journal) openFiles() error {
	flag := os.O_RDWR
	if j.reads {
		flag = os.O_RDONLY
	}
	for _, s := range j.segments {
		f, err := os.OpenFile(s.path, flag, 0)
		if err != nil {
			return missing(err)
		}
		j.mu.Lock()
		old := s.file
		s.file = f
		j.mu.Unlock()
		if old != nil {
			_ = old.Close() // its errors have been heard by the append that failed
		}
	}
	if j.reads {
		return nil
	}
	f, err := os.OpenFile(j.path(markerName), flag, 0)
	if err != nil {
		return missing(err)
	}
	j.marking.Lock()
	defer j.marking.Unlock()
	if j.marker != nil {
		_ = j.marker.Close()
	}
	j.marker = f
	return nil
}

// missing makes damage of a file that should be there and is not.
func missing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return &journal.CorruptError{Detail: err.Error()}
	}
	return err
}

// create makes the journal's files if there is none yet. journal.db comes last, by rename: while it is missing
// nothing was ever acknowledged, and whatever a killed creation left is made again. That it is missing from a
// journal that had been used is told by the marker.
func create(dir string, segmentBytes int64) error {
	db, head := filepath.Join(dir, storeName), filepath.Join(dir, markerName)
	if _, err := os.Stat(db); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if m, err := readMarker(head); err == nil && (m.epoch > 0 || m.next > 1) {
		return &journal.CorruptError{Sequence: 1, Detail: storeName + " is missing"}
	}
	for _, name := range segmentNames {
		if err := createSegment(filepath.Join(dir, name), segmentBytes); err != nil {
			return err
		}
	}
	empty := place{next: 1}
	if err := createMarker(head, marker{next: 1}); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	lap, err := firstLap()
	if err != nil {
		return err
	}
	first := meta{base: empty, stored: empty, generations: [2]uint64{lap, lap + 1}, segmentBytes: segmentBytes}
	if err := createStore(db, first); err != nil {
		return err
	}
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir))) // the directory itself may be new
}

// firstLap is where the numbering of laps begins: at random, so that neither another journal's files nor a payload
// made to look like a record can be taken for a record of this one.
func firstLap() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:])>>1 + 1, nil
}

func createMarker(path string, m marker) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteAt(m.encode(), 0); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
