//go:build !linux

package watch

func awaitEnd(pid int) { pollEnd(pid) }
