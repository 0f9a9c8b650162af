package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
)

// hash returns the hash of a text, as in records.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// tempName returns the path of the temporary file for the new text of the file at path, in the same folder: the go
// command ignores it, and Revert finds it.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".awaittrace")
}

// writeTemp writes text, synced to the disk, into the file that will replace path.
func writeTemp(path string, text []byte, mode fs.FileMode) error {
	temp := tempName(path)
	// A file that a killed call has left may be read-only.
	if err := os.Remove(temp); err != nil && !os.IsNotExist(err) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		keepAttributes(f, path) // before the mode, because a change of the owner clears bits of it
		err = f.Chmod(mode.Perm() | mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
	}
	if err == nil {
		err = f.Sync()
	}
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// writeAtomic writes a file whole or not at all. Its name is on the disk only after syncFolders.
func writeAtomic(path string, text []byte, mode fs.FileMode) error {
	if err := writeTemp(path, text, mode); err != nil {
		return err
	}
	if err := os.Rename(tempName(path), path); err != nil {
		os.Remove(tempName(path))
		return err
	}
	return nil
}

// syncFolders syncs the names of files in folders to the disk. It ignores errors, because not every system can sync a
// folder.
func syncFolders(paths ...string) {
	done := map[string]bool{}
	for _, path := range paths {
		dir := filepath.Dir(path)
		if f, err := os.Open(dir); err == nil && !done[dir] {
			_ = f.Sync()
			f.Close()
		}
		done[dir] = true
	}
}
