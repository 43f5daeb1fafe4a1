package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

func TestParseAmount(t *testing.T) {
	for _, tc := range []struct {
		text   string
		digits int
		want   int64
	}{
		{"0", 0, 0}, {"1000", 0, 1000}, {"1000.0", 0, 1000}, {"12.5", 2, 1250}, {"12.500", 2, 1250}, {"7", 2, 700},
		{"1e+05", 0, 100000}, {"1.5E3", 0, 1500}, {"1250e-2", 2, 1250}, {"125e-3", 3, 125}, {"0.05", 2, 5},
		{"92233720368547757.9", 2, 9223372036854775790},
	} {
		if got, err := parseAmount(tc.text, tc.digits); err != nil || got != tc.want {
			t.Errorf("%q with %d digits is %d, %v; want %d", tc.text, tc.digits, got, err, tc.want)
		}
	}
	for _, tc := range []struct {
		text   string
		digits int
	}{
		{"", 0}, {"-5", 0}, {"+5", 0}, {".5", 1}, {"1,000", 0}, {"12.5", 0}, {"1.005", 2}, {"NaN", 0}, {"1e", 0},
		{"1e99", 0}, {"5e-1", 0}, {"99999999999999999999", 0}, {"12 ", 0}, {"0x10", 0}, {"1.2.3", 2},
	} {
		if got, err := parseAmount(tc.text, tc.digits); err == nil {
			t.Errorf("%q with %d digits is taken for %d", tc.text, tc.digits, got)
		}
	}
}

func TestWriteAmount(t *testing.T) {
	for _, tc := range []struct {
		v      int64
		digits int
		want   string
	}{{1234567, 0, "1,234,567"}, {1234567, 2, "12,345.67"}, {5, 2, "0.05"}, {-5, 2, "-0.05"}, {-123456, 3, "-123.456"}} {
		if got := writeAmount(tc.v, tc.digits); got != tc.want {
			t.Errorf("%d with %d digits is written %q, want %q", tc.v, tc.digits, got, tc.want)
		}
	}
}

func TestShippedMaps(t *testing.T) {
	names := shippedNames("maps")
	if len(names) != 2 {
		t.Errorf("shipped are %v", names)
	}
	for _, name := range names {
		if _, err := loadOrderMap(name); err != nil {
			t.Error(err)
		}
	}
}

// TestMapFaults: all that is wrong with a map is told at once, by key.
func TestMapFaults(t *testing.T) {
	_, err := parseOrderMap([]byte(`
columns: {order: o, consumer: c, time: t, category: k, carrier: v}
currency: yuan
minor_digits: 9
time: {zone: Mars/Olympus}
repeated_orders: last
scenes: {a: LOAN, b: BILL}
outcomes: [{when: {s: "1"}, then: keep}]
account: {limit: ten, lines: {TOPUP: 5}}
hold_lifetime: 1500ms
repayment: sometimes
terms: gold
`))
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{
		"columns.amount is required", `currency: want an ISO 4217 code, have "yuan"`, "minor_digits: want 0 to 6, have 9",
		"time.formats is required", `time.zone: want a zone such as Africa/Kampala, have "Mars/Olympus"`, "repeated_orders",
		`scenes.a: want TOPUP, BILL or BUNDLE, have "LOAN"`, "scenes.b: account.lines has no BILL",
		`outcomes[0].then: want capture, void or expire, have "keep"`, "the last one must have no when", `account.limit: "ten"`,
		"account.agreement is required", "hold_lifetime: want whole seconds",
		`repayment: want as_recorded, when_due or never, have "sometimes"`, "terms: there is no terms gold; shipped are: ugx",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if _, err := parseOrderMap([]byte("colums: {}")); err == nil || !strings.Contains(err.Error(), "colums") {
		t.Errorf("a key that is misspelt: %v", err)
	}
}

func TestMondayAfter(t *testing.T) {
	zone, err := time.LoadLocation("Africa/Kampala")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2019, 6, 24, 0, 0, 0, 0, zone) // a Monday
	for hours := range 7 * 24 {
		got := mondayAfter(at.Add(time.Duration(hours) * time.Hour))
		if want := time.Date(2019, 7, 1, 0, 0, 0, 0, zone); !got.Equal(want) {
			t.Fatalf("%d hours later it is %v", hours, got)
		}
	}
}

