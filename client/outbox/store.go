package outbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// The buckets of the file. A message is in one of the first two, by its sequence; so what is put back from the dead is where
// it was.
var (
	messagesBucket = []byte("messages")
	deadBucket     = []byte("dead")
	notesBucket    = []byte("notes")
	metaBucket     = []byte("meta")
	formatKey      = []byte("format")
)

// format is what this package writes. A file of another format is not opened.
const format = "1"

func key(sequence uint64) []byte { return binary.BigEndian.AppendUint64(nil, sequence) }

// openFile opens the file, or makes it, and makes sure that it will still be in its directory after a crash.
func openFile(path string) (*bolt.DB, error) {
	_, err := os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	case err != nil:
		return nil, fmt.Errorf("outbox: %w", err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{messagesBucket, deadBucket, notesBucket, metaBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(metaBucket)
		if have := meta.Get(formatKey); have != nil && string(have) != format {
			return fmt.Errorf("outbox: %s is of format %s; this program knows %s", path, have, format)
		}
		return meta.Put(formatKey, []byte(format))
	})
	if err == nil && fresh {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// A Note is a few bytes that are written together with messages.
type Note struct {
	Key   string
	Value []byte // nil removes the note
	// Reserve is how many messages the outbox keeps room for on behalf of this note. Those are put by a change that takes
	// as much off the note's reserve.
	Reserve int
}

// noteWritten is a note as it lies in the file.
type noteWritten struct {
	Reserve int    `json:"reserve"`
	Value   []byte `json:"value"`
}

func putNote(tx *bolt.Tx, n *Note) error {
	b := tx.Bucket(notesBucket)
	if n.Value == nil {
		return b.Delete([]byte(n.Key))
	}
	value, err := json.Marshal(noteWritten{n.Reserve, n.Value})
	if err != nil {
		return err
	}
	return b.Put([]byte(n.Key), value)
}

// A step is what one caller wants written. Steps are written in the order in which they were queued.
type step struct {
	apply   func(*bolt.Tx) error
	durable func()     // called under the lock, in order, once it is on the disk
	done    chan error // nil if nobody waits
}

// write is the goroutine that commits: whatever was queued during one commit is the next one.
func (o *Outbox) write() {
	defer close(o.written)
	for {
		o.mu.Lock()
		for len(o.steps) == 0 && !o.sealed {
			o.queued.Wait()
		}
		group := o.steps
		o.steps = nil
		broken := o.broken
		o.mu.Unlock()
		if len(group) == 0 {
			return // sealed
		}
		if broken == nil {
			begun := time.Now()
			broken = o.opts.commit(o.db, func(tx *bolt.Tx) error {
				for _, s := range group {
					if err := s.apply(tx); err != nil {
						return err
					}
				}
				return nil
			})
			o.opts.Committed(time.Since(begun))
			if broken != nil {
				broken = fmt.Errorf("%w: %w", ErrBroken, broken)
			}
		}
		o.committed(group, broken)
	}
}

// committed tells everybody what became of a group. After a failure it is not known what the file has: nothing more is
// written, and whoever waits is told so.
func (o *Outbox) committed(group []step, broken error) {
	o.mu.Lock()
	if broken != nil {
		o.broken = broken
	} else {
		for _, s := range group {
			s.durable()
		}
	}
	o.lanesChanged.Broadcast()
	o.mu.Unlock()
	for _, s := range group {
		if s.done != nil {
			s.done <- broken
		}
	}
}

// queue has a step written. Called under the lock.
func (o *Outbox) queue(s step) {
	o.steps = append(o.steps, s)
	o.queued.Signal()
}
