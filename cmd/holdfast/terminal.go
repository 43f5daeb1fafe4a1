package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// thousands writes an integer with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// milliseconds writes a duration with three digits that count.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms >= 100:
		return strconv.FormatFloat(ms, 'f', 0, 64)
	case ms >= 10:
		return strconv.FormatFloat(ms, 'f', 1, 64)
	}
	return strconv.FormatFloat(ms, 'f', 2, 64)
}

// table lays out rows in columns: the first flush left, the others flush right, unless align says otherwise.
type table struct {
	align string // l or r for each column; those beyond it are flush right
	rows  [][]string
}

// flushLeft says how a column is laid out.
func (t *table) flushLeft(column int) bool {
	if column < len(t.align) {
		return t.align[column] == 'l'
	}
	return column == 0
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// String is the table, two spaces before every line and between columns.
func (t *table) String() string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.flushLeft(i) {
				line.WriteString("  " + cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// bar is a horizontal bar of up to width characters for value out of most, drawn in eighths of a character.
func bar(value, most int64, width int) string {
	if most <= 0 || value <= 0 {
		return ""
	}
	eighths := int(float64(value) / float64(most) * float64(width*8))
	if eighths == 0 {
		return "▏" // there, but less than can be drawn
	}
	b := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		b += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return b
}

// percent writes part of whole.
func percent(part, whole int64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}
