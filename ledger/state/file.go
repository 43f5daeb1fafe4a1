package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/pages"
)

// The buckets of the file. Keys: accounts by id; ended authorizations and items by account and number, statements by
// account and opening date, applications and reviews by id, all big endian; orders and receipts by caller, a zero byte and the
// caller's id; consumers and applicants by token; reconciliations and breaks by carrier, a zero byte and numbers; settlements by
// carrier, currency and number; lines of batches by carrier, currency, month and number; deadlines by instant and account. Every
// value begins with a CRC-32C of its key and the rest.
var (
	bucketAccounts     = []byte("accounts")
	bucketEnded        = []byte("ended")
	bucketItems        = []byte("items")
	bucketStatements   = []byte("statements")
	bucketLines        = []byte("lines")
	bucketApplications = []byte("applications")
	bucketReviews      = []byte("reviews")
	bucketApplicants   = []byte("applicants")

	bucketReconciliations = []byte("reconciliations")
	bucketBreaks          = []byte("breaks")
	bucketSettlements     = []byte("settlements")

	bucketOrders    = []byte("orders")
	bucketReceipts  = []byte("receipts")
	bucketConsumers = []byte("consumers")
	bucketDeadlines = []byte("deadlines")
	bucketMeta      = []byte("meta")

	// bucketRows are those that have the book's rows, and the index of deadlines.
	bucketRows = [][]byte{
		bucketAccounts, bucketEnded, bucketItems, bucketStatements, bucketLines, bucketApplications, bucketReviews, bucketApplicants,
		bucketReconciliations, bucketBreaks, bucketSettlements,
		bucketOrders, bucketReceipts, bucketConsumers, bucketDeadlines,
	}
	buckets = append(slices.Clip(bucketRows), bucketMeta)

	keyShard   = []byte("shard")
	keyFlushed = []byte("flushed") // sequence up to which everything is in the file
	keyFormat  = []byte("format")
)

// fileFormat is the version of what is in the file. A file of another version is rebuilt from the journal.
const fileFormat = 6

// CorruptError says that the state file's bytes are not what was written. The file can be deleted: it is rebuilt
// from the journal.
type CorruptError struct {
	Path   string
	Detail string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("state file %s is corrupt: %s (it can be removed: it is rebuilt from the journal)", e.Path, e.Detail)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumSize = 4

// seal is a value of a row with its checksum before it.
func seal(key, row []byte) []byte {
	return sum(key, append(make([]byte, sumSize, sumSize+len(row)), row...))
}

// sum fills in the checksum of a value, for which there is room before the row.
func sum(key, value []byte) []byte {
	binary.LittleEndian.PutUint32(value, checksum(key, value[sumSize:]))
	return value
}

func checksum(key, row []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, row)
}

// unseal checks a value and answers with the row in it, which aliases the value.
func unseal(key, value []byte) ([]byte, bool) {
	if len(value) < sumSize {
		return nil, false
	}
	return value[sumSize:], checksum(key, value[sumSize:]) == binary.LittleEndian.Uint32(value)
}

func accountKey(b []byte, id ledger.AccountID) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(id))
}

func endedKey(b []byte, id ledger.AuthorizationID) []byte {
	return binary.BigEndian.AppendUint32(accountKey(b, id.Account), id.N)
}

func itemKey(b []byte, id ledger.AccountID, n uint32) []byte {
	return binary.BigEndian.AppendUint32(accountKey(b, id), n)
}

// statementKey is in the order of the dates, those before 1970 too.
func statementKey(b []byte, id ledger.AccountID, opens calendar.Date) []byte {
	return binary.BigEndian.AppendUint32(accountKey(b, id), uint32(opens)^1<<31)
}

func callerKey[T ~string](b []byte, c ledger.Caller, id T) []byte {
	b = append(b, c...)
	b = append(b, 0)
	return append(b, id...)
}

func deadlineKey(b []byte, at int64, id ledger.AccountID) []byte {
	return accountKey(binary.BigEndian.AppendUint64(b, uint64(at)), id)
}

// openFile opens or makes the bbolt file. The mapping is made large at once: growing it later would wait for every
// reader.
func openFile(path string, readOnly bool) (db *bolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &CorruptError{path, fmt.Sprint(p)}
		}
	}()
	if err := checkPages(path, isSmall(path)); err != nil {
		return nil, err
	}
	// The free list is written: without it bbolt walks every key of the file when it opens it, in a goroutine of its own
	// in which damage ends the process.
	options := &bolt.Options{
		Timeout:         time.Second,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: 1 << 30,
		ReadOnly:        readOnly,
	}
	db, err = bolt.Open(path, 0o600, options)
	if err != nil {
		if errors.Is(err, berrors.ErrTimeout) {
			return nil, fmt.Errorf("state file %s is in use by another process", path)
		}
		if errors.Is(err, berrors.ErrInvalid) || errors.Is(err, berrors.ErrChecksum) || errors.Is(err, berrors.ErrVersionMismatch) {
			return nil, &CorruptError{path, err.Error()}
		}
		return nil, fmt.Errorf("open state file: %w", err)
	}
	if readOnly {
		return db, nil
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if err := haveBuckets(tx, path); err != nil {
			return err
		}
		meta := tx.Bucket(bucketMeta)
		format := binary.BigEndian.AppendUint64(nil, fileFormat)
		if have := meta.Get(keyFormat); have == nil {
			return meta.Put(keyFormat, format)
		} else if string(have) != string(format) {
			return &CorruptError{path, fmt.Sprintf("format %x, not %x", have, format)}
		}
		return nil
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open state file: %w", err)
	}
	return db, nil
}

// haveBuckets makes the buckets of a new file. One that has any has all of them, and no other: a damaged name would hide a
// whole bucket behind a new one.
func haveBuckets(tx *bolt.Tx, path string) error {
	have := 0
	err := tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		if have++; !slices.ContainsFunc(buckets, func(b []byte) bool { return string(b) == string(name) }) {
			return &CorruptError{path, fmt.Sprintf("there is a bucket %q", name)}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case have != 0 && have != len(buckets):
		return &CorruptError{path, fmt.Sprintf("%d of %d buckets are missing", len(buckets)-have, len(buckets))}
	}
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// checkPages looks at the pages of the file, if there is one, before bbolt trusts them.
func checkPages(path string, full bool) error {
	err := pages.Check(path, full)
	var damage *pages.DamageError
	switch {
	case errors.As(err, &damage):
		return &CorruptError{path, damage.Error()}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// smallFile is how large a file may be to be read through before it is used: it takes a tenth of a second.
const smallFile = 32 << 20

func isSmall(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() <= smallFile
}

// Exists says whether there is a state file at the path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
