//go:build go1.25

package runtime

import (
	"sync"
	"unsafe"
)

// WgGo is wg.Go(f).
//
//go:norace
func WgGo(s *Site, wg *sync.WaitGroup, f func()) {
	note(s, unsafe.Pointer(wg), KindWaitGroup, factSent)
	Spawn()
	wg.Go(f)
	Attach()
}
