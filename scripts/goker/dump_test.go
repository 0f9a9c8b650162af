package main

import (
	"regexp"
	"testing"
)

const dump = `goroutine 1 [IO wait]:
main.main()
	/corpus/main.go:40 +0x65

goroutine 18 [chan send, 2 minutes]:
runtime.gopark(0xc0000)
	/go/src/runtime/proc.go:424 +0xce
debug.Sender[...].Send()
	/go/src/debug/chan.go:40
main.ask.func1(0xc000012)
	/corpus/ask.go:9 +0x25
created by main.ask in goroutine 1
	/corpus/ask.go:8 +0x4f

goroutine 19 [sync.Mutex.Lock (leaked)]:
main.(*T).lock(...)
	/corpus/t.go:3
main.(*T).run(0xc000016)
	/corpus/t.go:7 +0x11
created by main.ask in goroutine 1
	/corpus/ask.go:10 +0x4f

goroutine 20 [runnable]:
main.ask.func2()
	/corpus/ask.go:12 +0x25
created by main.ask in goroutine 1
	/corpus/ask.go:11 +0x4f
`

func TestParseDump(t *testing.T) {
	gs := parseDump(dump, "/corpus")
	if len(gs) != 3 {
		t.Fatalf("%d goroutines, want 3: %v", len(gs), gs)
	}
	if g := gs[18]; g.reason != "chan send" || g.entry != "ask.func1(0xc000012)" || g.file != "/corpus/ask.go" ||
		g.line != 9 || g.leaked || !g.isChan() {
		t.Errorf("goroutine 18: %+v", g)
	}
	if g := gs[19]; g.reason != "sync.Mutex.Lock" || g.entry != "(*T).run(0xc000016)" || g.line != 3 || !g.leaked ||
		!g.isLock() {
		t.Errorf("goroutine 19: %+v", g)
	}
	p := program{leaks: []*regexp.Regexp{regexp.MustCompile(`ask\.func1\(.* \[chan send\]`)}}
	if !p.isBug(gs[18]) || p.isBug(gs[19]) {
		t.Error("the bug is goroutine 18")
	}
	moved := parseDump(dump, "/corpus")
	moved[19].frames = "elsewhere"
	if s := still(gs, moved); len(s) != 1 || s[18] == nil {
		t.Errorf("still there: %v, want goroutine 18", s)
	}
}

// TestReadOracle reads the test of this release of Go.
func TestReadOracle(t *testing.T) {
	programs, err := readOracle([]string{"NoLeakGlobal", "Moby28462"})
	if err != nil {
		t.Fatal(err)
	}
	if p := programs[0]; p.name != "NoLeakGlobal" || p.suite != "." || p.lucky || len(p.leaks) != 0 {
		t.Errorf("%+v", p)
	}
	if p := programs[1]; p.name != "Moby28462" || p.suite != "goker" || !p.lucky || len(p.leaks) != 2 {
		t.Errorf("%+v", p)
	}
}

func TestReplaceImports(t *testing.T) {
	v := variant{pprof: "hold", sync: "hold/sync"}
	got, err := v.replaceImports([]byte("package main\n\nimport (\n\t\"os\"\n\t\"runtime/pprof\"\n\t\"sync\"\n)\n"))
	want := "package main\n\nimport (\n\t\"os\"\n\tpprof \"" + module + "/hold\"\n\tsync \"" + module +
		"/hold/sync\"\n)\n"
	if err != nil || string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
