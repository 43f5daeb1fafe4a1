package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// TestMain makes the test binary the program, both in scripts and where the program starts itself as a server; and a member of
// etcd where a test starts one.
func TestMain(m *testing.M) {
	etcdtest.Reexec()
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		main()
	}
	testscript.Main(m, map[string]func(){"holdfast": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		// A policy beside the one that ships, which decides otherwise: nothing above 20.00 passes.
		text := strings.Replace(policy.DefaultDocument(), "version: default-1", "version: small-1", 1)
		text = strings.Replace(text, "\ndecisions:\n", "\ndecisions:\n  - name: too_large\n    when: order.amount > 2000\n    action: decline\n    reason: NEW_ACCOUNT_DRAINED\n", 1)
		return os.WriteFile(filepath.Join(e.WorkDir, "small.yaml"), []byte(text), 0o600)
	}})
}
