//go:build linux && !awaittrace_portable

package record

import (
	"os"
	"strconv"
)

// portable says that records are found as on systems without /proc and without locks that a mapping keeps.
const portable = false

// defaultDir returns the folder of records of a user who does not name one: the user's own in shared memory.
func defaultDir() string { return "/dev/shm/awaittrace-" + strconv.Itoa(os.Geteuid()) }

func livesPortably(fileName) (bool, int) { return false, 0 }
