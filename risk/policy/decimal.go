package policy

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/document"
)

// decimal is a number with a fraction, between two others.
func decimal(p *float64, least, most float64) *document.Leaf {
	form := fmt.Sprintf("a number from %s to %s", writeDecimal(least), writeDecimal(most))
	return &document.Leaf{Form: form, Write: func() string { return writeDecimal(*p) }, Read: func(v document.Value) {
		if x, ok := readDecimal(v, form, least, most); ok {
			*p = x
		}
	}}
}

// maybeDecimal is one that may be left out.
func maybeDecimal(p **float64, least, most float64) *document.Leaf {
	form := fmt.Sprintf("a number from %s to %s", writeDecimal(least), writeDecimal(most))
	return &document.Leaf{Form: form, Write: func() string { return writeDecimal(**p) }, Read: func(v document.Value) {
		if x, ok := readDecimal(v, form, least, most); ok {
			*p = &x
		}
	}}
}

// readDecimal is a number that is not in quotes.
func readDecimal(v document.Value, form string, least, most float64) (float64, bool) {
	text, ok := v.Text(form)
	if !ok {
		return 0, false
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= least && x <= most) || !v.IsNumber() || strings.ContainsAny(text, "_xXpPoO") {
		v.Want(form)
		return 0, false
	}
	return x + 0, true // a zero has no sign
}

// writeDecimal writes a number as people do, unless it has very many digits.
func writeDecimal(x float64) string {
	x += 0 // a zero has no sign
	format := byte('f')
	if size := math.Abs(x); size != 0 && (size < 1e-6 || size >= 1e16) {
		format = 'g'
	}
	return strconv.FormatFloat(x, format, -1, 64)
}
