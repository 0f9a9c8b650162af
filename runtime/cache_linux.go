//go:build awaittrace_portable

package runtime

import "syscall"

// The user's cache folder, below the home folder unless XDG_CACHE_HOME names another.
const (
	cacheFolder = "/.cache"
	usesXDG     = true
)

func modified(st *syscall.Stat_t) int64 { return st.Mtim.Sec }
