//go:build unix

package gocmd

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	tempPrefix = "awaittrace-"
	tempLock   = ".lock" // in a temporary folder: locked for as long as the process lives that made it
	tempYoung  = time.Minute
)

// makeTemp makes a temporary folder, and removes those that killed calls have left. The folder counts as in use until
// done is called, or this process ends.
func makeTemp() (dir string, done func(), err error) {
	sweepTemp(os.TempDir())
	if dir, err = os.MkdirTemp("", tempPrefix); err != nil {
		return "", nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, tempLock), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // without locks nothing is swept
	return dir, func() { f.Close() }, nil
}

// sweepTemp removes this user's unused temporary folders in dir.
func sweepTemp(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	for _, name := range names {
		info, err := os.Lstat(name)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < tempYoung {
			continue
		}
		if !ownedByUs(info) {
			continue
		}
		f, err := os.OpenFile(filepath.Join(name, tempLock), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue // not one of these
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(name)
		}
		f.Close()
	}
}

// ownedByUs reports whether a file is this user's.
func ownedByUs(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
