package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/server"
)

// restedBook is a book that no server runs on: a data directory, or a backup, which is restored into a temporary one.
type restedBook struct {
	data   *server.DataDir
	zone   calendar.Zone
	remove string // a directory to remove in the end
}

// openRested opens a data directory, or a backup if one is given.
func openRested(ctx context.Context, dir, backup string) (b *restedBook, err error) {
	b = &restedBook{}
	if backup != "" {
		if b.remove, err = os.MkdirTemp("", "holdfast-risk-*"); err != nil {
			return nil, err
		}
		b.data, _, err = restoreBook(ctx, backup, b.remove+"/book")
	} else {
		b.data, err = server.ReadDataDir(dir)
	}
	if err == nil {
		b.zone, err = calendar.LoadZone(b.data.Meta.Zone)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *restedBook) close() error {
	if b.remove == "" {
		return nil
	}
	return os.RemoveAll(b.remove)
}

// entries passes on the entries of a shard's journal, up to one; 0 for all.
func (b *restedBook) entries(ctx context.Context, shard int, upto uint64, what string, take func(*ledger.Entry) error) error {
	j, err := bolt.Open(b.data.JournalDir(shard), bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer j.Close()
	found, err := j.Verify(ctx)
	if err != nil {
		return err
	}
	if upto >= found.Next {
		return fmt.Errorf("--as-of: the journal of shard %d ends at %d", shard, found.Next-1)
	}
	if upto == 0 {
		upto = found.Next - 1
	}
	show := newProgress(fmt.Sprintf("%s shard %d", what, shard))
	defer show.end()
	for e, err := range j.Replay(ctx, 1) {
		if err != nil {
			return err
		}
		if e.Sequence > upto {
			break
		}
		var entry ledger.Entry
		if err := record.DecodeEntry(slices.Clone(e.Payload), &entry); err != nil {
			return fmt.Errorf("shard %d, entry %d: %w", shard, e.Sequence, err)
		}
		entry.Sequence, entry.Time = e.Sequence, calendar.Instant(e.Time)
		if err := take(&entry); err != nil {
			return fmt.Errorf("shard %d, entry %d: %w", shard, e.Sequence, err)
		}
		if e.Sequence%65_536 == 0 {
			show.update(int64(e.Sequence), int64(upto))
		}
	}
	return nil
}

// currencies are how amounts are written, by what the terms of a book say.
type currencies map[money.Currency]amountWriter

func newCurrencies() currencies {
	c := currencies{}
	c.learn(terms.Default())
	return c
}

func (c currencies) learn(t *terms.Terms) {
	c[t.Currency] = amountWriter{currency: string(t.Currency), digits: t.MinorDigits}
}

// currenciesOf is what the terms of a running server say.
func currenciesOf(ctx context.Context, sdk *client.Client) (currencies, error) {
	known := currencies{}
	list, err := sdk.ListTerms(ctx, &holdfastv1.ListTermsRequest{})
	if err != nil {
		return nil, err
	}
	for _, v := range list.GetTerms() {
		got, err := sdk.GetTerms(ctx, &holdfastv1.GetTermsRequest{Version: v.GetVersion()})
		if err != nil {
			return nil, err
		}
		t, err := terms.Parse([]byte(got.GetTerms().GetDocument()))
		if err != nil {
			return nil, fmt.Errorf("terms %s: %w", v.GetVersion(), err)
		}
		known.learn(t)
	}
	return known, nil
}

// learnFrom takes over terms that an entry puts.
func (c currencies) learnFrom(e *ledger.Entry) error {
	put, ok := e.Fact.(*ledger.TermsPut)
	if !ok {
		return nil
	}
	t, err := terms.Reread([]byte(put.Document))
	if err == nil {
		c.learn(t)
	}
	return err
}

func (c currencies) of(currency money.Currency) amountWriter {
	if w, known := c[currency]; known {
		return w
	}
	return amountWriter{currency: string(currency), minor: true}
}
