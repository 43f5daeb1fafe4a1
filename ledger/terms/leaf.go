package terms

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	tokens "github.com/holdfast-credit/holdfast/ledger/token"
)

// never is how Never is written.
const never = "never"

// off is how a rate of nothing is written, where it means that there is no such charge.
const off = "off"

// token is a name that programs use: that of a version, or of a bucket.
func token(p *string) *leaf {
	const form = "a name of 1 to 64 characters of A-Z a-z 0-9 . _ : - that is no phone number"
	return &leaf{form: form, write: func() string { return quoted(*p) }, read: func(v value) {
		text, ok := v.text(form)
		switch {
		case !ok:
		case v.node.ShortTag() != "!!str":
			v.fault("want a name, have %s, which YAML takes for something else: put it in quotes", kindOf(v.node))
		default:
			if err := tokens.Check(text); err != nil {
				v.want(form)
				return
			}
			*p = text
		}
	}}
}

// quoted is a token as YAML, in quotes where it would be taken for something else without.
func quoted(token string) string {
	n := yaml.Node{Kind: yaml.ScalarNode, Value: token}
	if n.ShortTag() != "!!str" || strings.Contains(token, ":") || strings.HasPrefix(token, "-") {
		return `"` + token + `"`
	}
	return token
}

func currency(p *money.Currency) *leaf {
	const form = "a currency of three capital letters, such as CNY"
	return &leaf{form: form, write: func() string { return quoted(string(*p)) }, read: func(v value) {
		text, ok := v.text(form)
		if !ok {
			return
		}
		c, err := money.ParseCurrency(text)
		if err != nil {
			v.want(form)
			return
		}
		*p = c
	}}
}

// number is a whole number.
func number(p *int, least, most int) *leaf {
	form := fmt.Sprintf("a whole number from %d to %d", least, most)
	return &leaf{form: form, write: func() string { return writeNumber(*p) }, read: func(v value) {
		if n, ok := v.digits(form, least, most); ok {
			*p = n
		}
	}}
}

// oneOf is one of a few numbers, which ascend.
func oneOf(p *int, numbers []int) *leaf {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = writeNumber(n)
	}
	form := either(words)
	return &leaf{form: form, write: func() string { return writeNumber(*p) }, read: func(v value) {
		n, ok := v.digits(form, 0, numbers[len(numbers)-1])
		switch {
		case ok && !slices.Contains(numbers, n):
			v.want(form)
		case ok:
			*p = n
		}
	}}
}

// mostDays is the last day past due that terms speak of, ten years.
const mostDays = 3660

// dayOrNever is a day past due, or Never.
func dayOrNever(p *int) *leaf {
	form := fmt.Sprintf("a day from 1 to %d, or never", mostDays)
	write := func() string {
		if *p == Never {
			return never
		}
		return writeNumber(*p)
	}
	return &leaf{form: form, write: write, read: func(v value) {
		text, ok := v.text(form)
		switch {
		case !ok:
		case text == never:
			*p = Never
		default:
			if n, ok := v.digits(form, 1, mostDays); ok {
				*p = n
			}
		}
	}}
}

// days are ascending days.
func days(p *[]int) *leaf {
	const most = 24
	each := fmt.Sprintf("a whole number from 1 to %d", mostDays)
	form := fmt.Sprintf("a list of at most %d ascending days from 1 to %d, such as [1, 3, 7]", most, mostDays)
	write := func() string {
		words := make([]string, len(*p))
		for i, d := range *p {
			words[i] = writeNumber(d)
		}
		return flow(words)
	}
	return &leaf{form: form, write: write, read: func(v value) {
		list, _ := v.list(form, most)
		for _, item := range list {
			n, ok := item.digits(each, 1, mostDays)
			switch {
			case !ok:
			case len(*p) > 0 && n <= (*p)[len(*p)-1]:
				item.fault("days must ascend: %d comes after %d", n, (*p)[len(*p)-1])
			default:
				*p = append(*p, n)
			}
		}
	}}
}

// dates are ascending dates.
func dates(p *[]calendar.Date) *leaf {
	const most = 400
	const each = "a date such as 2027-01-01"
	form := fmt.Sprintf("a list of at most %d ascending dates, such as [2027-01-01]", most)
	write := func() string {
		words := make([]string, len(*p))
		for i, d := range *p {
			words[i] = d.String()
		}
		return flow(words)
	}
	return &leaf{form: form, write: write, read: func(v value) {
		list, _ := v.list(form, most)
		for _, item := range list {
			text, ok := item.text(each)
			if !ok {
				continue
			}
			d, err := calendar.ParseDate(text)
			switch {
			case err != nil:
				item.want(each)
			case len(*p) > 0 && d <= (*p)[len(*p)-1]:
				item.fault("dates must ascend: %s comes after %s", d, (*p)[len(*p)-1])
			default:
				*p = append(*p, d)
			}
		}
	}}
}

