package rule_test

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/risk/rule"
)

// interpreter is CEL's own environment with the same variables.
func interpreter(t require.TestingT) *cel.Env {
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true)}
	for _, v := range small.Variables() {
		kinds := map[rule.Kind]*cel.Type{rule.Whole: cel.IntType, rule.Decimal: cel.DoubleType, rule.Flag: cel.BoolType, rule.Text: cel.StringType}
		options = append(options, cel.Variable(v.Name, kinds[v.Kind]))
	}
	env, err := cel.NewEnv(options...)
	require.NoError(t, err)
	return env
}

// Whatever expression, whatever values: a rule says what CEL's interpreter says, and has no value when that has none. And
// what is found about a condition without values is so for these.
func TestAsCEL(t *testing.T) {
	env := interpreter(t)
	rapid.Check(t, func(t *rapid.T) {
		text := flag(t, 4)
		r, err := small.Compile(text)
		if err != nil {
			return // too long, too dear, or a constant without a value
		}
		checked, issues := env.Compile(text)
		require.NoError(t, issues.Err())
		program, err := env.Program(checked)
		require.NoError(t, err)
		never, always, unguarded := r.Never(), r.Always(), r.Unguarded()
		for range 20 {
			in, values, missing := input(t)
			holds, ok := r.Holds(in)
			out, _, err := program.Eval(values)
			if err != nil {
				require.False(t, ok, "%s of %v: CEL has %v", text, values, err)
			} else {
				require.True(t, ok, "%s of %v: CEL has %v", text, values, out)
				require.Equal(t, out.Value(), holds, "%s of %v", text, values)
			}
			require.False(t, never && ok && holds, "%s never holds, and does of %v", text, values)
			require.False(t, always && ok && !holds, "%s always holds, and does not of %v", text, values)
			if len(missing) == 1 && len(unguarded) == 0 && !strings.ContainsAny(text, "+-*/%") {
				require.True(t, ok, "%s is guarded, and has no value of %v", text, values)
			}
		}
	})
}

// Covered is so for all values.
func TestCoveredIsSo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := small.Compile(flag(t, 2))
		if err != nil {
			return
		}
		by, err := small.Compile(flag(t, 2))
		if err != nil || !r.Covered([]*rule.Rule{by}) {
			return
		}
		for range 20 {
			in, values, _ := input(t)
			if holds, ok := r.Holds(in); ok && holds {
				holds, ok := by.Holds(in)
				require.True(t, ok && holds, "%v", values)
			}
		}
	})
}

// input draws values within what is known of them, for both sides.
func input(t *rapid.T) (in *rule.Input, values map[string]any, missing []string) {
	in, values = small.NewInput(), map[string]any{}
	for _, v := range small.Variables() {
		place, kind, _ := small.Place(v.Name)
		if before, ok := strings.CutPrefix(v.Name, "has_"); ok {
			has := rapid.Bool().Draw(t, v.Name)
			if !has {
				delete(values, before)
				missing = append(missing, before)
			} else {
				in.Ints[place] = 1
			}
			values[v.Name] = has
			continue
		}
		switch kind {
		case rule.Flag:
			is := rapid.Bool().Draw(t, v.Name)
			if is {
				in.Ints[place] = 1
			}
			values[v.Name] = is
		case rule.Whole:
			least, most := int64(math.MinInt64), int64(math.MaxInt64)
			if v.Most > 0 {
				least, most = int64(v.Least), int64(v.Most)
			}
			in.Ints[place] = rapid.OneOf(rapid.Int64Range(least, most), rapid.Int64Range(max(least, -5), min(most, 10))).Draw(t, v.Name)
			values[v.Name] = in.Ints[place]
		case rule.Decimal:
			in.Decimals[place] = rapid.OneOf(rapid.Float64Range(0, 10), rapid.SampledFrom([]float64{0, 1, 2, 3, 10})).Draw(t, v.Name)
			values[v.Name] = in.Decimals[place]
		default:
			texts := v.Texts
			if texts == nil {
				texts = []string{"", "a", "ab", "b", "é"}
			}
			in.Texts[place] = rapid.SampledFrom(texts).Draw(t, v.Name)
			values[v.Name] = in.Texts[place]
		}
	}
	return in, values, missing
}

func pick(t *rapid.T, of ...string) string { return rapid.SampledFrom(of).Draw(t, "which") }

