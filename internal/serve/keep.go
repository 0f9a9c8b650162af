package serve

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
)

// Kept reports are bounded in number and in bytes. The oldest go first.
const (
	maxKept      = 1000
	maxKeptBytes = 256 << 20
)

// KeptSuffix ends the names of kept reports: compressed JSON.
const KeptSuffix = ".json.zst"

// A keep is a folder with reports of programs whose findings changed.
type keep struct {
	dir string // empty: nothing is kept
	enc *zstd.Encoder
	// failed means that the last report could not be kept, as on a full disk.
	failed bool
}

func openKeep(dir string) (*keep, error) {
	if dir == "" {
		return &keep{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("invalid -keep: %w", err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	return &keep{dir: dir, enc: enc}, err
}

// note keeps the report on a program whose findings changed; nil means that the program has ended. It logs once that
// reports cannot be kept, until they can again.
func (k *keep) note(log *slog.Logger, changes []change, r *diagnose.Report) {
	if k.dir == "" || len(changes) == 0 || r == nil {
		return
	}
	err := k.write(changes, r)
	switch {
	case err != nil && !k.failed:
		log.Error("cannot keep reports", "err", err)
	case err == nil && k.failed:
		log.Info("reports are kept again", "folder", k.dir)
	}
	k.failed = err != nil
}

// write keeps a report.
func (k *keep) write(changes []change, r *diagnose.Report) error {
	var b bytes.Buffer
	if err := report.JSON(&b, r); err != nil {
		return err
	}
	p := changes[0].program
	name := fmt.Sprintf("%s-%s-%d%s", time.Now().UTC().Format("20060102T150405.000"), fileName(p.name), p.entry.Pid,
		KeptSuffix)
	if err := k.put(name, k.enc.EncodeAll(b.Bytes(), nil)); err != nil {
		return err
	}
	return k.trim()
}

// put writes a file, whole or not at all.
func (k *keep) put(name string, text []byte) error {
	f, err := os.CreateTemp(k.dir, ".awaittrace-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(k.dir, name))
}

// trim removes the oldest reports beyond the bounds. Other files stay.
func (k *keep) trim() error {
	names, err := filepath.Glob(filepath.Join(k.dir, "*"+KeptSuffix))
	if err != nil {
		return err
	}
	slices.Sort(names) // their names begin with their time
	slices.Reverse(names)
	size := int64(0)
	for i, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		if size += info.Size(); i >= maxKept || size > maxKeptBytes {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileName returns the name of a program as part of a file name.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, cut(s, 64))
}