// choice is one of a closed set, whose first has the number 1.
func choice[T ~uint8](p *T, names []string) *leaf {
	form := either(names)
	return &leaf{form: form, write: func() string { return nameOf(names, *p) }, read: func(v value) {
		text, ok := v.text(form)
		if !ok {
			return
		}
		c, ok := named[T](names, text)
		if !ok {
			v.want(form)
			return
		}
		*p = c
	}}
}

// choices are some of a closed set, each at most once: their order means nothing.
func choices[T ~uint8](p *[]T, names []string) *leaf {
	form := "a list of any of " + strings.Join(names, ", ")
	return chosen(p, names, form, func(v value) { slices.Sort(*p) })
}

// order is all of a closed set, in an order that means something.
func order[T ~uint8](p *[]T, names []string) *leaf {
	form := fmt.Sprintf("a list of %s, all of them, in the order that is wanted", strings.Join(names, ", "))
	return chosen(p, names, form, func(v value) {
		for i, name := range names {
			if !slices.Contains(*p, T(i+1)) {
				v.fault("%s is missing: want %s", name, form)
			}
		}
	})
}

func chosen[T ~uint8](p *[]T, names []string, form string, done func(value)) *leaf {
	write := func() string {
		words := make([]string, len(*p))
		for i, c := range *p {
			words[i] = nameOf(names, c)
		}
		return flow(words)
	}
	return &leaf{form: form, write: write, read: func(v value) {
		list, ok := v.list(form, 2*len(names))
		for _, item := range list {
			text, isText := item.text(either(names))
			c, known := named[T](names, text)
			switch {
			case !isText:
				ok = false
			case !known:
				item.want(either(names))
				ok = false
			case slices.Contains(*p, c):
				item.fault("%s is there already", text)
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

// share is a percentage, a multiple of step. Where it can be off, nothing is off and not 0 %.
func share[T ~int64](p *T, least, most, step Rate, canBeOff bool) *leaf {
	digits := rateDigits
	if step == basisPoint {
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
	return &leaf{form: form, write: write, read: func(v value) {
		text, ok := v.text(form)
		if !ok {
			return
		}
		r, err := ParseRate(text)
		switch {
		case canBeOff && text == off:
			*p = 0
		case err == nil && canBeOff && r == 0:
			v.fault("is off where nothing is charged: write off")
		case err != nil || r < least || r > most || r%step != 0:
			v.want(form)
		default:
			*p = T(r)
		}
	}}
}

func duration(p *time.Duration, least, most time.Duration) *leaf {
	form := fmt.Sprintf("a duration from %s to %s, such as 30 minutes or 7 days", writeDuration(least), writeDuration(most))
	return &leaf{form: form, write: func() string { return writeDuration(*p) }, read: func(v value) {
		text, ok := v.text(form)
		if !ok {
			return
		}
		d, ok := parseDuration(text)
		if !ok || d < least || d > most {
			v.want(form)
			return
		}
		*p = d
	}}
}

// amount is money of the terms, which have read their currency and its digits by then.
func amount(t *Terms, p *money.Amount, least, most money.Amount) *leaf {
	form := fmt.Sprintf("an amount in the currency of the terms, such as 0.01 CNY, from %d to %d minor units", least, most)
	return &leaf{form: form, write: func() string { return t.Money(*p) }, read: func(v value) {
		text, ok := v.text(form)
		switch {
		case !ok:
		case !v.r.good("currency", "minor_digits"):
			v.r.forget(v.path) // whether it is right cannot be said
		default:
			a, ok := t.parseMoney(text)
			if !ok || a < least || a > most {
				v.fault("want an amount from %s to %s, have %s", t.Money(least), t.Money(most), kindOf(v.node))
				return
			}
			*p = a
		}
	}}
}

func hours(p *Hours) *leaf {
	const form = "hours such as 22:00 to 08:00, or none"
	return &leaf{form: form, write: func() string { return p.String() }, read: func(v value) {
		text, ok := v.text(form)
		if !ok || text == (Hours{}).String() {
			return
		}
		from, until, ok := strings.Cut(text, " to ")
		h, okFrom := parseTimeOfDay(from)
		u, okUntil := parseTimeOfDay(until)
		switch {
		case !ok || !okFrom || !okUntil:
			v.want(form)
		case h == u:
			v.fault("begin and end are both %s, which is all day or never: write none if there are none", h)
		default:
			*p = Hours{h, u}
		}
	}}
}

func flow(words []string) string { return "[" + strings.Join(words, ", ") + "]" }

// either lists words of which one is wanted.
func either(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
