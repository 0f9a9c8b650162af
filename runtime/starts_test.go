package runtime

import (
	"strings"
	"testing"
)

// launch stands for a library function with a go statement.
func launch(s *Site) { Starts(s) }

func TestStarts(t *testing.T) {
	s := newSite(OpGo, KindNone, "go")
	caller := func() string {
		e, _, _, _ := entryOf(s.id)
		return textAt(e.Callee, e.CalleeLen)
	}
	launch(s)
	first := caller()
	if !strings.HasPrefix(first, "testing.tRunner\x00") || !strings.HasSuffix(first, "\n") {
		t.Errorf("called from %q", first)
	}
	func() { launch(s) }()
	e, _, _, _ := entryOf(s.id)
	if now := caller(); now != first {
		t.Errorf("called from %q, and then from %q", first, now)
	}
	launch(s) // the third is not recorded
	if again, _, _, _ := entryOf(s.id); again.Callee != e.Callee {
		t.Error("what has not changed was written again")
	}
	if sl := own(); sl != nil && sl.last().site() == s.id {
		t.Error("a go statement is in the history of a goroutine")
	}
}

func TestOfLibrary(t *testing.T) {
	for file, want := range map[string]bool{
		"/root/go/pkg/mod/github.com/x/y@v1.0.0/y.go": true,
		"github.com/x/y@v1.0.0/y.go":                  true,
		"/src/shop/vendor/github.com/x/y/y.go":        true,
		"/src/shop/vendors/y.go":                      false,
		"/src/shop/main.go":                           false,
		"/vendor/":                                    true,
		"/vendor":                                     false,
		"":                                            false,
	} {
		if got := ofLibrary(file); got != want {
			t.Errorf("%q: %v, want %v", file, got, want)
		}
	}
}
