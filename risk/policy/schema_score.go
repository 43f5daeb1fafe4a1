package policy

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// scorecardField is a scorecard that may be left out.
func scorecardField(key string, p **scorecard.Scorecard, about string) document.Field {
	s := *p
	if s == nil {
		s = &scorecard.Scorecard{}
	}
	return document.Field{Key: key, Fields: scorecardFields(s), About: about,
		There: func() { *p = s }, Empty: func() bool { return *p == nil }}
}

func scorecardFields(s *scorecard.Scorecard) []document.Field {
	return []document.Field{
		{Key: "base_score", Leaf: document.Number(&s.BaseScore, -scorecard.ScoreMost, scorecard.ScoreMost),
			About: "The score at which the odds are base_odds."},
		{Key: "base_odds", Leaf: decimal(&s.BaseOdds, 1e-6, 1e6), About: "Good to one bad at the base score."},
		{Key: "points_to_double_odds", Leaf: document.Number(&s.PointsToDoubleOdds, 1, scorecard.PointsMost),
			About: "So many points more double the odds."},
		{Key: "intercept", Leaf: document.Number(&s.Intercept, -scorecard.ScoreMost, scorecard.ScoreMost),
			About: "Points that everybody has."},
		{Key: "characteristics", Items: document.ItemsOf(&s.Characteristics, "characteristic", 1, scorecard.CharacteristicsMost, characteristicFields,
			func(c scorecard.Characteristic) string { return c.Feature }, nil).Written(),
			About: "One feature each, in bins with points."},
		{Key: "grids", Items: document.ItemsOf(&s.Grids, "grid", 0, scorecard.CharacteristicsMost, gridFields,
			func(g scorecard.Grid) string { return g.Rows.Feature + " by " + g.Columns.Feature }, nil).Written(),
			Empty: func() bool { return len(s.Grids) == 0 },
			About: "Two features each, with points for each pair of bins."},
	}
}

func characteristicFields(c *scorecard.Characteristic) []document.Field {
	missing := c.Missing
	if missing == nil {
		missing = &scorecard.Rest{}
	}
	return []document.Field{
		{Key: "feature", Leaf: featureName(&c.Feature), About: "The feature."},
		{Key: "label", Leaf: document.Words(&c.Label, 1, 100), About: "A few words for tables."},
		{Key: "reason", Leaf: reason(&c.Reason),
			About: "The code that is told when it cost the most points. Several may share one."},
		{Key: "information_value", Leaf: decimal(&c.IV, 0, 1e6), Empty: func() bool { return c.IV == 0 },
			About: "How much it tells of good and bad, for people."},
		{Key: "bins", Items: document.ItemsOf(&c.Bins, "bin", 1, scorecard.BinsMost, binFields, binName, nil).InOrder(),
			About: "Numbers: up to and without below, from the bin before; the last has no bound. Categories: values; the" +
				" last has other: true."},
		{Key: "missing", Inline: true, Fields: restFields(missing), Empty: func() bool { return c.Missing == nil }, There: func() { c.Missing = missing },
			About: "Points of whoever lacks the feature. Without it, nobody may."},
	}
}

// binName tells bins apart by what is in them.
func binName(b scorecard.Bin) string {
	switch {
	case b.Below != nil:
		return "below " + writeDecimal(*b.Below)
	case len(b.Values) > 0:
		return words(b.Values)
	case b.Other:
		return "other"
	default:
		return "the rest"
	}
}

func binFields(b *scorecard.Bin) []document.Field {
	return append([]document.Field{
		{Key: "below", Leaf: maybeDecimal(&b.Below, -1e15, 1e15), Empty: func() bool { return b.Below == nil },
			About: "Of numbers: the bound, which is not in the bin."},
		{Key: "values", Leaf: document.Texts(&b.Values, 1, valuesMost, 64), Empty: func() bool { return len(b.Values) == 0 },
			About: "Of categories: what is in the bin. Flags are true and false."},
		{Key: "other", Leaf: document.Switch(&b.Other), Empty: func() bool { return !b.Other },
			About: "Of categories: whatever no bin names."},
	}, restFields(&b.Rest)...)
}

