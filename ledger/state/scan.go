package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// Snapshot is a state file as of one moment, for reading.
type Snapshot struct {
	path    string
	db      *bolt.DB // to be closed with the snapshot, if it is its own
	tx      *bolt.Tx
	Flushed uint64 // everything up to this sequence is in it; later entries may be in parts of it
}

// OpenSnapshot opens a state file that nobody has open for writing. Nil without an error says that there is none.
func OpenSnapshot(path string) (*Snapshot, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	db, err := openFile(path, true)
	if err != nil {
		return nil, err
	}
	s, err := snapshot(db, path)
	if err != nil {
		db.Close()
		return nil, err
	}
	s.db = db
	return s, nil
}

// Snapshot is the file of a state that is in use.
func (s *State) Snapshot() (*Snapshot, error) { return snapshot(s.db, s.path) }

func snapshot(db *bolt.DB, path string) (*Snapshot, error) {
	tx, err := db.Begin(false)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{path: path, tx: tx}
	if meta := tx.Bucket(bucketMeta); meta != nil {
		if value := meta.Get(keyFlushed); value != nil {
			mark, ok := unseal(keyFlushed, value)
			if !ok || len(mark) != 8 {
				return nil, errors.Join(&CorruptError{path, "the mark of what has been flushed cannot be read"}, tx.Rollback())
			}
			s.Flushed = binary.BigEndian.Uint64(mark)
		}
	}
	return s, nil
}

// Close releases the snapshot.
func (s *Snapshot) Close() error {
	err := s.tx.Rollback()
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

// Size is how many bytes WriteTo writes.
func (s *Snapshot) Size() int64 { return s.tx.Size() }

// WriteTo writes the file as it was when the snapshot was made: another node can open it as its own.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) { return s.tx.WriteTo(w) }

// CheckFile checks every page of a file that nobody has open for writing. Of a file in use it says nothing: its pages
// were looked at when it was opened, and Compare finds every row the way a reader does.
func (s *Snapshot) CheckFile() error {
	if s.db == nil {
		return nil
	}
	return checkPages(s.path, true)
}

// Difference is a row that is not in both of two snapshots alike.
type Difference struct {
	Bucket string
	Key    []byte
	Detail string
}

func (d Difference) String() string { return fmt.Sprintf("%s %q: %s", d.Bucket, d.Key, d.Detail) }

// Compare walks the rows of a snapshot beside those that a fold of the whole journal made, and tells each difference.
// The snapshot may lag behind the fold: a row that the fold changed after the snapshot's mark may be old or missing.
// Receipts made before the instant keep may be missing. It answers with the number of rows walked.
func (s *Snapshot) Compare(fold *Snapshot, keep int64, tell func(Difference) bool) (rows int64, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &CorruptError{s.path, fmt.Sprint(p)}
		}
	}()
	c := comparison{have: s, fold: fold, keep: keep, tell: tell}
	for _, bucket := range bucketRows {
		if !c.bucket(bucket) {
			break
		}
	}
	return c.rows, nil
}

type comparison struct {
	have, fold *Snapshot
	keep       int64
	tell       func(Difference) bool
	rows       int64
}

// bucket walks a bucket of both in step; false when no more differences are wanted.
func (c *comparison) bucket(name []byte) bool {
	b := c.have.tx.Bucket(name)
	if b == nil {
		return c.tell(Difference{string(name), nil, "the bucket is missing"})
	}
	have, fold := b.Cursor(), c.fold.tx.Bucket(name).Cursor()
	hk, hv := have.First()
	fk, fv := fold.First()
	for hk != nil || fk != nil {
		c.rows++
		order := bytes.Compare(hk, fk)
		var detail string
		switch {
		case fk == nil || hk != nil && order < 0:
			detail = "is in the state and not in the journal"
			if !c.wasDue(name, hk) && !c.more(name, hk, detail) {
				return false
			}
			hk, hv = have.Next()
			continue
		case hk == nil || order > 0:
			if !c.lags(name, fk, fv) {
				detail = "is in the journal and not in the state"
			}
		default:
			detail = c.row(b, name, hk, hv, fv)
		}
		if detail != "" && !c.more(name, fk, detail) {
			return false
		}
		if hk != nil && order == 0 {
			hk, hv = have.Next()
		}
		fk, fv = fold.Next()
	}
	return true
}

func (c *comparison) more(name, key []byte, detail string) bool {
	return c.tell(Difference{string(name), slices.Clone(key), detail})
}

func (c *comparison) row(bucket *bolt.Bucket, name, key, have, fold []byte) string {
	row, ok := unseal(key, have)
	switch {
	case string(name) == "deadlines":
		return ""
	case !ok:
		return "does not match its checksum"
	case !bytes.Equal(bucket.Get(key), have):
		return "is not found by its key"
	case bytes.Equal(have, fold) || c.lags(name, key, fold) && !c.ahead(name, row, fold):
		return ""
	}
	return "differs from what the journal says"
}

// wasDue says whether a row of the snapshot is a deadline that its account had before the fold changed it.
func (c *comparison) wasDue(name, key []byte) bool {
	return string(name) == "deadlines" && len(key) == 16 && c.accountLags(ledger.AccountID(binary.BigEndian.Uint64(key[8:])))
}

