package rule

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
)

// Fault is what is wrong with an expression.
type Fault struct {
	Line, Column int // in the text, counted from 1, in characters
	Text         string
}

func (f Fault) String() string { return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Text) }

// Faults are all that was found wrong with an expression. There is at least one.
type Faults []Fault

func (f Faults) Error() string {
	words := make([]string, len(f))
	for i, fault := range f {
		words[i] = fault.String()
	}
	return strings.Join(words, "\n")
}

// Rule is a condition.
type Rule struct{ expression }

// Sum is an expression that is a whole number.
type Sum struct{ expression }

type expression struct {
	env  *Env
	root *node
	cost uint64
}

// Compile reads a condition. The error is Faults. One that nothing meets, or everything, is read without a fault: Never and
// Always tell.
func (e *Env) Compile(text string) (*Rule, error) {
	x, err := e.compile(text, Flag)
	if err != nil {
		return nil, err
	}
	return &Rule{*x}, nil
}

// CompileSum reads a whole number. The error is Faults.
func (e *Env) CompileSum(text string) (*Sum, error) {
	x, err := e.compile(text, Whole)
	if err != nil {
		return nil, err
	}
	return &Sum{*x}, nil
}

// Holds says whether the condition holds. It has no value, ok is false, when a sum overflows, a divisor is zero or something
// is missing, and that decides.
func (r *Rule) Holds(in *Input) (holds, ok bool) {
	t := r.root.flag(in)
	return t == yes, t != unknown
}

// Value is the number; ok is false when it has none.
func (s *Sum) Value(in *Input) (value int64, ok bool) { return s.root.whole(in) }

// Reads are the names of the variables that the expression reads, in the order of the Env, those of presence flags included.
func (x *expression) Reads() (names []string) {
	read := make([]bool, len(x.env.variables))
	x.root.walk(func(n *node) {
		if n.op == variable || n.op == required {
			read[n.at] = true
		}
	})
	for i, is := range read {
		if is {
			names = append(names, x.env.variables[i].Name)
		}
	}
	return names
}

// Cost is the most that CEL takes the expression to cost, in its units.
func (x *expression) Cost() uint64 { return x.cost }

func (e *Env) compile(text string, want Kind) (*expression, error) {
	env, err := e.build()
	if err != nil {
		return nil, Faults{{1, 1, err.Error()}}
	}
	if n := len([]rune(text)); n > LengthMost {
		return nil, Faults{{1, 1, fmt.Sprintf("the expression has %d characters, more than %d", n, LengthMost)}}
	}
	checked, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, e.explain(text, issues)
	}
	t := &translator{env: e, ast: checked.NativeRep()}
	root := t.node(t.ast.Expr())
	switch {
	case len(t.faults) > 0:
		return nil, t.faults
	case root.kind != want:
		return nil, Faults{{1, 1, fmt.Sprintf("this is %s: want %s", root.kind, kindWords[want])}}
	}
	estimate, err := env.EstimateCost(checked, textSizes{})
	if err != nil {
		return nil, Faults{{1, 1, "what it costs cannot be told: " + err.Error()}}
	}
	if estimate.Max > CostMost {
		return nil, Faults{{1, 1, fmt.Sprintf("the expression costs up to %d, more than %d: make it shorter, or two of it", estimate.Max, CostMost)}}
	}
	return &expression{e, root, estimate.Max}, nil
}

// textSizes estimates that every text is as long as it may be.
type textSizes struct{}

func (textSizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if n.Type().IsExactType(cel.StringType) && n.ComputedSize() == nil {
		return &cost.SizeEstimate{Max: TextMost}
	}
	return nil
}

func (textSizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// What CEL says in words of its own, to people who have not read its source.
var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '([^']*)'`)
	syntax     = regexp.MustCompile(`(?i)^syntax error: `)
	typeWords  = strings.NewReplacer("int", "whole number", "double", "decimal", "bool", "flag", "string", "text")
)

// explain are CEL's issues as faults.
func (e *Env) explain(source string, issues *cel.Issues) Faults {
	var faults Faults
	for _, issue := range issues.Errors() {
		text := issue.Message
		if found := undeclared.FindStringSubmatch(text); found != nil {
			text = e.unknown(longer(source, issue.Location, found[1]))
		} else if found := noOverload.FindStringSubmatch(text); found != nil {
			text = fmt.Sprintf("%s is not for %s", operatorOf(found[1]), typeWords.Replace(found[2]))
			switch {
			case strings.Contains(found[2], "int") && strings.Contains(found[2], "double"):
				text += ": write 2.0 for 2 where it is reckoned with decimals, or double(x)"
			case strings.Contains(found[2], "bool") && found[1] == operators.Equals:
				text += ": a flag stands alone, or with ! before it"
			}
		} else {
			text = syntaxText(syntax.ReplaceAllString(text, ""))
		}
		line, column := 1, 1
		if issue.Location != nil && issue.Location.Line() > 0 {
			line, column = issue.Location.Line(), issue.Location.Column()+1
		}
		faults = append(faults, Fault{line, max(column, 1), clip(text)})
	}
	return faults
}

// dotted are names with dots between.
var dotted = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*`)

// longer is the name at a place as it is written, where CEL looked for its first part only.
func longer(source string, at common.Location, name string) string {
	lines := strings.Split(source, "\n")
	if at == nil || at.Line() < 1 || at.Line() > len(lines) {
		return name
	}
	if line := []rune(lines[at.Line()-1]); at.Column() >= 0 && at.Column() < len(line) {
		if written := dotted.FindString(string(line[at.Column():])); strings.HasPrefix(written, name+".") {
			return written
		}
	}
	return name
}

func (e *Env) unknown(name string) string {
	name = strings.TrimPrefix(name, ".")
	if _, hidden := e.index[name]; hidden {
		return fmt.Sprintf("%s is not for these rules", name)
	}
	if like := e.nearest(name); like != "" {
		return fmt.Sprintf("there is no %s; did you mean %s?", name, like)
	}
	if !strings.Contains(name, ".") {
		return fmt.Sprintf("there is no %s; a text stands in quotes: %q", name, name)
	}
	return fmt.Sprintf("there is no %s", name)
}

// syntaxText is what the parser says, in other words where people are used to other languages.
func syntaxText(text string) string {
	for _, habit := range []struct{ said, meant string }{
		{"token recognition error at: '= ", "= compares nothing: want =="},
		{"mismatched input 'and'", "and is written &&"},
		{"mismatched input 'or'", "or is written ||"},
		{"mismatched input 'not'", "not is written !"},
		{"extraneous input 'and'", "and is written &&"},
		{"extraneous input 'or'", "or is written ||"},
	} {
		if strings.HasPrefix(text, habit.said) {
			return habit.meant
		}
	}
	return text
}

// operatorOf is how an operator is written.
func operatorOf(function string) string {
	if word := strings.Trim(function, "_@"); word != "" {
		return word
	}
	return function
}

// clip keeps what people read of a message.
func clip(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