// TestReadTrialData reads the files that the shipped maps are for.
func TestReadTrialData(t *testing.T) {
	for _, tc := range []struct {
		name                    string
		rows, orders, repeated  int
		captured, voided        int
		payments, defaulted     int
		first, last             string
		firstAmount, lastAmount int64
	}{
		{"xente_orders", 2100, 1562, 171, 1079, 483, 1243, 21, "2018-09-21T12:17:39+03:00", "2019-03-31T12:16:33+03:00", 550, 1000},
		{"xente_purchases", 16327, 13718, 0, 13628, 0, 0, 0, "2019-01-01T00:12:01+03:00", "2019-06-30T22:57:49+03:00", 2000, 2000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join("../../../shared/data", tc.name+".csv")
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				t.Skipf("%s is not here", path)
			}
			m, err := loadOrderMap(tc.name)
			if err != nil {
				t.Fatal(err)
			}
			key, err := client.NewTokenKey([]byte(trialSecret))
			if err != nil {
				t.Fatal(err)
			}
			file, err := (&orderReader{orderMap: m, key: key}).read(path, false)
			if err != nil {
				t.Fatal(err)
			}
			outcomes := map[outcome]int{}
			payments, defaulted := 0, 0
			for _, o := range file.orders {
				outcomes[o.outcome]++
				payments += len(o.payments)
				if o.defaulted {
					defaulted++
				}
			}
			if payments != tc.payments || defaulted != tc.defaulted {
				t.Errorf("%d payments, %d orders that defaulted", payments, defaulted)
			}
			first, last := file.orders[0], file.orders[len(file.orders)-1]
			if file.rows != tc.rows || len(file.orders) != tc.orders || file.repeated != tc.repeated ||
				outcomes[outcomeCapture] != tc.captured || outcomes[outcomeVoid] != tc.voided ||
				first.at.Format(time.RFC3339) != tc.first || last.at.Format(time.RFC3339) != tc.last ||
				first.amount != tc.firstAmount || last.amount != tc.lastAmount {
				t.Errorf("%d rows, %d orders, %d repeated, %v, %+v to %+v", file.rows, len(file.orders), file.repeated, outcomes, first, last)
			}
		})
	}
}

