package terminal

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// A Bar is a line on a terminal while work goes on. The zero Bar shows nothing.
type Bar struct {
	what atomic.Value // string
	stop chan struct{}
	done sync.WaitGroup
}

// Start returns a Bar that shows what is being done, and for how long, once that has taken longer than delay. It writes
// nothing if w is not a terminal.
func Start(w io.Writer, what string, delay time.Duration) *Bar {
	b := &Bar{}
	b.what.Store(what)
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return b
	}
	b.stop = make(chan struct{})
	b.done.Go(func() { b.show(f, delay, b.stop) })
	return b
}

// Tell replaces the text of the Bar. Any goroutine may call it.
func (b *Bar) Tell(what string) { b.what.Store(what) }

// Over returns a writer to w that stops the Bar before it writes. If the Bar shows nothing, Over returns w.
func (b *Bar) Over(w io.Writer) io.Writer {
	if b.stop == nil {
		return w
	}
	return over{b, w}
}

type over struct {
	bar *Bar
	w   io.Writer
}

func (o over) Write(p []byte) (int, error) {
	o.bar.Stop()
	return o.w.Write(p)
}

func (b *Bar) show(w io.Writer, delay time.Duration, stop <-chan struct{}) {
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

// Stop removes the line. Only one goroutine at a time may call it, or write to the writer that Over returned.
func (b *Bar) Stop() {
	if b.stop != nil {
		close(b.stop)
		b.done.Wait()
		b.stop = nil
	}
}
