package etcd

import (
	"fmt"
	"strings"
	"unicode"
)

// keys are where one log is kept. Everything of it begins with the cluster's prefix and the log's name.
type keys struct {
	owner   string // who acquired last: the epoch
	head    string // where the log ends
	base    string // where what is kept of it begins
	whole   string // there as long as that is so: see trimSpaceless
	batches string // what the keys of batches begin with
	end     string // the first key after those of all batches
}

// keysOf lays out a log. The digits of a batch's key are as many as the largest sequence has, so that the order of
// keys is the order of batches; they are decimal for whoever looks with etcdctl.
func keysOf(prefix, name string) keys {
	root := prefix + name + "/"
	return keys{
		owner: root + "owner", head: root + "head", base: root + "base", whole: root + "whole",
		batches: root + "batch/", end: root + "batch" + string(rune('/'+1)),
	}
}

// batch is the key of the batch whose first sequence is first.
func (k keys) batch(first uint64) string { return fmt.Sprintf("%s%020d", k.batches, first) }

// first is the sequence that a batch's key tells.
func (k keys) first(key []byte) (first uint64, err error) {
	digits, ok := strings.CutPrefix(string(key), k.batches)
	if _, err = fmt.Sscanf(digits, "%020d", &first); err != nil || !ok || k.batch(first) != string(key) {
		return 0, fmt.Errorf("journal/etcd: %q is not the key of a batch", key)
	}
	return first, nil
}

// checkName answers what is wrong with the name of a log, which is one step of a path of keys.
func checkName(name string) error {
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	})
	if name == "" || len(name) > longestName || odd {
		return fmt.Errorf("journal/etcd: a log's name is 1 to %d letters, digits, '-', '_' and '.': %q is not", longestName, name)
	}
	return nil
}
