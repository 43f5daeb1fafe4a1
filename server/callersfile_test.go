package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func writeCallers(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "callers.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestLoadCallers(t *testing.T) {
	callers, err := LoadCallers(writeCallers(t, callersOfTests))
	require.NoError(t, err)
	require.Equal(t, 4, callers.Len())
	_, err = LoadCallers(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestAllFaultsOfACallersFile has a file with a fault of each kind: one error names them all.
func TestAllFaultsOfACallersFile(t *testing.T) {
	text := `- {name: a, role: gateway, token_sha256: ` + digestOf("a") + `}
- {role: gateway, certificate: no-name.example}
- {name: "b c", role: gateway, certificate: b.example}
- {name: a, role: gateway, certificate: twice.example}
- {name: d, role: boss, certificate: d.example}
- {name: e, certificate: e.example}
- {name: f, role: admin}
- {name: g, role: admin, token_sha256: abc}
- {name: h, role: admin, token_sha256: ` + digestOf("") + `}
- {name: i, role: admin, token_sha256: ` + digestOf("a") + `}
- {name: j, role: admin, certificate: d.example}
- {name: k, role: admin, certificate: k.example, password: x}
- {name: l, name: m, role: admin, certificate: l.example}
- just a text
- {name: n, role: admin, token_sha256: []}
- {name: o, role: admin, certificate: ""}
- {name: p, role: admin, token_sha256: [{}]}
`
	path := writeCallers(t, text)
	_, err := LoadCallers(path)
	require.ErrorContains(t, err, path+" has 16 fault(s)")
	lines := strings.Split(err.Error(), "\n  ")[1:]
	for i, want := range []string{
		"line 2: the caller has no name",
		"line 3: want a name of 1 to 64 characters",
		"line 4: the name a is taken on line 1",
		`line 5: want a role of gateway, storefront, operator, admin or peer, have "boss"`,
		"line 6: the caller has no role",
		"line 7: the caller has neither token_sha256 nor certificate",
		"line 8: want token_sha256 as 64 hexadecimal digits, have 3 characters",
		"line 9: token_sha256 is the digest of an empty token",
		"line 10: the token is that of a already",
		"line 11: the certificate d.example is that of d already",
		`line 12: unknown field "password"`,
		"line 13: name is given twice",
		"line 14: want a caller with name",
		"line 15: want a text or a list of texts",
		"line 16: want the CN or a SAN",
		"line 17: want a text",
	} {
		require.Contains(t, lines[i], want)
	}
}

func TestCallersFileThatIsNone(t *testing.T) {
	for _, text := range []string{"", "[]", "name: a", "- {name: [", "# only a comment\n"} {
		_, err := LoadCallers(writeCallers(t, text))
		require.Error(t, err, "%q", text)
	}
}

func FuzzCallersFile(f *testing.F) {
	f.Add([]byte(callersOfTests))
	f.Add([]byte("- &a {name: x}\n- *a\n- {<<: *a}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if callers, faults := parseCallers(text); len(faults) == 0 && callers.Len() == 0 {
			t.Fatal("neither callers nor faults")
		}
	})
}
