package rule

import (
	"slices"
	"strings"
)

// Of texts only variables against constants are looked at.

// sameText is a == b.
func (k *known) sameText(n *node, want bool) *known {
	switch {
	case n.b.op == constant:
		return k.textIs(n.a, []string{n.b.text}, want)
	case n.a.op == constant:
		return k.textIs(n.b, []string{n.a.text}, want)
	}
	return k
}

// textIs narrows to some texts, or to all others.
func (k *known) textIs(n *node, list []string, want bool) *known {
	return k.retext(n, func(w words) words {
		switch {
		case w.listed:
			return words{listed: true, only: keep(w.only, func(s string) bool { return slices.Contains(list, s) == want })}
		case want:
			return words{listed: true, only: keep(list, func(s string) bool { return !slices.Contains(w.not, s) })}
		default:
			return words{not: slices.Concat(w.not, list)}
		}
	})
}

// texted is startsWith, endsWith and contains: of texts that are listed those are left that fit.
func (k *known) texted(n *node, want bool) *known {
	if n.b.op != constant {
		return k
	}
	fits := map[op]func(s, part string) bool{prefix: strings.HasPrefix, suffix: strings.HasSuffix, within: strings.Contains}[n.op]
	if n.b.text == "" && !want {
		return nil // every text begins and ends with nothing
	}
	return k.retext(n.a, func(w words) words {
		if !w.listed {
			return w
		}
		return words{listed: true, only: keep(w.only, func(s string) bool { return fits(s, n.b.text) == want })}
	})
}

// retext changes what is known of a variable; nil when no text is left.
func (k *known) retext(n *node, change func(words) words) *known {
	if n.op == required {
		if k = k.present(n); k == nil {
			return nil
		}
	} else if n.op != variable {
		return k
	}
	changed := change(k.texts[n.place])
	if changed.listed && len(changed.only) == 0 {
		return nil
	}
	k = k.clone()
	k.texts[n.place] = changed
	return k
}
