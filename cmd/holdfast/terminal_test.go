package main

import (
	"testing"
	"time"
)

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", -12: "-12", 999: "999", 1000: "1,000", -123456: "-123,456", 1234567890: "1,234,567,890"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.00", 1234 * time.Microsecond: "1.23", 12345 * time.Microsecond: "12.3", 3 * time.Second: "3000",
	} {
		if got := milliseconds(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestBar(t *testing.T) {
	for _, tc := range []struct {
		value, most int64
		want        string
	}{
		{0, 10, ""}, {-1, 10, ""}, {1, 0, ""}, {10, 10, "████"}, {5, 10, "██"}, {1, 10, "▍"}, {1, 1000, "▏"}, {9, 10, "███▌"},
	} {
		if got := bar(tc.value, tc.most, 4); got != tc.want {
			t.Errorf("%d of %d is drawn %q, want %q", tc.value, tc.most, got, tc.want)
		}
	}
}

func TestTable(t *testing.T) {
	tab := &table{}
	tab.row("", "n", "größe")
	tab.row("a long name", "1,000", "1")
	tab.row("b")
	want := "" +
		"                   n  größe\n" +
		"  a long name  1,000      1\n" +
		"  b\n"
	if got := tab.String(); got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
}
