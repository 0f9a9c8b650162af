package dap

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-delve/delve/service/dap"
)

// TestExtension holds the schema of launch.json in the extension for VS Code against what launch and attach take:
// Delve's attributes and ours.
func TestExtension(t *testing.T) {
	text, err := os.ReadFile("../../editors/vscode/package.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]json.RawMessage
	}
	var manifest struct {
		Contributes struct {
			Debuggers []struct {
				Type                    string
				ConfigurationAttributes struct{ Launch, Attach object }
			}
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	debuggers := manifest.Contributes.Debuggers
	if len(debuggers) != 1 || debuggers[0].Type != "awaittrace" {
		t.Fatalf("the debuggers are %+v", debuggers)
	}
	attributes := debuggers[0].ConfigurationAttributes
	// What only rr, other systems, tests of Delve or its newest options need is not offered.
	unoffered := []string{"traceDirPath", "backend", "stdinFrom", "stdoutTo", "stderrTo", "guessSubstitutePath"}
	for _, tt := range []struct {
		request string
		schema  object
		takes   []string
	}{
		{"launch", attributes.Launch, names(reflect.TypeFor[dap.LaunchConfig](), reflect.TypeFor[launchArguments]())},
		{"attach", attributes.Attach, names(reflect.TypeFor[dap.AttachConfig](), reflect.TypeFor[attachArguments]())},
	} {
		offered := slices.Sorted(maps.Keys(tt.schema.Properties))
		want := slices.DeleteFunc(tt.takes, func(name string) bool { return slices.Contains(unoffered, name) })
		if !slices.Equal(offered, want) {
			t.Errorf("%s: the extension offers\n%q,\nwant\n%q", tt.request, offered, want)
		}
		var ours object
		if err := json.Unmarshal(tt.schema.Properties["awaittrace"], &ours); err != nil {
			t.Fatal(err)
		}
		if got, want := slices.Sorted(maps.Keys(ours.Properties)),
			names(reflect.TypeFor[settings]()); !slices.Equal(got, want) {
			t.Errorf("%s: the extension offers the settings %q, want %q", tt.request, got, want)
		}
	}
}

// names returns the names of the fields of structs in JSON, those of embedded structs included, sorted, each once.
func names(types ...reflect.Type) []string {
	var list []string
	for _, t := range types {
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = strings.ToLower(f.Name[:1]) + f.Name[1:]
			}
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
