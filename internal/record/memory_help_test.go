package record

import (
	"runtime"
	"unsafe"

	collector "github.com/awaittrace/awaittrace/runtime"
)

const unsafeSizeof = unsafe.Sizeof(collector.Header{})

func headerBytes(h *collector.Header) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(h)), unsafeSizeof)
}

// allocatedBy returns how many bytes f allocates.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
