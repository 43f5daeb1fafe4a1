package scorecard

import (
	"slices"
	"strings"
	"unicode"
)

// What a consumer is not scored by. The adult check of admission needs a birth date; a score may not know it.
var protectedWords = []struct {
	what  string
	words []string
}{
	{"sex", []string{"sex", "gender", "male", "female", "orientation"}},
	{"marital status", []string{"marital", "marriage", "married", "spouse", "divorced", "widow", "widowed"}},
	{"age", []string{"age", "birth", "birthday", "birthdate", "birthyear", "dob", "born"}},
	{"religion", []string{"religion", "religious", "faith", "creed", "church"}},
	{"ethnicity", []string{"ethnicity", "ethnic", "race", "racial", "tribe", "caste", "skin", "hukou"}},
	{"nationality", []string{"nationality", "national", "citizenship", "citizen", "nativity", "immigrant"}},
	{"health", []string{"health", "disability", "disabled", "pregnant", "pregnancy", "genetic"}},
	{"political opinion", []string{"political", "politics"}},
}

// Protected says which protected attribute the name of a feature or of a column gives away, or "". No score may depend on
// one.
func Protected(name string) string {
	for _, word := range wordsOf(name) {
		for _, p := range protectedWords {
			if slices.Contains(p.words, word) {
				return p.what
			}
		}
	}
	return ""
}

// wordsOf are the words of a name, such as birth_date, BirthDate, birth.date and BIRTH2.
func wordsOf(name string) []string {
	var split strings.Builder
	before := ' '
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r):
			split.WriteRune(' ')
		case unicode.IsUpper(r) && unicode.IsLower(before):
			split.WriteRune(' ')
			split.WriteRune(unicode.ToLower(r))
		default:
			split.WriteRune(unicode.ToLower(r))
		}
		before = r
	}
	return strings.Fields(split.String())
}
