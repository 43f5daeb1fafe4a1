package record_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"

	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// facts are one of each: all that the journal keeps.
var facts = []ledger.Fact{
	&ledger.AccountOpened{}, &ledger.LimitsSet{}, &ledger.TemporaryLimitSet{}, &ledger.StatusSet{}, &ledger.LineOpened{},
	&ledger.LineEnded{}, &ledger.AgreementSet{}, &ledger.ControlsSet{}, &ledger.OrderDecided{}, &ledger.HoldIncremented{},
	&ledger.HoldExtended{}, &ledger.HoldSubmitted{}, &ledger.HoldCaptured{}, &ledger.HoldReleased{}, &ledger.OrderReversed{},
	&ledger.CaptureRefunded{}, &ledger.OrderClaimed{}, &ledger.SuspensionSet{}, &ledger.ClockAdvanced{}, &ledger.TermsPut{},
	&ledger.Booked{}, &ledger.MandateSet{}, &ledger.MandateEnded{}, &ledger.PolicyPut{}, &ledger.PolicyActivated{}, &ledger.AlertRaised{},
	&ledger.ApplicationDecided{}, &ledger.OfferAccepted{}, &ledger.OfferEnded{}, &ledger.ConsentWithdrawn{},
	&ledger.ReviewRequested{}, &ledger.ReviewResolved{}, &ledger.ConsumerErased{}, &ledger.CarrierPut{},
	&ledger.SliceGiven{}, &ledger.SliceTaken{}, &ledger.CarrierAdjusted{},
	&ledger.ReconciliationBegun{}, &ledger.BreaksFound{}, &ledger.ReconciliationEnded{}, &ledger.BreakResolved{},
	&ledger.SettlementBegun{}, &ledger.SettlementCut{}, &ledger.SettlementEnded{}, &ledger.SettlementPaid{},
	&ledger.BundleOfferPut{}, &ledger.BundleCancelled{},
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

// ends are the last ones of values of which only some may be read.
var ends = map[reflect.Type]uint64{
	reflect.TypeFor[ledger.State]():            uint64(ledger.Declined),
	reflect.TypeFor[ledger.AccountStatus]():    uint64(ledger.AccountClosed),
	reflect.TypeFor[ledger.Part]():             uint64(ledger.PointsCostPart),
	reflect.TypeFor[ledger.BookKind]():         uint64(ledger.BookPointsIssued),
	reflect.TypeFor[ledger.Channel]():          uint64(ledger.ByHand),
	reflect.TypeFor[ledger.ItemOutcome]():      uint64(ledger.Partly),
	reflect.TypeFor[ledger.BatchOutcome]():     uint64(ledger.BatchOutcomes - 1),
	reflect.TypeFor[ledger.BookingKind]():      uint64(ledger.DeviceReturned),
	reflect.TypeFor[calendar.StatementDay]():   28,
	reflect.TypeFor[ledger.ApplicationKind]():  uint64(ledger.LimitReview),
	reflect.TypeFor[ledger.ApplicationState](): uint64(ledger.LimitApplied),
	reflect.TypeFor[ledger.ReviewOutcome]():    uint64(ledger.Overturned),
	reflect.TypeFor[ledger.Decision]():         uint64(ledger.Decline),
	reflect.TypeFor[ledger.Action]():           uint64(ledger.ActionDecline),
	reflect.TypeFor[ledger.Severity]():         uint64(ledger.Critical),
	reflect.TypeFor[ledger.PayCycle]():         uint64(ledger.Monthly),
	reflect.TypeFor[ledger.BundleStage]():      7,
}

// draw fills a value with anything that its type may hold and that may be read, the extremes now and then.
func draw(t *rapid.T, v reflect.Value, name string) {
	if end, ok := ends[v.Type()]; ok {
		v.SetUint(rapid.Uint64Range(0, end).Draw(t, name))
		return
	}
	switch a := v.Addr().Interface().(type) {
	case *ledger.Scene:
		*a = ledger.Scene(rapid.IntRange(1, ledger.Scenes).Draw(t, name))
	case *reconcile.BreakKind:
		*a = reconcile.BreakKind(rapid.IntRange(1, reconcile.BreakKinds).Draw(t, name))
	case *ledger.BreakResolved:
		drawKind(t, v, name)
		a.How = ledger.ResolutionKind(rapid.IntRange(1, int(ledger.Adjust)).Draw(t, "how"))
	case *calendar.Date:
		*a = rapid.OneOf(rapid.Just(calendar.None), rapid.Custom(anyDate)).Draw(t, name)
	case *ledger.TermsPut:
		a.Document = drawDocument(t)
	case *ledger.TermsVersion:
		a.Document, a.Put, a.Caller = drawDocument(t), drawn[calendar.Instant](t, "put"), drawn[ledger.Caller](t, "caller")
		a.Terms = must(terms.Parse([]byte(a.Document)))
	case *ledger.Velocity:
		drawKind(t, v, name)
		a.Spends = slices.DeleteFunc(a.Spends, func(s ledger.Spend) bool {
			return int(s.Phone) > len(a.Phones) || s.Carrier == 0 || int(s.Carrier) > len(a.Carriers)
		})
		if len(a.Spends) == 0 {
			*a = ledger.Velocity{}
		}
	case *ledger.Spend:
		drawKind(t, v, name)
		a.Phone, a.Carrier = a.Phone%4, 1+a.Carrier%3
	case *plan.Plan:
		drawKind(t, v, name)
		a.Billed = rapid.IntRange(0, len(a.Schedule)).Draw(t, "billed")
	case *ledger.CarrierPut:
		drawKind(t, v, name)
		a.Shares = nil
		for range a.Settings.ExposureLimits {
			a.Shares = append(a.Shares, drawn[money.Amount](t, "share"))
		}
	case *ledger.MandateSet: // it never says of one that it has ended
		drawKind(t, v, name)
		a.Mandate.Ended, a.Mandate.Reason = 0, ""
	case *ledger.Booking:
		drawKind(t, v, name)
		if a.Kind == ledger.WindowClosed && a.Statement == nil {
			a.Statement = new(ledger.Statement)
		}
	default:
		drawKind(t, v, name)
	}
}

func anyDate(t *rapid.T) calendar.Date { return calendar.Date(rapid.Int32().Draw(t, "date")) }

// documents are terms that can be read, fast: without offers.
var documents = sync.OnceValue(func() (list []string) {
	for _, version := range []string{"2026-11", "2027-01", "winter"} {
		t := terms.Default()
		t.Version, t.Installments.Offers = version, nil
		list = append(list, string(terms.Format(t)))
	}
	return list
})

func drawDocument(t *rapid.T) string { return rapid.SampledFrom(documents()).Draw(t, "document") }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func drawKind(t *rapid.T, v reflect.Value, name string) {
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
	case reflect.Pointer:
		switch v.Interface().(type) {
		case *ledger.Booking, *ledger.Statement, *ledger.PointsBooking, *ledger.Wallet, *ledger.Redemption, *ledger.PointsChange, *ledger.StatedPoints:
			if rapid.Bool().Draw(t, name) {
				v.Set(reflect.New(v.Type().Elem()))
				draw(t, v.Elem(), name)
			}
		}
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
