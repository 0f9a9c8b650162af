package inspect

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/target"
)

// maxDump bounds the size of a file that may be a goroutine dump.
const maxDump = 1 << 30

// A NoCoreError reports that an executable was named with a file that is not a core.
type NoCoreError string

func (e NoCoreError) Error() string { return string(e) }

// Open opens a session with what a command's argument names: the pid of a program, or the file of a record, a core or a
// goroutine dump. exe is the executable of a core; if it is empty, the core names it.
func Open(arg, exe string) (*Session, error) {
	if pid, err := strconv.Atoi(arg); err == nil {
		if pid <= 0 {
			return nil, fmt.Errorf("%q is not a process: give the pid of a program, or the file of a record, a core "+
				"or a goroutine dump", arg)
		}
		if exe != "" {
			return nil, NoCoreError(fmt.Sprintf("only a core needs an executable, got a process and %q", exe))
		}
		return Live(pid)
	}
	info, err := os.Stat(arg) // opening a pipe would wait for its writer
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no file %q: give the pid of a program, or the file of a record, a core or a "+
			"goroutine dump", arg)
	}
	if err != nil {
		return nil, err
	}
	isCore := info.Mode().IsRegular() && hasPrefix(arg, elf.ELFMAG)
	switch {
	case isCore && exe == "":
		if exe, err = target.CoreExe(arg); err != nil {
			return nil, err
		}
		return Core(exe, arg)
	case isCore:
		return Core(exe, arg)
	case exe != "":
		return nil, NoCoreError(fmt.Sprintf("%q is not a core; only a core needs an executable", arg))
	}
	rec, err := record.OpenFile(arg)
	if err == nil {
		return Recorded(rec), nil
	}
	if !errors.Is(err, record.ErrNotRecord) || !info.Mode().IsRegular() || info.Size() > maxDump {
		return nil, err
	}
	text, readErr := os.ReadFile(arg)
	if readErr != nil {
		return nil, readErr
	}
	s, dumpErr := Dump(text)
	switch {
	case dumpErr == nil:
		return s, nil
	case errors.Is(dumpErr, target.ErrNoDump):
		return nil, fmt.Errorf("%w; nor is it a core or a goroutine dump", err)
	}
	return nil, fmt.Errorf("%s: %w", arg, dumpErr)
}

// hasPrefix reports whether a file begins with prefix.
func hasPrefix(file, prefix string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(prefix))
	_, err = io.ReadFull(f, b)
	return err == nil && bytes.Equal(b, []byte(prefix))
}
