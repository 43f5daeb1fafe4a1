package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

const recordHead = "serial_no,merchant_order,type,result,amount,fee,finished_at\n"

// readRecords reads text by the map that ships for carriers.
func readRecords(t testing.TB, text string) (list []*holdfastv1.CarrierRecord, faults []string) {
	m, err := loadRecordMap("carrier")
	require.NoError(t, err)
	f := &recordFile{path: "f", m: m, carrier: "cmcc", currency: "CNY"}
	f.read(strings.NewReader(text), func(r *holdfastv1.CarrierRecord, err error) bool {
		if err != nil {
			faults = append(faults, err.Error())
		} else {
			list = append(list, r)
		}
		return true
	})
	return list, faults
}

func TestRecordsOfAFile(t *testing.T) {
	list, faults := readRecords(t, "\xef\xbb\xbf"+recordHead+
		"s1,o1,RECHARGE,0000,10.50,0.06,2026-11-28 09:30:00\n"+
		"s2,-,REFUND,SUCCESS,-3,,20261128093000\r\n"+
		"\"s,3\",o3,REVERSE,PROCESSING,\"1,000\",-0.10,\n"+
		"3,,TOTAL,,1010.50,,\n")
	require.Empty(t, faults)
	var told []string
	for _, r := range list {
		told = append(told, fmt.Sprintf("%s|%s|%d|%d|%d|%d|%d", r.GetOrderId(), r.GetCarrierReference(), r.GetKind(), r.GetStatus(), r.GetAmount(), r.GetFee(), r.GetTime().GetSeconds()))
	}
	require.Equal(t, []string{"o1|s1|1|1|1050|6|1795829400", "|s2|2|1|300|0|1795829400", "o3|s,3|3|3|100000|10|0"}, told)
}

// TestRecordsOfASettlement reads what a settlement's export looks like: its lines of the day, and nothing else.
func TestRecordsOfASettlement(t *testing.T) {
	m, err := loadRecordMap("settlement")
	require.NoError(t, err)
	f := &recordFile{path: "f", m: m, carrier: "cmcc", currency: "CNY", date: "2026-11-28"}
	var told []string
	f.read(strings.NewReader("record,kind,date,late,amount,fee,net,currency,order_id,authorization_id,account_id,scene,reference,note,time,shard,sequence\n"+
		"LINE,CAPTURED,2026-11-28,false,1050,6,1044,CNY,o1,auth_1,acc_1,TOPUP,s1,,2026-11-28T01:30:00.5Z,0,12\n"+
		"LINE,REFUNDED,2026-11-28,false,-300,-2,-298,CNY,o1,auth_1,acc_1,TOPUP,s1,,2026-11-28T01:31:00Z,0,13\n"+
		"LINE,CAPTURED,2026-11-27,true,1050,6,1044,CNY,o2,auth_2,acc_1,TOPUP,s2,,2026-11-28T01:30:00Z,0,14\n"+
		"LINE,ADJUSTED,2026-11-28,false,5,0,5,CNY,,,,,b1,a letter,2026-11-28T01:30:00Z,0,15\n"+
		"TOTAL,4,2026-11-28,1,1805,10,1795,CNY,set_cmcc,,,,,,2026-11-29T00:00:00Z,,\n"), func(r *holdfastv1.CarrierRecord, err error) bool {
		require.NoError(t, err)
		told = append(told, fmt.Sprintf("%s|%s|%d|%d|%d", r.GetOrderId(), r.GetCarrierReference(), r.GetKind(), r.GetAmount(), r.GetFee()))
		return true
	})
	require.Equal(t, []string{"o1|s1|1|1050|6", "o1|s1|2|300|2"}, told)
}

func TestRecordsThatAreNone(t *testing.T) {
	for row, want := range map[string]string{
		"s,o,SALE,0000,1,,":          `f line 2: type: the map does not say what "SALE" means`,
		"s,o,RECHARGE,9,1,,":         `f line 2: result: the map does not say what "9" means`,
		",-,RECHARGE,0000,1,,":       "f line 2: merchant_order serial_no: there is neither an order nor a reference",
		"s,o,RECHARGE,0000,,,":       `f line 2: amount: "" is no amount`,
		"s,o,RECHARGE,0000,1.234,,":  `f line 2: amount: "1.234" is no amount of a currency with 2 digits after the point`,
		"s,o,RECHARGE,0000,-1,,":     "f line 2: amount: a sale below zero",
		"s,o,RECHARGE,0000,1,x,":     `f line 2: fee: "x" is no amount`,
		"s,o,RECHARGE,0000,1,,today": `f line 2: finished_at: "today" is no time as the map has it`,
		"s,o":                        `f line 2: type: the map does not say what "" means`,
		"s,\"o":                      "f: parse error on line 2, column 6: extraneous or missing \" in quoted-field",
	} {
		_, faults := readRecords(t, recordHead+row+"\n")
		require.Equal(t, []string{want}, faults, row)
	}
	_, faults := readRecords(t, "a,b\n")
	require.Equal(t, []string{`f: there is no column "merchant_order"; there are a, b`}, faults)
	_, faults = readRecords(t, "")
	require.Equal(t, []string{"f: the names of its columns: EOF"}, faults)
}

func TestRecordMaps(t *testing.T) {
	for _, name := range shippedNames("maps/records") {
		_, err := loadRecordMap(name)
		require.NoError(t, err, name)
	}
	_, err := loadRecordMap("nothing")
	require.ErrorContains(t, err, "shipped are: carrier")
	_, err = parseRecordMap([]byte("columns: {kind: k, time: t}\nstatuses: {A: b}\nminor_digits: 9\nseparator: ';;'\nskip_lines: -1\n"))
	for _, want := range []string{
		"columns.amount is required", "columns.order or columns.reference is required", "minor_digits: want 0 to 6", "separator: want one character",
		"skip_lines: want 0 to 1000", "time.zone: want a zone", "time.formats is required", "columns.kind wants to be told", `status "A": want delivered`,
		"columns.status is missing",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = parseRecordMap([]byte("colums: {}\n"))
	require.ErrorContains(t, err, "colums")
}

// FuzzRecordFile reads anything: each row is a record or a fault that says where it is.
func FuzzRecordFile(f *testing.F) {
	f.Add(recordHead + "s1,o1,RECHARGE,0000,10.50,0.06,2026-11-28 09:30:00\n")
	f.Add("\xef\xbb\xbf" + recordHead + "\"s,3\",o3,REVERSE,PROCESSING,\"1,000\",-0.10,\n3,,TOTAL,,1010.50,,\n")
	f.Add(recordHead + "s,\"o")
	f.Fuzz(func(t *testing.T, text string) {
		list, faults := readRecords(t, text)
		for _, r := range list {
			if r.GetAmount() < 0 || r.GetFee() < 0 || r.GetKind() == 0 || r.GetStatus() == 0 || r.GetOrderId() == "" && r.GetCarrierReference() == "" {
				t.Errorf("no record: %v", r)
			}
		}
		for _, fault := range faults {
			if !strings.HasPrefix(fault, "f") {
				t.Errorf("it does not say where: %s", fault)
			}
		}
	})
}
