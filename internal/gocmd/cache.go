package gocmd

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A Cache is a folder of files that are found by their content, so that the same text has the same path in every build. It may
// be used by several processes at once.
type Cache struct {
	dir string
}

const (
	cacheTouch = time.Hour           // a file that is used gets a new time when its own is older than this
	cacheTrim  = 24 * time.Hour      // how often old files are looked for
	cacheKeep  = 14 * 24 * time.Hour // how long a file is kept after its last use
)

// OpenCache opens the cache of this user, and makes it if need be. An error names the folder.
func OpenCache() (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no folder for cached files: %v", err)
	}
	c := &Cache{filepath.Join(dir, "awaittrace")}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return nil, fmt.Errorf("no folder for cached files: %v", err)
	}
	return c, nil
}

// Put stores data under a name that ends with suffix, unless it is there already, and returns its path.
func (c *Cache) Put(data []byte, suffix string) (string, error) {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	path := filepath.Join(c.dir, "text", name[:2], name[2:]+suffix)
	// A file of another size was cut short by a crash of the machine: files are renamed into place, but not synced.
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
		if now := time.Now(); now.Sub(info.ModTime()) > cacheTouch {
			os.Chtimes(path, now, now)
		}
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", err
	}
	return path, writeFile(path, data)
}

// writeFile writes a file so that it is there as a whole or not at all.
func writeFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "tmp-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err2 := tmp.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// Trim removes what has not been used for a while. It does nothing when it was done less than a day ago.
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
	err := filepath.WalkDir(filepath.Join(c.dir, "text"), func(path string, entry fs.DirEntry, err error) error {
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
