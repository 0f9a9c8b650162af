package gocmd

import (
	"slices"
	"strings"
	"testing"
)

func TestParseInstrument(t *testing.T) {
	for _, test := range []struct{ args, goArgs, list, err string }{
		{args: "-o dir -tags x", goArgs: "-tags x ./...", list: "-tags=x"},
		{args: "-w -v ./cmd", goArgs: "-v ./cmd"},
		{args: "-C sub -overlay=f.json -race a b", goArgs: "-race a b", list: "-race=true"},
		{args: "-w=false -o dir .", goArgs: "."},
		{args: "", err: "takes one of"},
		{args: "-w -overlay f", err: "takes one of"},
		{args: "-run X -w", err: "flag provided but not defined: -run"},
	} {
		inv, err := Parse(Instrument, strings.Fields(test.args), DefaultAfter)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q: error %v, want %q", test.args, err, test.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		if got := strings.Join(inv.GoArgs, " "); got != test.goArgs {
			t.Errorf("%q: for go %q, want %q", test.args, got, test.goArgs)
		}
		if got := strings.Join(inv.ListFlags, " "); got != test.list {
			t.Errorf("%q: for go list %q, want %q", test.args, got, test.list)
		}
	}
	if _, err := Parse(Build, []string{"-w"}, DefaultAfter); err == nil {
		t.Error("build takes -w")
	}
}

func TestShellQuote(t *testing.T) {
	words := []string{"-tags=a,b", "", "a b", "it's", "$HOME"}
	for i, word := range words {
		words[i] = shellQuote(word)
	}
	if want := []string{"-tags=a,b", "''", "'a b'", `'it'\''s'`, "'$HOME'"}; !slices.Equal(words, want) {
		t.Errorf("got %q, want %q", words, want)
	}
}
