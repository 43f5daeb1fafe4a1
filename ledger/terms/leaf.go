package terms

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// never is how Never is written.
const never = "never"

// mostDays is the last day past due that terms speak of, ten years.
const mostDays = 3660

// dayOrNever is a day past due, or Never.
func dayOrNever(p *int) *document.Leaf {
	form := fmt.Sprintf("a day from 1 to %d, or never", mostDays)
	write := func() string {
		if *p == Never {
			return never
		}
		return document.WriteNumber(*p)
	}
	return &document.Leaf{Form: form, Write: write, Read: func(v document.Value) {
		text, ok := v.Text(form)
		switch {
		case !ok:
		case text == never:
			*p = Never
		default:
			if n, ok := v.Digits(form, 1, mostDays); ok {
				*p = n
			}
		}
	}}
}

// days are ascending days.
func days(p *[]int) *document.Leaf {
	const most = 24
	each := fmt.Sprintf("a whole number from 1 to %d", mostDays)
	form := fmt.Sprintf("a list of at most %d ascending days from 1 to %d, such as [1, 3, 7]", most, mostDays)
	write := func() string {
		words := make([]string, len(*p))
		for i, d := range *p {
			words[i] = document.WriteNumber(d)
		}
		return document.Flow(words)
	}
	return &document.Leaf{Form: form, Write: write, Read: func(v document.Value) {
		list, _ := v.List(form, most)
		for _, item := range list {
			n, ok := item.Digits(each, 1, mostDays)
			switch {
			case !ok:
			case len(*p) > 0 && n <= (*p)[len(*p)-1]:
				item.Fault("days must ascend: %d comes after %d", n, (*p)[len(*p)-1])
			default:
				*p = append(*p, n)
			}
		}
	}}
}

// dates are ascending dates.
func dates(p *[]calendar.Date) *document.Leaf {
	const most = 400
	const each = "a date such as 2027-01-01"
	form := fmt.Sprintf("a list of at most %d ascending dates, such as [2027-01-01]", most)
	write := func() string {
		words := make([]string, len(*p))
		for i, d := range *p {
			words[i] = d.String()
		}
		return document.Flow(words)
	}
	return &document.Leaf{Form: form, Write: write, Read: func(v document.Value) {
		list, _ := v.List(form, most)
		for _, item := range list {
			text, ok := item.Text(each)
			if !ok {
				continue
			}
			d, err := calendar.ParseDate(text)
			switch {
			case err != nil:
				item.Want(each)
			case len(*p) > 0 && d <= (*p)[len(*p)-1]:
				item.Fault("dates must ascend: %s comes after %s", d, (*p)[len(*p)-1])
			default:
				*p = append(*p, d)
			}
		}
	}}
}

// amount is money of the terms, which have read their currency and its digits by then.
func amount(t *Terms, p *money.Amount, least, most money.Amount) *document.Leaf {
	form := fmt.Sprintf("an amount in the currency of the terms, such as 0.01 CNY, from %d to %d minor units", least, most)
	return document.Money(t.coin, []string{"currency", "minor_digits"}, p, least, most, form)
}

func hours(p *Hours) *document.Leaf {
	const form = "hours such as 22:00 to 08:00, or none"
	return &document.Leaf{Form: form, Write: func() string { return p.String() }, Read: func(v document.Value) {
		text, ok := v.Text(form)
		if !ok || text == (Hours{}).String() {
			return
		}
		from, until, ok := strings.Cut(text, " to ")
		h, okFrom := parseTimeOfDay(from)
		u, okUntil := parseTimeOfDay(until)
		switch {
		case !ok || !okFrom || !okUntil:
			v.Want(form)
		case h == u:
			v.Fault("begin and end are both %s, which is all day or never: write none if there are none", h)
		default:
			*p = Hours{h, u}
		}
	}}
}
