package scorecard

import (
	"fmt"
	"strconv"
	"strings"
)

// Fault is one thing that is wrong with a scorecard.
type Fault struct {
	Path Path
	Text string
}

func (f Fault) String() string {
	if len(f.Path) == 0 {
		return f.Text
	}
	return f.Path.String() + ": " + f.Text
}

// Path is the way to a field, by the names that it has in a document; an item of a list is named by its number, from 0. A
// field that is missing is named by the path of what should have it.
type Path []string

// String is such as characteristics[2].bins[0].below.
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch _, err := strconv.Atoi(step); {
		case err == nil:
			b.WriteString("[" + step + "]")
		case b.Len() > 0:
			b.WriteString("." + step)
		default:
			b.WriteString(step)
		}
	}
	return b.String()
}

// faults collects.
type faults struct{ list []Fault }

// at adds a fault of the field that steps, names and numbers, lead to.
func (f *faults) at(path Path, format string, args ...any) {
	f.list = append(f.list, Fault{Path: path, Text: fmt.Sprintf(format, args...)})
}

// to is a path with more steps.
func (p Path) to(steps ...any) Path {
	longer := append(make(Path, 0, len(p)+len(steps)), p...)
	for _, step := range steps {
		longer = append(longer, fmt.Sprint(step))
	}
	return longer
}
