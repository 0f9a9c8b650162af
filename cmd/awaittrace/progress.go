//go:build !lite

package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// A progress is a line on a terminal while work goes on. The zero progress shows nothing.
type progress struct {
	what atomic.Value // string
	quit chan struct{}
	done sync.WaitGroup
}

// startProgress returns a progress that shows what is being done, and for how long, once that has taken longer than
// delay. It writes nothing if w is not a terminal.
func startProgress(w io.Writer, what string, delay time.Duration) *progress {
	b := &progress{}
	b.what.Store(what)
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return b
	}
	b.quit = make(chan struct{})
	b.done.Go(func() { b.show(f, delay, b.quit) })
	return b
}

// tell replaces the text. Any goroutine may call it.
func (b *progress) tell(what string) { b.what.Store(what) }

// over returns a writer to w that removes the line before it writes. If there is no line, over returns w.
func (b *progress) over(w io.Writer) io.Writer {
	if b.quit == nil {
		return w
	}
	return overProgress{b, w}
}

type overProgress struct {
	bar *progress
	w   io.Writer
}

func (o overProgress) Write(p []byte) (int, error) {
	o.bar.stop()
	return o.w.Write(p)
}

func (b *progress) show(w io.Writer, delay time.Duration, stop <-chan struct{}) {
	start := time.Now()
	select {
	case <-stop:
		return
	case <-time.After(delay):
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		fmt.Fprintf(w, "\r%s … %ds\x1b[K", b.what.Load(), int(time.Since(start).Seconds()))
		select {
		case <-stop:
			fmt.Fprint(w, "\r\x1b[K") // the line is empty again
			return
		case <-tick.C:
		}
	}
}

// stop removes the line. Only one goroutine at a time may call it, or write to the writer that over returned.
func (b *progress) stop() {
	if b.quit != nil {
		close(b.quit)
		b.done.Wait()
		b.quit = nil
	}
}
