//go:build go1.25

package runtime

import "sync"

// WgGo is wg.Go(f).
//
//go:norace
func WgGo(s *Site, wg *sync.WaitGroup, f func()) {
	note(s, addr(wg), KindWaitGroup, factSent, 0)
	wg.Go(f)
}