func restFields(r *scorecard.Rest) []document.Field {
	share := func(key string, p **float64, least, most float64, about string) document.Field {
		return document.Field{Key: key, Leaf: maybeDecimal(p, least, most), Empty: func() bool { return *p == nil }, About: about}
	}
	return []document.Field{
		{Key: "points", Leaf: document.Number(&r.Points, -scorecard.PointsMost, scorecard.PointsMost), About: "What it gives."},
		share("share", &r.Share, 0, 1, "Of the training part, for people."),
		share("bad_rate", &r.BadRate, 0, 1, "Within the bin, for people."),
		share("woe", &r.WOE, -100, 100, "Weight of evidence, for people."),
	}
}

func gridFields(g *scorecard.Grid) []document.Field {
	return []document.Field{
		{Key: "label", Leaf: document.Words(&g.Label, 1, 100), About: "A few words for tables."},
		{Key: "reason", Leaf: reason(&g.Reason), About: "The code that is told when it cost the most points."},
		{Key: "rows", Inline: true, Fields: axisFields(&g.Rows), About: "The feature and bins of the rows."},
		{Key: "columns", Inline: true, Fields: axisFields(&g.Columns), About: "The feature and bins of the columns."},
		{Key: "points", Leaf: matrix(&g.Points), About: "A list for each row, with the points of each column."},
	}
}

func axisFields(a *scorecard.Axis) []document.Field {
	return []document.Field{
		{Key: "feature", Leaf: featureName(&a.Feature), About: "The feature."},
		{Key: "below", Leaf: bounds(&a.Below), Empty: func() bool { return len(a.Below) == 0 },
			About: "Of numbers: n bounds make n + 1 bins."},
		{Key: "values", Leaf: categories(&a.Values), Empty: func() bool { return len(a.Values) == 0 },
			About: "Of categories: n lists, and after them all others."},
	}
}

// listOf reads and writes a list by its items.
func listOf[T any](p *[]T, form string, most int, read func(document.Value) (T, bool), write func(T) string) *document.Leaf {
	return &document.Leaf{Form: form,
		Write: func() string {
			list := make([]string, len(*p))
			for i, item := range *p {
				list[i] = write(item)
			}
			return document.Flow(list)
		},
		Read: func(v document.Value) {
			items, ok := v.List(form, most)
			if ok && len(items) == 0 {
				v.Want(form)
			}
			for _, item := range items {
				if x, ok := read(item); ok {
					*p = append(*p, x)
				}
			}
		}}
}

func bounds(p *[]float64) *document.Leaf {
	return listOf(p, "a list of ascending numbers, such as [1, 2.5]", scorecard.BinsMost,
		func(v document.Value) (float64, bool) { return readDecimal(v, "a number", -1e15, 1e15) }, writeDecimal)
}

func categories(p *[][]string) *document.Leaf {
	return listOf(p, "a list of lists of texts, such as [[owner, rent], [other]]", scorecard.BinsMost,
		func(v document.Value) (list []string, ok bool) {
			document.Texts(&list, 1, valuesMost, 64).Read(v)
			return list, len(list) > 0
		},
		func(list []string) string { return document.Texts(&list, 1, valuesMost, 64).Write() })
}

func matrix(p *[][]int) *document.Leaf {
	form := fmt.Sprintf("a list of points from %d to %d", -scorecard.PointsMost, scorecard.PointsMost)
	row := func(list *[]int) *document.Leaf {
		return listOf(list, form, scorecard.BinsMost+1,
			func(v document.Value) (int, bool) {
				return v.Digits("points", -scorecard.PointsMost, scorecard.PointsMost)
			}, document.WriteNumber)
	}
	return listOf(p, "a list of rows, such as [[0, -3], [5, 0]]", scorecard.BinsMost+1,
		func(v document.Value) (list []int, ok bool) {
			row(&list).Read(v)
			return list, len(list) > 0
		},
		func(list []int) string { return row(&list).Write() })
}
