package gocmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func openTestCache(t *testing.T) *Cache {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	c, err := OpenCache()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCache(t *testing.T) {
	c := openTestCache(t)
	a, err := c.Put([]byte("text"), ".go")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := c.Put([]byte("text"), ".go"); b != a || err != nil {
		t.Errorf("the same text is in %s and %s, %v", a, b, err)
	}
	if b, err := c.Put([]byte("other"), ".go"); b == a || err != nil {
		t.Errorf("another text is in %s too, %v", b, err)
	}
	if data, err := os.ReadFile(a); string(data) != "text" || filepath.Ext(a) != ".go" {
		t.Errorf("%s holds %q, %v", a, data, err)
	}
	// What a crash has cut short, or a disk has changed, is written again.
	for _, damaged := range []string{"te", "teXt", ""} {
		if err := os.WriteFile(a, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put([]byte("text"), ".go"); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(a); string(data) != "text" {
			t.Errorf("%s holds %q, %v", a, data, err)
		}
	}
}

// TestNoCacheFolder: without a folder for the user's cache, or with one that cannot be written, one for temporary files
// serves; but not one of somebody else's.
func TestNoCacheFolder(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("HOME", "")
	file := filepath.Join(temp, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, xdg := range []string{"", file, "/proc/1/nowhere"} {
		t.Setenv("XDG_CACHE_HOME", xdg)
		c, err := OpenCache()
		if err != nil || filepath.Dir(c.dir) != temp {
			t.Fatalf("with XDG_CACHE_HOME=%s: %+v, %v", xdg, c, err)
		}
		if _, err := c.Put([]byte("text"), ".go"); err != nil {
			t.Error(err)
		}
		if err := os.Chmod(c.dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCache(); err == nil || !strings.Contains(err.Error(), "others may write to it") ||
			!strings.Contains(err.Error(), c.dir) {
			t.Errorf("a folder that others may write to: %v", err)
		}
		os.RemoveAll(c.dir)
		if err := os.Symlink("/", c.dir); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCache(); err == nil || !strings.Contains(err.Error(), "not a folder of yours") {
			t.Errorf("a symbolic link: %v", err)
		}
		os.Remove(c.dir)
	}
}

func TestTrim(t *testing.T) {
	c := openTestCache(t)
	put := func(text string, age time.Duration) string {
		name, err := c.Put([]byte(text), ".go")
		if err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(name, then, then); err != nil {
			t.Fatal(err)
		}
		return name
	}
	old, used, fresh := put("old", cacheKeep+time.Hour), put("used", cacheKeep+time.Hour), put("fresh", time.Hour)
	if _, err := c.Put([]byte("used"), ".go"); err != nil { // which gives it a new time
		t.Fatal(err)
	}
	if err := c.Trim(time.Now()); err != nil {
		t.Fatal(err)
	}
	exists := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	if exists(old) || !exists(used) || !exists(fresh) {
		t.Errorf("after trimming: old %t, used %t, fresh %t; want only old to be gone", exists(old), exists(used),
			exists(fresh))
	}
	// Not again on the same day.
	old = put("old", cacheKeep+time.Hour)
	if err := c.Trim(time.Now()); err != nil || !exists(old) {
		t.Errorf("trimmed twice in a day, %v", err)
	}
	if err := c.Trim(time.Now().Add(cacheTrim + time.Minute)); err != nil || exists(old) {
		t.Errorf("not trimmed the next day, %v", err)
	}
}

// TestCacheAge: Go before 1.25 does not find the collector while its files are new.
func TestCacheAge(t *testing.T) {
	c := &Cache{dir: t.TempDir()}
	name, err := c.Put([]byte("package p"), ".go")
	if err != nil {
		t.Fatal(err)
	}
	old := func() bool {
		info, err := os.Stat(name)
		return err == nil && time.Since(info.ModTime()) > 2*time.Second
	}
	if !old() {
		t.Error("a file that was written is new")
	}
	then := time.Now().Add(-2 * cacheTouch)
	if err := os.Chtimes(name, then, then); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Put([]byte("package p"), ".go"); err != nil || !old() {
		t.Errorf("a file that was used is new (%v)", err)
	}
	if info, err := os.Stat(name); err != nil || time.Since(info.ModTime()) > cacheTouch {
		t.Errorf("its use is not noted (%v)", err)
	}
}
