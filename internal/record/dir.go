package record

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// Dir returns the folder in which the programs of this user keep their records: $AWAITTRACE_DIR, or one that the
// collector chooses in the same way.
func Dir() string {
	if dir := os.Getenv("AWAITTRACE_DIR"); dir != "" {
		return dir
	}
	return defaultDir()
}

// An Entry is a record that was found.
type Entry struct {
	// Pid is the process in the pid namespace of this command. For a program that has ended, or that this command
	// cannot see among the processes, it is the pid in the program's own namespace.
	Pid int
	// StartTicks is when the process was started, by the record's name in the folder; with Pid it identifies the
	// process. Zero: unknown.
	StartTicks uint64
	// Path is the record's file. It is empty if the record is in the memory of its program, or its file has no name
	// that this command could use.
	Path      string
	Live      bool   // the program runs, or is stopped
	Container string // the container that it runs in; empty: none, or unknown
	UID       int    // the user whose program it is; -1: unknown
	Size      int64  // bytes that the record takes in its folder; zero if it has no file there
	// Doubt says why the record may not be its program's own; empty if nothing suggests that.
	Doubt string

	// abroad is set if the program ran in another pid namespace, by its name.
	abroad  bool
	process int             // the process in /proc, or 0: it has ended, or /proc does not show it
	mapping *procfs.Mapping // where that process has the record; nil: unknown
}

// Hidden reports whether the program runs but is not among the processes that this command sees: it is in another pid
// namespace.
func (e *Entry) Hidden() bool { return e.Live && e.process == 0 }

// Abroad reports whether Pid belongs to another pid namespace: the program is hidden, or ended in that namespace.
func (e *Entry) Abroad() bool { return e.Hidden() || !e.Live && e.abroad }

// A fileName is the parsed name of a record's file: PID-STARTTICKS-NAMESPACE, or PID-STARTTICKS from earlier collectors
// and on file systems without locks.
type fileName struct {
	pid    int    // as the program has it
	ticks  uint64 // clock ticks from boot to its start; zero: unknown
	ns     uint64 // its pid namespace
	locked bool   // the program keeps a lock on the file while it lives
}

// parseName reads the name of a record's file.
func parseName(name string) (n fileName, ok bool) {
	f := strings.Split(name, "-")
	if len(f) != 2 && len(f) != 3 {
		return n, false
	}
	pid, err1 := strconv.Atoi(f[0])
	ticks, err2 := strconv.ParseUint(f[1], 10, 64)
	n = fileName{pid: pid, ticks: ticks}
	if len(f) == 3 {
		var err error
		if n.ns, err = strconv.ParseUint(f[2], 10, 64); err != nil {
			return n, false
		}
		n.locked = true
	}
	return n, err1 == nil && err2 == nil && pid > 0
}

// abroad reports whether the name is of a program of another pid namespace than that of this command. Without /proc a
// program puts the time there, a larger number.
func (n *fileName) abroad() bool {
	own := procfs.OwnNamespace("pid")
	return n.locked && own != 0 && n.ns <= math.MaxUint32 && n.ns != own
}

// List returns the records in dir and those of all other programs that this user may look into, in whatever namespaces,
// sorted by start, newest last. If AWAITTRACE_DIR is set, it leaves out programs that were started with another one. A
// missing folder has no records.
func List(dir string) ([]Entry, error) { return new(Lister).List(dir) }

// A Lister lists records repeatedly, and remembers what it has found. The zero value is ready for use.
type Lister struct {
	known map[int]Entry // the programs that run, by process
	// without are the processes that had no record.
	without map[int]recordless
}

// A recordless process had no record at the last look. It may make one when it reaches its first probe, or by exec.
type recordless struct {
	ticks, stack uint64 // of its procfs.Stat
	name         string
	first, last  time.Time // the looks at it
}

// A process that has long had no record is looked at rarely, because that reads all its mappings.
const (
	leastWithout = 10 * time.Second
	againWithout = time.Minute
)

// stays reports whether st is of the process that had no record, and no look is due.
func (w *recordless) stays(st *procfs.Stat, now time.Time) bool {
	return w.same(st) && w.last.Sub(w.first) >= leastWithout && now.Sub(w.last) < againWithout
}

func (w *recordless) same(st *procfs.Stat) bool {
	return w.ticks == st.StartTicks && w.stack == st.Stack && w.name == st.Name
}

// List is the function List.
func (l *Lister) List(dir string) ([]Entry, error) {
	var list []Entry
	known, without, now := make(map[int]Entry), make(map[int]recordless), time.Now()
	mapped := make(map[string]bool) // device and inode of the files that are listed
	for _, pid := range procfs.Pids() {
		if pid == os.Getpid() {
			continue
		}
		e, ok := l.known[pid]
		if !ok || !e.remains() {
			st, _ := procfs.ReadStat(pid)
			was := l.without[pid]
			if was.stays(&st, now) {
				without[pid] = was
				continue
			}
			var err error
			if e, err = ofProcess(pid); err != nil || !isOurs(pid, e.mapping, dir) {
				if !was.same(&st) {
					was = recordless{ticks: st.StartTicks, stack: st.Stack, name: st.Name, first: now}
				}
				was.last = now
				without[pid] = was
				continue
			}
		}
		known[pid] = e
		mapped[e.deviceAndInode()] = true
		list = append(list, e)
	}
	l.known, l.without = known, without
	files, err := inFolder(dir, mapped)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot list the records: %w", err)
	}
	list = append(list, files...)
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.StartTicks, b.StartTicks), a.Pid-b.Pid)
	})
	return list, nil
}

