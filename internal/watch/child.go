package watch

import (
	"os"
	"os/exec"
	"sync"
)

// A program runs as if it had been started without us: it has our terminal, it gets the signals that are sent to us,
// and its end becomes ours.
//
// The child stays in our process group, so that a pipeline and the shell's job control see one job. A signal from the
// terminal reaches the whole group, and so the child; a signal that is sent to us alone is passed on. The two look
// alike from inside, and a program may take a second interrupt as "now, at once". Hence signals that a terminal sends
// are passed on only while we are not in the foreground of one.
//
// This very process may read a child with ptrace while it runs. The child's stops are then ours to wait for, and
// nothing here takes them away.

// A Child is a running program.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the program has ended
	err  error         // set before done is closed: a failure of Wait other than the program's own
	stop func()
	once sync.Once
}

// Start starts cmd, which must not have been started, and passes signals on to it until Close is called.
func Start(cmd *exec.Cmd) (*Child, error) {
	signals := make(chan os.Signal, 16)
	started, stop := notify(signals)
	if err := cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	started()
	c := &Child{cmd: cmd, done: make(chan struct{})}
	quit := make(chan struct{})
	c.stop = func() {
		stop()
		close(quit)
	}
	go func() {
		for {
			select {
			case sig := <-signals:
				forward(cmd.Process, sig)
			case <-quit:
				return
			}
		}
	}()
	go func() {
		defer close(c.done)
		awaitEnd(cmd.Process.Pid)
		if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
			c.err = err
		}
	}()
	return c, nil
}

// Pid returns the process id.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Done returns a channel that is closed when the program has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Wait waits for the end of the program. An error means that its state is unknown, not that the program failed.
func (c *Child) Wait() (*os.ProcessState, error) {
	<-c.done
	return c.cmd.ProcessState, c.err
}

// Close restores the effect of signals. Until then they do not end us, even after the program's end: a terminal's
// interrupt that ended the program must not cut off the report about it.
func (c *Child) Close() { c.once.Do(c.stop) }

// Alone runs cmd to its end without watching it, and returns its exit status, see Status.
func Alone(cmd *exec.Cmd) (int, error) {
	c, err := Start(cmd)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	state, err := c.Wait()
	if err != nil {
		return 0, err
	}
	return Status(state), nil
}
