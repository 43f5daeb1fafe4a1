package main

import (
	"bytes"
	"encoding/json"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// readSettings reads a message of the API from YAML, whose fields are those of the API; mend, unless it is nil, first puts right what
// people write otherwise.
func readSettings(text []byte, settings proto.Message, mend func(map[string]any)) error {
	var document map[string]any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return err
	}
	if mend != nil {
		mend(document)
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return protojson.Unmarshal(asJSON, settings)
}

// settingsText is a message as YAML, as people write it, with the names of the API.
func settingsText(settings proto.Message) ([]byte, error) {
	asJSON, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(settings)
	if err != nil {
		return nil, err
	}
	var document yaml.Node // keeps the order of fields, and JSON is YAML
	if err := yaml.Unmarshal(asJSON, &document); err != nil {
		return nil, err
	}
	unquoted(&document)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&document); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unquoted has YAML that was JSON written as people do. What was quoted and would be read as something else stays quoted.
func unquoted(n *yaml.Node) {
	n.Style = 0
	for _, inner := range n.Content {
		unquoted(inner)
	}
}
