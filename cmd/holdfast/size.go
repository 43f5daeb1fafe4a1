package main

import (
	"fmt"
	"strconv"
	"strings"
)

// size is a number of bytes, written like 768MiB.
type size int64

var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads a size.
func (s *size) UnmarshalText(b []byte) error {
	text := string(b)
	for _, u := range units {
		if digits, ok := strings.CutSuffix(text, u.name); ok {
			n, err := strconv.ParseInt(digits, 10, 40)
			if err != nil || n < 1 || n > 1<<50/u.bytes {
				break
			}
			*s = size(n * u.bytes)
			return nil
		}
	}
	return fmt.Errorf("want a size such as 768MiB or 2GiB, have %q", text)
}
