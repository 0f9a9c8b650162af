//go:build linux

// Speed measures what awaittrace build takes longer than go build does, in a real module from the module proxy's
// source, and how much memory it takes in a project of a million lines.
//
//	go run ./scripts/speed [-n 5] [-cold 2] [-copies 7] [same] [edit] [cold] [memory]
//
// Builds with and without probes alternate, and the fastest of each counts. The exit status is 1 if a figure is above
// its limit.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// The module, and the body in it that is edited.
const (
	module   = "github.com/nats-io/nats-server/v2"
	version  = "v2.15.2"
	edited   = "server/client.go"
	editedAt = "func (c *client) initClient() {\n"
)

func main() {
	n := flag.Int("n", 5, "how often each build is measured")
	cold := flag.Int("cold", 2, "how often each build with empty caches is measured")
	copies := flag.Int("copies", 7, "how many copies of the module's packages make the large project")
	script.Main("speed", func(s *script.Script, what []string) error {
		if len(what) == 0 {
			what = []string{"same", "edit", "cold", "memory"}
		}
		return measure(&bench{Script: s, log: os.Stderr}, what, *n, *cold, *copies, os.Stdout)
	})
}

// measure writes the table.
func measure(b *bench, what []string, n, cold, copies int, w io.Writer) error {
	if err := b.prepare(); err != nil {
		return err
	}
	var over []string
	row := func(name string, limit limit, times [2]time.Duration, err error) error {
		if err != nil {
			return err
		}
		most := time.Duration(float64(times[0])*limit.factor) + limit.plus
		fmt.Fprintf(w, "| %s | %.2f s | %.2f s | %.2f s |\n", name, times[0].Seconds(), times[1].Seconds(),
			most.Seconds())
		if times[1] > most {
			over = append(over, name)
		}
		return nil
	}
	fmt.Fprint(w, "| "+module+" | go build | awaittrace build | limit |\n|---|---|---|---|\n")
	for _, k := range kinds {
		if !slices.Contains(what, k.name) {
			continue
		}
		runs := n
		if k.name == "cold" {
			runs = cold
		}
		times, err := b.both(runs, k.before(b))
		if err := row(k.title, k.limit, times, err); err != nil {
			return err
		}
	}
	if slices.Contains(what, "memory") {
		lines, bytes, took, err := b.memory(copies)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%d lines of Go: %d MiB at most, %.0f s, with an empty cache\n", lines, bytes>>20,
			took.Seconds())
		if bytes > memoryLimit {
			over = append(over, "memory")
		}
	}
	if over != nil {
		return fmt.Errorf("above the limit: %s", strings.Join(over, ", "))
	}
	return nil
}

// A limit is how long a build with probes may take: factor times what it takes without, and plus.
type limit struct {
	factor float64
	plus   time.Duration
}

const memoryLimit = 1 << 30

// kinds are what can be measured of a build.
var kinds = []struct {
	name, title string
	limit       limit
	// before is called before each build, with 0 for that without probes and 1 for the other, which follows.
	before func(*bench) func(which, n int) error
}{
	{"same", "nothing changed", limit{1.5, time.Second}, func(*bench) func(int, int) error {
		return func(int, int) error { return nil }
	}},
	{"edit", "one file edited", limit{1.3, time.Second}, func(b *bench) func(int, int) error { return b.edit }},
	{"cold", "empty caches", limit{1.4, 0}, func(b *bench) func(int, int) error { return b.empty }},
}

// A bench is a folder with the module and the awaittrace command.
type bench struct {
	*script.Script
	log        io.Writer
	awaittrace string
	text       string // of the edited file
}

// prepare fetches the module and builds it once either way.
func (b *bench) prepare() error {
	cache, err := b.GoCache()
	if err != nil {
		return err
	}
	b.Env = append(b.Env, "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false", cache,
		"XDG_CACHE_HOME="+b.Path("cache"))
	if b.awaittrace, err = b.Awaittrace(); err != nil {
		return err
	}
	if err := b.Run("", "scripts/fetch", module+"@"+version, b.Path("src")); err != nil {
		return err
	}
	text, err := os.ReadFile(b.Path("src/" + edited))
	b.text = string(text)
	if err == nil && strings.Count(b.text, editedAt) != 1 {
		err = fmt.Errorf("%s: no %q to edit", edited, editedAt)
	}
	if err != nil {
		return err
	}
	_, err = b.both(1, func(int, int) error { return nil })
	return err
}

// edit changes a body, before the build without probes; that with probes sees one changed file, too.
func (b *bench) edit(which, n int) error {
	if which == 1 {
		return nil
	}
	text := strings.Replace(b.text, editedAt, fmt.Sprintf("%s_ = %d\n", editedAt, time.Now().UnixNano()), 1)
	return os.WriteFile(b.Path("src/"+edited), []byte(text), 0o666)
}

// empty gives the next build empty caches.
func (b *bench) empty(which, n int) error {
	if err := os.RemoveAll(b.Path("empty")); err != nil {
		return err
	}
	b.Env = append(b.Env, "GOCACHE="+b.Path("empty/go"), "XDG_CACHE_HOME="+b.Path("empty/ours"))
	return nil
}
