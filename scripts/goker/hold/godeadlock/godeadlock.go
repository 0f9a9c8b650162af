// Package godeadlock is package hold with the answer of go-deadlock, which package sync beside it puts in place of the
// locks.
package godeadlock

import (
	"bytes"
	"io"
	"os"
	stdsync "sync"
	"time"

	"github.com/sasha-s/go-deadlock"

	"github.com/awaittrace/awaittrace/scripts/goker/hold"
)

// log is what go-deadlock has written so far.
var log struct {
	mu   stdsync.Mutex
	text bytes.Buffer
}

type writer struct{}

func (writer) Write(b []byte) (int, error) {
	log.mu.Lock()
	defer log.mu.Unlock()
	return log.text.Write(b)
}

// init lets the program go on after a finding, as the other tools do. The timeout is that of the environment.
func init() {
	deadlock.Opts.OnPotentialDeadlock = func() {}
	deadlock.Opts.LogBuf = writer{}
	if d, err := time.ParseDuration(os.Getenv("GODEADLOCK_TIMEOUT")); err == nil {
		deadlock.Opts.DeadlockTimeout = d
	}
}

// Lookup returns a profile that tells what go-deadlock has found.
func Lookup(string) hold.Profile {
	return hold.Profile{Tell: func(w io.Writer) {
		log.mu.Lock()
		defer log.mu.Unlock()
		log.text.WriteTo(w)
	}}
}
