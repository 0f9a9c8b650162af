package runtime

import "syscall"

// The user's cache folder, below the home folder.
const (
	cacheFolder = "/Library/Caches"
	usesXDG     = false
)

func modified(st *syscall.Stat_t) int64 { return st.Mtimespec.Sec }

// ownTicks returns zero, for unknown: readers use the time in the name of the record.
func ownTicks() uint64 { return 0 }

// process returns nothing: readers ask the system.
func process() (exe, args string) { return "", "" }
