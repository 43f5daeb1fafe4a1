// Package pages looks at the pages of a bbolt file before bbolt does.
//
// bbolt trusts its pages: a damaged branch page can send it round in circles until the stack is exhausted, which no
// recover catches, and a damaged free list makes it overwrite live pages later. So the branch pages and the free list
// are looked at before bbolt opens a file, which costs about one page in two hundred; a full check looks at all pages.
// The file must have its free list in it (bolt.Options.NoFreelistSync unset), and nobody may be writing it.
package pages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// tree reads the page structure of a bbolt file (format version 2) with plain reads.
type tree struct {
	file io.ReaderAt
	full bool // read leaf pages too, and account for every page

	pageSize, pages, root, freelist uint64
	seen                            []uint64 // bitmap of the pages met
}

const (
	pageHeader   = 16
	pageElement  = 16
	branchFlag   = 0x01
	leafFlag     = 0x02
	freelistFlag = 0x10
	noFreelist   = ^uint64(0)
	bucketFlag   = 0x01
	bucketHeader = 16
)

var native = binary.NativeEndian // bbolt writes its structs as the machine has them

// page is one page with its overflow.
type page struct {
	id    uint64
	flags uint16
	count int
	data  []byte
}

// Check checks the branch pages and the free list of a bbolt file, or with full all of it. A *DamageError says that
// the pages are not what bbolt wrote.
func Check(path string, full bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	t := &tree{file: f, full: full}
	if err := t.check(uint64(info.Size())); err != nil {
		return &DamageError{err}
	}
	return nil
}

// DamageError says what is wrong with a file's pages.
type DamageError struct{ cause error }

func (e *DamageError) Error() string { return e.cause.Error() }

func (t *tree) check(size uint64) error {
	if err := t.readMeta(); err != nil {
		return err
	}
	if t.pages > size/t.pageSize {
		return fmt.Errorf("%d pages in a file of %d bytes", t.pages, size)
	}
	t.seen = make([]uint64, t.pages/64+1)
	_, _ = t.see(0), t.see(1)
	if err := t.buckets(t.root, 0); err != nil {
		return err
	}
	return t.checkFreelist()
}

