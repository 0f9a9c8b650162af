package gocmd

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/rewrite"
)

// A manifest is a result of the rewriter with its inputs, so that a build in which nothing has changed needs neither
// the go command's list of packages nor their types. Its key is what else decides the result: see manifestKey.
type manifest struct {
	Inputs []input
	Files  []manifestFile
	Result rewrite.Result // without Files
}

// A manifestFile is a rewrite.File whose text is in the cache.
type manifestFile struct {
	Name           string
	Text, Original [sha256.Size]byte
	Kept           []rewrite.Span `json:",omitempty"`
}

// manifestKey returns a hash of all that decides the rewriter's output, except the inputs of the manifest; ok is false
// if that is unknown.
func manifestKey(tc *Toolchain, cfg *rewrite.Config) (key [sha256.Size]byte, ok bool) {
	if tc.Settings["GOMOD"] == "" {
		return key, false // GO111MODULE=off: packages come from wherever GOPATH and vendor folders lead
	}
	for name := range cfg.Overlay {
		if ext := filepath.Ext(name); ext == ".mod" || ext == ".work" {
			return key, false // the files that it names are not looked for
		}
	}
	asked := *cfg
	asked.Env, asked.Dir = goVariables(cfg.Env), absolute(cfg.Dir, ".")
	data, err := json.Marshal([]any{programs(tc), tc.Settings, asked})
	return sha256.Sum256(data), err == nil
}

// programs returns the stamps of awaittrace itself and of the toolchain.
func programs(tc *Toolchain) (stamps []stamp) {
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	for _, name := range []string{exe, tc.Go, filepath.Join(tc.GOROOT, "VERSION")} {
		s, err := stampOf(name)
		if err != nil {
			s = stamp{Modified: time.Now().UnixNano()} // another one each time
		}
		stamps = append(stamps, s)
	}
	return stamps
}

// A fileCache is the part of a cache with what the rewriter found in files.
type fileCache struct {
	*Cache
	of []byte // by which programs it was found
}

func newFileCache(c *Cache, tc *Toolchain) fileCache {
	data, _ := json.Marshal(programs(tc)) // numbers alone
	return fileCache{c, data}
}

func (c fileCache) key(key [sha256.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(append(key[:], c.of...))
}

func (c fileCache) Get(key [sha256.Size]byte) ([]byte, bool) { return c.load(found, c.key(key)) }

func (c fileCache) Put(key [sha256.Size]byte, data []byte) { c.store(found, c.key(key), data) }

// goVariables returns the go command's own environment variables, sorted, each with its last value.
func goVariables(env []string) []string {
	last := map[string]string{}
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok &&
			(strings.HasPrefix(name, "GO") || strings.HasPrefix(name, "CGO_")) {
			last[name] = value
		}
	}
	var list []string
	for name, value := range last {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// instrumentOnce runs the rewriter, unless the cache has its result and nothing has changed since. An error leaves
// nothing in the cache.
func instrumentOnce(cache *Cache, tc *Toolchain, cfg rewrite.Config) (*rewrite.Result, error) {
	cache.current = nil
	key, ok := manifestKey(tc, &cfg)
	if ok {
		if r := cache.known(key, cfg.Tests); r != nil {
			return r, nil
		}
	}
	start := time.Now()
	r, read, err := rewrite.Instrument(cfg, newFileCache(cache, tc))
	if err == nil && ok {
		cache.remember(key, r, &recorder{start: start, tc: tc, cfg: &cfg, read: read})
	}
	return r, err
}

// known returns the result that is in the cache under key, or nil if there is none, or an input has changed.
func (c *Cache) known(key [sha256.Size]byte, tests bool) *rewrite.Result {
	data, ok := c.load(manifests, key)
	if !ok {
		return nil
	}
	var m manifest
	if json.Unmarshal(data, &m) != nil {
		return nil
	}
	same, looked := allUnchanged(m.Inputs, tests)
	if !same {
		return nil
	}
	if looked {
		c.note(key, &m)
	}
	r := m.Result
	current := make(map[string]string, len(m.Files))
	for _, f := range m.Files {
		text, path, ok := c.text(f.Text, filepath.Ext(f.Name))
		if !ok {
			return nil
		}
		current[f.Name] = path
		r.Files = append(r.Files, rewrite.File{Name: f.Name, Text: text, Original: f.Original, Kept: f.Kept})
	}
	c.current = current
	return &r
}

// remember puts a result into the cache. If that fails, or an input was changed meanwhile, the next build is as slow as
// this one.
func (c *Cache) remember(key [sha256.Size]byte, r *rewrite.Result, rec *recorder) {
	m := manifest{Result: *r}
	m.Result.Files = nil
	if !rec.record() {
		return
	}
	m.Inputs = rec.list
	for _, f := range r.Files {
		if _, err := c.Put(f.Text, filepath.Ext(f.Name)); err != nil {
			return
		}
		m.Files = append(m.Files, manifestFile{f.Name, sha256.Sum256(f.Text), f.Original, f.Kept})
	}
	c.note(key, &m)
}

func (c *Cache) note(key [sha256.Size]byte, m *manifest) {
	if data, err := json.Marshal(m); err == nil {
		c.store(manifests, key, data)
	}
}
