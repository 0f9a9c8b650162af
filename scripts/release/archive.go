package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// An entry is a file of an archive.
type entry struct {
	name string
	mode fs.FileMode
	text []byte
}

// archive packs files into a folder called name, as a .zip for Windows and a .tar.gz for other systems. All have the
// time at, and the first is a program.
func archive(t target, name string, files []string, at time.Time) (file string, data []byte, err error) {
	var entries []entry
	for i, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return "", nil, err
		}
		e := entry{path.Join(name, filepath.Base(f)), 0o644, text}
		if i == 0 {
			e.mode = 0o755
		}
		entries = append(entries, e)
	}
	if t.goos == "windows" {
		data, err = zipped(entries, at)
		return name + ".zip", data, err
	}
	data, err = tarred(entries, at)
	return name + ".tar.gz", data, err
}

func tarred(entries []entry, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(z)
	for _, e := range entries {
		err := w.WriteHeader(&tar.Header{Name: e.name, Mode: int64(e.mode), Size: int64(len(e.text)), ModTime: at,
			Format: tar.FormatUSTAR})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(e.text); err != nil {
			return nil, err
		}
	}
	err = errors.Join(w.Close(), z.Close())
	return b.Bytes(), err
}

func zipped(entries []entry, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: at}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(e.text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
