package client

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func testKey(t testing.TB) TokenKey {
	t.Helper()
	k, err := NewTokenKey([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestPhoneIsTheSameHoweverWritten(t *testing.T) {
	for e164, ways := range map[string][]string{
		"+8613800138000": {
			"13800138000", "+86 138 0013 8000", "+86-138-0013-8000", "0086 13800138000", "8613800138000", "(+86) 13800138000",
			" 138 0013-8000\t", "１３８００１３８０００", "＋86 138\u00a00013\u30008000", "138.0013.8000",
		},
		"+861088888888":  {"010-8888 8888", "(010) 88888888", "+86 10 8888 8888"},
		"+867558888888":  {"0755-8888888", "+86 755 888 8888"},
		"+8675588888888": {"0755 8888 8888", "0086 755 88888888"},
		"+256772123456":  {"+256 772 123456", "00256772123456"},
		"+14155550100":   {"+1 (415) 555-0100"},
	} {
		for _, way := range ways {
			if got, err := normalizePhone(way); got != e164 || err != nil {
				t.Errorf("%q is %q, %v; want %s", way, got, err, e164)
			}
		}
	}
}

func TestPhoneRefuses(t *testing.T) {
	k := testKey(t)
	for _, number := range []string{
		"", "+", "-", "abc", "138001380001", "1380013800", "12800138000", "ph_abcdefgh", "13800138000 ext 5", "1380013800o",
		"+86 12800138000", "+86 0755 8888888", "86 1380013800", "++8613800138000", "138+00138000", "+0123456789", "+1234567",
		"+1234567890123456", "0772123456", "10086", "\xff13800138000", strings.Repeat("1", 1000), "00", "0",
	} {
		if token, err := k.Phone(number); err == nil {
			t.Errorf("%q is taken for a phone number: %s", number, token)
		} else if number != "" && number != "+" && number != "-" && number != "0" && strings.Contains(err.Error(), number) {
			t.Errorf("the error repeats the number: %v", err)
		}
	}
}

// TestTokensStayTheSame: tokens are stored by servers, so their making must never change. The expected ones were made
// by another implementation (Python's hmac and base64).
func TestTokensStayTheSame(t *testing.T) {
	k := testKey(t)
	phone, err1 := k.Phone("13800138000")
	consumer, err2 := k.Consumer("+8613800138000")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	const wantPhone, wantConsumer = "ph_7ps5magq2ia6gk2t5cyka63dr5ykgpod", "cs_sehew5yvpbihlc4sudi3z7emj23d3yiv"
	if phone != wantPhone || consumer != wantConsumer {
		t.Fatalf("%s %s", phone, consumer)
	}
	if strings.TrimPrefix(phone, "ph_") == strings.TrimPrefix(consumer, "cs_") {
		t.Fatal("the domains are not separated")
	}
}

func TestTokensAreAllowedIDs(t *testing.T) {
	allowed := regexp.MustCompile(`^(ph|cs)_[a-z2-7]{32}$`)
	k := testKey(t)
	seen := map[string]bool{}
	for i := range 2000 {
		number := fmt.Sprintf("138%08d", i)
		phone, err := k.Phone(number)
		if err != nil {
			t.Fatal(err)
		}
		consumer, err := k.Consumer(number)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{phone, consumer} {
			if !allowed.MatchString(token) || seen[token] {
				t.Fatalf("%s for %s", token, number)
			}
			seen[token] = true
		}
	}
	other, err := NewTokenKey([]byte("0123456789abcdeg"))
	if err != nil {
		t.Fatal(err)
	}
	if token, _ := other.Phone("13800000000"); seen[token] {
		t.Fatal("another key makes the same token")
	}
}

func TestTokenKeyKeepsItsSecret(t *testing.T) {
	if _, err := NewTokenKey(make([]byte, 15)); err == nil {
		t.Error("15 bytes are taken for a secret")
	}
	if token, err := (TokenKey{}).Phone("13800138000"); err == nil {
		t.Errorf("the zero key made %s", token)
	}
	if _, err := testKey(t).Consumer(""); err == nil {
		t.Error("nobody has a token")
	}
	secret := []byte("0123456789abcdef")
	k, _ := NewTokenKey(secret)
	before, _ := k.Phone("13800138000")
	clear(secret)
	if after, _ := k.Phone("13800138000"); after != before {
		t.Error("the key shares the caller's memory")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		for _, v := range []any{k, &k, struct{ K TokenKey }{k}} {
			got := fmt.Sprintf(verb, v)
			if !strings.Contains(got, "TokenKey(secret)") || bytes.Contains([]byte(got), []byte("0123")) || strings.Contains(got, "48 49") || strings.Contains(got, "3031") {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"13800138000", "+86 138 0013 8000", "010-88888888", "+256 772 123456", "０10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, number string) {
		e164, err := normalizePhone(number)
		if err != nil {
			return
		}
		if again, err := normalizePhone(e164); again != e164 || err != nil {
			t.Fatalf("%q is %q, which is %q, %v", number, e164, again, err)
		}
		if len(e164) < 9 || len(e164) > 16 || strings.Trim(e164[1:], "0123456789") != "" {
			t.Fatalf("%q is %q", number, e164)
		}
	})
}

func BenchmarkPhoneToken(b *testing.B) {
	k := testKey(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Phone("+86 138 0013 8000"); err != nil {
			b.Fatal(err)
		}
	}
}
