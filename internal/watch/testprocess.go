package watch

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A testProcess is a test binary that runs.
type testProcess struct {
	s    *TestService
	pid  int
	dir  string   // its working directory: the package's folder
	args []string // of its command line
	out  *os.File // its standard output; nil: unknown. Close accepts nil

	mu   sync.Mutex // the record is read by one goroutine at a time
	rec  *record.Record
	seen *snapshot.Snapshot // the last look at it that knew the states; nil: there was none

	dozed, proving atomic.Int64 // nanoseconds spent on waiting for sleeping goroutines, and on proofs

	prover    sync.Mutex // one proof at a time; guards the fields below
	program   *reach.Program
	noProgram error

	left     chan struct{} // closed when nobody waits for its end any more
	leftOnce sync.Once
}

// open opens the new record of process pid, which runs in the folder dir.
func (s *TestService) open(pid int, dir string) (*testProcess, error) {
	rec, err := record.Open(pid)
	if err != nil {
		return nil, err
	}
	p := &testProcess{s: s, pid: pid, dir: dir, rec: rec, args: procfs.Args(pid), left: make(chan struct{})}
	p.out = output(p.proc("fd/1"))
	return p, nil
}

func (p *testProcess) proc(name string) string {
	return filepath.Join(procfs.Root, strconv.Itoa(p.pid), name)
}

// keepsArtifacts reports whether the artifact folders of the tests are kept.
func (p *testProcess) keepsArtifacts() bool {
	return slices.Contains(p.args, "-test.artifacts=true") || slices.Contains(p.args, "-test.artifacts")
}

// watch watches the process until it has ended, or nobody waits for that any more.
func (p *testProcess) watch() {
	ended := make(chan struct{})
	go func() {
		awaitEnd(p.pid)
		close(ended)
	}()
	p.follow(ended)
	select {
	case <-ended:
		p.end()
		p.out.Close() // go test waits for that
		p.sweep()
	default:
		p.out.Close()
	}
	p.mu.Lock()
	p.rec.Close()
	p.mu.Unlock()
}

// abandon ends the watch of a process that outlives go test.
func (p *testProcess) abandon() { p.leftOnce.Do(func() { close(p.left) }) }

// snapshot reads the record, and the states of the goroutines while the process runs.
func (p *testProcess) snapshot() (*snapshot.Snapshot, error) { return p.read(p.rec.Snapshot) }

// used is snapshot for callers that do not read the memory of the process.
func (p *testProcess) used() (*snapshot.Snapshot, error) { return p.read(p.rec.UsedSnapshot) }

func (p *testProcess) read(record func() (*snapshot.Snapshot, error)) (*snapshot.Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, err := record()
	if err == nil && p.rec.Live {
		p.rec.AddStates(s)
	}
	return s, err
}

// path returns a function that shows paths as the go command does in the output of tests: relative to the package.
func (p *testProcess) path() func(string) string { return report.Relative(p.dir) }

// since returns how long before the snapshot a test began.
func since(s *snapshot.Snapshot, t *snapshot.Test) time.Duration {
	return time.Duration(max(s.Taken-t.Started, 0))
}
