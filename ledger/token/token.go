// Package token has the rule for ids that callers make: opaque, short, and no phone number in clear.
package token

import (
	"fmt"
	"strings"
)

// Check tells what is wrong with a caller-made id: it must have 1 to 64 characters of A-Z a-z 0-9 . _ : - and
// must not be a raw mobile number of 11 digits, with or without 86 or +86 before it.
func Check(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("is required")
	case len(s) > 64:
		return fmt.Errorf("has %d characters, more than 64", len(s))
	}
	digits := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '_' || c == ':' || c == '-':
		default:
			return fmt.Errorf("may have only A-Z a-z 0-9 . _ : -")
		}
	}
	if digits >= 11 && rawMobile(s, digits) {
		return fmt.Errorf("looks like a raw mobile number: send a token made with a keyed hash")
	}
	return nil
}

// rawMobile says whether s is nothing but a mobile number of mainland China: 11 digits that begin with 1, perhaps
// after the country code, perhaps grouped with separators.
func rawMobile(s string, digits int) bool {
	if digits != 11 && digits != 13 && digits != 15 {
		return false
	}
	number := make([]byte, 0, 15)
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			number = append(number, c)
		case c != '-' && c != '.':
			return false
		}
	}
	number = []byte(strings.TrimPrefix(string(number), "00"))
	if len(number) == 13 && number[0] == '8' && number[1] == '6' {
		number = number[2:]
	}
	return len(number) == 11 && number[0] == '1'
}
