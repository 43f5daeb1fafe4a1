package server

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/checkpoint"
	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// A checkpoint file is the hash of the entry as of which it is, as hex and a line end, and then what the fold wrote. The hash says
// that the file is of this journal, and not of another that had been in the directory.

// begin is the fold of the checkpoint, or a new one if there is none to go on from.
func (f *follower[P]) begin(ctx context.Context) P {
	fold, err := f.open(ctx)
	switch {
	case err == nil:
		f.logger.Info(f.what+" goes on from its checkpoint", "sequence", fold.Sequence())
		return fold
	case !errors.Is(err, fs.ErrNotExist):
		f.logger.Warn("the checkpoint of "+f.what+" is of no use; the journal is read from the beginning", "reason", err)
	}
	return f.fresh()
}

func (f *follower[P]) open(ctx context.Context) (none P, err error) {
	file, err := os.Open(f.path)
	if err != nil {
		return none, err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 64<<10)
	line := make([]byte, 2*len(journal.Hash{})+1)
	if _, err := io.ReadFull(r, line); err != nil {
		return none, fmt.Errorf("%w: %w", checkpoint.Err, err)
	}
	fold, err := f.read(r)
	if err != nil {
		return none, err
	}
	hash, err := f.hashOf(ctx, fold.Sequence())
	if err != nil {
		return none, err
	}
	if hex.EncodeToString(hash[:])+"\n" != string(line) {
		return none, fmt.Errorf("%w: it is of another journal", checkpoint.Err)
	}
	return fold, nil
}

// hashOf is the hash of an entry of the journal; zero before the first.
func (f *follower[P]) hashOf(ctx context.Context, sequence uint64) (hash journal.Hash, err error) {
	if sequence == 0 {
		return hash, nil
	}
	for e, err := range f.journal.Replay(ctx, sequence) {
		if err != nil {
			return hash, err
		}
		return e.Hash(), nil
	}
	return hash, fmt.Errorf("%w: the journal has no entry %d", checkpoint.Err, sequence)
}

// checkpoint writes a checkpoint, if the fold has moved on by so many entries since the last. The fold stands still meanwhile.
func (f *follower[P]) checkpoint(ctx context.Context, least uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrote = time.Now()
	if !f.began || f.fold.Sequence() < f.written+least {
		return
	}
	hash, err := f.hashOf(ctx, f.fold.Sequence())
	if err == nil {
		err = replaceFile(f.path, func(w io.Writer) error {
			if _, err := io.WriteString(w, hex.EncodeToString(hash[:])+"\n"); err != nil {
				return err
			}
			return f.fold.Write(w)
		})
	}
	if err != nil {
		f.logger.Warn("the checkpoint of "+f.what+" was not written; a restart reads more of the journal", "error", err)
		return
	}
	f.written = f.fold.Sequence()
}
