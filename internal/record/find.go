package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/runtime"
)

// The names of records without a file among a program's mappings: an anonymous file, and shared memory.
const (
	memfd  = "/memfd:awaittrace"
	shared = "/dev/zero"
)

// errNoRecord is the error for a process without a record.
var errNoRecord = errors.New("no record")

// ofProcess finds the record that process pid has mapped, wherever it is, even if its file is gone.
func ofProcess(pid int) (Entry, error) {
	if portable {
		return Entry{}, errNoRecord
	}
	maps, err := procfs.Mappings(pid)
	if err != nil {
		return Entry{}, err
	}
	st, live := procfs.Is(pid, 0)
	status, err := procfs.ReadStatus(pid)
	if err != nil || !live {
		return Entry{}, errNoRecord
	}
	own := status.OwnPid()
	if own == 0 {
		own = pid
	}
	ticks := st.StartTicks
	if own, its := procfs.OwnNamespace("time"), procfs.Namespace(pid, "time"); own != its && its != 0 {
		ticks = 0 // it counts ticks from another moment
	}
	for i := range maps {
		m := &maps[i]
		if m.Offset != 0 || !namesRecord(m, own, ticks) {
			continue
		}
		if n, ok := parseName(filepath.Base(m.Path)); !ok || n.pid != own {
			if !headerOf(pid, m, own) {
				continue
			}
		}
		return Entry{
			Pid: pid, StartTicks: st.StartTicks, Live: true, Container: procfs.Container(pid), UID: status.UID,
			process: pid, mapping: m,
		}, nil
	}
	return Entry{}, errNoRecord
}

// namesRecord reports whether a mapping, by its name, may be the record of the process with pid own and start ticks,
// zero for unknown. A forked child has its parent's record mapped, too.
func namesRecord(m *procfs.Mapping, own int, ticks uint64) bool {
	if m.Path == memfd || m.Path == shared {
		return true
	}
	n, ok := parseName(strings.TrimPrefix(filepath.Base(m.Path), "."))
	return ok && n.pid == own && (n.ticks == ticks || n.ticks == 0 || ticks == 0 || portable)
}

// headerOf reports whether mapping m of process pid begins with the header of a record of pid own.
func headerOf(pid int, m *procfs.Mapping, own int) bool {
	mem, err := procfs.OpenMemory(pid)
	if err != nil {
		return false
	}
	defer mem.Close()
	h, err := firstBytes(window{mem, int64(m.Start)})
	return err == nil && h.Magic == runtime.Magic && h.Pid == uint64(own)
}

// find returns the record of process pid, in the pid namespace of this command: of the live one, or of the newest that
// had this pid.
func find(pid int, dir string) (Entry, error) {
	st, live := procfs.Is(pid, 0)
	if !live {
		return findDead(pid, dir)
	}
	e, err := ofProcess(pid)
	if err == nil {
		return e, nil
	}
	denied := errors.Is(err, fs.ErrPermission)
	// The mappings of a process are visible only to those who may trace it. A trusted folder has the record under a
	// name.
	if e, ok := byName(pid, st, dir); ok {
		return e, nil
	}
	if denied {
		return e, fmt.Errorf("process %d (%s) has no record in %s, and looking for one elsewhere is not permitted: "+
			"set AWAITTRACE_DIR as the program has it, or ask as its user or root", pid, st.Name, dir)
	}
	why := ""
	if fault := FolderFault(dir); fault != "" {
		why = fmt.Sprintf(" (the folder %s)", fault)
	}
	return e, fmt.Errorf("process %d (%s) is not an instrumented program: it has no record in %s%s; "+
		"build it with awaittrace build", pid, st.Name, dir, why)
}

// byName finds the record of process pid by its name in dir.
func byName(pid int, st procfs.Stat, dir string) (Entry, bool) {
	own := pid
	if status, err := procfs.ReadStatus(pid); err == nil && status.OwnPid() != 0 {
		own = status.OwnPid()
	}
	files, _ := inFolder(dir, nil)
	var best Entry
	for _, e := range files {
		n, _ := parseName(filepath.Base(e.Path))
		if portable && n.pid == pid && e.Live && e.StartTicks > best.StartTicks {
			best = e // a program that replaced itself by exec has several
		}
		if portable || n.pid != own || !e.Live || n.ticks != 0 && n.ticks != st.StartTicks {
			continue
		}
		if e.process == pid || e.process == 0 && n.locked {
			e.Pid, e.process = pid, pid
			return e, true
		}
	}
	return best, best.Path != ""
}

