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
	"os"
	"path/filepath"
	"slices"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/testing/script"
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

func main() { script.Main("layouts", write) }

func write(s *script.Script, versions []string) error {
	var list []*reach.Layout
	if len(versions) == 0 {
		versions = defaults
	} else if old, err := os.ReadFile(file); err == nil {
		if list, err = reach.ParseTables(string(old)); err != nil {
			return err
		}
	}
	for _, v := range versions {
		for _, arch := range archs {
			l, err := layout(s, "go"+v, arch)
			if err != nil {
				return fmt.Errorf("go%s %s: %w", v, arch, err)
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
	return os.WriteFile(file, []byte(reach.FormatTables(list)), 0o666)
}

// layout builds the program with a version of Go, and reads the layout from it.
func layout(s *script.Script, goVersion, arch string) (*reach.Layout, error) {
	dir := s.Path(goVersion + arch)
	second := newer["go1.21"]
	if version.Compare(goVersion, "go1.24") >= 0 {
		second = newer["go1.24"]
	}
	if err := script.Write(dir, map[string]string{"go.mod": "module layouts\n\ngo 1.21\n", "main.go": program,
		"newer.go": second}); err != nil {
		return nil, err
	}
	build := s.With("GOTOOLCHAIN="+goVersion, "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if err := build.Run(dir, "go", "build", "-buildvcs=false", "-o", "program", "."); err != nil {
		return nil, err
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
