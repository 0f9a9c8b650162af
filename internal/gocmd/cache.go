package gocmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Cache is a folder of files, found by their content, so that the same text has the same path in every build, and of
// facts, found by their inputs. Several processes may use it at once.
type Cache struct {
	dir string
	// current are the paths of the texts of the result that known has returned last, by the names of the originals.
	current map[string]string
}

// The folders of a cache.
const (
	texts     = "text"     // by content
	manifests = "manifest" // by manifestKey
	found     = "found"    // by what the rewriter says
	edits     = "edit"     // files of modules, by what they were and what is replaced
)

const (
	cacheTouch = time.Hour           // a file that is used gets a new time when its own is older than this
	cacheTrim  = 24 * time.Hour      // how often old files are looked for
	cacheKeep  = 14 * 24 * time.Hour // how long a file is kept after its last use

	// cacheAge is subtracted from the times of files. Before Go 1.25, the go command does not find a package that only
	// an overlay has in GOROOT while one of its files is less than two seconds old: cmd/go/internal/modindex then looks
	// for it on the disk.
	cacheAge = time.Minute
)

// OpenCache opens, and creates if need be, the cache of this user: in the user's cache folder, or, if that is missing
// or not writable, in the folder for temporary files. An error names the folder.
func OpenCache() (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err == nil {
		dir = filepath.Join(dir, "awaittrace")
		if err = os.MkdirAll(dir, 0o777); err == nil {
			err = writable(dir)
		}
	}
	if err == nil {
		return &Cache{dir: dir}, nil
	}
	temp := filepath.Join(os.TempDir(), fmt.Sprintf("awaittrace-cache-%d", os.Getuid()))
	if err2 := ownFolder(temp); err2 != nil {
		return nil, fmt.Errorf("no folder for cached files: %v; nor can %s take its place: %v", err, temp, err2)
	}
	return &Cache{dir: temp}, nil
}

// writable returns an error if no file can be made in dir.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, "tmp-*")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

// ownFolder makes a folder in one that everybody may write to. It fails if the folder exists and others could have
// written to it.
func ownFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir() || !ownedByUs(info):
		return errors.New("it is not a folder of yours")
	case info.Mode().Perm()&0o077 != 0:
		return errors.New("others may write to it or read it")
	}
	return writable(dir)
}

// First reports whether this is this user's first call with that name.
func (c *Cache) First(name string) bool {
	f, err := os.OpenFile(filepath.Join(c.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// Put stores data under a name that ends with suffix, unless it is there already, and returns its path.
func (c *Cache) Put(data []byte, suffix string) (string, error) {
	path := c.path(texts, sha256.Sum256(data), suffix)
	// A damaged file comes from a crash of the machine, or a bad disk: files are renamed into place, but not synced.
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
			touch(path, info)
			return path, nil
		}
	}
	return path, writeFile(path, data)
}

// text returns what Put stored, and its path. It is not ok if that is gone or damaged.
func (c *Cache) text(sum [sha256.Size]byte, suffix string) (data []byte, path string, ok bool) {
	path = c.path(texts, sum, suffix)
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", false
	}
	data, err = os.ReadFile(path)
	if err != nil || sha256.Sum256(data) != sum {
		return nil, "", false
	}
	touch(path, info)
	return data, path, true
}

// store stores data in a folder under a key. It ignores errors: load then finds nothing.
func (c *Cache) store(folder string, key [sha256.Size]byte, data []byte) {
	sum := sha256.Sum256(data)
	_ = writeFile(c.path(folder, key, ""), append(sum[:], data...))
}

// load returns what store, in any process, stored last under that key.
func (c *Cache) load(folder string, key [sha256.Size]byte) (data []byte, ok bool) {
	path := c.path(folder, key, "")
	info, err := os.Stat(path)
	if err != nil {
		return nil, false
	}
	data, err = os.ReadFile(path)
	if err != nil || len(data) < sha256.Size || sha256.Sum256(data[sha256.Size:]) != [sha256.Size]byte(data) {
		return nil, false
	}
	touch(path, info)
	return data[sha256.Size:], true
}

func (c *Cache) path(folder string, key [sha256.Size]byte, suffix string) string {
	name := hex.EncodeToString(key[:])
	return filepath.Join(c.dir, folder, name[:2], name[2:]+suffix)
}

// touch notes that a file was used.
func touch(path string, info fs.FileInfo) {
	if now := time.Now(); now.Sub(info.ModTime()) > cacheTouch {
		_ = age(path, now) // else it is removed too soon, and made again
	}
}

// age gives a file the time of one that was written now.
func age(path string, now time.Time) error {
	then := now.Add(-cacheAge)
	return os.Chtimes(path, then, then)
}

// link returns the path of a symbolic link to target, in the folder kind.
func (c *Cache) link(kind, name, target string) (string, error) {
	link := filepath.Join(c.dir, kind, name)
	if old, err := os.Readlink(link); err == nil && old == target {
		return link, nil
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
		return "", err
	}
	tmp := fmt.Sprintf("%s.%d", link, os.Getpid())
	if err := os.Symlink(target, tmp); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, link); err != nil {
		os.Remove(tmp)
		return "", err
	}
	return link, nil
}

// writeFile writes a file whole or not at all, in a folder that it creates if need be.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "tmp-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err2 := tmp.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = age(tmp.Name(), time.Now())
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// Trim removes what has not been used for a while. It does nothing if the last call was less than a day ago.
func (c *Cache) Trim(now time.Time) error {
	marker := filepath.Join(c.dir, "trimmed")
	if info, err := os.Stat(marker); err == nil && now.Sub(info.ModTime()) < cacheTrim {
		return nil
	}
	if err := writeFile(marker, nil); err != nil {
		return err
	}
	if err := os.Chtimes(marker, now, now); err != nil {
		return err
	}
	for _, folder := range []string{texts, manifests, found, edits} {
		if err := trimFolder(filepath.Join(c.dir, folder), now); err != nil {
			return err
		}
	}
	return nil
}

func trimFolder(dir string, now time.Time) error {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && now.Sub(info.ModTime()) > cacheKeep {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) { // another process was faster
			return nil
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
