package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// newBookDir is dir, which must not have anything in it, or, if that is empty, ./NAME, ./NAME-2, ...: the first that
// there is not.
func newBookDir(dir, name string) (string, error) {
	if dir != "" {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if len(entries) > 0 {
			return "", fmt.Errorf("%s is not empty; a book of its own is needed", dir)
		}
		return dir, nil
	}
	for n := 1; ; n++ {
		dir := name
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", name, n)
		}
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			return dir, nil
		} else if err != nil {
			return "", err
		}
	}
}

// auditBook has a server check its whole book, shows how far it is, and answers with the verdict.
func auditBook(ctx context.Context, sdk *client.Client) (*holdfastv1.VerifyResponse, error) {
	stream, err := sdk.Admin().Verify(ctx, &holdfastv1.VerifyRequest{})
	if err != nil {
		return nil, err
	}
	show := newProgress("checking the book")
	defer show.end()
	for {
		resp, err := stream.Recv()
		if err != nil {
			return nil, fmt.Errorf("checking the book: %w", err)
		}
		if resp.GetDone() {
			return resp, nil
		}
		show.update(int64(resp.GetEntries()), int64(resp.GetEntriesTotal()))
	}
}
