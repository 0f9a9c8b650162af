package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
)

// hash is the hash of a text, as the records have it.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// tempName is the path of the file in which a new text for the file at path is written, in the same folder: the go command does
// not look at it, and Revert finds it.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".awaittrace")
}

// writeTemp writes text, down to the disk, into the file that is to take the place of path.
func writeTemp(path string, text []byte, mode fs.FileMode) error {
	temp := tempName(path)
	// One that is left of a call that was killed may be read-only.
	if err := os.Remove(temp); err != nil && !os.IsNotExist(err) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		keepAttributes(f, path) // before the mode: a change of the owner takes bits of it away
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

// writeAtomic writes a file so that it is there as a whole or not at all. Its name is on the disk after syncFolders only.
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

// syncFolders brings the names of files in their folders down to the disk. Not every system can do that for a folder: it is no error.
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
