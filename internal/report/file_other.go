//go:build !unix

package report

import (
	"io/fs"
	"os"
)

// keepOwner does nothing: owners are kept on Unix only.
func keepOwner(*os.File, fs.FileInfo) error { return nil }