// flag draws a condition.
func flag(t *rapid.T, depth int) string {
	if depth == 0 {
		return pick(t, "known", "student", "has_income", "has_home", "has_tenure", "true", "false")
	}
	switch pick(t, "&&", "||", "!", "?", "whole", "whole", "decimal", "mixed", "text", "flag", "in", "in", "fix", "listed") {
	case "&&":
		return "(" + flag(t, depth-1) + " && " + flag(t, depth-1) + ")"
	case "||":
		return "(" + flag(t, depth-1) + " || " + flag(t, depth-1) + ")"
	case "!":
		return "!" + flag(t, depth-1)
	case "?":
		return "(" + flag(t, depth-1) + " ? " + flag(t, depth-1) + " : " + flag(t, depth-1) + ")"
	case "whole":
		return "(" + whole(t, depth-1) + compares(t) + whole(t, depth-1) + ")"
	case "decimal":
		return "(" + decimal(t, depth-1) + compares(t) + decimal(t, depth-1) + ")"
	case "mixed":
		return "(" + decimal(t, depth-1) + pick(t, " < ", " <= ", " > ", " >= ") + pick(t, "0", "1", "3", "9007199254740993") + ")"
	case "text":
		return "(" + text(t, depth-1) + compares(t) + text(t, depth-1) + ")"
	case "flag":
		return "(" + flag(t, depth-1) + pick(t, " == ", " != ") + flag(t, depth-1) + ")"
	case "in":
		return "(" + pick(t,
			whole(t, depth-1)+" in [1, 2, 3]", decimal(t, depth-1)+" in [1.0, 2.5]", "carrier in ['own', 'a', 'b']") + ")"
	case "listed":
		return pick(t, "order.scene == 'bill'", "'top_up' != order.scene", "order.scene in ['bill', 'bundle']", "home == 'own'", "home != 'rent'", "home == carrier")
	default:
		return anyText(t) + pick(t, ".startsWith(", ".endsWith(", ".contains(") + anyText(t) + ")"
	}
}

func compares(t *rapid.T) string { return pick(t, " < ", " <= ", " > ", " >= ", " == ", " != ") }

func whole(t *rapid.T, depth int) string {
	if depth <= 0 {
		return pick(t, "order.amount", "account.available", "count", "income", "count", "income",
			strconv.FormatInt(rapid.Int64Range(-3, 10).Draw(t, "constant"), 10), "100", "9223372036854775807", "-9223372036854775808")
	}
	switch pick(t, "sum", "leaf", "leaf", "?", "size", "-") {
	case "sum":
		return "(" + whole(t, depth-1) + pick(t, " + ", " - ", " * ", " / ", " % ") + whole(t, depth-1) + ")"
	case "?":
		return "(" + flag(t, depth-1) + " ? " + whole(t, depth-1) + " : " + whole(t, depth-1) + ")"
	case "size":
		return fmt.Sprintf(pick(t, "size(%s)", "%s.size()"), anyText(t))
	case "-":
		return "-(" + whole(t, depth-1) + ")"
	default:
		return whole(t, 0)
	}
}

func decimal(t *rapid.T, depth int) string {
	if depth <= 0 {
		return pick(t, "ratio", "tenure", "0.0", "1.0", "2.5", "-1.0", "1e308", "10.0")
	}
	switch pick(t, "sum", "leaf", "leaf", "?", "double", "-") {
	case "sum":
		return "(" + decimal(t, depth-1) + pick(t, " + ", " - ", " * ", " / ") + decimal(t, depth-1) + ")"
	case "?":
		return "(" + flag(t, depth-1) + " ? " + decimal(t, depth-1) + " : " + decimal(t, depth-1) + ")"
	case "double":
		return "double(" + whole(t, depth-1) + ")"
	case "-":
		return "-(" + decimal(t, depth-1) + ")"
	default:
		return decimal(t, 0)
	}
}

func text(t *rapid.T, depth int) string {
	if depth > 1 && rapid.IntRange(0, 4).Draw(t, "choose") == 0 {
		return "(" + flag(t, 0) + " ? " + text(t, 0) + " : " + text(t, 0) + ")"
	}
	return pick(t, "carrier", "carrier", "''", "'a'", "'b'", "'é'") // those of which all texts are known are compared with these only: see listed
}

// anyText draws a text for what is asked of any.
func anyText(t *rapid.T) string {
	return pick(t, "order.scene", "carrier", "home", "''", "'a'", "'own'", "'bill'", "'é'")
}

// FuzzCompile: whatever the text, nothing panics, faults have their places, and what is read can be asked.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{"order.amount > 3 && (known || ratio <= 2.5)", "has_income ? income % 7 == 1 : carrier in ['a', \"b\"]", "-count < size(carrier)", "a[1].b(2)", "!"} {
		f.Add(text)
	}
	in := small.NewInput()
	f.Fuzz(func(t *testing.T, text string) {
		r, err := small.Compile(text)
		var faults rule.Faults
		if errors.As(err, &faults) {
			require.NotEmpty(t, faults)
			for _, f := range faults {
				require.True(t, f.Line > 0 && f.Column > 0 && f.Text != "")
			}
			return
		}
		require.NoError(t, err)
		r.Never()
		r.Always()
		r.Unguarded()
		r.Holds(in)
		require.True(t, r.Same(r))
	})
}
