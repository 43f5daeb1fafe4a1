package portfolio

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestAnAccountIsSmall: there may be ten million of them.
func TestAnAccountIsSmall(t *testing.T) {
	require.EqualValues(t, accountBytes, unsafe.Sizeof(account{}))
}
