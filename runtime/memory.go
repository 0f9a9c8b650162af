package runtime

import (
	"runtime"
	"unsafe"
)

// A call of a method of a value in memory never waits, and needs no probe. Where an interface hides the type of the
// value, the probe compares the first word of that interface, which stands for both types, with one that its site
// remembers:
//
//	n, err := w.Write(b)     =>   n, err := Calls(s, w).Int(w.Write(b))
//	b, err := r.ReadByte()   =>   b, err := Through(s, r, word).Byte(r.ReadByte())
//
// In the second form r is a struct, such as a bufio.Reader, whose word with that number begins the interface that it
// reads from. The site learns of a type where the probe does what is seldom done.
//
// Nor does a call wait that the buffer of a bufio.Reader or Writer serves alone, whatever it reads from or writes to:
//
//	b, err := r.ReadByte()   =>   b, err := Served(s, r, word, Nil(r) || r.Buffered() >= 1).Byte(r.ReadByte())
//	n, err := w.Write(p)     =>   n, err := Served(s, w, word, Nil(w) || w.Available() >= Len(p)).Int(w.Write(p))

// A Call says whether the probe of a call has noted its beginning. Its methods take the results of the call, which
// they return, and note the end.
type Call bool

// Nil reports whether p is nil, and Len returns the length of p. In the user's code, nil and len may be something else.
func Nil[T any](p *T) bool { return p == nil }

func Len[P ~[]byte | ~string](p P) int { return len(p) }

// MemoryTypes are the types whose methods never wait, apart from ReadFrom and WriteTo.
var MemoryTypes = [...]string{
	"bytes.Buffer", "bytes.Reader", "io.discard", "strings.Builder", "strings.Reader",
	"crypto/internal/fips140/sha256.Digest", "crypto/internal/fips140/sha512.Digest", "crypto/md5.digest",
	"crypto/sha1.digest", "crypto/sha256.digest", "crypto/sha512.digest", "hash/adler32.digest", "hash/crc32.digest",
	"hash/crc64.digest", "hash/fnv.sum32a", "hash/fnv.sum64a",
}

// isMemory reports whether a type, by its import path and name, is one of MemoryTypes.
func isMemory(typ string) bool {
	for _, t := range MemoryTypes {
		if t == typ {
			return true
		}
	}
	return false
}

// inMemory reports whether an interface whose first word is tab has a value in memory. If so, s remembers that.
//
//go:norace
func (s *Site) inMemory(tab unsafe.Pointer) bool {
	if tab == nil || !tabsTell || s.other == uintptr(tab) {
		return false
	}
	f := runtime.FuncForPC(firstMethod(tab))
	if f == nil || inlined(f) || !isMemory(typeOfMethod(f.Name())) {
		s.other = uintptr(tab)
		return false
	}
	s.memory = uintptr(tab)
	return true
}

// inlined reports whether f is of code that is inlined into another function: a type that embeds a bytes.Buffer may have
// its Len, and a Write of its own. The runtime gives such an f a first word that no other has.
//
//go:norace
func inlined(f *runtime.Func) bool { return *(*uint32)(unsafe.Pointer(f)) == 1<<32-1 }

// typeOfMethod returns the import path and name of the type of a method, whose name is that of its code, such as
// bytes.(*Buffer).Write.
func typeOfMethod(name string) string {
	last := len(name) - 1
	for last >= 0 && name[last] != '.' {
		last--
	}
	first := 0
	for i := 0; i < last; i++ {
		if name[i] == '/' {
			first = i
		}
	}
	for first < last && name[first] != '.' {
		first++
	}
	if first >= last {
		return ""
	}
	typ := name[first+1 : last]
	if n := len(typ); n > 3 && typ[:2] == "(*" && typ[n-1] == ')' {
		typ = typ[2 : n-1]
	}
	return name[:first+1] + typ
}

// tabsTell reports whether the first word of an interface leads to the code of its methods, as in every version of Go
// so far.
var tabsTell = tryTab()

type tabbed interface{ tab() }

type tabOf struct{ _ int }

func (*tabOf) tab() {}

var tried tabbed = new(tabOf)

func tryTab() bool {
	tried.tab() // the linker leaves out a method that nobody calls
	f := runtime.FuncForPC(firstMethod(firstWord(unsafe.Pointer(&tried))))
	const end = ".(*tabOf).tab"
	return f != nil && len(f.Name()) > len(end) && f.Name()[len(f.Name())-len(end):] == end
}

// firstMethod returns where the code of an interface's first method begins: the first word of the interface leads to
// two pointers, a hash, and the methods.
//
//go:norace
func firstMethod(tab unsafe.Pointer) uintptr {
	return *(*uintptr)(at(tab, 2*unsafe.Sizeof(tab)+8))
}

// firstWord returns the word at p.
//
//go:norace
func firstWord(p unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(p) }