// lags says whether the fold changed a row after the snapshot's mark, so that the snapshot need not have the change.
func (c *comparison) lags(name, key, fold []byte) bool {
	if c.wasDue(name, key) {
		return true
	}
	row, ok := unseal(key, fold)
	if !ok {
		return false
	}
	switch string(name) {
	case "accounts", "ended", "receipts", "applicants", "applications", "reviews", "reconciliations", "breaks", "settlements":
		sequence, made := sequenceOf(string(name), row)
		return sequence > c.have.Flushed || made != 0 && made < c.keep
	case "orders":
		var o ledger.Order
		return record.DecodeOrder(row, &o) == nil && c.accountLags(o.Account)
	case "lines": // likewise
		var l ledger.BatchLine
		return record.DecodeBatchLine(row, &l) == nil && c.accountLags(l.Account)
	case "items", "statements": // settled by their account
		return len(key) == 12 && c.accountLags(ledger.AccountID(binary.BigEndian.Uint64(key)))
	}
	return len(row) == 8 && c.accountLags(ledger.AccountID(binary.BigEndian.Uint64(row)))
}

// accountLags says whether the fold changed an account after the mark. An account of another shard, which an order
// may be claimed for, is not looked at.
func (c *comparison) accountLags(id ledger.AccountID) bool {
	key := accountKey(nil, id)
	row, ok := unseal(key, c.fold.tx.Bucket(bucketAccounts).Get(key))
	if !ok {
		return true
	}
	sequence, _ := sequenceOf("accounts", row)
	return sequence > c.have.Flushed
}

// ahead says whether a row of the snapshot is of a later entry than the fold's, which cannot be.
func (c *comparison) ahead(name, have, fold []byte) bool {
	a, _ := sequenceOf(string(name), have)
	b, _ := sequenceOf(string(name), fold[sumSize:])
	return a > b
}

// sequenceOf is the last entry that a row absorbed, and for a receipt when it was made; 0 when the row does not say.
func sequenceOf(name string, row []byte) (sequence uint64, made int64) {
	switch name {
	case "accounts":
		if len(row) >= accountAt-sumSize {
			return binary.BigEndian.Uint64(row), 0
		}
	case "ended":
		var a ledger.Authorization
		if record.DecodeEnded(row, &a) == nil {
			return a.Sequence, 0
		}
	case "applicants":
		var p ledger.Applicant
		if record.DecodeApplicant(row, &p) == nil {
			return p.Sequence, 0
		}
	case "applications":
		var a ledger.Application
		if record.DecodeApplication(row, &a) == nil {
			return a.Sequence, 0
		}
	case "reviews":
		var r ledger.Review
		if record.DecodeReview(row, &r) == nil {
			return r.Sequence, 0
		}
	case "reconciliations":
		var r ledger.Reconciliation
		if record.DecodeReconciliation(row, &r) == nil {
			return r.Sequence, 0
		}
	case "breaks":
		var b ledger.KeptBreak
		if record.DecodeBreak(row, &b) == nil {
			return b.Sequence, 0
		}
	case "settlements":
		var s ledger.Settlement
		if record.DecodeSettlement(row, &s) == nil {
			return s.Sequence, 0
		}
	case "receipts":
		var r ledger.Receipt
		if record.DecodeReceipt(row, &r) == nil {
			return r.Sequence, int64(r.Time)
		}
	}
	return 0, 0
}

// History is what an account has beside what decisions load, each kind in the order in which it came.
type History struct {
	Ended      []*ledger.Authorization
	Items      []*ledger.Item
	Statements []*ledger.Statement
}

// Accounts yields every account of the snapshot with its history. What is yielded may be kept.
func (s *Snapshot) Accounts(yield func(*ledger.Account, *History) error) error {
	accounts := s.tx.Bucket(bucketAccounts).Cursor()
	ended, items, statements := s.walk(bucketEnded), s.walk(bucketItems), s.walk(bucketStatements)
	for k, v := accounts.First(); k != nil; k, v = accounts.Next() {
		row, ok := unseal(k, v)
		a := new(ledger.Account)
		if !ok || len(v) < accountAt || record.DecodeAccount(slices.Clone(v[accountAt:]), a) != nil {
			return &CorruptError{s.path, fmt.Sprintf("account %x cannot be read", k)}
		}
		a.Sequence = binary.BigEndian.Uint64(row)
		var h History
		var err [3]error
		h.Ended, err[0] = rowsOf(ended, k, record.DecodeEnded)
		h.Items, err[1] = rowsOf(items, k, record.DecodeItem)
		h.Statements, err[2] = rowsOf(statements, k, record.DecodeStatement)
		if err := errors.Join(err[:]...); err != nil {
			return err
		}
		if err := yield(a, &h); err != nil {
			return err
		}
	}
	return nil
}

// walk is a way through a bucket whose keys begin with an account.
type walk struct {
	path       string
	bucket     []byte
	cursor     *bolt.Cursor
	key, value []byte // of the row that is next; nil at the end
}

func (s *Snapshot) walk(bucket []byte) *walk {
	w := &walk{path: s.path, bucket: bucket, cursor: s.tx.Bucket(bucket).Cursor()}
	w.key, w.value = w.cursor.First()
	return w
}

// rowsOf are the rows up to the last one of an account.
func rowsOf[T any](w *walk, account []byte, decode func([]byte, *T) error) (rows []*T, err error) {
	for ; w.key != nil && bytes.Compare(w.key[:min(8, len(w.key))], account) <= 0; w.key, w.value = w.cursor.Next() {
		row, ok := unseal(w.key, w.value)
		v := new(T)
		if !ok || decode(slices.Clone(row), v) != nil {
			return nil, &CorruptError{w.path, fmt.Sprintf("row %x of %s cannot be read", w.key, w.bucket)}
		}
		rows = append(rows, v)
	}
	return rows, nil
}
