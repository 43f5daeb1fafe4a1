// Package rule has the expressions of a risk policy: conditions, and amounts, in CEL over variables that are declared.
//
// The nouns:
//
//   - A Variable has a name, a kind and what is known of its values. An Env is a list of them: that of orders, of applications,
//     of accounts. A variable that may be missing has a flag beside it, has_ and its name, and a rule that reads the variable
//     must be certain of the flag first: has_income && income < 300000.
//   - A Rule is a condition that was found in order, a Sum an expression that is a whole number. Both are read from a text once
//     and then asked of any Input.
//   - An Input is the values of the variables of one Env.
//   - A Fault is what is wrong with an expression, with its place in the text.
//
// The language is a part of CEL (https://cel.dev), which parses and checks types: comparisons, && || ! and ?:, whole numbers
// and decimals with + - * / and %, in with a list of constants, startsWith, endsWith, contains, size, double. There is nothing
// that loops, calls or makes texts, and an expression is bounded in its length, its nodes and its cost by CEL's own estimate.
// What goes beyond that is a fault that names it.
//
// On the hot path CEL's interpreter is not asked. A checked expression becomes a tree of nodes with kinds that are known, and
// reading that takes some nanoseconds a node and no memory. It means exactly what CEL says, errors included: sums that
// overflow and divisions by zero have no value, and && and || have one all the same where the other side decides. Tests hold
// it to CEL's interpreter with random expressions and inputs. Whoever asks a rule that has no value fails closed.
//
// The same tree is looked at for what it can never be. Narrowing the ranges of the variables by what must hold finds
// conditions that nothing meets, that everything meets, or that another condition covers already. What is found is so; not
// everything that is so is found.
package rule
