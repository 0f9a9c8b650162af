package watch

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

// TestOptions say when a test hangs, and where that is reported.
type TestOptions struct {
	// After is how long a wait lasts before it is called stuck, while a test runs.
	After time.Duration
	// Log receives the reports while tests run.
	Log io.Writer
	// Known is the file of the known leaks, which fail no test; empty: none. With Update it is written anew, and no
	// test fails.
	Known  string
	Update bool
	// Quiet suppresses the number of failed tests, which Close reports.
	Quiet bool
}

// A TestService answers the test binaries below this process.
type TestService struct {
	TestOptions
	name string // of the socket, as runtime.TestVar has it
	ln   *net.UnixListener
	wg   sync.WaitGroup // connections and processes

	known  *baseline
	found  collection
	failed atomic.Int64 // tests that have failed for what they leave

	mu    sync.Mutex
	procs map[int]*testProcess
	swept map[string]bool // the files of records that sweep has looked at
	log   sync.Mutex      // one report at a time
}

// ErrUnsupported is the error of StartTests on a system where the collector cannot ask a service.
var ErrUnsupported = errors.New("goroutines that tests leave stuck are found on Linux and macOS only")

// StartTests starts a service. Close ends it.
func StartTests(o TestOptions) (*TestService, error) {
	if !available {
		return nil, ErrUnsupported
	}
	s := &TestService{TestOptions: o, procs: make(map[int]*testProcess), swept: make(map[string]bool)}
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

// Env returns what the tests need in their environment.
func (s *TestService) Env() string { return runtime.TestVar + "=" + s.name }

// Close ends the service after all reports on test binaries that have ended, and says how many tests have failed for
// what they leave. Its error is that of writing TestOptions.Known, which loses a line only if all tests have passed.
func (s *TestService) Close(passed bool) error {
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
	return s.known.close(passed)
}

func (s *TestService) serve() {
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
	questionTime = 60 * time.Second
	// maxPath bounds the path of a folder.
	maxPath = 1 << 12
)

// answer answers one question. A question that cannot be answered gets no answer, and the program goes on as without
// us.
func (s *TestService) answer(conn *net.UnixConn) {
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

// folder reads the path of a folder from the end of a question.
func folder(conn *net.UnixConn) (dir string, ok bool) {
	conn.SetDeadline(time.Now().Add(questionTime))
	defer conn.SetDeadline(time.Time{})
	b, err := io.ReadAll(io.LimitReader(conn, maxPath))
	return string(b), err == nil && filepath.IsAbs(string(b))
}

// process returns the process with that pid, or nil if it is not watched.
func (s *TestService) process(pid int) *testProcess {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.procs[pid]
}

// watchAnswer returns the answer to AskWatch for a process that is watched.
func (s *TestService) watchAnswer(pid int) byte {
	if p := s.process(pid); p != nil && p.keepsArtifacts() {
		return runtime.AnswerFolders
	}
	return runtime.AnswerWatch
}

// add begins to watch a process, which runs in the folder dir. It refuses a process that go test did not start itself.
// A process that a test runs, even the test binary again, is part of the test, and its output is its own.
func (s *TestService) add(pid int, dir string) bool {
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
	s.known.ran(p.dir, p.args)
	s.wg.Go(func() {
		p.watch()
		s.mu.Lock()
		delete(s.procs, pid)
		s.mu.Unlock()
	})
	return true
}
