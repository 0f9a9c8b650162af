//go:build !linux || awaittrace_portable

package record

import (
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// portable is true: records are found without /proc and without locks that a mapping keeps, by the pid and the time in
// their names.
const portable = true

// defaultDir returns the default folder of a user's records: one in the user's cache, the same as the collector's.
func defaultDir() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "awaittrace", "records")
}

// startSlack is how much later than its record a process may seem to have begun. The system gives starts in hundredths
// of a second, and clocks are set.
const startSlack = 2 * time.Second

// livesPortably reports whether the program of a record with name n lives: a process with its pid exists, and is not
// younger than the record. The second number of the name is when the record was made, in nanoseconds since 1970.
func livesPortably(n fileName) (bool, int) {
	p, err := os.FindProcess(n.pid)
	if err != nil {
		return false, 0
	}
	if err := p.Signal(syscall.Signal(0)); err != nil && !os.IsPermission(err) {
		return false, 0
	}
	st, err := procfs.ReadStat(n.pid)
	if err != nil {
		return true, n.pid // the system does not say more
	}
	started, ok := procfs.Started(st)
	if !st.Alive() || ok && started.After(time.Unix(0, int64(n.ticks)).Add(startSlack)) {
		return false, 0
	}
	return true, n.pid
}
