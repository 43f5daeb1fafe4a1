package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
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
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
