//go:build go1.25

package runtime

import "sync"

// WgGo is wg.Go(f), where the call cannot stay in the user's function.
//
//go:norace
func WgGo(s *Site, wg *sync.WaitGroup, f func()) {
	noteGroup(s, wg, factSent)
	Spawn()
	wg.Go(f)
	Attach()
}
