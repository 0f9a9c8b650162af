package gocmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

// A manifest is a result of the rewriter with its inputs, so that a build in which nothing has changed needs neither
// the go command's list of packages nor their types, and one in which only bodies have changed needs no list. Its key
// is what else decides the result: see manifestKey.
type manifest struct {
	Inputs  []input
	Files   []manifestFile
	Result  rewrite.Result    // without Files
	Listing [sha256.Size]byte // of the load.Listing, which is in the cache

	edited map[string]bool // the inputs that are known to be bodies alone, by name
}

// A manifestFile is a rewrite.File whose text is in the cache.
type manifestFile struct {
	Name           string
	Text, Original [sha256.Size]byte
	Kept           []rewrite.Span `json:",omitempty"`
	Sites          map[string]int `json:",omitempty"`

	text []byte // after result, if the cache has it
	path string // of text
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

// goVariables returns the environment variables that the go command and cgo read, sorted, each with its last value.
func goVariables(env []string) []string {
	last := map[string]string{}
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok &&
			(strings.HasPrefix(name, "GO") || strings.HasPrefix(name, "CGO_") || strings.HasPrefix(name, "PKG_CONFIG")) {
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
		switch m, changed := cache.manifest(key, cfg.Tests); changed {
		case nothing:
			if r := cache.result(m); r != nil {
				return r, nil
			}
		case bodies:
			if r := cache.again(key, m, tc, cfg); r != nil {
				return r, nil
			}
		}
	}
	rec := &recorder{start: time.Now(), tc: tc, cfg: &cfg}
	r, read, err := rewrite.Instrument(cfg, newFileCache(cache, tc))
	if rec.read = read; err == nil && ok && rec.record() {
		cache.remember(key, &manifest{Inputs: rec.list}, r, read.Listing)
	}
	return r, err
}

// manifest returns what is in the cache under key, and what has changed since.
func (c *Cache) manifest(key [sha256.Size]byte, tests bool) (m *manifest, changed change) {
	data, ok := c.load(manifests, key)
	if m = new(manifest); !ok || json.Unmarshal(data, m) != nil {
		return nil, more
	}
	changed, edited, looked := compareAll(m.Inputs, tests)
	m.edited = edited
	if changed == nothing && looked {
		c.note(key, m)
	}
	return m, changed
}

// result returns the result of m, or nil if the cache does not have all of it.
func (c *Cache) result(m *manifest) *rewrite.Result {
	r := m.Result
	for i := range m.Files {
		f, ok := &m.Files[i], false
		if f.text, f.path, ok = c.text(f.Text, filepath.Ext(f.Name)); !ok {
			return nil
		}
		r.Files = append(r.Files, rewrite.File{Name: f.Name, Text: f.text, Original: f.Original, Kept: f.Kept,
			Sites: f.Sites})
	}
	c.current = m.paths()
	return &r
}

// paths returns the paths of the texts, by the names of the originals.
func (m *manifest) paths() map[string]string {
	paths := make(map[string]string, len(m.Files))
	for _, f := range m.Files {
		paths[f.Name] = f.path
	}
	return paths
}

// again runs the rewriter after changes in bodies, with the listing of m, and its result for the packages that they do
// not concern. It returns nil if that fails. Then the go command must be asked, whose errors the user knows.
func (c *Cache) again(key [sha256.Size]byte, m *manifest, tc *Toolchain, cfg rewrite.Config) *rewrite.Result {
	data, _, ok := c.text(m.Listing, listingSuffix)
	if !ok || json.Unmarshal(data, &cfg.Listing) != nil {
		return nil
	}
	if len(m.Result.Left) == 0 && len(cfg.ProbeFuncs) == 0 {
		if cfg.Previous = c.result(m); cfg.Previous != nil {
			cfg.Edited = m.edited
		}
	}
	c.current = nil
	r, read, err := rewrite.Instrument(cfg, newFileCache(c, tc))
	if err != nil {
		return nil
	}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		if sums, ok := parsed(&cfg, read, in.Name); ok && !bytes.Equal(in.Sum, sums.Text[:]) {
			return r // changed meanwhile
		}
	}
	if read.Listing == cfg.Listing { // the cache has it
		read.Listing = nil
	}
	c.remember(key, m, r, read.Listing)
	return r
}

const listingSuffix = ".json"

// remember puts a result into the cache, with the inputs of m, and with a listing in place of that of m, unless it is
// nil. If that fails, the next build is as slow as this one.
func (c *Cache) remember(key [sha256.Size]byte, m *manifest, r *rewrite.Result, listing *load.Listing) {
	if listing != nil {
		data, err := json.Marshal(listing)
		if err == nil {
			_, err = c.Put(data, listingSuffix)
		}
		if err != nil {
			return
		}
		m.Listing = sha256.Sum256(data)
	}
	known := make(map[string]manifestFile, len(m.Files))
	for _, f := range m.Files {
		known[f.Name] = f
	}
	m.Result, m.Files = *r, nil
	m.Result.Files = nil
	for _, f := range r.Files {
		next := manifestFile{Name: f.Name, Original: f.Original, Kept: f.Kept, Sites: f.Sites}
		if old := known[f.Name]; old.text != nil && bytes.Equal(old.text, f.Text) {
			next.Text, next.path = old.Text, old.path
		} else {
			var err error
			if next.path, err = c.Put(f.Text, filepath.Ext(f.Name)); err != nil {
				return
			}
			next.Text = sha256.Sum256(f.Text)
		}
		m.Files = append(m.Files, next)
	}
	c.current = m.paths()
	c.note(key, m)
}

func (c *Cache) note(key [sha256.Size]byte, m *manifest) {
	if data, err := json.Marshal(m); err == nil {
		c.store(manifests, key, data)
	}
}
