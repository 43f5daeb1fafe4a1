package client

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A TokenKey makes the opaque tokens that stand for phones and consumers, so that Holdfast never holds the numbers.
// The same number gives the same token under the same key; without the key a token tells nothing, and in particular it
// cannot be found by trying all numbers, as a plain hash of an 11-digit number can in seconds.
//
// Keep the secret as you keep the database: whoever has it can test a number against a token, and with another secret
// every account and every allowed phone has another token. All callers that share accounts share the secret.
type TokenKey struct {
	secret []byte
}

// minSecretBytes is 128 bits, the strength of the tokens.
const minSecretBytes = 16

// NewTokenKey makes a key of a random secret of at least 16 bytes. It keeps a copy.
func NewTokenKey(secret []byte) (TokenKey, error) {
	if len(secret) < minSecretBytes {
		return TokenKey{}, fmt.Errorf("client: a token secret needs %d bytes, not %d", minSecretBytes, len(secret))
	}
	return TokenKey{bytes.Clone(secret)}, nil
}

// Format prints no secret, whatever the verb.
func (TokenKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "TokenKey(secret)") }

// Phone is the token of a phone number: ph_ and 32 characters of a-z 2-7. It is the same for every way to write the
// number: +86 138 0013 8000, 0086-138-0013-8000 and 13800138000. A number without country code is a Chinese one, mobile
// or, with its leading 0, fixed; any other needs + or 00 before its country code.
//
// It fails for what is no phone number. The error does not repeat the number.
func (k TokenKey) Phone(number string) (string, error) {
	e164, err := normalizePhone(number)
	if err != nil {
		return "", err
	}
	return k.token("ph_", "holdfast/phone/1", e164)
}

// Consumer is the token of a consumer's identifier: cs_ and 32 characters of a-z 2-7. The identifier is taken byte by
// byte as it is, and must not be empty.
func (k TokenKey) Consumer(id string) (string, error) {
	if id == "" {
		return "", errors.New("client: empty consumer id")
	}
	return k.token("cs_", "holdfast/consumer/1", id)
}

// tokenEncoding has neither 0, 1, 8 nor 9, so no token can look like a mobile number, which begins with 13 to 19.
var tokenEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// tokenBytes of HMAC-SHA-256 are kept: 160 bits, which are 32 characters without a rest.
const tokenBytes = 20

// token is HMAC-SHA-256 over a domain and a value. The domain keeps a phone's token apart from a consumer's whose id is
// that phone number; no domain contains the zero byte that ends it.
func (k TokenKey) token(prefix, domain, value string) (string, error) {
	if len(k.secret) < minSecretBytes {
		return "", errors.New("client: the zero TokenKey makes no tokens")
	}
	mac := hmac.New(sha256.New, k.secret)
	_, _ = io.WriteString(mac, domain+"\x00"+value) // a hash never fails
	return prefix + tokenEncoding.EncodeToString(mac.Sum(nil)[:tokenBytes]), nil
}

var errNotPhone = errors.New("client: not a phone number")

// normalizePhone gives the E.164 form: + and digits.
func normalizePhone(number string) (string, error) {
	digits, international, err := phoneDigits(number)
	if err != nil {
		return "", err
	}
	if !international {
		switch {
		case isMobileCN(digits):
			digits = "86" + digits
		case strings.HasPrefix(digits, "0") && isFixedCN(digits[1:]):
			digits = "86" + digits[1:]
		case strings.HasPrefix(digits, "86") && isMobileCN(digits[2:]):
			// 8613800138000, as carriers' files have it.
		default:
			return "", errNotPhone
		}
	}
	if national, ok := strings.CutPrefix(digits, "86"); ok {
		if !isMobileCN(national) && !isFixedCN(national) {
			return "", errNotPhone
		}
	} else if len(digits) < 8 || len(digits) > 15 || digits[0] == '0' {
		return "", errNotPhone // E.164 has at most 15 digits, and no country code begins with 0
	}
	return "+" + digits, nil
}

// phoneDigits drops what people put between digits, and the + or 00 that makes a number international. Full-width
// digits, as Chinese input methods make them, count as digits.
func phoneDigits(number string) (digits string, international bool, err error) {
	var b strings.Builder
	for _, r := range number {
		switch {
		case '0' <= r && r <= '9':
			b.WriteRune(r)
		case '０' <= r && r <= '９':
			b.WriteRune('0' + r - '０')
		case (r == '+' || r == '＋') && b.Len() == 0 && !international:
			international = true
		case strings.ContainsRune(" \t\u00a0\u3000-‐‑–－.()（）", r):
		default:
			return "", false, errNotPhone
		}
	}
	digits = b.String()
	if rest, ok := strings.CutPrefix(digits, "00"); ok && !international {
		return rest, true, nil
	}
	return digits, international, nil
}

// isMobileCN tells a Chinese mobile number: 1, then 3 to 9, then nine digits.
func isMobileCN(digits string) bool {
	return len(digits) == 11 && digits[0] == '1' && digits[1] >= '3'
}

// isFixedCN tells a Chinese fixed number without its leading 0: area 10 or 2x and eight digits, or a three-digit area
// 3xx to 9xx and seven or eight.
func isFixedCN(digits string) bool {
	switch {
	case len(digits) < 10 || len(digits) > 11:
		return false
	case digits[0] == '2' || strings.HasPrefix(digits, "10"):
		return len(digits) == 10
	}
	return digits[0] >= '3'
}
