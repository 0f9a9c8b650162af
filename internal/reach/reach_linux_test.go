package reach

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// wanted returns what the comments of a program say of its functions.
func wanted(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^// (\w+): (.*)$`).FindAllStringSubmatch(string(b), -1) {
		want["main."+m[1]] = m[2]
	}
	return want
}

func TestWaits(t *testing.T) {
	exe := buildFile(t, "testdata/waits.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	r := look(t, start(t, exe), prog)
	all := wanted(t, "testdata/waits.go")
	seen := make(map[string]bool)
	for i := range r.m.gs {
		g := &r.m.gs[i]
		name, want := "", ""
		for _, f := range r.m.frames(g) {
			for _, p := range r.m.code.places(f.pc, false) {
				if w, ok := all[p.fn]; ok && name == "" {
					name, want = p.fn, w
				}
			}
		}
		if name == "" {
			continue
		}
		seen[name] = true
		answer, reason := r.Answer(g.id)
		got := map[Answer]string{Proven: "leak", Live: "live", Unknown: "unknown", None: "other"}[answer]
		if first, _, _ := strings.Cut(want, " "); got != first {
			t.Errorf("%s: %s (%s), want %s; it waits: %s", name, got, reason, want, g.reason)
		}
	}
	for name := range all {
		if !seen[name] {
			t.Errorf("%s was not seen", name)
		}
	}
	if n := r.KeptBytes(); n < 1<<20 || n > 4<<20 {
		t.Errorf("%d bytes kept, want a little more than 1 MB", n)
	}
}
