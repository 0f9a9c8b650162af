package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// TestControl has a program whose names would act on a terminal, or forge a line: the text does not have them, in
// colour or without; JSON tells them as they are.
func TestControl(t *testing.T) {
	const evil = "x\x1b]0;owned\a\x1b[2J\u009b31m\r\nforged"
	s := parse(t, "")
	s.Process.Exe, s.Process.State, s.NoStates = "/bin/"+evil, "exited", "of "+evil
	r := diagnose.Analyze(s, diagnose.Options{})
	r.Findings = append(r.Findings,
		diagnose.Finding{Kind: diagnose.KindStuck, Certainty: diagnose.Certain, Title: evil, Why: []string{evil},
			Fix: evil})
	for _, color := range []bool{false, true} {
		var b bytes.Buffer
		if err := Text(&b, r, TextOptions{Color: color, All: true, Name: evil}); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, ours := range []string{bold, red, yellow, green, plain} {
			text = strings.ReplaceAll(text, ours, "")
		}
		if i := strings.IndexFunc(text,
			func(c rune) bool { return c < ' ' && c != '\n' || 0x7f <= c && c < 0xa0 }); i >= 0 {
			t.Errorf("color %v: the report has %q", color, text[max(0, i-20):min(len(text), i+20)])
		}
		if strings.Contains(text, "\nforged") {
			t.Errorf("color %v: a name begins a line:\n%s", color, text)
		}
		if strings.Contains(b.String(), red) != color {
			t.Errorf("color %v:\n%q", color, b.String())
		}
	}
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	var out struct{ Process struct{ Exe string } }
	if err := json.Unmarshal(b.Bytes(), &out); err != nil || out.Process.Exe != s.Process.Exe {
		t.Errorf("JSON: %v, %q", err, out.Process.Exe)
	}
}
