//go:build !linux

package tree

import "os"

// keepAttributes does nothing: owner and extended attributes are kept on Linux only.
func keepAttributes(*os.File, string) {}
