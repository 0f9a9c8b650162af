//go:build !unix

package record

import (
	"io/fs"
	"os"
)

const noFollow = 0

func owner(fs.FileInfo) int { return -1 }

func allocated(fi fs.FileInfo) int64 { return fi.Size() }

func deviceAndInode(fs.FileInfo) string { return "" }

func lockHeld(*os.File) (held, known bool) { return false, false }
