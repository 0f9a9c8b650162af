// Package progress shows on a terminal that work is going on, and what it is.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// A Bar is a line on a terminal while work goes on. The zero Bar shows nothing.
type Bar struct {
	stop chan struct{}
	done sync.WaitGroup
}

// Start begins to show what is being done, and for how long, once it has taken longer than delay. Nothing is written if w is no
// terminal.
func Start(w io.Writer, what string, delay time.Duration) *Bar {
	b := &Bar{}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return b
	}
	b.stop = make(chan struct{})
	b.done.Go(func() { show(f, what, delay, b.stop) })
	return b
}

func show(w io.Writer, what string, delay time.Duration, stop <-chan struct{}) {
	start := time.Now()
	select {
	case <-stop:
		return
	case <-time.After(delay):
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		fmt.Fprintf(w, "\r%s … %ds", what, int(time.Since(start).Seconds()))
		select {
		case <-stop:
			fmt.Fprint(w, "\r\x1b[K") // the line is empty again
			return
		case <-tick.C:
		}
	}
}

// Stop ends the work. The line is gone when it returns.
func (b *Bar) Stop() {
	if b.stop != nil {
		close(b.stop)
		b.done.Wait()
		b.stop = nil
	}
}
