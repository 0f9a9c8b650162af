//go:build linux && (amd64 || arm64)

package runtime

import "syscall"

// startTicks returns when the process was started, field 22 of /proc/PID/stat, or 0 if there is no such process.
func startTicks(pid int) uint64 {
	return ticksOf(read("/proc/"+itoa(uint64(pid))+"/stat", 1024))
}

// ownTicks returns when this process was started, or 0 if /proc is missing. If /proc is that of another pid namespace,
// it has this process under another pid, but with the same start.
func ownTicks() uint64 { return ticksOf(read("/proc/self/stat", 1024)) }

// ticksOf returns field 22 of the text of a stat file, or 0 if it has none.
func ticksOf(s string) uint64 {
	// The second field is the command in parentheses, which may contain anything.
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ')' {
			return field(s[i+1:], 22-2)
		}
	}
	return 0
}

// field returns the number in the n-th of the fields of s, each with a space before it.
func field(s string, n int) uint64 {
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' {
			if n--; n == 0 {
				v, _ := digits(s[i+1:])
				return v
			}
		}
	}
	return 0
}

// process returns the path of the program, and its arguments separated by NULs.
func process() (exe, args string) {
	buf := make([]byte, 1024)
	n, err := syscall.Readlink("/proc/self/exe", buf)
	if err != nil {
		n = 0
	}
	args = read("/proc/self/cmdline", metaCap/2)
	for len(args) > 0 && args[len(args)-1] == 0 {
		args = args[:len(args)-1]
	}
	return string(buf[:n]), args
}

// read returns at most n bytes from the beginning of a file, or "" if it cannot be read.
func read(path string, n int) string {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	buf := make([]byte, n)
	got := 0
	for got < n {
		m, err := syscall.Read(fd, buf[got:])
		if err == syscall.EINTR {
			continue
		}
		if m <= 0 {
			break
		}
		got += m
	}
	return string(buf[:got])
}
