package rewrite

import (
	"cmp"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/types/typeutil"
)

// elsewhere are packages of the catalog that this module does not require.
var elsewhere = map[string]bool{
	"github.com/boltdb/bolt": true, "github.com/gofrs/flock": true, "go.etcd.io/bbolt": true,
	"google.golang.org/grpc": true,
}

// catalogPackages loads the types of every package that the catalog names, as they are on Linux.
var catalogPackages = sync.OnceValues(func() (map[string]*types.Package, error) {
	var paths []string
	for _, r := range catalog {
		if !elsewhere[r.pkg] {
			paths = append(paths, r.pkg)
		}
	}
	slices.Sort(paths)
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports,
		Env:  append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0"),
	}, slices.Compact(paths)...)
	if err != nil {
		return nil, err
	}
	byPath := map[string]*types.Package{}
	for _, p := range pkgs {
		byPath[p.PkgPath] = p.Types
	}
	return byPath, nil
})

func loadCatalogPackages(t *testing.T) map[string]*types.Package {
	t.Helper()
	pkgs, err := catalogPackages()
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

// methodOf returns the method or function of pkg that c names.
func methodOf(pkg *types.Package, c callee) *types.Func {
	if c.recv == "" {
		fn, _ := pkg.Scope().Lookup(c.name).(*types.Func)
		return fn
	}
	recv, ok := pkg.Scope().Lookup(c.recv).(*types.TypeName)
	if !ok {
		return nil
	}
	obj, _, _ := types.LookupFieldOrMethod(recv.Type(), true, pkg, c.name)
	fn, _ := obj.(*types.Func)
	return fn
}

func TestCatalogIsReal(t *testing.T) {
	pkgs := loadCatalogPackages(t)
	for _, r := range catalog {
		for _, name := range strings.Fields(r.names) {
			c := callee{r.pkg, r.recv, name}
			pkg := pkgs[r.pkg]
			if pkg == nil && elsewhere[r.pkg] {
				continue
			}
			if pkg == nil {
				t.Fatalf("package %s was not loaded", r.pkg)
			}
			fn := methodOf(pkg, c)
			if fn == nil {
				t.Errorf("%v does not exist", c)
				continue
			}
			if n := fn.Signature().Results().Len(); n > maxResults {
				t.Errorf("%v has %d results: no probe can hand on more than %d", c, n, maxResults)
			}
			if fn.Signature().TypeParams() != nil {
				t.Errorf("%v is generic", c)
			}
		}
	}
}

func TestCatalogIsSorted(t *testing.T) {
	seen := map[callee]bool{}
	for i, r := range catalog {
		if i > 0 && compareRows(catalog[i-1], r) >= 0 {
			t.Errorf("row %s %s %v is not after %s %s", r.pkg, r.recv, r.kind, catalog[i-1].pkg, catalog[i-1].recv)
		}
		names := strings.Fields(r.names)
		if !slices.IsSorted(names) {
			t.Errorf("%s.%s: names are not sorted: %s", r.pkg, r.recv, r.names)
		}
		for _, name := range names {
			c := callee{r.pkg, r.recv, name}
			if seen[c] {
				t.Errorf("%v is there twice", c)
			}
			seen[c] = true
		}
	}
}

func compareRows(a, b row) int {
	return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.recv, b.recv), cmp.Compare(a.flags, b.flags),
		cmp.Compare(a.kind, b.kind))
}

func TestLookAlikesAreReal(t *testing.T) {
	pkgs := loadCatalogPackages(t)
	x := newIOIndex()
	for _, l := range lookAlikes {
		c := callee{l.pkg, l.recv, l.name}
		if x.row(c) == nil {
			t.Errorf("%v is not in the catalog", c)
		}
		fn := methodOf(pkgs[l.pkg], c)
		if fn == nil {
			t.Errorf("%v does not exist", c)
			continue
		}
		if got := typesOf(fn.Signature()); got != l.signature {
			t.Errorf("%v has the signature\n%s, the table says\n%s", c, got, l.signature)
		}
	}
}

// ioNames matches the names of functions that can wait, in packages that are mostly about waiting.
var ioNames = regexp.MustCompile(`^(Read|Write|Accept|Dial|Lookup.*[^v]$|Wait|Run$|Output|CombinedOutput|Start$|Query|Exec|Ping|Begin|Prepare|` +
	`Commit|Rollback|Next|Flush|Serve|ListenAndServe|Shutdown|Do$|Get$|Post|Head$|Copy|Handshake|Sync|RoundTrip)`)

// ioExempt lists functions with such a name that do not wait.
var ioExempt = map[string]bool{
	"crypto/tls.ClientSessionCache.Get":   true,
	"crypto/tls.QUICConn.NextEvent":       true, // polls
	"crypto/tls.QUICConn.Start":           true, // its caller does the I/O
	"crypto/tls.Server":                   true,
	"net.Buffers.Read":                    true, // copies memory
	"net/http.Handler.ServeHTTP":          true, // the user's code, which has probes
	"net/http.HandlerFunc.ServeHTTP":      true,
	"net/http.Header.Get":                 true,
	"net/http.ResponseWriter.WriteHeader": true, // sends nothing yet
	"net/http.ServeMux.ServeHTTP":         true,
	"os.Executable":                       true,
	"os.Readlink":                         true, // metadata
	"os.Root.Readlink":                    true,
}

// TestCatalogIsComplete looks for functions that a reader of the packages' documentation would expect in the catalog.
func TestCatalogIsComplete(t *testing.T) {
	pkgs := loadCatalogPackages(t)
	x := newIOIndex()
	used := map[string]bool{}
	for _, path := range []string{"bufio", "crypto/tls", "database/sql", "io", "net", "net/http", "os", "os/exec"} {
		for _, c := range exported(pkgs[path]) {
			switch {
			case !ioNames.MatchString(c.name) || x.row(c) != nil:
			case ioExempt[c.String()]:
				used[c.String()] = true
			default:
				t.Errorf("%v is not in the catalog", c)
			}
		}
	}
	for name := range ioExempt {
		if !used[name] {
			t.Errorf("the exemption of %s is of no use", name)
		}
	}
}

// exported returns the exported functions of pkg and the methods of its exported types, under the name by which a call
// is looked up.
func exported(pkg *types.Package) []callee {
	var list []callee
	for _, name := range pkg.Scope().Names() {
		switch obj := pkg.Scope().Lookup(name).(type) {
		case *types.Func:
			if obj.Exported() {
				list = append(list, callee{pkg.Path(), "", name})
			}
		case *types.TypeName:
			if obj.Exported() && !obj.IsAlias() {
				list = append(list, exportedMethods(obj)...)
			}
		}
	}
	return list
}

// exportedMethods leaves out methods of an exported embedded type or interface, which are found under its name.
func exportedMethods(obj *types.TypeName) []callee {
	var list []callee
	for _, sel := range typeutil.IntuitiveMethodSet(obj.Type(), nil) {
		fn := sel.Obj().(*types.Func)
		_, declared := typeName(fn.Signature().Recv().Type())
		if fn.Exported() && (declared == obj.Name() || !token.IsExported(declared)) {
			list = append(list, callee{obj.Pkg().Path(), obj.Name(), fn.Name()})
		}
	}
	return list
}
