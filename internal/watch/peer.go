//go:build linux || darwin

package watch

import (
	"net"
	"os"
)

// available reports whether processes can be watched on this system.
const available = true

// peer returns the process at the other end, if it belongs to the same user.
func peer(conn *net.UnixConn) (pid int, ok bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, false
	}
	uid := 0
	if cerr := raw.Control(func(fd uintptr) { pid, uid, err = credentials(int(fd)) }); cerr != nil || err != nil {
		return 0, false
	}
	return pid, uid == os.Geteuid()
}
