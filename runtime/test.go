package runtime

import "unsafe"

// T has the methods that Test needs of a *testing.T or *testing.F. The collector does not import package testing.
type T interface {
	Name() string
	Cleanup(func())
	Failed() bool
	Helper()
	Errorf(format string, args ...any)
}

// Test notes that the test t begins, in this goroutine, unless it has noted that before. The goroutines that it starts
// from now on are its own. When the test ends, after its own cleanups, it fails if it leaves some of them stuck.
// `awaittrace test` adds a call of Test to the beginning of every function that may be a test. Test does nothing in a
// program that `awaittrace test` does not watch.
func Test(t T) {
	if start() == stateOff || !watched || nilPointer(t) {
		return
	}
	n := beginTest(t.Name())
	if n == 0 {
		return
	}
	t.Cleanup(func() { // the first cleanup that is registered runs last
		if left := endTest(n, t.Failed()); left != "" {
			t.Helper()
			t.Errorf("%s", left)
			if a, ok := t.(interface{ ArtifactDir() string }); ok && wantFolders { // since Go 1.26
				tellFolder(n, a.ArtifactDir())
			}
		}
	})
	t.Helper()
}

// Spawn notes that this goroutine is about to start another one, which belongs to its test, unless it is for the whole
// program. The rewriter puts Attach after the go statement.
//
//go:norace
func Spawn() {
	if orders != nil {
		countSpawn()
	}
	if watched {
		spawn()
	}
}

// Detach notes that the goroutine that this one is about to start does not belong to its test. Attach follows.
//
//go:norace
func Detach() {
	if orders != nil {
		countSpawn()
	}
	if watched {
		detach()
	}
}

// Attach notes that the goroutine has been started.
//
//go:norace
func Attach() {
	if watched {
		attach()
	}
}

// nilPointer reports whether the interface t holds a nil pointer.
func nilPointer(t T) bool {
	return t == nil || (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] == nil
}

// watched reports whether `awaittrace test` watches this process. Open writes it.
var watched bool

// wantFolders reports whether tests that leave goroutines must name their folder for artifacts. Open writes it.
var wantFolders bool
