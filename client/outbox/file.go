package outbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A File is an outbox that no gateway has open, for whoever looks after its dead letters. Nothing is delivered from it: what is put
// back goes out when a gateway opens the outbox.
type File struct {
	path string
	db   *bolt.DB
}

// OpenFile opens the file of an outbox that is there. ErrLocked says that a gateway has it. The caller must Close it.
func OpenFile(path string) (*File, error) {
	if _, err := os.Stat(path); err != nil { // it is not to be made by looking at it
		return nil, fmt.Errorf("outbox: %w", err)
	}
	db, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return &File{path, db}, nil
}

// Close lets a gateway have it.
func (f *File) Close() error { return f.db.Close() }

// Dead are the dead letters, oldest first.
func (f *File) Dead() ([]Letter, error) { return deadIn(f.db) }

// Pending is how many messages wait to be sent, and how many of these wait behind a dead letter of their order.
func (f *File) Pending() (all, behind int, err error) {
	dead := map[string]bool{}
	letters, err := f.Dead()
	if err != nil {
		return 0, 0, err
	}
	for i := range letters {
		dead[letters[i].OrderID] = true
	}
	err = f.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(messagesBucket).ForEach(func(k, v []byte) error {
			m, _, err := decode(binary.BigEndian.Uint64(k), v)
			if all++; dead[m.OrderID] {
				behind++
			}
			return err
		})
	})
	return all, behind, err
}

// Retry puts a dead letter back where it was, to be sent again.
func (f *File) Retry(sequence uint64) (m Message, err error) {
	err = f.db.Update(func(tx *bolt.Tx) (err error) {
		if m, err = exhumed(tx, sequence); err == nil {
			err = putBack(tx, &m)
		}
		return err
	})
	return m, err
}

// dropped is a line of the record of what was dropped.
type dropped struct {
	Dropped time.Time `json:"dropped"`
	Because string    `json:"because"`
	written
}

// Drop forgets a dead letter, and what waits behind it goes on. Before that the letter is written to FILE.dropped, with who or what
// said so and when: it may be the only record of a sale.
func (f *File) Drop(sequence uint64, because string, now time.Time) (m Message, err error) {
	err = f.db.Update(func(tx *bolt.Tx) (err error) {
		value := tx.Bucket(deadBucket).Get(key(sequence))
		line := dropped{Dropped: now, Because: because}
		if value != nil {
			if err := json.Unmarshal(value, &line.written); err != nil {
				return err
			}
		}
		if m, err = exhumed(tx, sequence); err != nil {
			return err
		}
		return f.record(&line)
	})
	return m, err
}

// record appends to the record, durably.
func (f *File) record(line *dropped) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	record, err := os.OpenFile(f.path+".dropped", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = record.Write(append(text, '\n'))
	if err == nil {
		err = record.Sync()
	}
	return errors.Join(err, record.Close(), syncDir(filepath.Dir(f.path)))
}

// deadIn are the dead letters of a file.
func deadIn(db *bolt.DB) (all []Letter, err error) {
	err = db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(deadBucket).ForEach(func(k, v []byte) error {
			m, r, err := decode(binary.BigEndian.Uint64(k), v)
			all = append(all, letter(m, r))
			return err
		})
	})
	return all, err
}

// exhumed takes a dead letter away.
func exhumed(tx *bolt.Tx, sequence uint64) (Message, error) {
	value := tx.Bucket(deadBucket).Get(key(sequence))
	if value == nil {
		return Message{}, fmt.Errorf("%w: %d", ErrNotFound, sequence)
	}
	m, _, err := decode(sequence, value)
	if err != nil {
		return m, err
	}
	return m, tx.Bucket(deadBucket).Delete(key(sequence))
}

// putBack puts a message back where it was.
func putBack(tx *bolt.Tx, m *Message) error {
	value, err := encode(m, nil)
	if err != nil {
		return err
	}
	return tx.Bucket(messagesBucket).Put(key(m.Sequence), value)
}
