package train

import (
	"fmt"
	"math"

	"github.com/holdfast-credit/holdfast/risk/evaluate"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// Trained is a scorecard, and how it came about.
type Trained struct {
	Spec      *Spec
	Scorecard *scorecard.Scorecard
	Features  []Declaration

	Rows, Bads int // that trained

	// How well rows that trained are told apart, before points were whole numbers and after. That is not how well others
	// will be: see Folds, and the test part.
	Exact, Rounded evaluate.Discrimination
}

// Train makes a scorecard of the rows that train. The same spec, data and seed make the same scorecard.
func Train(s *Spec, d *Data, seed uint64) (*Trained, error) {
	d = d.Training()
	m, err := fitModel(s, d, seed)
	if err != nil {
		return nil, err
	}
	t := &Trained{Spec: s, Scorecard: m.card(s, d), Rows: d.Rows()}
	if len(t.Scorecard.Characteristics) == 0 {
		return nil, fmt.Errorf("train: no feature tells good from bad by so much as a point")
	}
	t.Features = s.declarations(t.Scorecard, d)
	for _, bad := range d.Bad {
		if bad {
			t.Bads++
		}
	}
	sample, err := Sample(t.Scorecard, d)
	if err != nil {
		return nil, err
	}
	t.Rounded = sample.Discriminate()
	for row, f := range m.logits(d) {
		sample.Scores[row] = -int(math.Round(f * 1e9))
	}
	t.Exact = sample.Discriminate()
	return t, nil
}

// Sample is the scores of data, with what became of them.
func Sample(c *scorecard.Scorecard, d *Data) (*evaluate.Sample, error) {
	sample := &evaluate.Sample{Scores: make([]int, d.Rows()), Bad: d.Bad}
	var features map[string]scorecard.Value
	for row := range d.Rows() {
		features = d.Values(row, features)
		r, err := c.Score(features)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", d.Lines[row], err)
		}
		sample.Scores[row] = r.Score
	}
	return sample, nil
}

// Fold is what a scorecard made of the other folds says of one.
type Fold struct {
	Rows           int
	Discrimination evaluate.Discrimination
}

// CrossValidate trains as often as there are folds, each time without one of them, and says how well that one is told apart. It
// is how parameters are chosen: the test part is not looked at. Rows go to the folds in turn.
func CrossValidate(s *Spec, d *Data, folds int, seed uint64) ([]Fold, error) {
	d = d.Training()
	results := make([]Fold, 0, folds)
	for fold := range folds {
		var in, out []int
		for row := range d.Rows() {
			if row%folds == fold {
				out = append(out, row)
			} else {
				in = append(in, row)
			}
		}
		training, rest := d.Select(in), d.Select(out)
		m, err := fitModel(s, training, seed)
		if err != nil {
			return nil, err
		}
		sample, err := Sample(m.card(s, training), rest)
		if err != nil {
			return nil, err
		}
		results = append(results, Fold{len(out), sample.Discriminate()})
	}
	return results, nil
}

// enough says whether there are rows to learn from.
func enough(s *Spec, d *Data) error {
	bads := 0
	for _, bad := range d.Bad {
		if bad {
			bads++
		}
	}
	if least := 2 * s.Binning.MinBads; bads < least || d.Rows()-bads < least {
		return fmt.Errorf("train: %d rows train, %d of them bad: want %d good and bad at least, two bins' worth of binning.min_bads", d.Rows(), bads, least)
	}
	return nil
}

// fitModel trains by the method of the spec.
func fitModel(s *Spec, d *Data, seed uint64) (*model, error) {
	if err := enough(s, d); err != nil {
		return nil, err
	}
	var m *model
	if s.Method == MethodAdditive {
		m = additive(s, d, seed)
	} else {
		var err error
		if m, err = logistic(s, d); err != nil {
			return nil, err
		}
	}
	for _, sh := range m.shapes {
		sh.assume()
	}
	return m, nil
}

// CountBins counts the rows in each bin of a characteristic, and last those of which it is missing.
func CountBins(c *scorecard.Characteristic, d *Data) []int {
	counts := make([]int, len(c.Bins)+1)
	for i := range d.Features {
		if f := &d.Features[i]; f.Name == c.Feature {
			for row := range d.Rows() {
				at, ok := c.Bin(f.Value(row))
				if !ok {
					at = len(c.Bins)
				}
				counts[at]++
			}
		}
	}
	return counts
}
