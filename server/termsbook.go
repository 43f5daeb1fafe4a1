package server

import (
	"context"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc/codes"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// termsBook knows the terms by their ids in each shard. A version never changes and the list only grows, so what was read
// once is right for ever, and a shard is asked again only for an id beyond what it had then.
type termsBook struct {
	*router
	known []atomic.Pointer[[]ledger.TermsVersion] // by shard; those that the server was started with are the first
}

func newTermsBook(r *router) *termsBook {
	return &termsBook{router: r, known: make([]atomic.Pointer[[]ledger.TermsVersion], len(r.writers))}
}

// versions are all that a shard has.
func (b *termsBook) versions(ctx context.Context, shard int) ([]ledger.TermsVersion, error) {
	out, err := look(ctx, b.writers[shard], &ledger.GetTerms{})
	if err != nil {
		return nil, err
	}
	b.known[shard].Store(&out.TermsPut)
	return out.TermsPut, nil
}

func (b *termsBook) of(ctx context.Context, shard int, id ledger.TermsID) (*terms.Terms, error) {
	if known := b.known[shard].Load(); known != nil && int(id) < len(*known) {
		return (*known)[id].Terms, nil
	}
	fresh, err := b.versions(ctx, shard)
	if err != nil {
		return nil, err
	}
	if int(id) >= len(fresh) {
		return nil, failed(codes.Internal, "INTERNAL", fmt.Sprintf("shard %d has no terms %d", shard, id))
	}
	return fresh[id].Terms, nil
}

// lookup looks terms up for one answer about an account. Err is the first error; the answer is then not to be given.
type lookup struct {
	ctx   context.Context // of the call that the answer is to
	book  *termsBook
	shard int
	err   error
}

func (b *termsBook) lookup(ctx context.Context, id ledger.AccountID) *lookup {
	return &lookup{ctx: ctx, book: b, shard: int(id.Shard())}
}

func (l *lookup) of(id ledger.TermsID) *terms.Terms {
	t, err := l.book.of(l.ctx, l.shard, id)
	if err != nil {
		l.err = err
		return new(terms.Terms)
	}
	return t
}
