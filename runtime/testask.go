//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"syscall"
	"time"
	"unsafe"
)

// A process that `awaittrace test` watches talks to it over the socket that AWAITTRACE_TEST names. The socket is open
// only during a question, so that none of the program's file descriptors is ours. If anything fails, the program goes
// on as if nobody watched.

const (
	// askPatience is how long an answer may take, on a machine that may be very busy. A service that has died answers at
	// once.
	askPatience = 60 * time.Second
	maxAnswer   = 1 << 16
)

// testService returns the name of the socket, or "".
func testService() string {
	name, _ := syscall.Getenv(TestVar)
	return name
}

// openTests asks whether this process is watched, and prepares for it. The record is complete.
func openTests(service string) {
	dir, _ := syscall.Getwd()
	answer := ask(service, AskWatch, 0, dir)
	if len(answer) != 17 || answer[0] != AnswerWatch && answer[0] != AnswerFolders {
		return
	}
	wantFolders = answer[0] == AnswerFolders
	var addrs [2]uint64
	copy((*[16]byte)(unsafe.Pointer(&addrs))[:], answer[1:])
	watched = openGoroutines(addrs[0], addrs[1])
}

// judgement asks for the text on the goroutines that test n leaves. The race detector is disabled.
//
//go:norace
func judgement(n uint32) string { return ask(testService(), AskLeft, n, "") }

// tellFolder tells the watcher the folder for the artifacts of test n.
//
//go:norace
func tellFolder(n uint32, dir string) {
	raceDisable()
	ask(testService(), AskFolder, n, dir)
	raceEnable()
}

// ask asks a question about test n, with a text, and returns the answer, or "" if there is none.
//
//go:norace
func ask(service string, question byte, n uint32, text string) string {
	fd, err := socket()
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	limit := syscall.NsecToTimeval(int64(askPatience))
	if syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit) != nil ||
		syscall.Connect(fd, &syscall.SockaddrUnix{Name: service}) != nil {
		return ""
	}
	q := make([]byte, 5, 5+len(text))
	q[0] = question
	*(*[4]byte)(q[1:]) = *(*[4]byte)(unsafe.Pointer(&n))
	q = append(q, text...)
	if m, err := syscall.Write(fd, q); err != nil || m != len(q) || syscall.Shutdown(fd, syscall.SHUT_WR) != nil {
		return ""
	}
	var answer []byte
	buf := make([]byte, 4096)
	for end := nanotime() + int64(askPatience); len(answer) < maxAnswer && nanotime() < end; {
		m, err := syscall.Read(fd, buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return ""
		case m == 0:
			return string(answer)
		}
		answer = append(answer, buf[:m]...)
	}
	return ""
}
