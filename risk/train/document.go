package train

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// Declaration is a feature as a policy document declares it.
type Declaration struct {
	Name    string   `yaml:"name"`
	Type    string   `yaml:"type"`
	Unit    string   `yaml:"unit,omitempty"`
	Least   *float64 `yaml:"least,omitempty"`
	Most    *float64 `yaml:"most,omitempty"`
	Values  []string `yaml:"values,omitempty,flow"` // of a category
	Missing string   `yaml:"missing"`
	Source  string   `yaml:"source"`
	About   string   `yaml:"about,omitempty"` // after =, how it is reckoned
}

// declarations are those of the features that a scorecard reads, in the order of the spec. A category is declared with all
// that it was seen to be.
func (s *Spec) declarations(c *scorecard.Scorecard, d *Data) (list []Declaration) {
	read := c.Features()
	for i := range s.Features {
		f := &s.Features[i]
		if !slices.Contains(read, f.Name) {
			continue
		}
		declared := Declaration{Name: f.Name, Type: f.Kind, Unit: f.Unit, Least: f.Least, Most: f.Most, Missing: "allowed", Source: f.Source}
		or(&declared.Source, "application")
		if f.Missing == "required" {
			declared.Missing = "required"
		}
		if f.Kind == "category" {
			declared.Values = slices.Sorted(slices.Values(d.Features[i].Names))
		}
		if formula := s.Formula(f); formula != "" {
			declared.About = "= " + formula
		}
		list = append(list, declared)
	}
	return list
}

// Declared are the declarations by name, as a scorecard is held to them.
func Declared(list []Declaration) map[string]scorecard.Feature {
	declared := make(map[string]scorecard.Feature, len(list))
	for _, d := range list {
		declared[d.Name] = scorecard.Feature{Kind: kinds[d.Type], Missing: d.Missing != "required"}
	}
	return declared
}

// Document is the sections features and scorecard of a policy document.
func (t *Trained) Document(seed uint64) []byte {
	var root yaml.Node
	if err := root.Encode(struct {
		Features  []Declaration        `yaml:"features"`
		Scorecard *scorecard.Scorecard `yaml:"scorecard"`
	}{t.Features, t.Scorecard}); err != nil {
		panic(fmt.Sprintf("train: a scorecard is no document: %v", err)) // it is numbers and texts
	}
	root.HeadComment = fmt.Sprintf("Made by holdfast risk train: method %s, seed %d, %d rows, of which %d are bad.", t.Spec.Method, seed, t.Rows, t.Bads)
	tidy(&root, "")
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&root); err != nil {
		panic(fmt.Sprintf("train: a scorecard is no document: %v", err))
	}
	return b.Bytes()
}

// tidy makes a bin a line, and writes numbers as people do.
func tidy(n *yaml.Node, key string) {
	for i, kid := range n.Content {
		switch n.Kind {
		case yaml.MappingNode:
			if i%2 == 1 {
				tidy(kid, n.Content[i-1].Value)
			}
		case yaml.SequenceNode:
			if key == "bins" || key == "points" {
				kid.Style = yaml.FlowStyle
			}
			tidy(kid, "")
		default:
			tidy(kid, key)
		}
	}
	switch {
	case key == "missing" && n.Kind == yaml.MappingNode, key == "rows", key == "columns":
		n.Style = yaml.FlowStyle
	case n.Kind == yaml.ScalarNode && n.Tag == "!!float" && strings.ContainsAny(n.Value, "eE"):
		if x, err := strconv.ParseFloat(n.Value, 64); err == nil {
			n.Value = strconv.FormatFloat(x, 'f', -1, 64)
		}
	}
}

// ReadDocument reads the sections features and scorecard of a policy document, and holds the one to the other. The others are
// not looked at.
func ReadDocument(data []byte) ([]Declaration, *scorecard.Scorecard, error) {
	var document struct {
		Features  []Declaration       `yaml:"features"`
		Scorecard scorecard.Scorecard `yaml:"scorecard"`
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, nil, &Faults{yamlFaults(err)}
	}
	if len(root.Content) == 0 {
		return nil, nil, &Faults{[]Fault{{Line: 1, Text: "the document is empty"}}}
	}
	if err := root.Decode(&document); err != nil {
		return nil, nil, &Faults{yamlFaults(err)}
	}
	var faults []Fault
	for _, f := range document.Scorecard.Faults(Declared(document.Features)) {
		path := append(scorecard.Path{"scorecard"}, f.Path...)
		faults = append(faults, Fault{lineOf(root.Content[0], path), path.String(), f.Text})
	}
	if len(faults) > 0 {
		return nil, nil, &Faults{faults}
	}
	return document.Features, &document.Scorecard, nil
}
