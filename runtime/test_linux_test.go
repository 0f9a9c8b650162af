//go:build linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	goruntime "runtime"
	"testing"
	"unsafe"
)

// TestUnwatched checks that tests and go statements are ignored without a service.
func TestUnwatched(t *testing.T) {
	Test(t)
	Test((*testing.T)(nil))
	Test(nil)
	Spawn()
	Attach()
	Detach()
	if own().Test != 0 || own().Detached != 0 {
		t.Errorf("test %d, detached %d", own().Test, own().Detached)
	}
}

func TestWithin(t *testing.T) {
	e := &TestEntry{}
	e.NameLen = uint32(copy(e.Name[:], "TestA/b"))
	for name, want := range map[string]bool{"TestA/b": true, "TestA": true, "Test": false, "TestA/": false,
		"TestA/b/c": false, "TestA/c": false} {
		if within(e, name) != want {
			t.Errorf("%s: %v, want %v", name, !want, want)
		}
	}
}

func TestOnceFunc(t *testing.T) {
	for name, want := range map[string]bool{
		"sync.OnceFunc.func1.1": true, "p.init.OnceValue[...].func1": true, "sync.OnceValues[...].func2": true,
		"sync.(*Once).doSlow": false, "p.OnceFunc": false, "p.notOnceFunc.func1": false, "main.main": false, "": false,
	} {
		if onceFunc(name) != want {
			t.Errorf("%s: %v, want %v", name, !want, want)
		}
	}
}

var ofThePackage struct{ n [100]int }

func TestOfPackage(t *testing.T) {
	onHeap := new([100]int)
	if !ofPackage(uintptr(unsafe.Pointer(&ofThePackage.n[99]))) || ofPackage(uintptr(unsafe.Pointer(onHeap))) {
		t.Errorf("%p is in a package variable, %p is not", &ofThePackage, onHeap)
	}
	goruntime.KeepAlive(onHeap)
}

// TestAlive checks that alive tells by the g that a goroutine has exited.
func TestAlive(t *testing.T) {
	slot, done := make(chan *Slot), make(chan bool)
	go func() { slot <- own(); <-done }()
	sl := <-slot
	if !alive(sl) {
		t.Error("a goroutine that waits is not alive")
	}
	close(done)
	if !eventually(func() bool { return !alive(sl) }) {
		t.Error("it is alive after it has exited")
	}
}

// TestFindParent checks that a g tells who started its goroutine.
func TestFindParent(t *testing.T) {
	own()
	off, ok := findParent()
	if !ok {
		t.Fatal("not found")
	}
	mine := gword(fast.goid)
	parent := make(chan uint64)
	go func() { parent <- gword(off) }()
	if got := <-parent; got != mine {
		t.Errorf("started by goroutine %d, want %d", got, mine)
	}
}
