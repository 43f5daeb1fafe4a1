package feature

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryFeatureHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range Names() {
		require.NotEmpty(t, name)
		require.False(t, seen[name], name)
		seen[name] = true
		n, text, isText, found := Find(name)
		require.True(t, found, name)
		if isText {
			require.Equal(t, name, text.String())
			require.Equal(t, Word, text.Info().Kind)
		} else {
			require.Equal(t, name, n.String())
			require.NotEqual(t, Word, n.Info().Kind)
			require.NotEmpty(t, n.Info().Doc)
		}
	}
	require.Len(t, seen, int(Numbers)+int(Texts))
	_, _, _, found := Find("account.favourite_colour")
	require.False(t, found)
}

func TestVelocityHasItsPlaces(t *testing.T) {
	require.Equal(t, "velocity.account.count_10m", CountOf(OfAccount, TenMinutes).String())
	require.Equal(t, "velocity.phones.count_30d", CountOf(OfPhones, Month).String())
	require.Equal(t, "velocity.carrier.sum_30d", SumOf(OfCarrier, Month).String())
	require.Equal(t, Numbers-1, SumOf(OfCarrier, Month))
	require.Equal(t, Amount, SumOf(OfPhone, Day).Info().Kind)
	require.Equal(t, Count, CountOf(OfDeclined, Hour).Info().Kind)
}

func TestAnyOtherValueHasAnotherHash(t *testing.T) {
	seen := map[uint64]bool{new(Set).Hash(): true}
	for n := range Numbers {
		s := new(Set)
		s.Numbers[n] = 1
		require.False(t, seen[s.Hash()], n)
		seen[s.Hash()] = true
	}
	for i := range Texts {
		s := new(Set)
		s.Texts[i] = "x"
		require.False(t, seen[s.Hash()], i)
		seen[s.Hash()] = true
	}
	var s Set
	s.SetFlag(PhoneKnown, true)
	once := s.Hash()
	require.Equal(t, once, s.Hash())
	require.True(t, seen[once])
}
