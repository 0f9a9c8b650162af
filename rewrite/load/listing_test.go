package load

import (
	"strings"
	"testing"
)

// TestHead checks which edits change what the go command reads of a file.
func TestHead(t *testing.T) {
	t.Parallel()
	const text = `//go:build linux

// Package p is for a test.
package p

// #cgo LDFLAGS: -lm
import "C"

import (
	_ "embed"
	"fmt"
)

//go:embed a.txt
var a string

func f() { fmt.Println(a) }
`
	head, ok := Head([]byte(text))
	if !ok {
		t.Fatal("it does not parse")
	}
	for _, test := range []struct {
		was, is string
		same    bool
	}{
		{"Println(a)", "Println(a, a)", true},
		{"func f", "func g() {}\n\nfunc f", true},
		{"var a string", "var a, b string", true},
		{"func f() {", "func f() { syntax error", true},
		{"linux", "windows", false},
		{"Package p", "Package q", false},
		{"package p", "package q", false},
		{"-lm", "-ln", false},
		{`"fmt"`, `"log"`, false},
		{"a.txt", "b.txt", false},
		{"func f", "//go:embed b.txt\nvar b string\n\nfunc f", false},
		{"func f", "\t/* */ //go:embed b.txt\nvar b string\n\nfunc f", false},
	} {
		got, ok := Head([]byte(strings.Replace(text, test.was, test.is, 1)))
		if !ok || (got == head) != test.same {
			t.Errorf("%q becomes %q: same head %t, want %t", test.was, test.is, got == head, test.same)
		}
	}
	for _, broken := range []string{"", "package", "package p\nimport (", "package p\nimport 1"} {
		if _, ok := Head([]byte(broken)); ok {
			t.Errorf("%q has a head", broken)
		}
	}
}
