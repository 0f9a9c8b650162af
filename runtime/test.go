package runtime

import "unsafe"

// T is what Test needs of a *testing.T or *testing.F. The collector does not import package testing.
type T interface {
	Name() string
	Cleanup(func())
	Failed() bool
	Helper()
	Errorf(format string, args ...any)
}

// Test says that the test t begins, in this goroutine, unless that was said before. The goroutines that it starts from now on are known as its own;
// when it ends, after its own cleanups, it fails if it leaves some of them stuck. `awaittrace test` puts a call of it at the beginning of
// every function that may be a test. It does nothing in a program that `awaittrace test` does not watch.
func Test(t T) {
	if start() == stateOff || !watched || nilPointer(t) {
		return
	}
	n := beginTest(t.Name())
	if n == 0 {
		return
	}
	t.Cleanup(func() { // the first one that is registered is the last one that runs
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

// Spawn says that this goroutine is about to start another one, which belongs to its test, unless it is for the whole program. Attach follows.
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

// Detach says that the goroutine that this one is about to start does not belong to its test. Attach follows.
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

// Attach says that the goroutine has been started.
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

// watched says that `awaittrace test` watches this process. Written by open.
var watched bool

// wantFolders says that tests that leave something say which folder they have for artifacts. Written by open.
var wantFolders bool
