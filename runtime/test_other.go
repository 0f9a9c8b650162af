//go:build !(linux || darwin) || !(amd64 || arm64)

package runtime

import "sync"

// Nothing can read the goroutines of a test from outside on these systems, so it gets no verdict.

const testCap, goidsPerTest = 0, 0

func testService() string { return "" }

func testRoom(service string) uint32 { return 0 }

func openTests(service string) {}

func testOfGoroutine() uint32 { return 0 }

func madeForProgram(sl *Slot) bool { return false }

func beginTest(name string) uint32 { return 0 }

func endTest(n uint32, failed bool) string { return "" }

func tellFolder(n uint32, dir string) {}

func spawn() {}

func detach() {}

func attach() {}

func doOnce(o *sync.Once, f func()) { o.Do(f) }
