package runtime

import "syscall"

// The user's cache folder, below the home folder.
const (
	cacheFolder = "/Library/Caches"
	usesXDG     = false
)

func modified(st *syscall.Stat_t) int64 { return st.Mtimespec.Sec }

// ownTicks is not known: readers go by the time in the name of the record.
func ownTicks() uint64 { return 0 }

// process is not known in here; readers ask the system.
func process() (exe, args string) { return "", "" }
