// Layouts writes internal/reach/layouts.txt: where things are in the runtime of each version of Go, read from the debug
// information of a small program that it builds with each.
//
//	go run ./scripts/layouts [VERSION...]
//
// A version is such as 1.26.8; the default is the last release of each that awaittrace works with. With versions, their
// columns are replaced or added, and the others stay. The go command fetches the toolchains that it does not have.
package main

import (
	"cmp"
	"debug/elf"
	"fmt"
	"go/version"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/awaittrace/awaittrace/internal/reach"
)

const file = "internal/reach/layouts.txt"

var (
	defaults = []string{"1.21.13", "1.22.12", "1.23.12", "1.24.13", "1.25.14", "1.26.8", "1.27.4"}
	archs    = []string{"amd64", "arm64"}
)

// program has in it what the linker would leave out otherwise, and with it the types: it leaves out what cannot be
// reached.
const program = `package main

import (
	"runtime"
	"sync"
	"time"
)

type object struct{ next *object }

func main() {
	o := new(object)
	runtime.SetFinalizer(o, func(*object) {})
	new(runtime.Pinner).Pin(o)
	sync.NewCond(new(sync.Mutex)).Signal()
	time.AfterFunc(time.Hour, newer)
}
`

// newer is what only later versions have, by the first that does.
var newer = map[string]string{
	"go1.21": "package main\n\nfunc newer() {}\n",
	"go1.24": "package main\n\nimport (\n\t\"runtime\"\n\t\"weak\"\n)\n\nvar handle any\n\nfunc newer() {\n" +
		"\to := new(object)\n" +
		"\truntime.AddCleanup(o, func(int) {}, 1)\n\thandle = weak.Make(o)\n}\n",
}

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(versions []string, stderr io.Writer) int {
	var list []*reach.Layout
	if len(versions) == 0 {
		versions = defaults
	} else if old, err := os.ReadFile(file); err == nil {
		if list, err = reach.ParseTables(string(old)); err != nil {
			fmt.Fprintln(stderr, "layouts:", err)
			return 1
		}
	}
	for _, v := range versions {
		for _, arch := range archs {
			l, err := layout("go"+v, arch)
			if err != nil {
				fmt.Fprintf(stderr, "layouts: go%s %s: %v\n", v, arch, err)
				return 1
			}
			list = slices.DeleteFunc(list,
				func(old *reach.Layout) bool { return version.Lang(old.Go) == version.Lang(l.Go) && old.Arch == arch })
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b *reach.Layout) int {
		return cmp.Or(cmp.Compare(a.Arch, b.Arch),
			version.Compare(a.Go, b.Go))
	})
	if err := os.WriteFile(file, []byte(reach.FormatTables(list)), 0o666); err != nil {
		fmt.Fprintln(stderr, "layouts:", err)
		return 1
	}
	return 0
}

// layout builds the program with a version of Go, and reads the layout from it.
func layout(goVersion, arch string) (*reach.Layout, error) {
	dir, err := os.MkdirTemp("", "awaittrace-layouts-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	second := newer["go1.21"]
	if version.Compare(goVersion, "go1.24") >= 0 {
		second = newer["go1.24"]
	}
	for name, text := range map[string]string{"go.mod": "module layouts\n\ngo 1.21\n", "main.go": program,
		"newer.go": second} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", "program", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+goVersion, "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=",
		"GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %v\n%s", err, out)
	}
	f, err := elf.Open(filepath.Join(dir, "program"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	return reach.LayoutFromDWARF(d, goVersion, arch)
}
