package record_test

import (
	"fmt"
	"math"
	"reflect"

	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// facts are one of each: all that the journal keeps.
var facts = []ledger.Fact{
	&ledger.AccountOpened{}, &ledger.LimitsSet{}, &ledger.TemporaryLimitSet{}, &ledger.StatusSet{}, &ledger.LineOpened{},
	&ledger.LineEnded{}, &ledger.AgreementSet{}, &ledger.ControlsSet{}, &ledger.OrderDecided{}, &ledger.HoldIncremented{},
	&ledger.HoldExtended{}, &ledger.HoldSubmitted{}, &ledger.HoldCaptured{}, &ledger.HoldReleased{}, &ledger.OrderReversed{},
	&ledger.CaptureRefunded{}, &ledger.OrderClaimed{}, &ledger.SuspensionSet{}, &ledger.ClockAdvanced{},
}

// drawEntry draws an entry of the kind of a fact, without what the journal keeps beside it.
func drawEntry(t *rapid.T, kind ledger.Fact) *ledger.Entry {
	f := reflect.New(reflect.TypeOf(kind).Elem())
	draw(t, f.Elem(), "fact")
	e := &ledger.Entry{Fact: f.Interface().(ledger.Fact)}
	draw(t, reflect.ValueOf(&e.Request).Elem(), "request")
	if rapid.Bool().Draw(t, "printed") {
		e.Print = rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "print")
	}
	return e
}

// draw fills a value with anything that its type may hold, the extremes now and then.
func draw(t *rapid.T, v reflect.Value, name string) {
	switch v.Interface().(type) {
	case ledger.Scene:
		v.SetUint(rapid.Uint64Range(1, ledger.Scenes).Draw(t, name))
		return
	case ledger.State:
		v.SetUint(rapid.Uint64Range(0, uint64(ledger.Declined)).Draw(t, name))
		return
	case calendar.Date:
		v.SetInt(rapid.OneOf(rapid.Just(int64(calendar.None)), rapid.Int64Range(math.MinInt32, math.MaxInt32)).Draw(t, name))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			draw(t, v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice {
			n := rapid.IntRange(0, 3).Draw(t, name)
			if n == 0 {
				return
			}
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			draw(t, v.Index(i), fmt.Sprint(name, i))
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "cmcc", long})).Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := v.Type().Bits()
		v.SetInt(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(t, name) >> (64 - bits))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(rapid.OneOf(rapid.Just(uint64(0)), rapid.Just(uint64(math.MaxUint64)), rapid.Uint64()).Draw(t, name) >> (64 - v.Type().Bits()))
	case reflect.Pointer: // nil
	default:
		panic(fmt.Sprintf("cannot draw %s", v.Type()))
	}
}

// long takes a length of two bytes on the wire.
var long = fmt.Sprintf("%300d", 1)

// drawn is a value of a type.
func drawn[T any](t *rapid.T, name string) T {
	var v T
	draw(t, reflect.ValueOf(&v).Elem(), name)
	return v
}
