package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// containerID is the id of the container that join puts a process into.
const containerID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// join puts a process into a cgroup as Docker names that of a container, and reports whether it may.
func join(t *testing.T, pid int) bool {
	t.Helper()
	for _, hierarchy := range []string{"", "unified", "systemd", "pids"} {
		dir := filepath.Join("/sys/fs/cgroup", hierarchy, "docker-"+containerID+".scope")
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { // when nobody is in it any more
			for range 6000 {
				if os.Remove(dir) == nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("%s is left", dir)
		})
		if procs, err := os.OpenFile(filepath.Join(dir, "cgroup.procs"), os.O_WRONLY, 0); err == nil {
			_, err = procs.WriteString(strconv.Itoa(pid))
			procs.Close()
			if err == nil {
				return true
			}
		}
	}
	return false
}

// verbs runs what lists and looks at programs, from a node, on a program in a container.
func (b *built) verbs(t *testing.T) {
	pid, end := b.start(t, append(unshared("-mpfiun", "mount -t proc proc /proc; mount -t tmpfs tmpfs /dev/shm"),
		b.program))
	named := join(t, pid)
	t.Cleanup(end)
	of := strconv.Itoa(pid)
	container := containerID[:12]
	for _, tt := range []struct {
		args  string
		stdin string
		want  []string
		not   string
	}{
		{"ps -after 100ms", "", []string{"\n" + of + " ", " live "}, "\n" + of + "  exited"},
		{"top -after 100ms " + of, "", []string{"deadlock: goroutines"}, "exited"},
		{"report -after 100ms " + of, "", []string{"deadlock: goroutines", "pid " + of, "live", "stood still for "},
			"exited"},
		{"report -no-stop -after 100ms " + of, "", []string{"deadlock: goroutines", "pid " + of}, "stood still"},
		{"check -after 100ms " + of, "", []string{"stuck: pid " + of}, "exited"},
		{"dlv attach --allow-non-terminal-interactive " + of, "stuck\nquit\nn\n",
			[]string{"deadlock: goroutines", "pid " + of}, "exited"},
	} {
		cmd := exec.Command(b.command, strings.Fields(tt.args)...)
		cmd.Stdin = strings.NewReader(tt.stdin)
		cmd.Env = append(os.Environ(), "AWAITTRACE_AFTER=100ms")
		out, _ := cmd.CombinedOutput()
		if named && !strings.HasPrefix(tt.args, "check") {
			tt.want = append(tt.want, container)
		}
		for _, want := range tt.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("awaittrace %s does not say %q:\n%s", tt.args, want, out)
			}
		}
		if strings.Contains(string(out), tt.not) {
			t.Errorf("awaittrace %s says %q:\n%s", tt.args, tt.not, out)
		}
	}
	if !named {
		t.Log("no cgroup can be made here: the name of the container was not looked for")
	}
}
