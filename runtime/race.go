//go:build race

package runtime

import "runtime"

// raceDisable makes the race detector ignore synchronisation by this goroutine until raceEnable.
func raceDisable() { runtime.RaceDisable() }
func raceEnable()  { runtime.RaceEnable() }
