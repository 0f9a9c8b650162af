package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// WriteFile writes the file that a flag names, and begins its errors with both. The file appears whole, and if write
// fails it keeps what it had. Mode, owner, links and umask count as they do for a shell's >. Where the file cannot be
// replaced so, it is written in place. write may be called twice.
func WriteFile(flag, name string, write func(io.Writer) error) error {
	err := writeFile(name, write)
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err // the path may be that of a temporary file
	}
	if err != nil {
		return fmt.Errorf("-%s %s: %w", flag, name, err)
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	if strings.HasPrefix(name, "/dev/") { // /dev/stdout may be a file to which others append
		return inPlace(name, os.O_APPEND, write)
	}
	old, err := os.Stat(name)
	if _, noLink := os.Lstat(name); errors.Is(err, fs.ErrNotExist) && noLink == nil {
		return inPlace(name, os.O_CREATE, write) // where a dangling link points
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !old.Mode().IsRegular():
		return inPlace(name, 0, write)
	default:
		f, err := os.OpenFile(name, os.O_WRONLY, 0) // a read-only file must stay as it is
		if err != nil {
			return err
		}
		f.Close()
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	temp, err := createBeside(name, old)
	if err != nil {
		if old != nil {
			return inPlace(name, os.O_TRUNC, write)
		}
		return err
	}
	defer os.Remove(temp.Name())
	if err := errors.Join(write(temp), temp.Close()); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), name); err != nil && old != nil {
		return inPlace(name, os.O_TRUNC, write) // something is mounted there
	}
	return err
}

// inPlace writes the file itself.
func inPlace(name string, flag int, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|flag, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// createBeside creates a file that can take the place of name. old is the file of that name, or nil. It fails if name
// would lose its owner, or another of its names.
func createBeside(name string, old fs.FileInfo) (*os.File, error) {
	for {
		temp := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%x", filepath.Base(name), rand.Uint64()))
		f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil || old == nil {
			return f, err
		}
		if err := keepOwner(f, old); err != nil {
			f.Close()
			os.Remove(temp)
			return nil, err
		}
		_ = f.Chmod(old.Mode().Perm()) // Windows has no modes
		return f, nil
	}
}