// buckets walks the bucket of buckets. It is one leaf, unless small buckets, which are kept inline, have made it too large for
// one.
func (t *tree) buckets(id uint64, depth int) error {
	p, err := t.page(id)
	if err != nil {
		return err
	}
	if err := t.claim(p); err != nil {
		return err
	}
	if p.flags == leafFlag {
		return t.leaf(p, func(flags uint32, _, value []byte) error {
			if flags != bucketFlag || len(value) < bucketHeader {
				return errors.New("something other than a bucket at the root")
			}
			if id := native.Uint64(value); id != 0 {
				return t.bucket(id)
			}
			return t.inline(value[bucketHeader:]) // no pages of its own
		})
	}
	if p.flags != branchFlag || p.count == 0 || depth > 32 {
		return fmt.Errorf("root page %d is damaged", id)
	}
	for i := range p.count {
		if err := t.buckets(native.Uint64(p.data[pageHeader+i*pageElement+8:]), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// inline checks the page of a bucket that is so small that it is kept as a value.
func (t *tree) inline(data []byte) error {
	if len(data) < pageHeader {
		return errors.New("a bucket without a page")
	}
	p := page{flags: native.Uint16(data[8:]), count: int(native.Uint16(data[10:])), data: data}
	if p.flags != leafFlag || !layout(data, p.flags, p.count) {
		return errors.New("a bucket kept as a value is damaged")
	}
	return t.leaf(p, func(uint32, []byte, []byte) error { return nil })
}

// readMeta takes the newer of the two valid meta pages, as bbolt does.
func (t *tree) readMeta() error {
	var newest uint64
	found := false
	for _, size := range []int64{0, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10} {
		var buf [80]byte // page header, then the meta, whose last eight bytes are its checksum
		if _, err := t.file.ReadAt(buf[:], size); err != nil {
			continue
		}
		m := buf[pageHeader:]
		sum := fnv.New64a()
		sum.Write(m[:56])
		pageSize, txid := uint64(native.Uint32(m[8:])), native.Uint64(m[48:])
		if native.Uint32(m) != 0xED0CDAED || native.Uint32(m[4:]) != 2 || sum.Sum64() != native.Uint64(m[56:]) ||
			size != 0 && uint64(size) != pageSize || found && txid < newest {
			continue
		}
		found, newest = true, txid
		t.pageSize, t.root, t.freelist, t.pages = pageSize, native.Uint64(m[16:]), native.Uint64(m[32:]), native.Uint64(m[40:])
	}
	if !found || t.pageSize < 1<<10 || t.pageSize > 64<<10 {
		return errors.New("no valid meta page")
	}
	return nil
}

// see marks a page and reports whether it had not been met before.
func (t *tree) see(id uint64) bool {
	bit := uint64(1) << (id % 64)
	fresh := t.seen[id/64]&bit == 0
	t.seen[id/64] |= bit
	return fresh
}

// claim marks a page and its overflow.
func (t *tree) claim(p page) error {
	for i := range uint64(len(p.data)) / t.pageSize {
		if !t.see(p.id + i) {
			return fmt.Errorf("page %d is referred to twice", p.id+i)
		}
	}
	return nil
}

// page reads a page with its overflow.
func (t *tree) page(id uint64) (page, error) {
	if id < 2 || id >= t.pages {
		return page{}, fmt.Errorf("page %d of %d does not exist", id, t.pages)
	}
	head := make([]byte, t.pageSize)
	if _, err := t.file.ReadAt(head, int64(id*t.pageSize)); err != nil {
		return page{}, err
	}
	overflow := uint64(native.Uint32(head[12:]))
	if native.Uint64(head) != id || overflow >= t.pages-id {
		return page{}, fmt.Errorf("page %d has a damaged header", id)
	}
	p := page{id: id, flags: native.Uint16(head[8:]), count: int(native.Uint16(head[10:])), data: head}
	if overflow > 0 {
		p.data = make([]byte, (overflow+1)*t.pageSize)
		if _, err := t.file.ReadAt(p.data, int64(id*t.pageSize)); err != nil {
			return page{}, err
		}
	}
	if p.flags != freelistFlag && !layout(p.data, p.flags, p.count) {
		return page{}, fmt.Errorf("page %d has more elements, or fewer, than it was written with", id)
	}
	return p, nil
}

// layout says whether the elements of a page, whose data begins with its header, are as many as they were when it was written.
// bbolt writes what they are made of right behind them, the keys and values of one after those of the other, so that a damaged
// count shows, and an element that lost something to its neighbour.
func layout(data []byte, flags uint16, count int) bool {
	end := pageHeader + count*pageElement
	if end > len(data) {
		return false
	}
	for i := range count {
		at := pageHeader + i*pageElement
		e := data[at:]
		pos, size := uint64(native.Uint32(e)), uint64(native.Uint32(e[4:]))
		if flags == leafFlag {
			pos, size = uint64(native.Uint32(e[4:])), uint64(native.Uint32(e[8:]))+uint64(native.Uint32(e[12:]))
		}
		if uint64(at)+pos != uint64(end) || uint64(end)+size > uint64(len(data)) {
			return false
		}
		end += int(size)
	}
	return true
}

// bucket walks a bucket's pages. All its leaves lie at the same depth, which the leftmost path tells, so that the
// leaves need not be read to know them for leaves.
func (t *tree) bucket(root uint64) error {
	depth := 0
	for id := root; ; depth++ {
		p, err := t.page(id)
		if err != nil {
			return err
		}
		if p.flags == leafFlag {
			break
		}
		if p.flags != branchFlag || p.count == 0 || depth > 32 {
			return fmt.Errorf("page %d is damaged", id)
		}
		id = native.Uint64(p.data[pageHeader+8:])
	}
	return t.walk(root, depth, nil)
}

// walk checks the page and those below it; its keys begin with lowest, as the page above has it.
func (t *tree) walk(id uint64, depth int, lowest []byte) error {
	if depth == 0 && !t.full {
		if id < 2 || id >= t.pages || !t.see(id) {
			return fmt.Errorf("page %d is no page or referred to twice", id)
		}
		return nil
	}
	p, err := t.page(id)
	if err != nil {
		return err
	}
	if err := t.claim(p); err != nil {
		return err
	}
	if depth == 0 {
		if p.flags != leafFlag {
			return fmt.Errorf("page %d is no leaf", id)
		}
		return t.leaf(p, func(flags uint32, key, _ []byte) error {
			if flags != 0 || bytes.Compare(key, lowest) < 0 {
				return fmt.Errorf("page %d has a misplaced key", id)
			}
			return nil
		})
	}
	if p.flags != branchFlag || p.count == 0 {
		return fmt.Errorf("page %d is no branch", id)
	}
	for i := range p.count {
		at := pageHeader + i*pageElement
		pos, size := uint64(native.Uint32(p.data[at:])), uint64(native.Uint32(p.data[at+4:]))
		if uint64(at)+pos+size > uint64(len(p.data)) {
			return fmt.Errorf("page %d has a key out of bounds", id)
		}
		key := p.data[uint64(at)+pos:][:size]
		if c := bytes.Compare(key, lowest); c < 0 || c == 0 && i > 0 {
			return fmt.Errorf("page %d has its keys in disorder", id)
		}
		if err := t.walk(native.Uint64(p.data[at+8:]), depth-1, key); err != nil {
			return err
		}
		lowest = key
	}
	return nil
}

// leaf calls fn for each element of a leaf page, in order.
func (t *tree) leaf(p page, fn func(flags uint32, key, value []byte) error) error {
	var last []byte
	for i := range p.count {
		at := pageHeader + i*pageElement
		e := p.data[at:]
		pos, ksize, vsize := uint64(native.Uint32(e[4:])), uint64(native.Uint32(e[8:])), uint64(native.Uint32(e[12:]))
		if pos+ksize+vsize > uint64(len(e)) {
			return fmt.Errorf("page %d has an element out of bounds", p.id)
		}
		key := e[pos:][:ksize]
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("page %d has its keys in disorder", p.id)
		}
		if err := fn(native.Uint32(e), key, e[pos+ksize:][:vsize]); err != nil {
			return err
		}
		last = key
	}
	return nil
}

// checkFreelist checks that no page in use is called free, and with full that every page is one or the other.
func (t *tree) checkFreelist() error {
	if t.freelist == noFreelist {
		return errors.New("the free list is missing")
	}
	p, err := t.page(t.freelist)
	if err != nil {
		return err
	}
	if err := t.claim(p); err != nil {
		return err
	}
	ids, count := p.data[pageHeader:], uint64(p.count)
	if p.count == 0xFFFF { // the count did not fit and is the first element
		count, ids = native.Uint64(ids), ids[8:]
	}
	if p.flags != freelistFlag || count > uint64(len(ids)/8) {
		return errors.New("the free list is damaged")
	}
	for i := range count {
		if id := native.Uint64(ids[8*i:]); id < 2 || id >= t.pages || !t.see(id) {
			return fmt.Errorf("free page %d is in use, or free twice", id)
		}
	}
	for id := range t.pages {
		if t.full && t.see(id) {
			return fmt.Errorf("page %d is neither in use nor free", id)
		}
	}
	return nil
}
