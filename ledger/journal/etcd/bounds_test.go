package etcd

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// While one entry after the other goes to one log and then to another, the first is never seen behind the second, however many
// logs are looked at between them.
func TestEndsAreOfOneMoment(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	names := []string{"second"}
	for i := range 150 { // more than one transaction has room for
		names = append(names, fmt.Sprintf("none-%d", i))
	}
	names = append(names, "first")
	const entries = 100
	ended := make(chan error, 1)
	go func() {
		ended <- func() error {
			first, second := open(t, c, "first"), open(t, c, "second")
			a, b := acquire(t, first), acquire(t, second)
			for range entries {
				var err error
				if a, err = first.Append(background, a, batchOf(a, "claim")); err != nil {
					return err
				}
				if b, err = second.Append(background, b, batchOf(b, "order")); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	seen := map[uint64]bool{}
	for over := false; !over; {
		select {
		case err := <-ended:
			require.NoError(t, err)
			over = true
		default:
		}
		next, err := c.Ends(background, names)
		require.NoError(t, err)
		require.Len(t, next, len(names))
		first, second := next[len(next)-1], next[0]
		require.LessOrEqual(t, second, first)
		require.LessOrEqual(t, first, second+1)
		require.Equal(t, uint64(1), next[75], "a log that nobody has begun")
		seen[first] = true
	}
	require.True(t, seen[entries+1])
	require.Greater(t, len(seen), 3, "it was looked at while it grew")
}
