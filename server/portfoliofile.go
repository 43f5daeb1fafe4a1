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

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// A checkpoint file is the hash of the entry as of which it is, as hex and a line end, and then what the fold wrote. The hash says
// that the file is of this journal, and not of another that had been in the directory.

// begin is the fold of the checkpoint, or a new one if there is none to go on from.
func (f *portfolioFold) begin(ctx context.Context) *portfolio.Fold {
	fold, err := f.read(ctx)
	switch {
	case err == nil:
		f.logger.Info("the portfolio goes on from its checkpoint", "sequence", fold.Mark().Sequence)
		return fold
	case !errors.Is(err, fs.ErrNotExist):
		f.logger.Warn("the portfolio's checkpoint is of no use; the journal is read from the beginning", "reason", err)
	}
	return portfolio.New(f.shard, f.made, f.zone)
}

func (f *portfolioFold) read(ctx context.Context) (*portfolio.Fold, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 64<<10)
	line := make([]byte, 2*len(journal.Hash{})+1)
	if _, err := io.ReadFull(r, line); err != nil {
		return nil, fmt.Errorf("%w: %w", portfolio.ErrCheckpoint, err)
	}
	fold, err := portfolio.Read(r, f.shard, f.made, f.zone)
	if err != nil {
		return nil, err
	}
	hash, err := f.hashOf(ctx, fold.Mark().Sequence)
	if err != nil {
		return nil, err
	}
	if hex.EncodeToString(hash[:])+"\n" != string(line) {
		return nil, fmt.Errorf("%w: it is of another journal", portfolio.ErrCheckpoint)
	}
	return fold, nil
}

// hashOf is the hash of an entry of the journal; zero before the first.
func (f *portfolioFold) hashOf(ctx context.Context, sequence uint64) (hash journal.Hash, err error) {
	if sequence == 0 {
		return hash, nil
	}
	for e, err := range f.journal.Replay(ctx, sequence) {
		if err != nil {
			return hash, err
		}
		return e.Hash(), nil
	}
	return hash, fmt.Errorf("%w: the journal has no entry %d", portfolio.ErrCheckpoint, sequence)
}

// checkpoint writes a checkpoint, if the fold has moved on by so many entries since the last. The fold stands still meanwhile.
func (f *portfolioFold) checkpoint(ctx context.Context, least uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrote = time.Now()
	if f.fold == nil || f.fold.Mark().Sequence < f.written+least {
		return
	}
	hash, err := f.hashOf(ctx, f.fold.Mark().Sequence)
	if err == nil {
		err = replaceFile(f.path, func(w io.Writer) error {
			if _, err := io.WriteString(w, hex.EncodeToString(hash[:])+"\n"); err != nil {
				return err
			}
			return f.fold.Write(w)
		})
	}
	if err != nil {
		f.logger.Warn("the portfolio's checkpoint was not written; a restart reads more of the journal", "error", err)
		return
	}
	f.written = f.fold.Mark().Sequence
}
