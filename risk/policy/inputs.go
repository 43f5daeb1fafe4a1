package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/risk/rule"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// InputFault is what is wrong with one input.
type InputFault struct {
	Name string
	Text string
}

// InputError are all that is wrong with the inputs of an application, in the order of their names. There is at least one.
type InputError struct{ Faults []InputFault }

func (e *InputError) Error() string {
	words := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		words[i] = f.Name + ": " + f.Text
	}
	return "the inputs are not what the policy declares: " + strings.Join(words, "; ")
}

// input checks inputs, and has them as rules read them.
func (p *Policy) input(in Inputs) (*rule.Input, error) {
	input, faults := p.applicants.NewInput(), []InputFault(nil)
	seen := 0
	for i := range p.doc.Features {
		f := &p.doc.Features[i]
		v, there := in[f.Name]
		if there {
			seen++
		}
		if v.IsMissing() {
			if f.Missing == Required {
				faults = append(faults, InputFault{f.Name, "is missing, and required"})
			}
			continue
		}
		if text := f.fault(v); text != "" {
			faults = append(faults, InputFault{f.Name, text})
			continue
		}
		p.put(input, f, v)
	}
	if seen < len(in) {
		faults = append(faults, p.unknown(in)...)
	}
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b InputFault) int { return strings.Compare(a.Name, b.Name) })
		return nil, &InputError{faults}
	}
	return input, nil
}

// unknown are inputs that are no features.
func (p *Policy) unknown(in Inputs) (faults []InputFault) {
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if p.doc.feature(name) == nil {
			faults = append(faults, InputFault{name, "is no feature of the policy"})
		}
	}
	return faults
}

// fault says what is wrong with a value that is there, or "".
func (f *Feature) fault(v scorecard.Value) string {
	x, number := v.Number()
	text, category := v.Category()
	least, most := f.bounds()
	switch f.Type {
	case Whole, Decimal:
		switch {
		case !number:
			return fmt.Sprintf("is %q: want a number", text)
		case f.Type == Whole && x != math.Trunc(x):
			return fmt.Sprintf("is %s: want a whole number", v)
		case x < least || x > most:
			return fmt.Sprintf("is %s: want %s to %s", v, writeDecimal(least), writeDecimal(most))
		}
	case Category:
		if !category || !slices.Contains(f.Values, text) {
			return fmt.Sprintf("is %q: want one of %s", v.String(), words(f.Values))
		}
	default:
		if text != "true" && text != "false" {
			return fmt.Sprintf("is %q: want true or false", v.String())
		}
	}
	return ""
}

// put puts a value where rules read it.
func (p *Policy) put(input *rule.Input, f *Feature, v scorecard.Value) {
	place, kind, _ := p.applicants.Place(f.Name)
	x, _ := v.Number()
	text, _ := v.Category()
	switch kind {
	case rule.Whole:
		input.Ints[place] = int64(x)
	case rule.Decimal:
		input.Decimals[place] = x
	case rule.Flag:
		if text == "true" {
			input.Ints[place] = 1
		}
	default:
		input.Texts[place] = text
	}
	if f.Missing == Allowed {
		there, _, _ := p.applicants.Place(rule.Presence(f.Name))
		input.Ints[there] = 1
	}
}

// Hash is the first eight bytes of the SHA-256 of all inputs that the policy declares, in its order: of each the name and the
// value, as text behind its length, or a length of zero and nothing when it is missing. A text has its length and one.
func (p *Policy) Hash(in Inputs) uint64 {
	var b []byte
	add := func(text string) { b = append(binary.AppendUvarint(b, uint64(len(text))+1), text...) }
	for i := range p.doc.Features {
		f := &p.doc.Features[i]
		add(f.Name)
		if v := in[f.Name]; v.IsMissing() {
			b = append(b, 0)
		} else {
			add(v.String())
		}
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}

// Sources are where the inputs come from that are there, each once: what consent is needed for.
func (p *Policy) Sources(in Inputs) (sources []Source) {
	for i := range p.doc.Features {
		if f := &p.doc.Features[i]; !in[f.Name].IsMissing() && !slices.Contains(sources, f.Source) {
			sources = append(sources, f.Source)
		}
	}
	slices.Sort(sources)
	return sources
}