func TestReaderTokens(t *testing.T) {
	m, err := parseOrderMap([]byte(`
columns: {order: o, consumer: c, phone: p, time: t, amount: a, category: k, carrier: v, currency: m}
currency: CNY
minor_digits: 2
time: {formats: ["2/1/06 15:04", "2006-01-02"], zone: Asia/Shanghai}
missing: ["", NA]
scenes: {x: TOPUP}
carriers: {"China Mobile": cmcc}
outcomes: [{then: expire}]
account: {limit: 10, lines: {TOPUP: 10}, agreement: v}
`))
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.NewTokenKey([]byte(trialSecret))
	if err != nil {
		t.Fatal(err)
	}
	r := &orderReader{orderMap: m, key: key, file: "f"}
	file, err := r.readFrom(strings.NewReader("\ufeffo,c,p,t,a,k,v,m\n"+
		"1,13800138000,13800138000,30/6/19 9:05,1.5,x,China Mobile,CNY\n"+
		"2,13800138000,NA,2019-07-01,2,x,cucc,CNY\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	phone, _ := key.Phone("13800138000")
	consumer, _ := key.Consumer("13800138000")
	a, b := file.orders[0], file.orders[1]
	if a.phone != phone || a.consumer != consumer || b.consumer != consumer || b.phone == phone || b.phone == consumer {
		t.Errorf("tokens: %+v %+v", a, b)
	}
	if a.carrier != "cmcc" || b.carrier != "cucc" || a.amount != 150 || a.scene != holdfastv1.Scene_SCENE_TOPUP {
		t.Errorf("%+v %+v", a, b)
	}
	if got := a.at.UTC().Format(time.DateTime); got != "2019-06-30 01:05:00" {
		t.Errorf("09:05 in Shanghai is %s", got)
	}
	for row, want := range map[string]string{
		"3,c,p,2019-07-01,1,x,v,CNY":            "f:2: column p: client: not a phone number",
		"3,c,NA,2019-07-01,1,x,v,UGX":           `f:2: column m: "UGX" is not the map's CNY`,
		"3,c,NA,2019-07-01,0.00,x,v,CNY":        "f:2: column a: is zero",
		"3,c,NA,2019-07-01,NA,x,v,CNY":          "f:2: column a: is missing",
		"3,c,NA,2019-07-01,1,x,Big Phone,CNY":   "f:2: column v: \"Big Phone\" is no id; the map's carriers can rename it",
		"no. 3,c,NA,2019-07-01,1,x,v,CNY":       "f:2: column o: \"no. 3\" is no id",
		"\"a\nb\",c,NA,2019-07-01,1,x,v,CNY":    "is no id",
		"3,c,NA,\"2019-07\n-01\",1,x,v,CNY":     "f:2: column t: ",
		"3,\"c\nc\",NA,2019-07-01,1,x,v,\"\"":   "f:3: column m: ",
		"3,c,NA,2019-07-01,\"1\"00\",x,v,CNY\n": "parse error",
	} {
		if _, err := r.readFrom(strings.NewReader("o,c,p,t,a,k,v,m\n"+row+"\n"), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", row, err, want)
		}
	}
}

// TestReadPayments reads what a file says of repayment, and what is wrong with it.
func TestReadPayments(t *testing.T) {
	text := `
columns: {order: o, consumer: c, time: t, amount: a, category: k, carrier: v, paid_on: p, paid: m, due: d}
currency: CNY
minor_digits: 2
time: {formats: ["2006-01-02"], zone: Asia/Shanghai}
missing: ["", NA]
repeated_orders: first
scenes: {x: TOPUP}
outcomes: [{then: capture}]
account: {limit: 10, lines: {TOPUP: 10}, agreement: v}
defaulted: {b: "1"}
`
	m, err := parseOrderMap([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if m.Repayment != repaidAsRecorded {
		t.Errorf("with a column for it, repayment is %q", m.Repayment)
	}
	key, err := client.NewTokenKey([]byte(trialSecret))
	if err != nil {
		t.Fatal(err)
	}
	r := &orderReader{orderMap: m, key: key, file: "f"}
	file, err := r.readFrom(strings.NewReader("o,c,t,a,k,v,p,m,d,b\n"+
		"1,c,2019-07-01,5,x,v,2019-08-02,3.50,2019-08-01,0\n1,c,2019-07-01,5,x,v,2019-07-09,2,2019-08-01,0\n"+
		"2,c,2019-07-02,5,x,v,NA,NA,2019-08-02,1\n3,c,2019-07-03,5,x,v,2019-07-30,5,NA,0\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	late, never, repaid := &file.orders[0], &file.orders[1], &file.orders[2]
	if len(late.payments) != 2 || late.payments[0].amount != 200 || late.payments[1].amount != 350 {
		t.Errorf("the payments are %+v", late.payments)
	}
	for o, want := range map[*order]string{late: "repaid late", never: "defaulted", repaid: "repaid"} {
		if o.kind() != want {
			t.Errorf("order %s is %s, want %s", o.id, o.kind(), want)
		}
	}
	for row, want := range map[string]string{
		"4,c,2019-07-01,5,x,v,soon,1,2019-08-01,0":       "f:2: column p: ",
		"4,c,2019-07-01,5,x,v,2019-08-02,NA,,0":          "f:2: column m: is missing",
		"4,c,2019-07-01,5,x,v,2019-08-02,0,,0":           "f:2: column m: is zero",
		"4,c,2019-07-01,5,x,v,2019-08-02,1.234,,0":       "f:2: column m: ",
		"4,c,2019-07-01,5,x,v,2019-08-02,1,2019-13-01,0": "f:2: column d: ",
	} {
		if _, err := r.readFrom(strings.NewReader("o,c,t,a,k,v,p,m,d,b\n"+row+"\n"), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", row, err, want)
		}
	}
	for broken, want := range map[string]string{
		strings.Replace(text, "paid_on: p, ", "", 1):                                           "columns.paid wants columns.paid_on",
		strings.Replace(text, "paid_on: p, paid: m", "phone: p", 1) + "repayment: as_recorded": "repayment: as_recorded wants columns.paid_on",
		text + "terms: ugx": "terms: ugx are in UGX with 0 digits after the point",
	} {
		if _, err := parseOrderMap([]byte(broken)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
