package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// shippedMaps are the maps, and the terms, that can be named without their folder and ending.
//
//go:embed maps
var shippedMaps embed.FS

// readShipped reads a file, or one of a kind that ships in a folder by its name.
func readShipped(name, folder, kind string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, "/\\") {
		if shipped, shippedErr := shippedMaps.ReadFile(path.Join(folder, strings.TrimSuffix(name, ".yaml")+".yaml")); shippedErr == nil {
			return shipped, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s %s; shipped are: %s", kind, name, strings.Join(shippedNames(folder), ", "))
	}
	return text, err
}

// decodeMap reads a map's YAML. What is not a field is a mistake.
func decodeMap(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(into)
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	return err
}

// shippedNames are the names of what ships in a folder.
func shippedNames(folder string) []string {
	entries, _ := shippedMaps.ReadDir(folder) // it is embedded
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
		}
	}
	return names
}
