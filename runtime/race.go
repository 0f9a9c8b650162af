//go:build race

package runtime

import "runtime"

// raceOn reports whether the race detector is on.
const raceOn = true

// raceDisable makes the race detector ignore synchronisation by this goroutine until raceEnable.
func raceDisable() { runtime.RaceDisable() }
func raceEnable()  { runtime.RaceEnable() }
