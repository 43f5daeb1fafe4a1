// Package archive writes a whole book into one stream and reads it back: the file that a backup is.
//
// A book is its journals, so an archive holds those and nothing else: a header, then for each shard batches of entries
// in the journal's own encoding, hash chain included, and at the end what each shard's journal ends with. Reading an
// archive verifies every entry; a byte that was changed, and an end that is missing, are found.
//
//	file    "HOLDFAST ARCHIVE 1\n", frame*
//	frame   kind u8, shard u16, length u32, CRC-32C of kind, shard, length and content, content
//	kinds   'h' header (JSON: Header), 'b' batch (journal.Batch), 'e' end (JSON: End); 'e' is the last frame
package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

const magic = "HOLDFAST ARCHIVE 1\n"

// Header says what an archive is of.
type Header struct {
	Shards int       `json:"shards"`
	Zone   string    `json:"zone"`
	Made   time.Time `json:"made"`
}

// End says with what each shard's journal ends.
type End struct {
	Shards []Last `json:"shards"`
}

// Last is the last entry of a shard's journal; zero for an empty one.
type Last struct {
	Sequence uint64 `json:"sequence"`
	Hash     string `json:"hash"`
}

// Source is a shard's journal and the sequence up to which it is to be archived.
type Source struct {
	Journal journal.Journal
	Upto    uint64
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batchBytes is about how large the batches of an archive are.
const batchBytes = 256 << 10

// Write writes an archive of the sources.
func Write(ctx context.Context, w io.Writer, h Header, sources []Source) error {
	h.Shards = len(sources)
	buffered := bufio.NewWriterSize(w, 64<<10)
	if _, err := buffered.WriteString(magic); err != nil {
		return err
	}
	if err := writeJSON(buffered, 'h', h); err != nil {
		return err
	}
	var end End
	for shard, s := range sources {
		last, err := writeShard(ctx, buffered, shard, s)
		if err != nil {
			return fmt.Errorf("archive shard %d: %w", shard, err)
		}
		end.Shards = append(end.Shards, last)
	}
	if err := writeJSON(buffered, 'e', end); err != nil {
		return err
	}
	return buffered.Flush()
}

func writeShard(ctx context.Context, w io.Writer, shard int, s Source) (last Last, err error) {
	var b journal.Builder
	var buf []byte
	seal := func() error {
		if b.Count() == 0 {
			return nil
		}
		batch := b.Batch()
		last = Last{batch.First + uint64(batch.Count) - 1, batch.Last.String()}
		err := writeFrame(w, 'b', shard, batch.Bytes)
		buf = batch.Bytes
		b.Reset(last.Sequence+1, batch.Last, buf)
		return err
	}
	b.Reset(1, journal.Hash{}, nil)
	if s.Upto == 0 {
		return last, nil
	}
	for e, err := range s.Journal.Replay(ctx, 1) {
		if err != nil {
			return last, err
		}
		if e.Sequence > s.Upto {
			break
		}
		_, size := b.Add(e.Time, func(buf []byte) []byte { return append(buf, e.Payload...) })
		if size >= batchBytes {
			if err := seal(); err != nil {
				return last, err
			}
		}
	}
	if err := seal(); err != nil {
		return last, err
	}
	if last.Sequence != s.Upto {
		return last, fmt.Errorf("the journal ends at sequence %d, before %d", last.Sequence, s.Upto)
	}
	return last, nil
}

func writeJSON(w io.Writer, kind byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, kind, 0, b)
}

const frameHeader = 1 + 2 + 4 + 4

