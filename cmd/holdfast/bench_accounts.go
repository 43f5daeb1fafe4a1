package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

const (
	benchToken     = "bench-" // and a number, for consumers
	benchAgreement = "bench"
)

// benchNumber is the number of a consumer of bench below n; -1 for anybody else.
func benchNumber(consumer string, n int) int {
	digits, ours := strings.CutPrefix(consumer, benchToken)
	number, err := strconv.Atoi(digits)
	if !ours || err != nil || number < 0 || number >= n {
		return -1
	}
	return number
}

// openBenchAccounts makes sure that the book of a running server has n accounts of bench, and collects their ids.
func openBenchAccounts(ctx context.Context, conns []*grpc.ClientConn, n int, out io.Writer) (accountBook, error) {
	ids, found, err := listBenchAccounts(ctx, conns[0], n)
	if err != nil {
		return accountBook{}, err
	}
	var missing []int
	for i, has := range found {
		if !has {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		_, _ = fmt.Fprintf(out, "%s accounts found in the book.\n", thousands(int64(n)))
		return accountBook{string(ids)}, nil
	}
	show := newProgress("opening accounts")
	opened := make([]byte, len(missing)*accountIDLen)
	var next, done atomic.Int64
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for w := range min(256, len(missing)) {
		workers.Go(func() {
			accounts := holdfastv1.NewAccountServiceClient(conns[w%len(conns)])
			maker := newIDMaker()
			for ctx.Err() == nil {
				at := int(next.Add(1)) - 1
				if at >= len(missing) {
					return
				}
				id, err := openBenchAccount(ctx, accounts, maker, missing[at])
				if err != nil {
					cancel(err)
					return
				}
				copy(opened[at*accountIDLen:], id)
				done.Add(1)
			}
		})
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()
	watch(finished, func() { show.update(done.Load(), int64(len(missing))) })
	spent := show.end()
	if err := context.Cause(ctx); err != nil {
		return accountBook{}, fmt.Errorf("opening accounts: %w", err)
	}
	sayOpened(out, len(missing), n-len(missing), spent)
	return accountBook{string(append(ids, opened...))}, nil
}

func openBenchAccount(
	ctx context.Context, accounts holdfastv1.AccountServiceClient, maker *idMaker, number int,
) (string, error) {
	_, request := maker.next(time.Now())
	resp, err := accounts.OpenAccount(ctx, openingRequest(request, number))
	if err != nil {
		return "", err
	}
	id := resp.GetAccount().GetAccountId()
	if len(id) != accountIDLen {
		return "", fmt.Errorf("the server named an account %q", id)
	}
	return id, nil
}

// listBenchAccounts finds which of the n accounts of bench the book has already.
func listBenchAccounts(ctx context.Context, cc *grpc.ClientConn, n int) (ids []byte, found []bool, err error) {
	accounts := holdfastv1.NewAccountServiceClient(cc)
	show := newProgress("looking for accounts")
	defer show.end()
	found = make([]bool, n)
	req := &holdfastv1.ListAccountsRequest{PageSize: 500}
	for len(ids) < n*accountIDLen {
		resp, err := accounts.ListAccounts(ctx, req, grpc.WaitForReady(true))
		if err != nil {
			return nil, nil, fmt.Errorf("listing accounts: %w", err)
		}
		for _, a := range resp.GetAccounts() {
			number := benchNumber(a.GetConsumerToken(), n)
			if number < 0 || found[number] || len(a.GetAccountId()) != accountIDLen {
				continue
			}
			found[number] = true
			ids = append(ids, a.GetAccountId()...)
		}
		show.update(int64(len(ids)/accountIDLen), int64(n))
		if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	return ids, found, nil
}
