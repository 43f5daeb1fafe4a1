package document

import (
	"slices"
	"strings"
)

// Change is a field that two documents have differently, in the words of their canonical forms.
type Change struct {
	Path string `json:"path"` // of the field; of an item by its name, such as installments.offers[flat_fee 6].fee_per_month
	Old  string `json:"old"`  // "" when the old one does not have it
	New  string `json:"new"`  // "" when the new one does not have it
}

// Compare lists the fields that differ, in the order of the schema. An item that only one of the two has is one change, and
// so is another order, where it means something. Nil means that the two are the same.
func Compare(before, after []Field) []Change { return compareFields("", before, after) }

func compareFields(path string, before, after []Field) (changes []Change) {
	for i := range before {
		at := join(path, before[i].Key)
		b, a := &before[i], &after[i]
		switch {
		case !b.written() && !a.written():
		case !b.written():
			changes = append(changes, Change{Path: at, New: a.inline()})
		case !a.written():
			changes = append(changes, Change{Path: at, Old: b.inline()})
		case b.Items != nil:
			changes = append(changes, compareItems(at, b.Items, a.Items)...)
		case b.Leaf == nil:
			changes = append(changes, compareFields(at, b.Fields, a.Fields)...)
		default:
			if b, a := b.Leaf.Write(), a.Leaf.Write(); b != a {
				changes = append(changes, Change{at, b, a})
			}
		}
	}
	return changes
}

// compareItems compares items of the same name.
func compareItems(path string, before, after *Items) (changes []Change) {
	beforeNames, afterNames := before.names(), after.names()
	for i, name := range beforeNames {
		at := path + "[" + name + "]"
		if j := slices.Index(afterNames, name); j >= 0 {
			changes = append(changes, compareFields(at, before.At(i), after.At(j))...)
		} else {
			changes = append(changes, Change{Path: at, Old: before.Words(i)})
		}
	}
	for j, name := range afterNames {
		if !slices.Contains(beforeNames, name) {
			changes = append(changes, Change{Path: path + "[" + name + "]", New: after.Words(j)})
		}
	}
	if before.Ordered {
		b, a := common(beforeNames, afterNames), common(afterNames, beforeNames)
		if !slices.Equal(b, a) {
			changes = append(changes, Change{path, "in the order " + strings.Join(b, ", "), "in the order " + strings.Join(a, ", ")})
		}
	}
	return changes
}

func (it *Items) names() []string {
	list := make([]string, it.Size())
	for i := range list {
		list[i] = it.Name(i)
	}
	return list
}

// common are the names that are in others too.
func common(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(others, name) })
}
