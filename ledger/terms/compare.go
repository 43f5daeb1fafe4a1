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
func Compare(old, new *Terms) []Change {
	return compareFields("", schema(old), schema(new))
}

func compareFields(path string, old, new []field) (changes []Change) {
	for i := range old {
		at := join(path, old[i].key)
		switch {
		case old[i].items != nil:
			changes = append(changes, compareItems(at, old[i].items, new[i].items)...)
		case old[i].leaf == nil:
			changes = append(changes, compareFields(at, old[i].fields, new[i].fields)...)
		case old[i].belongs() == belongs:
			if o, n := old[i].leaf.write(), new[i].leaf.write(); o != n {
				changes = append(changes, Change{at, o, n})
			}
		}
	}
	return changes
}

// compareItems compares items of the same name. What an item has is settled by its name, so two of them have the same
// fields.
func compareItems(path string, old, new *items) (changes []Change) {
	names := func(it *items) []string {
		list := make([]string, it.size())
		for i := range list {
			list[i] = it.name(i)
		}
		return list
	}
	oldNames, newNames := names(old), names(new)
	for i, name := range oldNames {
		at := path + "[" + name + "]"
		if j := slices.Index(newNames, name); j >= 0 {
			changes = append(changes, compareFields(at, old.at(i), new.at(j))...)
		} else {
			changes = append(changes, Change{Path: at, Old: old.words(i)})
		}
	}
	for j, name := range newNames {
		if !slices.Contains(oldNames, name) {
			changes = append(changes, Change{Path: path + "[" + name + "]", New: new.words(j)})
		}
	}
	return changes
}
