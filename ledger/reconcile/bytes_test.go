package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/reconcile"
)

// TestItemsAreRead writes items of any values and reads them again.
func TestItemsAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Make[reconcile.Item]().Draw(t, "item")
		got, err := reconcile.DecodeItem(want.Append(nil))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func FuzzItem(f *testing.F) {
	i := sale("a", 100)
	f.Add(i.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if i, err := reconcile.DecodeItem(b); err == nil {
			again, err := reconcile.DecodeItem(i.Append(nil))
			require.NoError(t, err)
			require.Equal(t, i, again)
		}
	})
}
