package rewrite

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/testing/census"
	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/runtime"
	"golang.org/x/tools/go/packages"
)

var sitesOf = flag.String("sites", "",
	"what TestSites looks at: std, or the folder of a module; empty is a part of the standard library")

// TestSites checks that each operation that a walk over syntax and types finds has a probe, or is listed with a reason.
func TestSites(t *testing.T) {
	if testing.Short() {
		t.Skip("loads the standard library")
	}
	cfg := Config{Config: load.Config{Env: append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0"),
		Patterns: []string{"./..."}, Tests: true, Dir: *sitesOf}}
	if *sitesOf == "" || *sitesOf == "std" {
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Deps, cfg.Tests, cfg.Dir = []string{"std"}, false, filepath.Join(strings.TrimSpace(string(root)), "src")
		cfg.Env = append(cfg.Env, "GOFLAGS=")
		cfg.Patterns = []string{"std"}
		if *sitesOf == "" {
			cfg.Patterns = []string{"net/...", "database/...", "os/...", "internal/...", "sync/...", "context"}
		}
	}
	p, result := mustInstrument(t, cfg)
	b := newBalance(t, p)
	for _, f := range result.Files {
		b.probes(f)
	}
	b.skips(result.Skipped)
	if len(b.all) < 1000 {
		t.Errorf("only %d operations were found", len(b.all))
	}
	b.check()
}

// A balance compares operations with probes and reasons.
type balance struct {
	t     *testing.T
	open  map[spot][]*tally // an operation is also under the other position that it may be reported at
	all   []*tally
	files map[string]bool // the checked files: a part of the standard library imports others
	extra []string        // probes and reasons without an operation
}

// A spot is a position and the name of an operation at it.
type spot struct {
	file      string
	line, col int
	op        string
}

// A tally is an operation, and its probe or reason.
type tally struct {
	census.Operation
	settled bool
	reason  string // empty if it has a probe
}

func newBalance(t *testing.T, in *program) *balance {
	cfg := in.cfg
	ours := map[string]bool{}
	for _, p := range in.pkgs {
		for _, f := range p.Files {
			ours[f.Name] = true
		}
	}
	b := &balance{t: t, open: map[spot][]*tally{}, files: map[string]bool{}}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: cfg.Dir, Env: cfg.Env,
		Tests: cfg.Tests}, cfg.Patterns...)
	if err != nil {
		t.Fatal(err)
	}
	catalog := censusCatalog()
	for _, p := range pkgs {
		for _, err := range p.Errors {
			t.Error(err)
		}
		for _, f := range p.Syntax {
			if name := p.Fset.File(f.FileStart).Name(); ours[name] && !b.files[name] {
				b.files[name] = true
				for _, o := range census.Of(p.Fset, f, p.Types, p.TypesInfo, catalog) {
					b.add(o)
				}
			}
		}
	}
	return b
}

// censusCatalog is the catalog as data.
func censusCatalog() *census.Catalog {
	c := &census.Catalog{Rows: map[string]bool{}, Alike: map[string]bool{}, Quiet: quietTypes}
	for _, r := range catalog {
		for _, name := range strings.Fields(r.names) {
			c.Rows[callee{r.pkg, r.recv, name}.String()] = r.flags&passive != 0
		}
	}
	for _, l := range lookAlikes {
		c.Alike[l.name+strings.TrimPrefix(l.signature, "func")] = true
	}
	return c
}

func spotOf(p token.Position, op string) spot { return spot{p.Filename, p.Line, p.Column, op} }

func (b *balance) add(o census.Operation) {
	entry := &tally{Operation: o}
	b.all = append(b.all, entry)
	b.open[spotOf(o.Pos, o.Op)] = append(b.open[spotOf(o.Pos, o.Op)], entry)
	if o.Alt != o.Pos {
		b.open[spotOf(o.Alt, o.Op)] = append(b.open[spotOf(o.Alt, o.Op)], entry)
	}
}

// settle gives an operation at p its probe, or its reason.
func (b *balance) settle(p spot, reason string, cases int) {
	for _, entry := range b.open[p] {
		if entry.settled {
			continue
		}
		entry.settled, entry.reason = true, reason
		if reason == "" && entry.Cases != cases {
			b.t.Errorf("%s: a select of %d cases has a probe for %d", entry.Pos, entry.Cases, cases)
		}
		return
	}
	if !b.files[p.file] {
		return
	}
	b.extra = append(b.extra, fmt.Sprintf("%s:%d:%d: %s: %s", p.file, p.line, p.col, p.op, reason))
}

// probes settles the operations with a probe in f: those of its sites.
func (b *balance) probes(f File) {
	tree, err := parser.ParseFile(token.NewFileSet(), f.Name, f.Text, parser.SkipObjectResolution)
	if err != nil {
		b.t.Fatal(err)
	}
	file := ""
	ast.Inspect(tree, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok {
			site := fields(lit)
			if site["Index"] == "0" { // it has that of all sites of the file
				of := lit.Elts[0].(*ast.KeyValueExpr).Value.(*ast.UnaryExpr).X.(*ast.CompositeLit)
				file, _ = strconv.Unquote(fields(of)["Name"])
			}
			if site["Index"] != "" {
				number := func(field string) int { n, _ := strconv.Atoi(site[field]); return n }
				b.settle(spot{file, number("Line"), number("Col"), runtime.Op(number("Op")).String()}, "",
					number("Cases"))
			}
		}
		return true
	})
}

// fields returns the literals in a composite literal, by field.
func fields(lit *ast.CompositeLit) map[string]string {
	values := map[string]string{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			key, isName := kv.Key.(*ast.Ident)
			value, isLiteral := kv.Value.(*ast.BasicLit)
			if isName && isLiteral {
				values[key.Name] = value.Value
			}
		}
	}
	return values
}

// skips settles the operations that are listed with a reason. A file that is left alone as a whole settles all its
// operations.
func (b *balance) skips(list []Skip) {
	whole := map[string]string{}
	for _, s := range list {
		if s.Op == 0 {
			whole[s.Pos.Filename] = s.Reason
		} else {
			b.settle(spotOf(s.Pos, s.Op.String()), s.Reason, 0)
		}
	}
	for _, entry := range b.all {
		if reason := whole[entry.Pos.Filename]; reason != "" && !entry.settled {
			entry.settled, entry.reason = true, reason
		}
	}
}

// check reports the differences, and prints a table of what was found.
func (b *balance) check() {
	probed, reasons := map[string]int{}, map[string]int{}
	found := map[string]int{}
	for _, entry := range b.all {
		found[entry.Op]++
		switch {
		case !entry.settled:
			b.t.Errorf("%s: %s has neither a probe nor a reason", entry.Pos, entry.Op)
		case entry.reason == "":
			probed[entry.Op]++
		default:
			reasons[entry.reason]++
		}
	}
	for _, s := range b.extra {
		b.t.Errorf("%s: no operation is there", s)
	}
	total := 0
	for _, op := range slices.Sorted(maps.Keys(found)) {
		fmt.Printf("| %s | %d | %d |\n", op, found[op], probed[op])
		total += probed[op]
	}
	fmt.Printf("| **all** | **%d** | **%d** (%.2f %%) |\n", len(b.all), total,
		100*float64(total)/float64(max(1, len(b.all))))
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Printf("| %s | %d | |\n", reason, reasons[reason])
	}
}
