package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

const (
	look     = 500 * time.Millisecond
	maxLooks = 20
	share    = 50 // of a processor: a program that uses less than one part in so many is quiet
)

// quiet waits until a process uses hardly any processor time, or until it is clear that it never will.
func quiet(ctx context.Context, pid int) {
	used := processorTime(pid)
	for range maxLooks {
		select {
		case <-ctx.Done():
			return
		case <-time.After(look):
		}
		now := processorTime(pid)
		if now-used < look/share {
			return
		}
		used = now
	}
}

// processorTime returns how much processor time a process has used, to a hundredth of a second: fields 14 and 15 of
// /proc/PID/stat.
func processorTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // the third and on
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(string(f))
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}
