package procfs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ReadIO returns how many system calls of process pid have read from files, pipes and connections, and how many bytes
// they got.
func ReadIO(pid int) (calls, bytes int64, err error) {
	b, err := os.ReadFile(path(pid, "io"))
	if err != nil {
		return 0, 0, err
	}
	return parseIO(string(b))
}

func parseIO(text string) (calls, bytes int64, err error) {
	found := 0
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
		case key == "rchar":
			bytes, found = n, found+1
		case key == "syscr":
			calls, found = n, found+1
		}
	}
	if found != 2 {
		return 0, 0, fmt.Errorf("no rchar and syscr in %q", text)
	}
	return calls, bytes, nil
}
