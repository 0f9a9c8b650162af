//go:build !linux

package procfs

import "os"

func readFile(name string) ([]byte, error) { return os.ReadFile(name) }
