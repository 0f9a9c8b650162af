package gocmd

import (
	"errors"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"golang.org/x/tools/go/packages"
)

func TestRelease(t *testing.T) {
	for goversion, want := range map[string]string{
		"go1.26.8": "go1.26.8", "go1.26.8 X:nodwarf5,noregabiargs": "go1.26.8", "go1.27rc1": "go1.27rc1",
		"devel go1.28-7d6a6a5f3b Mon Nov 2 20:36:20 2026 +0000": "go1.28-7d6a6a5f3b", "unknown": "", "": "",
	} {
		if got := release(goversion); got != want {
			t.Errorf("%q is %q, want %q", goversion, got, want)
		}
	}
}

func TestCheckVersion(t *testing.T) {
	for goversion, ok := range map[string]bool{
		"go1.20.14": false, "go1.9": false, "go1.21.0": true, "go1.21rc2": true, "go1.27.4": true,
		"devel go1.28-7d6a6a5f3b": true, "unknown": true,
	} {
		if err := (&Toolchain{Version: goversion}).checkVersion(); (err == nil) != ok {
			t.Errorf("%s: %v", goversion, err)
		}
	}
}

func TestExplain(t *testing.T) {
	broken := &load.CompileError{Errors: []packages.Error{{Msg: "method must have no type parameters"},
		{Msg: "undefined: T"}}}
	for _, c := range []struct {
		toolchain, built string
		newer            bool
	}{
		{"go1.27.4", "go1.26.8", true}, {"devel go1.28-7d6a6a5f3b", "go1.27.4", true}, {"go1.26.9", "go1.26.8", false},
		{"go1.21.13", "go1.26.8", false},
	} {
		err := (&Toolchain{Version: c.toolchain}).explain(broken, c.built)
		if got := strings.Contains(err.Error(), "GOTOOLCHAIN=go1."); got != c.newer {
			t.Errorf("%s, built with %s: %v", c.toolchain, c.built, err)
		}
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "method must have no type parameters") {
			t.Errorf("what could not be loaded is not in %q", err)
		}
	}
}
