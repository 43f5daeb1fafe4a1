package token_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/token"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{
		"c-42", "a", strings.Repeat("x", 64), "A.b_c:d-9", "2f1c9a52-7b51-4e0e-9c39-6f4a2b1d0c11", "order-13800138000", "13800138000x",
		"23800138000", "1380013800", "138001380001", "20261122000017", "8613800138000123",
	} {
		require.NoError(t, token.Check(good), good)
	}
	for _, bad := range []string{
		"", strings.Repeat("x", 65), "a b", "a/b", "手机", "a\n", "a\x00", "+8613800138000",
		"13800138000", "138-0013-8000", "138.0013.8000", "8613800138000", "86-138-0013-8000", "008613800138000",
	} {
		require.Error(t, token.Check(bad), bad)
	}
}
