package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/policy"
)

func TestDefault(t *testing.T) {
	p, err := policy.Parse([]byte(policy.DefaultDocument()))
	require.NoError(t, err)
	text := policy.Format(p.Document())
	again, err := policy.Parse(text)
	require.NoError(t, err, "%s", text)
	require.Equal(t, p.Document(), again.Document())
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := policy.Parse([]byte(policy.DefaultDocument())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	for b.Loop() {
		policy.Format(policy.Default().Document())
	}
}