func writeFrame(w io.Writer, kind byte, shard int, content []byte) error {
	var head [frameHeader]byte
	head[0] = kind
	binary.BigEndian.PutUint16(head[1:], uint16(shard))
	binary.BigEndian.PutUint32(head[3:], uint32(len(content)))
	binary.BigEndian.PutUint32(head[7:], crc32.Update(crc32.Checksum(head[:7], castagnoli), castagnoli, content))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// Read reads an archive. The header is passed on first; then every batch, verified, in order of shards. What take
// gets it must not keep.
func Read(r io.Reader, begin func(Header) error, take func(shard int, b journal.Batch) error) (End, error) {
	d := &reader{r: bufio.NewReaderSize(r, 64<<10)}
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(d.r, head); err != nil || string(head) != magic {
		return End{}, errors.New("archive: this is no archive of Holdfast")
	}
	var h Header
	if kind, _, content, err := d.frame(); err != nil || kind != 'h' || json.Unmarshal(content, &h) != nil || h.Shards < 1 || h.Shards > 1<<16 {
		return End{}, errors.Join(errors.New("archive: the header cannot be read"), err)
	}
	if err := begin(h); err != nil {
		return End{}, err
	}
	d.heads = make([]journal.Head, h.Shards)
	for i := range d.heads {
		d.heads[i].Next = 1
	}
	for {
		kind, shard, content, err := d.frame()
		if err != nil {
			return End{}, err
		}
		switch kind {
		case 'b':
			b, err := d.batch(shard, content)
			if err != nil {
				return End{}, err
			}
			if err := take(shard, b); err != nil {
				return End{}, err
			}
		case 'e':
			return d.end(content)
		default:
			return End{}, fmt.Errorf("archive: unknown frame %q", kind)
		}
	}
}

type reader struct {
	r     *bufio.Reader
	buf   []byte
	heads []journal.Head
}

func (d *reader) frame() (kind byte, shard int, content []byte, err error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(d.r, head[:]); err != nil {
		return 0, 0, nil, fmt.Errorf("archive: cut short: %w", err)
	}
	n := binary.BigEndian.Uint32(head[3:])
	if n > journal.MaxBatchBytes*2 {
		return 0, 0, nil, errors.New("archive: a frame's length cannot be right")
	}
	if cap(d.buf) < int(n) {
		d.buf = make([]byte, n)
	}
	d.buf = d.buf[:n]
	if _, err := io.ReadFull(d.r, d.buf); err != nil {
		return 0, 0, nil, fmt.Errorf("archive: cut short: %w", err)
	}
	if sum := crc32.Update(crc32.Checksum(head[:7], castagnoli), castagnoli, d.buf); sum != binary.BigEndian.Uint32(head[7:]) {
		return 0, 0, nil, errors.New("archive: a frame does not match its checksum")
	}
	return head[0], int(binary.BigEndian.Uint16(head[1:])), d.buf, nil
}

// batch verifies a batch against what came before it.
func (d *reader) batch(shard int, content []byte) (journal.Batch, error) {
	if shard >= len(d.heads) {
		return journal.Batch{}, fmt.Errorf("archive: a batch of shard %d, of %d", shard, len(d.heads))
	}
	head := &d.heads[shard]
	b, err := journal.Open(content)
	if err != nil {
		return b, fmt.Errorf("archive: shard %d: %w", shard, err)
	}
	for _, err := range journal.Entries(content, head.Next, head.Hash) {
		if err != nil {
			return b, fmt.Errorf("archive: shard %d: %w", shard, err)
		}
	}
	head.Next, head.Hash = b.First+uint64(b.Count), b.Last
	return b, nil
}

// end compares what was read with what the archive should hold.
func (d *reader) end(content []byte) (end End, err error) {
	if err := json.Unmarshal(content, &end); err != nil || len(end.Shards) != len(d.heads) {
		return end, errors.New("archive: the end cannot be read")
	}
	for i, head := range d.heads {
		last := end.Shards[i]
		if last.Sequence != head.Next-1 || last.Sequence != 0 && last.Hash != head.Hash.String() {
			return end, fmt.Errorf("archive: shard %d ends at %d, not at %d", i, head.Next-1, last.Sequence)
		}
	}
	if _, err := d.r.ReadByte(); err != io.EOF {
		return end, errors.New("archive: something follows the end")
	}
	return end, nil
}
