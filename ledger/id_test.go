package ledger_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
)

func TestIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shard := rapid.Uint16Range(0, ledger.MaxShards-1).Draw(t, "shard")
		number := rapid.Uint64Range(1, 1<<(64-ledger.ShardBits)-1).Draw(t, "number")
		n := rapid.Uint32Range(1, 1<<32-1).Draw(t, "n")

		account := ledger.NewAccountID(shard, number)
		require.Equal(t, shard, account.Shard())
		require.Equal(t, number, account.Number())
		require.Len(t, account.String(), 17)
		back, err := ledger.ParseAccountID(account.String())
		require.NoError(t, err)
		require.Equal(t, account, back)

		id := ledger.AuthorizationID{Account: account, N: n}
		require.Len(t, id.String(), 25)
		again, err := ledger.ParseAuthorizationID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, again)

		part := rapid.IntRange(1, 1023).Draw(t, "part")
		require.Equal(t, "cap_"+id.CaptureID(part)[4:], id.CaptureID(part))
		require.Equal(t, id.CaptureID(part)[4:], id.RefundID(part)[4:])
		require.True(t, strings.HasPrefix(id.RefundID(part), "ref_"+id.String()[5:]))
	})
}

// TestIDsInOrder: ids sort as their numbers do, which is what keeps an account's rows together.
func TestIDsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := ledger.AccountID(rapid.Uint64().Draw(t, "a"))
		b := ledger.AccountID(rapid.Uint64().Draw(t, "b"))
		require.Equal(t, a < b, a.String() < b.String())
	})
}

func TestParseRefusesWhatNobodyMade(t *testing.T) {
	for _, s := range []string{
		"", "acc_", "acc_0000000000000", "acc_00000000000010", "acc_000000000000", "acc_g000000000001", "acc_000000000000u",
		"acc_000000000000A", "ACC_0000000000001", "auth_0000000000001", "acc_zzzzzzzzzzzzz", "acc_" + strings.Repeat("1", 200), "acc_00000000000\x001",
		"acc_z000000000000", "acc_7zg0000000000",
	} {
		if id, err := ledger.ParseAccountID(s); err == nil {
			require.Equal(t, s, id.String())
			require.NotZero(t, id.Number())
		}
	}
	for _, s := range []string{"", "acc_", "acc_0000000000000", "acc_g000000000001", "acc_000000000000u", "acc_" + strings.Repeat("1", 200)} {
		_, err := ledger.ParseAccountID(s)
		require.Error(t, err, s)
		require.Less(t, len(err.Error()), 200)
	}
	for _, s := range []string{
		"", "auth_", "auth_00000000000010000000", "auth_00000000000000000001", "auth_0000000000001000001", "auth_000000000000100000010",
		"auth_0000000000001zzzzzzz", "auth_0000000000001400000", "auth_00000000000014000000", "acc_00000000000010000001", "auth_0000000000001000000u", "auth_z0000000000010000001",
	} {
		_, err := ledger.ParseAuthorizationID(s)
		require.Error(t, err, s)
	}
}

func FuzzParseIDs(f *testing.F) {
	f.Add("acc_0000000000001")
	f.Add("auth_00000000000010000001")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ledger.ParseAccountID(s); err == nil {
			require.Equal(t, s, id.String(), "one id has one name")
		}
		if id, err := ledger.ParseAuthorizationID(s); err == nil {
			require.Equal(t, s, id.String(), "one id has one name")
		}
	})
}
