package procfs

import (
	"io"

	"golang.org/x/sys/unix"
)

// readMemory reads the memory of a process at address addr, and returns how much of it there was.
func readMemory(pid int, b []byte, addr int64) (n int, err error) {
	for n < len(b) && err == nil {
		rest := b[n:min(len(b), n+1<<30)]
		var got int
		local := unix.Iovec{Base: &rest[0]}
		local.SetLen(len(rest))
		remote := unix.RemoteIovec{Base: uintptr(addr) + uintptr(n), Len: len(rest)}
		got, err = unix.ProcessVMReadv(pid, []unix.Iovec{local}, []unix.RemoteIovec{remote}, 0)
		if n += max(got, 0); err == nil && got == 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// mayRead reports whether the memory of a process may be read: permission is asked for before it shows that there is
// none at an address.
func mayRead(pid int) bool {
	_, err := readMemory(pid, make([]byte, 1), 0)
	return err == unix.EFAULT
}
