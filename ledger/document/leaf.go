package document

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-credit/holdfast/ledger/money"
	tokens "github.com/holdfast-credit/holdfast/ledger/token"
)

// off is how a rate of nothing is written, where it means that there is no such charge.
const off = "off"

// Token is a name that programs use: that of a version, or of a bucket.
func Token(p *string) *Leaf {
	const form = "a name of 1 to 64 characters of A-Z a-z 0-9 . _ : - that is no phone number"
	return &Leaf{Form: form, Write: func() string { return Quoted(*p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		switch {
		case !ok:
		case !v.IsText():
			v.Fault("want a name, have %s, which YAML takes for something else: put it in quotes", v.Kind())
		default:
			if err := tokens.Check(text); err != nil {
				v.Want(form)
				return
			}
			*p = text
		}
	}}
}

// Quoted is a token as YAML, in quotes where it would be taken for something else without.
func Quoted(token string) string {
	n := yaml.Node{Kind: yaml.ScalarNode, Value: token}
	if n.ShortTag() != "!!str" || strings.Contains(token, ":") || strings.HasPrefix(token, "-") {
		return `"` + token + `"`
	}
	return token
}

// Currency is a currency by its ISO 4217 code.
func Currency(p *money.Currency) *Leaf {
	const form = "a currency of three capital letters, such as CNY"
	return &Leaf{Form: form, Write: func() string { return Quoted(string(*p)) }, Read: func(v Value) {
		text, ok := v.Text(form)
		if !ok {
			return
		}
		c, err := money.ParseCurrency(text)
		if err != nil {
			v.Want(form)
			return
		}
		*p = c
	}}
}

// Number is a whole number.
func Number(p *int, least, most int) *Leaf {
	form := fmt.Sprintf("a whole number from %d to %d", least, most)
	return &Leaf{Form: form, Write: func() string { return WriteNumber(*p) }, Read: func(v Value) {
		if n, ok := v.Digits(form, least, most); ok {
			*p = n
		}
	}}
}

// OneOf is one of a few numbers, which ascend.
func OneOf(p *int, numbers []int) *Leaf {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = WriteNumber(n)
	}
	form := Either(words)
	return &Leaf{Form: form, Write: func() string { return WriteNumber(*p) }, Read: func(v Value) {
		n, ok := v.Digits(form, 0, numbers[len(numbers)-1])
		switch {
		case ok && !slices.Contains(numbers, n):
			v.Want(form)
		case ok:
			*p = n
		}
	}}
}

// Choice is one of a closed set, whose first has the number 1.
func Choice[T ~uint8](p *T, names []string) *Leaf {
	form := Either(names)
	return &Leaf{Form: form, Write: func() string { return NameOf(names, *p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		if !ok {
			return
		}
		c, ok := Named[T](names, text)
		if !ok {
			v.Want(form)
			return
		}
		*p = c
	}}
}

// Choices are some of a closed set, each at most once: their order means nothing.
func Choices[T ~uint8](p *[]T, names []string) *Leaf {
	form := "a list of any of " + strings.Join(names, ", ")
	return chosen(p, names, form, func(v Value) { slices.Sort(*p) })
}

// Order is all of a closed set, in an order that means something.
func Order[T ~uint8](p *[]T, names []string) *Leaf {
	form := fmt.Sprintf("a list of %s, all of them, in the order that is wanted", strings.Join(names, ", "))
	return chosen(p, names, form, func(v Value) {
		for i, name := range names {
			if !slices.Contains(*p, T(i+1)) {
				v.Fault("%s is missing: want %s", name, form)
			}
		}
	})
}

func chosen[T ~uint8](p *[]T, names []string, form string, done func(Value)) *Leaf {
	write := func() string {
		words := make([]string, len(*p))
		for i, c := range *p {
			words[i] = NameOf(names, c)
		}
		return Flow(words)
	}
	return &Leaf{Form: form, Write: write, Read: func(v Value) {
		list, ok := v.List(form, 2*len(names))
		for _, item := range list {
			text, isText := item.Text(Either(names))
			c, known := Named[T](names, text)
			switch {
			case !isText:
				ok = false
			case !known:
				item.Want(Either(names))
				ok = false
			case slices.Contains(*p, c):
				item.Fault("%s is there already", text)
				ok = false
			default:
				*p = append(*p, c)
			}
		}
		if ok {
			done(v)
		}
	}}
}

// Share is a percentage, a multiple of step. Where it can be off, nothing is off and not 0 %.
func Share[T ~int64](p *T, least, most, step Rate, canBeOff bool) *Leaf {
	digits := rateDigits
	if step == BasisPoint {
		digits = 2
	}
	form := fmt.Sprintf("a percentage from %s to %s with at most %d digits after the point", least, most, digits)
	if canBeOff {
		form = fmt.Sprintf("off, or a percentage up to %s with at most %d digits after the point", most, digits)
	}
	write := func() string {
		if canBeOff && *p == 0 {
			return off
		}
		return Rate(*p).String()
	}
	return &Leaf{Form: form, Write: write, Read: func(v Value) {
		text, ok := v.Text(form)
		if !ok {
			return
		}
		r, err := ParseRate(text)
		switch {
		case canBeOff && text == off:
			*p = 0
		case err == nil && canBeOff && r == 0:
			v.Fault("is off where nothing is charged: write off")
		case err != nil || r < least || r > most || r%step != 0:
			v.Want(form)
		default:
			*p = T(r)
		}
	}}
}

// Duration is a time in its largest unit.
func Duration(p *time.Duration, least, most time.Duration) *Leaf {
	form := fmt.Sprintf("a duration from %s to %s, such as 30 minutes or 7 days", WriteDuration(least), WriteDuration(most))
	return &Leaf{Form: form, Write: func() string { return WriteDuration(*p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		if !ok {
			return
		}
		d, ok := ParseDuration(text)
		if !ok || d < least || d > most {
			v.Want(form)
			return
		}
		*p = d
	}}
}

// Money is an amount of a coin, whose fields are read before; if one of those, by their paths, is not good, whether the
// amount is right cannot be said. Form is what may be written.
func Money(coin func() Coin, paths []string, p *money.Amount, least, most money.Amount, form string) *Leaf {
	return &Leaf{Form: form, Write: func() string { return coin().Write(*p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		switch {
		case !ok:
		case !v.Good(paths...):
			v.Forget()
		default:
			a, ok := coin().Parse(text)
			if !ok || a < least || a > most {
				v.Fault("want an amount from %s to %s, have %s", coin().Write(least), coin().Write(most), v.Kind())
				return
			}
			*p = a
		}
	}}
}

// Flow is a list on one line.
func Flow(words []string) string { return "[" + strings.Join(words, ", ") + "]" }

// Either lists words of which one is wanted.
func Either(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
