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

const benchToken = "bench-" // and a number, for consumers

// openBenchAccounts makes sure that the book has n accounts of bench, and collects their ids.
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
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case <-finished:
			waiting = false
		case <-tick.C:
			show.update(done.Load(), int64(len(missing)))
		}
	}
	spent := show.end()
	if err := context.Cause(ctx); err != nil {
		return accountBook{}, fmt.Errorf("opening accounts: %w", err)
	}
	_, _ = fmt.Fprintf(out, "%s accounts opened in %v (%s/s)", thousands(int64(len(missing))), spent.Round(time.Millisecond),
		thousands(int64(float64(len(missing))/spent.Seconds())))
	if had := n - len(missing); had > 0 {
		_, _ = fmt.Fprintf(out, " beside %s found", thousands(int64(had)))
	}
	_, _ = fmt.Fprintln(out, ".")
	return accountBook{string(append(ids, opened...))}, nil
}

func openBenchAccount(
	ctx context.Context, accounts holdfastv1.AccountServiceClient, maker *idMaker, number int,
) (string, error) {
	_, request := maker.next(time.Now())
	resp, err := accounts.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
		RequestId:     request,
		ConsumerToken: benchToken + strconv.Itoa(number),
		Currency:      benchCurrency,
		Limit:         benchLimit,
		Lines: []*holdfastv1.LineOpening{{
			Scene: benchScene, Limit: benchLimit, AgreementVersion: "bench", AcceptedAgreementVersion: "bench",
		}},
	})
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
			digits, ours := strings.CutPrefix(a.GetConsumerToken(), benchToken)
			number, err := strconv.Atoi(digits)
			if !ours || err != nil || number < 0 || number >= n || found[number] || len(a.GetAccountId()) != accountIDLen {
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
