package train

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// protected says why a feature may not be scored, or "". It looks through what the feature is reckoned from.
func (s *Spec) protected(f *Feature) string {
	names := []string{f.Name} // of features to look at, each once, and how they came in
	by := map[string]string{}
	for i := 0; i < len(names); i++ {
		of := s.Feature(names[i])
		if of == nil {
			continue // a fault of its own
		}
		if why := s.tells(of); why != "" {
			return fmt.Sprintf("may not be scored:%s %s: nobody's credit may depend on it", by[of.Name], why)
		}
		for _, name := range of.Of {
			if !slices.Contains(names, name) {
				names = append(names, name)
				by[name] = by[of.Name] + " by way of " + name + ","
			}
		}
	}
	return ""
}

// tells says which protected attribute a feature itself gives away, and how, or "".
func (s *Spec) tells(f *Feature) string {
	for _, it := range []struct{ kind, name string }{{"column", f.Column}, {"the name", f.Name}} {
		switch what := scorecard.Protected(it.name); {
		case what == "age":
			return it.kind + " " + it.name + " tells age, which is protected (how long a debt or an account is there may be: call it tenure or months)"
		case what != "":
			return it.kind + " " + it.name + " tells " + what + ", which is protected"
		}
	}
	if f.Column != "" && slices.Contains(s.Protected, f.Column) {
		return "column " + f.Column + " is protected by the spec"
	}
	return ""
}
