package record

import (
	"errors"
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// ErrUnknownFact says that an entry holds a fact that this version does not know: it was written by a later one.
var ErrUnknownFact = errors.New("record: entry holds an unknown fact; it was written by a later version")

// DecodeEntry reads what AppendEntry wrote. The entry shares memory with the payload.
func DecodeEntry(payload []byte, e *ledger.Entry) error {
	var d Decoder
	return d.Decode(payload, e)
}

// Decoder reads many entries, one batch after the other, into memory that it uses again: a fact is good until the next
// Reset. The zero value is ready.
type Decoder struct {
	decided     slab[ledger.OrderDecided]
	incremented slab[ledger.HoldIncremented]
	extended    slab[ledger.HoldExtended]
	submitted   slab[ledger.HoldSubmitted]
	captured    slab[ledger.HoldCaptured]
	released    slab[ledger.HoldReleased]
	reversed    slab[ledger.OrderReversed]
	refunded    slab[ledger.CaptureRefunded]
}

// Reset says that the facts read so far are not needed any more.
func (d *Decoder) Reset() {
	d.decided.used, d.incremented.used, d.extended.used, d.submitted.used = 0, 0, 0, 0
	d.captured.used, d.released.used, d.reversed.used, d.refunded.used = 0, 0, 0, 0
}

// slab hands out values that it uses again.
type slab[T any] struct {
	values []T
	used   int
}

// next is a zero value. When all are in use there are twice as many from now on; those in use stay where they are.
func (s *slab[T]) next() *T {
	if s.used == len(s.values) {
		s.values, s.used = make([]T, max(1, 2*len(s.values))), 0
	}
	v := &s.values[s.used]
	s.used++
	var zero T
	*v = zero
	return v
}

// holdFact is an empty fact on an order or a hold, by the number of its field; nil for another number.
func (d *Decoder) holdFact(n protowire.Number) ledger.Fact {
	switch n {
	case 16:
		return d.decided.next()
	case 17:
		return d.incremented.next()
	case 18:
		return d.extended.next()
	case 19:
		return d.submitted.next()
	case 20:
		return d.captured.next()
	case 21:
		return d.released.next()
	case 22:
		return d.reversed.next()
	case 23:
		return d.refunded.next()
	}
	return nil
}

// Decode reads what AppendEntry wrote. The entry shares memory with the payload, and its fact with the decoder.
func (d *Decoder) Decode(payload []byte, e *ledger.Entry) error {
	var w wire
	w.parse(payload)
	e.Request, e.Print, e.Fact = ledger.Request{}, nil, nil
	str(&w, 1, &e.Request.Caller)
	str(&w, 2, &e.Request.ID)
	raw(&w, 3, &e.Print)
	if w.err != nil {
		return w.err
	}
	const first = 8 // number of the first field for a fact
	n := protowire.Number(bits.TrailingZeros32(w.texts &^ (1<<first - 1)))
	switch {
	case n == maxField:
		return ErrUnknownFact
	case w.texts>>n != 1:
		return fmt.Errorf("%w: two facts", errField)
	}
	f, err := d.fact(n, w.text(n))
	if err != nil {
		return err
	}
	e.Fact = f
	return check(f)
}

func (d *Decoder) fact(n protowire.Number, b []byte) (ledger.Fact, error) {
	if f := d.holdFact(n); f != nil {
		var w wire
		w.parse(b)
		walkHoldFact(&w, f)
		return f, w.err
	}
	if read := others[n]; read != nil {
		return read(b)
	}
	return nil, ErrUnknownFact
}

// others are the facts that can be read beside those on orders and holds, by field number.
var others = map[protowire.Number]func([]byte) (ledger.Fact, error){
	8:  read(walkAccountOpened),
	9:  read(walkLimitsSet),
	10: read(walkTemporaryLimitSet),
	11: read(walkStatusSet),
	12: read(walkLineOpened),
	13: read(walkLineEnded),
	14: read(walkAgreementSet),
	15: read(walkControlsSet),
	24: read(walkOrderClaimed),
	25: read(walkSuspensionSet),
	26: read(func(*wire, *ledger.ClockAdvanced) {}),
	27: read(walkTermsPut),
	28: read(walkBooked),
	29: read(walkMandateSet),
	30: read(walkMandateEnded),
	31: readFurther,
}

func read[T any, P interface {
	*T
	ledger.Fact
}](walk func(*wire, P)) func([]byte) (ledger.Fact, error) {
	return func(b []byte) (ledger.Fact, error) {
		var w wire
		f := P(new(T))
		w.parse(b)
		walk(&w, f)
		return f, w.err
	}
}

// check refuses what the ledger would not survive: what indexes arrays, and terms that cannot be read.
func check(f ledger.Fact) error {
	c := ranges{ok: true}
	switch f := f.(type) {
	case *ledger.AccountOpened:
		for i := range f.Lines {
			c.scene(f.Lines[i].Scene)
		}
		c.day(f.Day)
		c.channel(f.Channel)
	case *ledger.LimitsSet:
		for i := range f.Lines {
			c.scene(f.Lines[i].Scene)
		}
	case *ledger.TemporaryLimitSet:
		c.anyScene(f.Scene)
	case *ledger.LineOpened:
		c.scene(f.Line.Scene)
	case *ledger.LineEnded:
		c.scene(f.Scene)
	case *ledger.AgreementSet:
		c.scene(f.Scene)
	case *ledger.ControlsSet:
		c.scene(f.Scene)
	case *ledger.AlertRaised:
		c.anyScene(f.Scene)
		c.anyScene(f.ClosedLine)
		c.want(f.Severity == ledger.NoSeverity || f.Severity.Valid())
	case *ledger.TermsPut:
		if _, err := terms.Reread([]byte(f.Document)); err != nil {
			return fmt.Errorf("%w: terms: %w", errField, err)
		}
	case *ledger.Booked:
		c.booking(&f.Booking)
	case *ledger.CarrierPut:
		c.carrier(&f.Settings)
		c.want(len(f.Shares) == len(f.Settings.ExposureLimits))
	case *ledger.OrderDecided:
		c.booking(f.Booking)
		c.verdict(&f.Verdict)
		c.verdict(&f.Shadow)
	case *ledger.HoldIncremented:
		c.state(f.State)
		c.verdict(&f.Verdict)
		c.verdict(&f.Shadow)
	case *ledger.HoldExtended:
		c.state(f.State)
	case *ledger.HoldCaptured:
		c.state(f.State)
		c.booking(f.Booking)
	case *ledger.HoldReleased:
		c.state(f.State)
	case *ledger.OrderReversed:
		c.booking(f.Booking)
	case *ledger.CaptureRefunded:
		c.state(f.State)
		c.booking(f.Booking)
	case *ledger.BundleCancelled:
		c.booking(f.Booking)
	case *ledger.ApplicationDecided, *ledger.ReviewResolved:
		c.application(f)
	case *ledger.BreaksFound, *ledger.BreakResolved:
		c.reconciliation(f)
	}
	if h := ledger.HoldOf(f); h != nil && h.N != 0 {
		c.scene(h.Scene)
	}
	if !c.ok {
		return fmt.Errorf("%w: a value out of range", errField)
	}
	return nil
}
