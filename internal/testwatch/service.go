package testwatch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/runtime"
)

// Options say when a test hangs, and where that is told.
type Options struct {
	// After is how long a wait is before it is called stuck, while a test runs.
	After time.Duration
	// Log gets what is told while tests run.
	Log io.Writer
	// Known is the file of the leaks that are known and fail no test; empty: none. Update writes it anew, and no test
	// fails.
	Known  string
	Update bool
	// Quiet says that Close need not say how many tests have failed for what they leave.
	Quiet bool
}

// A Service answers the test binaries below this process.
type Service struct {
	Options
	name string // of the socket, as runtime.TestVar has it
	ln   *net.UnixListener
	wg   sync.WaitGroup // connections and processes

	known  *baseline
	found  collection
	failed atomic.Int64 // tests that have failed for what they leave

	mu    sync.Mutex
	procs map[int]*process
	log   sync.Mutex // one report at a time
}

// ErrUnsupported is why Start fails on a system where the collector cannot ask a service anything.
var ErrUnsupported = errors.New("what tests leave stuck is found on Linux and macOS only")

// Start starts a service. Close ends it.
func Start(o Options) (*Service, error) {
	if !available {
		return nil, ErrUnsupported
	}
	s := &Service{Options: o, procs: make(map[int]*process)}
	var err error
	if s.known, err = openBaseline(o.Known, o.Update); err != nil {
		return nil, err
	}
	if s.name, err = socketName(); err != nil {
		return nil, err
	}
	if s.ln, err = net.ListenUnix("unix", &net.UnixAddr{Name: s.name, Net: "unix"}); err != nil {
		return nil, err
	}
	s.wg.Go(s.serve)
	return s, nil
}

// Env is what the environment of the tests needs.
func (s *Service) Env() string { return runtime.TestVar + "=" + s.name }

// Close ends the service, when all has been told of the test binaries that have ended, and says how many tests have
// failed for what they leave. Its error is that of writing Options.Known.
func (s *Service) Close() error {
	s.ln.Close()
	removeSocket(s.name)
	s.mu.Lock()
	for _, p := range s.procs {
		p.abandon()
	}
	s.mu.Unlock()
	s.wg.Wait()
	switch n := s.failed.Load(); {
	case n == 0 || s.Quiet:
	case n == 1:
		fmt.Fprintln(s.Log, "awaittrace: 1 test left goroutines stuck")
	default:
		fmt.Fprintf(s.Log, "awaittrace: %d tests left goroutines stuck\n", n)
	}
	return s.known.close()
}

func (s *Service) serve() {
	for {
		conn, err := s.ln.AcceptUnix()
		if err != nil {
			return
		}
		s.wg.Go(func() {
			defer conn.Close()
			s.answer(conn)
		})
	}
}

const (
	// questionTime is how long a question may take to arrive.
	questionTime = 20 * time.Second
	// maxPath bounds the path of a folder.
	maxPath = 1 << 12
)

// answer answers one question. What cannot be answered gets none: the program then goes on as without us.
func (s *Service) answer(conn *net.UnixConn) {
	pid, ok := peer(conn)
	if !ok {
		return
	}
	var q [5]byte
	conn.SetDeadline(time.Now().Add(questionTime))
	if _, err := io.ReadFull(conn, q[:]); err != nil {
		return
	}
	n := int(binary.NativeEndian.Uint32(q[1:]))
	conn.SetDeadline(time.Time{})
	switch q[0] {
	case runtime.AskWatch:
		dir, ok := folder(conn)
		if ok && s.add(pid, dir) {
			length, list := allgs(pid)
			answer := binary.NativeEndian.AppendUint64([]byte{s.watchAnswer(pid)}, length)
			conn.Write(binary.NativeEndian.AppendUint64(answer, list))
		}
	case runtime.AskLeft:
		if p := s.process(pid); p != nil {
			io.WriteString(conn, p.judge(n))
		}
	case runtime.AskFolder:
		if dir, ok := folder(conn); ok {
			if p := s.process(pid); p != nil {
				s.found.setFolder(p, n, dir)
			}
		}
	}
}

// folder reads the path of a folder, with which a question ends.
func folder(conn *net.UnixConn) (dir string, ok bool) {
	conn.SetDeadline(time.Now().Add(questionTime))
	defer conn.SetDeadline(time.Time{})
	b, err := io.ReadAll(io.LimitReader(conn, maxPath))
	return string(b), err == nil && filepath.IsAbs(string(b))
}

// process returns the process with that pid; nil if it is not watched.
func (s *Service) process(pid int) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.procs[pid]
}

// watchAnswer returns the answer to AskWatch of a process that is watched.
func (s *Service) watchAnswer(pid int) byte {
	if p := s.process(pid); p != nil && p.keepsArtifacts() {
		return runtime.AnswerFolders
	}
	return runtime.AnswerWatch
}

// add begins to watch a process, which runs in a folder. It refuses one that go test did not start itself: what a test runs, be it the test
// binary itself once more, is a part of the test, and what it prints is nobody else's.
func (s *Service) add(pid int, dir string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, self := pid, os.Getpid(); at != self; {
		stat, err := procfs.ReadStat(at)
		if err != nil || stat.Parent <= 1 || s.procs[at] != nil {
			return false
		}
		at = stat.Parent
	}
	p, err := s.open(pid, dir)
	if err != nil {
		return false
	}
	s.procs[pid] = p
	s.known.ran(p.dir)
	s.wg.Go(func() {
		p.watch()
		s.mu.Lock()
		delete(s.procs, pid)
		s.mu.Unlock()
	})
	return true
}
