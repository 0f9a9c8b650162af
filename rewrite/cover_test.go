package rewrite

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// coverable has all statements that cmd/cover handles, with probes beside its counters.
const coverable = `package p

func f(a, b chan int, n int) int {
	if n == 1 { return <-a } else if n == 2 { a <- 1; return 2 } else { if n == 3 { <-b }}
	if n == 4 {
		<-a
	} else /* of 4 */ {<-b}
	select {
	case v := <-a: return v
	case b <- 1:
	case v, ok := <-b:
		if ok { return v }}
	for v := range a {
		if v > 3 {
			continue
		} else if v < 2 { if v == 1 { break }}}
L:
	for i := 0; i < 3; i++ {
		switch {
		case i == 1: continue L
		default:
			go func() { b <- i }()
		}
	}
	select {}
}

func _() { if true { } else {}}

var g = func() int { if c := make(chan int); c != nil { return <-c } else { return 0 }}
`

// TestCovered checks that probes and cover's counters combine without a change of either, in each mode.
func TestCovered(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "p.go")
	write(t, name, []byte(coverable))
	write(t, filepath.Join(dir, "go.mod"), []byte("module p\n\ngo 1.21\n"))
	_, result := mustInstrument(t, Config{Config: load.Config{Dir: dir, Env: offline()}, Spans: true})
	f := result.Files[0]
	write(t, filepath.Join(dir, "pkgcfg"),
		[]byte(`{"OutConfig": "`+filepath.Join(dir, "out")+
			`", "PkgPath": "p", "PkgName": "p", "Granularity": "perblock", "ModulePath": "p"}`))
	write(t, filepath.Join(dir, "outputs"),
		[]byte(filepath.Join(dir, "vars.go")+"\n"+filepath.Join(dir, "covered.go")+"\n"))
	for _, mode := range []string{"set", "count", "atomic", "regonly"} {
		cmd := exec.Command("go", "tool", "cover", "-pkgcfg", filepath.Join(dir, "pkgcfg"), "-mode", mode, "-var",
			"goCover_1a2b_", "-outfilelist", filepath.Join(dir, "outputs"), name)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		covered, err := os.ReadFile(filepath.Join(dir, "covered.go"))
		if err != nil {
			t.Fatal(err)
		}
		both, err := f.Covered([]byte(coverable), covered, "goCover_1a2b_")
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		counters := func(text []byte) int { return bytes.Count(text, []byte("goCover_1a2b_")) }
		probes := func(text []byte) int { return bytes.Count(text, []byte("_at.")) }
		if counters(both) != counters(covered) || probes(both) != probes(f.Text) || probes(both) == 0 ||
			mode == "set" && counters(both) < 30 {
			t.Errorf("%s: %d counters of %d, %d probes of %d", mode, counters(both), counters(covered), probes(both),
				probes(f.Text))
		}
		for _, want := range []string{"case v := <-_at.", "= 1; _at.BeginSend(", "= 1;_at.Forever(", "= 1;_at.Chose(",
			"}}}}\n\tgoCover_1a2b__0[4] = 1;if n == 4"} {
			if mode == "set" && !bytes.Contains(both, []byte(want)) {
				t.Errorf("no %q in\n%s", want, both)
			}
		}
		// Without the counters it is the text with probes.
		added, head, tail, err := coverage(f.Text, both, "goCover_1a2b_")
		if err != nil || string(head) != "//line "+name+":1:1\n" || (mode == "regonly") != (len(added) == 0) ||
			(mode == "atomic") != (len(tail) > 0) {
			t.Errorf("%s: %v, %q, %d counters, %q", mode, err, head, len(added), tail)
		}
	}
	for _, text := range []string{"", "//line x:1:1\n",
		"//line x:1:1\n" + strings.Replace(coverable, "n == 1", "unknown(); n == 1", 1)} {
		if _, err := f.Covered([]byte(coverable), []byte(text), "goCover_1a2b_"); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
