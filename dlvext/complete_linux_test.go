package dlvext

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/awaittrace/awaittrace/internal/testing/ptytest"
)

// TestCompletion types on a terminal, with the key TAB: names of commands of ours and of Delve's, flags, goroutines and
// variables.
func TestCompletion(t *testing.T) {
	t.Parallel()
	other, tty := ptytest.Open(t)
	cmd := command("exec", program(t, false, bank, "."))
	cmd.Env = append(cmd.Env, "TERM=xterm", "NO_COLOR=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var out conversation
	go io.Copy(&out, other)
	out.await(t, 1, "(dlv) ")
	prompts := 0
	enter := func(line string) {
		t.Helper()
		io.WriteString(other, line+"\r")
		prompts++
		out.await(t, prompts, "\r\n(dlv) ")
	}
	enter("break main.audit")
	enter("continue")
	// The line that is being typed is written again at every key; that it has been completed shows.
	for _, test := range []struct{ typed, want string }{
		{"wait\t", "waitgraph"},
		{"coll\t", "collector"},
		{"stuck -al\t", "stuck -all"},
		{"stuck -af\t 1s -al\t", "stuck -after 1s -all"},
		{"probe -\t", "probe -g"},
		{"probe -g 1\t\t", "probe -g 10"},
		{"probes -\t", "probes -n"},
		{"holders acc\t", "holders accounts"},
		{"collector o\t", "collector on"},
		{"break main.aud\t", "break main.audit"},
	} {
		n := strings.Count(out.String(), test.want)
		io.WriteString(other, test.typed)
		out.await(t, n+1, test.want)
		io.WriteString(other, "\x15") // away with the line
	}
	io.WriteString(other, "exit\r")
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
}