// findDead returns the newest record of a dead program that had pid, if possible in this pid namespace. Without /proc
// the program may be alive.
func findDead(pid int, dir string) (Entry, error) {
	var best Entry
	files, err := inFolder(dir, nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return best, fmt.Errorf("no process %d, and the records in %s cannot be listed: %w", pid, dir, err)
	}
	blind := procfs.OwnNamespace("pid") == 0
	for _, e := range files {
		n, _ := parseName(filepath.Base(e.Path))
		if n.pid != pid || e.Live && !blind {
			continue
		}
		newer := best.abroad == e.abroad && e.StartTicks >= best.StartTicks
		if best.Path == "" || newer || best.abroad && !e.abroad {
			best = e
		}
	}
	if best.Path != "" {
		return best, nil
	}
	why := fmt.Sprintf("no record of one in %s", dir)
	if fault := FolderFault(dir); fault != "" {
		why += ", which programs do not keep their records in: it " + fault
	} else if gone := sweptAt(dir, pid); gone != "" {
		why = fmt.Sprintf("its record in %s was %s", dir, gone)
	}
	return best, fmt.Errorf("no process %d, and %s: see awaittrace ps", pid, why)
}

// openRegular opens a regular file. It fails for symbolic links, and for pipes, which would wait for a writer.
func openRegular(path string, flag int) (*os.File, fs.FileInfo, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return nil, nil, err
	}
	if fi.IsDir() {
		return nil, nil, fmt.Errorf("%s is a directory, %w", path, ErrNotRecord)
	}
	if !fi.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: %w", path, ErrNotRecord)
	}
	f, err := os.OpenFile(path, flag|noFollow, 0)
	if err != nil {
		return nil, nil, err
	}
	if fi, err = f.Stat(); err != nil || !fi.Mode().IsRegular() {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, ErrNotRecord)
	}
	return f, fi, nil
}

// sinceUnix returns how long ago a moment was, such as 3h20m.
func sinceUnix(seconds int64) string {
	d := time.Since(time.Unix(seconds, 0))
	unit := time.Minute
	if d < time.Minute {
		unit = time.Second
	}
	return strings.TrimSuffix(max(d, 0).Truncate(unit).String(),
		"m0s") + map[bool]string{true: "m"}[unit == time.Minute]
}

// sweptFor says why a record was swept, by the word for it in the list of swept records.
var sweptFor = map[string]string{
	"age": "because it was old", "room": "to make room for others", "clean": "by awaittrace ps -clean",
}

// Clean removes the record from its folder, and notes there that awaittrace ps -clean did so.
func (e *Entry) Clean() error {
	if err := os.Remove(e.Path); err != nil {
		return err
	}
	dir, name := filepath.Split(e.Path)
	line := fmt.Sprintf("%s %d clean\n", name, time.Now().Unix())
	f, err := os.OpenFile(filepath.Join(dir, runtime.SweptFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND|noFollow, 0o600)
	if err != nil {
		return nil // the record is gone, and a report says no more than that
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	if fi.Size()+int64(len(line)) > runtime.SweptSize {
		_ = f.Truncate(0) // a reader reads no more than twice the size
	}
	_, _ = f.WriteString(line)
	return nil
}

// sweptAt returns when and why the record of the last program with pid was swept from dir, or "" if the folder does not
// say.
func sweptAt(dir string, pid int) string {
	f, _, err := openRegular(filepath.Join(dir, runtime.SweptFile), os.O_RDONLY)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, 2*runtime.SweptSize))
	told := ""
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		n, ok := parseName(f[0])
		when, err := strconv.ParseInt(f[1], 10, 64)
		if !ok || n.pid != pid || err != nil {
			continue
		}
		told = "swept " + sinceUnix(when) + " ago, " + sweptFor[f[2]]
	}
	return told
}
