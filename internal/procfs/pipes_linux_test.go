package procfs

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestPipeWait: a process, or one that it has started, waits to read from a pipe that only we write to; and to write to
// one that only we read.
func TestPipeWait(t *testing.T) {
	for _, tt := range []struct {
		command string
		write   bool
	}{{"cat", false}, {"cat; true", false}, {"cat /dev/zero", true}} {
		cmd := exec.Command("sh", "-c", tt.command)
		in, err1 := cmd.StdinPipe()
		_, err2 := cmd.StdoutPipe()
		if err1 != nil || err2 != nil || cmd.Start() != nil {
			t.Fatal("cannot start sh")
		}
		w, ok := PipeWait{}, false
		for until := time.Now().Add(time.Minute); !ok &&
			time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			w, ok = ReadOpenFiles().PipeWait(cmd.Process.Pid, os.Getpid())
		}
		if !ok || w.Write != tt.write || FDPath(os.Getpid(), w.FD) == "" {
			t.Errorf("sh -c %q: %+v, %v", tt.command, w, ok)
		}
		cmd.Process.Kill()
		in.Close()
		cmd.Wait() // which closes the pipe that we read
	}
}
