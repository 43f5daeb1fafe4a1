package terms

import "slices"

// Change is a field that two documents have differently, in the words of their canonical forms.
type Change struct {
	Path string `json:"path"` // of the field; of an item by its name, such as installments.offers[flat_fee 6].fee_per_month
	Old  string `json:"old"`  // "" when the old one does not have it
	New  string `json:"new"`  // "" when the new one does not have it
}

// Compare lists the fields that differ, in the order of the schema. An item that only one of the two has is one change. Nil
// means that the two are the same.
func Compare(before, after *Terms) []Change {
	return compareFields("", schema(before), schema(after))
}

func compareFields(path string, before, after []field) (changes []Change) {
	for i := range before {
		at := join(path, before[i].key)
		switch {
		case before[i].items != nil:
			changes = append(changes, compareItems(at, before[i].items, after[i].items)...)
		case before[i].leaf == nil:
			changes = append(changes, compareFields(at, before[i].fields, after[i].fields)...)
		case before[i].belongs() == belongs:
			if b, a := before[i].leaf.write(), after[i].leaf.write(); b != a {
				changes = append(changes, Change{at, b, a})
			}
		}
	}
	return changes
}

// compareItems compares items of the same name. What an item has is settled by its name, so two of them have the same
// fields.
func compareItems(path string, before, after *items) (changes []Change) {
	names := func(it *items) []string {
		list := make([]string, it.size())
		for i := range list {
			list[i] = it.name(i)
		}
		return list
	}
	beforeNames, afterNames := names(before), names(after)
	for i, name := range beforeNames {
		at := path + "[" + name + "]"
		if j := slices.Index(afterNames, name); j >= 0 {
			changes = append(changes, compareFields(at, before.at(i), after.at(j))...)
		} else {
			changes = append(changes, Change{Path: at, Old: before.words(i)})
		}
	}
	for j, name := range afterNames {
		if !slices.Contains(beforeNames, name) {
			changes = append(changes, Change{Path: path + "[" + name + "]", New: after.words(j)})
		}
	}
	return changes
}