// Ended returns the records in dir of programs that have ended. It looks at all processes only for a record without a
// lock, which may be that of a program in another pid namespace.
func Ended(dir string) ([]Entry, error) {
	list, err := inFolder(dir, nil)
	if slices.ContainsFunc(list, func(e Entry) bool {
		n, _ := parseName(filepath.Base(e.Path))
		return !n.locked && !e.Live
	}) {
		list, err = List(dir)
	}
	return slices.DeleteFunc(list, func(e Entry) bool { return e.Live || e.Path == "" }), err
}

// remains reports whether the program of an entry from ofProcess still runs, and has the same record: after an exec it
// has another file of that name.
func (e *Entry) remains() bool {
	if _, live := procfs.Is(e.Pid, e.StartTicks); !live {
		return false
	}
	fi, err := os.Lstat(e.mapping.Path)
	return err == nil && deviceAndInode(fi) == e.deviceAndInode()
}

// deviceAndInode is the function of that name for the file that the program has mapped.
func (e *Entry) deviceAndInode() string { return fmt.Sprint(e.mapping.Dev, " ", e.mapping.Inode) }

// inFolder returns the records in the files of dir. The default folder counts only if it is this user's alone, because
// anybody could have made it before. Faults of a folder that the user names become the Doubt of its records. Files in
// except, by device and inode, are left out.
func inFolder(dir string, except map[string]bool) ([]Entry, error) {
	fault := FolderFault(dir)
	if fault != "" && dir == defaultDir() {
		return nil, nil
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, f := range files {
		n, ok := parseName(f.Name())
		if !ok || !f.Type().IsRegular() {
			continue
		}
		if fi, err := f.Info(); err != nil || except[deviceAndInode(fi)] {
			continue
		}
		if e, err := ofFile(filepath.Join(dir, f.Name()), n); err == nil {
			if e.Doubt == "" && fault != "" {
				e.Doubt = fmt.Sprintf("its folder %s %s", dir, fault)
			}
			list = append(list, e)
		}
	}
	return list, nil
}

// FolderFault returns why programs of this user do not keep their records in dir, such as "has mode 0755, which lets
// others in", or "" if they do, or the folder does not exist yet.
func FolderFault(dir string) string {
	fi, err := os.Lstat(dir)
	if err != nil {
		return ""
	}
	switch uid := owner(fi); {
	case !fi.IsDir():
		return "is not a folder"
	case uid >= 0 && uid != os.Geteuid():
		return fmt.Sprintf("belongs to user %d", uid)
	case fi.Mode().Perm()&0o077 != 0:
		return fmt.Sprintf("has mode %04o, which lets others in; chmod 700 it", fi.Mode().Perm())
	}
	return ""
}

// ofFile describes the record in the file path, whose name is n.
func ofFile(path string, n fileName) (Entry, error) {
	e := Entry{Pid: n.pid, StartTicks: n.ticks, Path: path, UID: -1}
	f, fi, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return e, err
	}
	defer f.Close()
	e.UID, e.Size = owner(fi), allocated(fi)
	e.Doubt, e.abroad = fileFault(fi), n.abroad()
	e.Live, e.process = lives(f, n)
	if e.process != 0 {
		e.Pid = e.process
		e.Container = procfs.Container(e.process)
	}
	return e, nil
}

// fileFault returns who else than this user may have written a file.
func fileFault(fi fs.FileInfo) string {
	switch uid := owner(fi); {
	case uid >= 0 && uid != os.Geteuid():
		return fmt.Sprintf("its file belongs to user %d, who may have written anything into it", uid)
	case fi.Mode().Perm()&0o022 != 0:
		return fmt.Sprintf("its file has mode %04o, with which others may have written anything into it",
			fi.Mode().Perm())
	}
	return ""
}

// lives reports whether the program of the record in f, whose name is n, lives, and returns its process if /proc shows
// it.
func lives(f *os.File, n fileName) (live bool, process int) {
	if portable {
		return livesPortably(n)
	}
	if !n.locked {
		_, live := procfs.Is(n.pid, n.ticks)
		if live {
			process = n.pid
		}
		return live, process
	}
	if held, known := lockHeld(f); known && !held {
		return false, 0
	}
	return true, visible(n)
}

// visible returns the process in /proc of a locked record with name n, or 0.
func visible(n fileName) int {
	if n.ns == procfs.OwnNamespace("pid") {
		if _, ok := procfs.Is(n.pid, n.ticks); ok {
			return n.pid
		}
		return 0
	}
	for _, pid := range procfs.Pids() {
		if n.ticks != 0 {
			if st, ok := procfs.Is(pid, n.ticks); !ok || st.StartTicks != n.ticks {
				continue
			}
		}
		status, err := procfs.ReadStatus(pid)
		if err != nil || status.OwnPid() != n.pid || len(status.Pids) < 2 {
			continue
		}
		if ns := procfs.Namespace(pid, "pid"); ns == n.ns || ns == 0 && n.ticks != 0 {
			return pid
		}
	}
	return 0
}

// isOurs reports whether the record that a process has mapped belongs to the programs of dir: if AWAITTRACE_DIR is set,
// those that were started with the same one.
func isOurs(pid int, m *procfs.Mapping, dir string) bool {
	if dir == defaultDir() && os.Getenv("AWAITTRACE_DIR") == "" {
		return true
	}
	if _, ok := parseName(filepath.Base(m.Path)); ok {
		return filepath.Dir(m.Path) == filepath.Clean(dir)
	}
	return startedWith(pid, dir)
}

// startedWith reports whether a program was started with AWAITTRACE_DIR=dir.
func startedWith(pid int, dir string) bool {
	env, err := os.ReadFile(filepath.Join(procfs.Root, strconv.Itoa(pid), "environ"))
	return err != nil || slices.Contains(strings.Split(string(env), "\x00"), "AWAITTRACE_DIR="+dir)
}
