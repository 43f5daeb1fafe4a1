package money_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

func TestAdd(t *testing.T) {
	const far = money.Max * 1000
	for _, c := range []struct {
		a, b money.Amount
		ok   bool
	}{
		{0, 0, true}, {far, 0, true}, {far, 1, false}, {-far, 0, true}, {-far, -1, false}, {far, -1, true}, {far / 2, far / 2, true},
		{1<<63 - 1, 1, false}, {-1 << 63, -1, false}, {1<<63 - 1, 1<<63 - 1, false}, {-1 << 63, -1 << 63, false},
	} {
		sum, ok := c.a.Add(c.b)
		require.Equal(t, c.ok, ok, "%d + %d", c.a, c.b)
		if ok {
			require.Equal(t, c.a+c.b, sum)
		}
	}
}

func TestAddNeverWraps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		sum, ok := money.Amount(a).Add(money.Amount(b))
		wrapped := a > 0 && b > 0 && sum < 0 || a < 0 && b < 0 && sum >= 0
		require.False(t, ok && wrapped, "%d + %d = %d", a, b, sum)
	})
}

func TestParseCurrency(t *testing.T) {
	for _, good := range []string{"CNY", "USD", "UGX", "XXX"} {
		c, err := money.ParseCurrency(good)
		require.NoError(t, err)
		require.Equal(t, money.Currency(good), c)
	}
	for _, bad := range []string{"", "CN", "CNYY", "cny", "CN1", "C Y", "¥Y"} {
		_, err := money.ParseCurrency(bad)
		require.Error(t, err, bad)
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		a        money.Amount
		n, d     int64
		down, up money.Amount
	}{
		{0, 5, 3, 0, 0},
		{7, 1, 3, 2, 3},
		{9, 2, 3, 6, 6},
		{money.Max, int64(money.Max), int64(money.Max), money.Max, money.Max},
		{money.Max, int64(money.Max) - 1, int64(money.Max), money.Max - 1, money.Max - 1},
		{money.Max - 1, 2, 3, 666666666666666, 666666666666666},
	} {
		require.Equal(t, c.down, c.a.Times(c.n, c.d), "%d times %d/%d", c.a, c.n, c.d)
		require.Equal(t, c.up, c.a.TimesUp(c.n, c.d), "%d times %d/%d, rounded up", c.a, c.n, c.d)
	}
}
