package rule

import "slices"

// known is what must be so where a condition comes to yes or no: the range of every variable, and which comparisons hold.
// It is never too narrow: what is left out cannot be.
type known struct {
	ints     []span  // by place
	decimals []dspan // by place
	texts    []words // by place
	facts    []fact
	steps    *int // that are left: whoever nests conditions 30 deep does not get to know what they can never be
}

// fact is a comparison that is known to hold, or not to.
type fact struct {
	what  string
	holds bool
}

// stepsMost is how many steps are made in looking at one question. Ordinary rules take some dozens.
const stepsMost = 5_000

func (e *Env) known() *known {
	steps := stepsMost
	k := &known{steps: &steps}
	for i := range e.variables {
		switch v := &e.variables[i]; v.Kind {
		case Decimal:
			k.decimals = append(k.decimals, v.decimals())
		case Text:
			k.texts = append(k.texts, words{listed: v.Texts != nil, only: v.Texts})
		default:
			k.ints = append(k.ints, v.ints())
		}
	}
	return k
}

func (k *known) clone() *known {
	return &known{slices.Clone(k.ints), slices.Clone(k.decimals), slices.Clone(k.texts), slices.Clone(k.facts), k.steps}
}

// join is what is known when one of two is so; either may be nil, which is nothing at all.
func join(a, b *known) *known {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	j := a.clone()
	for i := range j.ints {
		j.ints[i] = a.ints[i].join(b.ints[i])
	}
	for i := range j.decimals {
		j.decimals[i] = a.decimals[i].join(b.decimals[i])
	}
	for i := range j.texts {
		j.texts[i] = a.texts[i].join(b.texts[i])
	}
	j.facts = slices.DeleteFunc(j.facts, func(f fact) bool { return !slices.Contains(b.facts, f) })
	return j
}

func (w words) join(v words) words {
	switch {
	case w.listed && v.listed:
		all := slices.Concat(w.only, v.only)
		slices.Sort(all)
		return words{listed: true, only: slices.Compact(all)}
	case !w.listed && !v.listed:
		return words{not: keep(w.not, func(s string) bool { return slices.Contains(v.not, s) })}
	case w.listed:
		w, v = v, w
	}
	return words{not: keep(w.not, func(s string) bool { return !slices.Contains(v.only, s) })}
}

func keep(list []string, which func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !which(s) })
}

// Never says that nothing meets the condition.
func (r *Rule) Never() bool { return r.env.settle(r.env.known(), wanted{r.root, true}) == nil }

// Always says that everything meets the condition that it has a value for.
func (r *Rule) Always() bool { return r.env.settle(r.env.known(), wanted{r.root, false}) == nil }

// Covered says that whatever meets the condition meets one of others too, which are of the same Env. Where an other has no
// value it is not met, so only those that always have one count.
func (r *Rule) Covered(others []*Rule) bool {
	all := []wanted{{r.root, true}}
	for _, o := range others {
		if o.env.total(o.root) {
			all = append(all, wanted{o.root, false})
		}
	}
	return len(all) > 1 && r.env.settle(r.env.known(), all...) == nil
}

// Same says that two conditions are the same, but for spelling and order.
func (r *Rule) Same(other *Rule) bool { return r.root.String() == other.root.String() }

// wanted is a condition that shall come to something.
type wanted struct {
	n   *node
	yes bool
}

// settle narrows by all conditions, twice, since what the last one says may decide the first; nil when it cannot be.
func (e *Env) settle(k *known, all ...wanted) *known {
	for range 2 {
		for _, w := range all {
			if k = k.narrow(w.n, w.yes); k == nil {
				return nil
			}
		}
	}
	return k
}

// narrow is what is known besides when a condition comes to yes, or to no; nil when it cannot.
func (k *known) narrow(n *node, want bool) *known {
	if *k.steps--; *k.steps < 0 {
		return k // nothing more is known
	}
	switch n.op {
	case constant:
		if (n.int != 0) != want {
			return nil
		}
		return k
	case variable, required:
		return k.limit(n, span{truthInt(want), truthInt(want)})
	case not:
		return k.narrow(n.a, !want)
	case and, or:
		return k.both(n, want)
	case choose:
		return join(k.chain(wanted{n.a, true}, wanted{n.b, want}), k.chain(wanted{n.a, false}, wanted{n.c, want}))
	case equal:
		return k.equal(n, want)
	case less:
		return k.less(n, want)
	case atMost:
		return k.atMost(n, want)
	case among:
		return k.among(n, want)
	default:
		return k.texted(n, want)
	}
}

func truthInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (k *known) chain(all ...wanted) *known {
	for _, w := range all {
		if k = k.narrow(w.n, w.yes); k == nil {
			return nil
		}
	}
	return k
}

// both is && that holds or || that does not, where both sides are so; else one side is so, and the other anything.
func (k *known) both(n *node, want bool) *known {
	if (n.op == and) == want {
		k = k.chain(wanted{n.a, want}, wanted{n.b, want})
		if k == nil {
			return nil
		}
		return k.narrow(n.a, want) // once more, since b may have decided it
	}
	return join(k.narrow(n.a, want), k.narrow(n.b, want))
}
