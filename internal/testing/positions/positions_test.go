package positions

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const plainText = `package main

import "sync"

var mu sync.Mutex

func main() {
	mu.Lock()
	println("a",
		"b")
	mu.Unlock()
	close(ch)
}

var ch chan int
`

// probedText is plainText with probes in it.
var probedText = strings.NewReplacer(
	"package main", `package main; import p "example.test/p"/*line :1:13*/`,
	"mu.Lock()", "p.Lock(0, &mu/*line :8:4*/)/*line :8:11*/",
	"mu.Unlock()", "p.Unlock(0, &mu/*line :11:4*/)/*line :11:13*/",
	"close(", "p.Close(0, /*line :12:8*/",
).Replace(plainText) + "\nvar _ sync.Locker\n"

func TestSource(t *testing.T) {
	count, probes, err := Source("/m/a.go", []byte(plainText), []byte(probedText))
	if err != nil {
		t.Fatal(err)
	}
	if count.Wrong != nil || count.Exact+count.Column+count.Replaced != count.Positions || count.Exact < 30 ||
		count.Column == 0 || count.Replaced != 1 {
		t.Errorf("got %+v", count)
	}
	if want := map[Line]bool{{"/m/a.go", 1}: true, {"/m/a.go", 8}: true, {"/m/a.go", 11}: true,
		{"/m/a.go", 12}: true}; !reflect.DeepEqual(probes, want) {
		t.Errorf("probes on lines %v, want %v", probes, want)
	}
}

func TestSourceFindsWhatMoved(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string
		wrong    bool
	}{
		"a column":             {`"b"`, ` "b"`, false},
		"a line":               {`"a",`, "\"a\",\n", true},
		"a directive is wrong": {"/*line :8:11*/", "/*line :9:11*/", true},
		"a statement is gone":  {"println(\"a\",\n\t\t\"b\")", "\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(probedText, test.old, test.new, 1)
			count, _, err := Source("/m/a.go", []byte(plainText), []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if len(count.Wrong) > 0 != test.wrong {
				t.Errorf("wrong: %q", count.Wrong)
			}
		})
	}
}

const program = `package main

func main() {
	f(1)
	defer f(2)
}

//go:noinline
func f(n int) {
	for i := range n {
		println(i)
	}
}
`

func TestBinaries(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := t.TempDir()
	keep := func(file string) bool { return strings.HasPrefix(file, dir) }
	build := func(name, text string) string {
		t.Helper()
		exe := filepath.Join(dir, name)
		for file, text := range map[string]string{"go.mod": "module m\n\ngo 1.22\n", "main.go": text} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("go", "build", "-gcflags=-N -l", "-o", exe, ".")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOOS=linux", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return exe
	}
	plain := build("plain", program)
	added := build("added", strings.Replace(program, "f(1)", "f(1); f(func() int { return 3 }())", 1))
	moved := build("moved", strings.Replace(program, "f(1)", "f(1)\n\tf(3)", 1))

	for _, test := range []struct {
		name    string
		probed  string
		missing int
		wrong   bool
	}{
		{"the same", plain, 0, false},
		{"another function", added, 1, false},
		{"lines moved", moved, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Binaries(plain, test.probed, keep, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.Funcs != 2 || c.Lines < 7 || len(c.Missing) != test.missing || len(c.Wrong) > 0 != test.wrong {
				t.Errorf("got %+v", c)
			}
		})
	}
}
