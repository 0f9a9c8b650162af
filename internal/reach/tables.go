package reach

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
)

// tables has a layout for each minor version of Go and each architecture, written by scripts/layouts.
//
//go:embed layouts
var tables embed.FS

// LayoutFor returns the layout of a version of Go, such as "go1.26.8", from the tables.
func LayoutFor(goVersion, arch string) (*Layout, error) {
	lang := version.Lang(goVersion)
	if lang == "" {
		return nil, fmt.Errorf("unknown version of Go %q", goVersion)
	}
	b, err := tables.ReadFile("layouts/" + lang + "-" + arch + ".json")
	if err != nil {
		return nil, errors.New("the memory layout of " + goVersion + " on " + arch + " is not known")
	}
	l := new(Layout)
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("layout of %s: %w", lang, err)
	}
	return l, l.Check()
}
