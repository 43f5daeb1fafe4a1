package rule

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
)

// Kind is what values a variable has.
type Kind uint8

// The kinds.
const (
	Whole   Kind = iota + 1 // int64
	Decimal                 // float64, finite
	Flag                    // true or false
	Text
)

var kindWords = [...]string{Whole: "a whole number", Decimal: "a decimal", Flag: "a flag", Text: "a text"}

func (k Kind) String() string { return kindWords[k] }

func (k Kind) cel() *cel.Type {
	switch k {
	case Whole:
		return cel.IntType
	case Decimal:
		return cel.DoubleType
	case Flag:
		return cel.BoolType
	default:
		return cel.StringType
	}
}

// Variable is what an expression may read.
type Variable struct {
	Name string // identifiers with dots between
	Kind Kind

	// What is known of its values, to find conditions that no value meets. Of a Whole or a Decimal its range, which is
	// unknown when both are 0; of a Text all texts that it can be, nil when they are not known.
	Least, Most float64
	Texts       []string

	// MayMiss says that it may have no value. The flag has_ and its name says whether it has.
	MayMiss bool

	// Hidden variables have a place and cannot be read: where the values of one Env are those of another that has more.
	Hidden bool
}

// Presence is the name of the flag that says whether a variable has a value.
func Presence(name string) string { return "has_" + name }

// TextMost is how long a text in an Input is taken to be at most, in reckoning what an expression costs.
const TextMost = 128

// Env is a list of variables, each with a place among those of its sort: whole numbers and flags are Ints, decimals
// Decimals, texts Texts. It may be used by several goroutines.
type Env struct {
	variables []Variable
	places    []int // of each, in its slice of an Input
	presence  []int // of each that may be missing, the place of its flag; -1 for the others
	index     map[string]int
	sizes     Sizes

	build func() (*cel.Env, error)
}

// Sizes is how many values an Input has of each sort.
type Sizes struct{ Ints, Decimals, Texts int }

// Input is the values that an expression reads, by their places in the Env. A flag is 0 or 1. An expression keeps nothing
// of it.
type Input struct {
	Ints     []int64
	Decimals []float64
	Texts    []string
}

// NewEnv declares variables. Their places are in the order of the list; the presence flags of those that may be missing come
// after all others. Names that are no names, or there twice, are a mistake of the program.
func NewEnv(variables []Variable) *Env {
	e := &Env{variables: slices.Clone(variables), index: map[string]int{}}
	for _, v := range variables {
		if v.MayMiss {
			e.variables = append(e.variables, Variable{Name: Presence(v.Name), Kind: Flag})
		}
	}
	for i := range e.variables {
		v := &e.variables[i]
		if _, twice := e.index[v.Name]; twice || v.Name == "" {
			panic(fmt.Sprintf("rule: the variable %q is there twice, or has no name", v.Name))
		}
		e.index[v.Name] = i
		e.places = append(e.places, e.sizes.next(v.Kind))
		if v.Kind == Flag {
			v.Least, v.Most = 0, 1
		}
	}
	for i := range e.variables {
		at := -1
		if e.variables[i].MayMiss {
			at = e.places[e.index[Presence(e.variables[i].Name)]]
		}
		e.presence = append(e.presence, at)
	}
	e.build = sync.OnceValues(e.cel)
	return e
}

func (s *Sizes) next(k Kind) int {
	counter := &s.Ints
	switch k {
	case Decimal:
		counter = &s.Decimals
	case Text:
		counter = &s.Texts
	}
	*counter++
	return *counter - 1
}

// Sizes is how many values an Input of this Env has.
func (e *Env) Sizes() Sizes { return e.sizes }

// NewInput has room for the values of all variables.
func (e *Env) NewInput() *Input {
	return &Input{Ints: make([]int64, e.sizes.Ints), Decimals: make([]float64, e.sizes.Decimals), Texts: make([]string, e.sizes.Texts)}
}

// Place is where an Input has a variable.
func (e *Env) Place(name string) (place int, kind Kind, ok bool) {
	i, ok := e.index[name]
	if !ok {
		return 0, 0, false
	}
	return e.places[i], e.variables[i].Kind, true
}

// Variables are all of them, the presence flags included.
func (e *Env) Variables() []Variable { return slices.Clone(e.variables) }

// Limits of an expression. They are far above what a person reads at a glance.
const (
	LengthMost = 2_000 // characters
	NodesMost  = 200
	DepthMost  = 32
	CostMost   = 1_000 // in CEL's units: about one for each thing that is done
)

// cel is CEL's environment: its standard library without macros, so that nothing loops. What of the library is not
// for rules is refused when an expression is read.
func (e *Env) cel() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.ClearMacros(),
		cel.CrossTypeNumericComparisons(true), // ratio > 1, where 1.0 would be meant
		cel.ParserExpressionSizeLimit(LengthMost),
		cel.ExpressionNodeLimit(NodesMost),
		cel.ParserRecursionLimit(DepthMost),
	}
	for _, v := range e.variables {
		if !v.Hidden {
			options = append(options, cel.Variable(v.Name, v.Kind.cel()))
		}
	}
	return cel.NewEnv(options...)
}

// nearest are names like one that is not declared, for whoever mistyped it.
func (e *Env) nearest(name string) string {
	best, least := "", 4 // more changes than that are another word
	for _, v := range e.variables {
		if d := distance(name, v.Name); d < least && !v.Hidden {
			best, least = v.Name, d
		}
	}
	if best == "" {
		last := name[strings.LastIndexByte(name, '.')+1:]
		for _, v := range e.variables {
			if strings.HasSuffix(v.Name, "."+last) && !v.Hidden {
				return v.Name
			}
		}
	}
	return best
}

// distance is how many characters must be added, left out or changed to make one word of another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// span of a variable's values, as far as they are known.
func (v *Variable) ints() span {
	if v.Least == 0 && v.Most == 0 {
		return span{math.MinInt64, math.MaxInt64}
	}
	return span{toInt(v.Least), toInt(v.Most)}
}

func (v *Variable) decimals() dspan {
	if v.Least == 0 && v.Most == 0 {
		return dspan{-math.MaxFloat64, math.MaxFloat64}
	}
	return dspan{v.Least, v.Most}
}

// toInt is the whole number that is nearest among those that there are.
func toInt(x float64) int64 {
	switch {
	case x >= math.MaxInt64:
		return math.MaxInt64
	case x <= math.MinInt64:
		return math.MinInt64
	}
	return int64(x)
}
