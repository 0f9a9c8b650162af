package diagnose

import (
	"net/url"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// OwnFrame returns the innermost frame of stack that belongs neither to the standard library nor to a downloaded
// module, or nil.
func OwnFrame(stack []snapshot.Frame) *snapshot.Frame {
	for i := range stack {
		if Own(stack[i].Func, stack[i].File) && !cgoStub(&stack[i]) {
			return &stack[i]
		}
	}
	return nil
}

// onStack reports whether a function of exactly that name is on a stack.
func onStack(stack []snapshot.Frame, fn string) bool {
	return slices.ContainsFunc(stack, func(f snapshot.Frame) bool { return f.Func == fn })
}

// Wrapper reports whether the compiler made a function for a go or defer statement: its name ends in .gowrap or
// .deferwrap and a number.
func Wrapper(fn string) bool {
	base := strings.TrimRight(fn, "0123456789")
	return base != fn && (strings.HasSuffix(base, ".gowrap") || strings.HasSuffix(base, ".deferwrap"))
}

// Own reports whether a function is the user's own code. Import paths of the standard library have no dot in their
// first element. The code of a downloaded module lies in a folder with an @.
func Own(fn, file string) bool {
	if fn == "" || strings.Contains(file, "@") || strings.Contains(file, "/vendor/") || Wrapper(fn) ||
		snapshot.OnceFunc(file) {
		return false
	}
	if strings.HasPrefix(fn, "main.") {
		return true
	}
	fn, _, _ = strings.Cut(fn, "[") // type arguments may be the user's own
	first, _, path := strings.Cut(fn, "/")
	if path && strings.Contains(first, ".") {
		return true
	}
	// The file tells the standard library, in GOROOT or with -trimpath in a path that begins with the package, from a
	// module without a dot in its name. /src/runtime/ also has functions of other packages, such as
	// sync.runtime_SemacquireMutex. /src/internal/sync/ has parts of the collector's functions.
	return strings.HasPrefix(file, "/") && !strings.Contains(file, "/src/"+pkgPath(fn)+"/") &&
		!strings.Contains(file, "/src/runtime/") &&
		!strings.Contains(file, "/src/internal/sync/")
}

// pkgPath returns the import path of the package of a function.
func pkgPath(fn string) string {
	fn, _, _ = strings.Cut(fn, "[") // type arguments may have paths of their own
	slash := strings.LastIndexByte(fn, '/') + 1
	dot := strings.IndexByte(fn[slash:], '.')
	if dot < 0 {
		return fn
	}
	return fn[:slash+dot]
}

// ShortFunc returns the name of a function as people write it: without the path of its package, as in pkg.(*T).Method,
// with [...] for type arguments, and with the dots of the package that its symbol escapes.
func ShortFunc(fn string) string {
	head, args, generic := strings.Cut(fn, "[")
	short := FuncName(head[strings.LastIndexByte(head, '/')+1:])
	if !generic {
		return short
	}
	return short + "[...]" + args[strings.LastIndexByte(args, ']')+1:] // methods of closures follow the bracket
}

// sameFunc reports whether the name of a function on a stack and the name that a probe has, with [...] for type
// arguments, are the same function.
func sameFunc(frame, probe string) bool {
	return frame == probe || ShortFunc(frame) == ShortFunc(probe)
}

// FuncName returns the name of a function with the escapes of its symbol resolved: gopkg.in/yaml.v2.Marshal for
// gopkg.in/yaml%2ev2.Marshal.
func FuncName(fn string) string {
	if strings.Contains(fn, "%") {
		if s, err := url.PathUnescape(fn); err == nil {
			return s
		}
	}
	return fn
}
