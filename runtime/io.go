package runtime

import "unsafe"

// object1 returns the address of the object that a receiver of size bytes at p stands for: a pointer, or the pointer in
// an interface. For other values (a number, a struct) it returns 0.
func object1(p unsafe.Pointer, size uintptr) uintptr {
	switch size {
	case unsafe.Sizeof(p):
		return *(*uintptr)(p)
	case 2 * unsafe.Sizeof(p):
		return (*[2]uintptr)(p)[1]
	}
	return 0
}

// begin notes that a call is about to be made.
//
//go:norace
//go:noinline
func begin(s *Site, obj uintptr) {
	sl, _ := enter(s)
	if sl == nil {
		if sl, _ = reach(s); sl == nil {
			return
		}
	}
	sl.block(s, obj, frame())
}
