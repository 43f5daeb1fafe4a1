package cluster

import (
	"fmt"
	"slices"
	"strings"
)

// Setup is what a node was started with that decides beside what is in the journals: of each document its version and the digest
// of its canonical form. All nodes should have it alike. That they do not is told and not refused: when a cluster is upgraded node
// by node, to a version that ships with another policy, they differ for that long.
type Setup struct {
	Terms  string `json:"terms,omitempty"`  // in force where none were put
	Policy string `json:"policy,omitempty"` // of risk, in force where none was activated
}

// Differences says in what the nodes' setups differ, and which has what; nothing when all are alike. A node that does not say, being
// of an earlier version, is left out.
func (v *View) Differences() (list []string) {
	for _, kind := range []struct {
		name string
		of   func(*Setup) string
	}{
		{"terms", func(s *Setup) string { return s.Terms }},
		{"risk policy", func(s *Setup) string { return s.Policy }},
	} {
		var texts, parts []string
		with := map[string][]string{}
		for _, n := range v.nodes {
			text := kind.of(&n.Setup)
			if text == "" {
				continue
			}
			if with[text] == nil {
				texts = append(texts, text)
			}
			with[text] = append(with[text], n.ID)
		}
		if len(texts) < 2 {
			continue
		}
		slices.Sort(texts)
		for _, text := range texts {
			parts = append(parts, text+" at "+strings.Join(with[text], ", "))
		}
		list = append(list, fmt.Sprintf("the nodes were not started with the same %s: %s", kind.name, strings.Join(parts, "; ")))
	}
	return list
}
