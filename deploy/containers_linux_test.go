package deploy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

var update = flag.Bool("u", false, "renew the table in docs/containers.md")

const (
	document = "../docs/containers.md"
	// untraced makes the test binary a command that runs another one, which may not trace anybody.
	untraced = "AWAITTRACE_UNTRACED"
)

func TestMain(m *testing.M) {
	if os.Getenv(untraced) != "" {
		fmt.Fprintln(os.Stderr, runUntraced(os.Args[1:]))
		os.Exit(126)
	}
	os.Exit(m.Run())
}

// runUntraced replaces this process by a command for which the system calls that look into other processes fail, as by
// the seccomp profile of containers.
func runUntraced(args []string) error {
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}} // the number of the system call
	calls := []uint32{unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV}
	for i, nr := range calls {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr,
			Jt: uint8(len(calls) - i)})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0x7fff0000}, // SECCOMP_RET_ALLOW
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0x00050000 | uint32(unix.EPERM)}) // SECCOMP_RET_ERRNO
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, 2, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		return err
	}
	os.Unsetenv(untraced)
	return syscall.Exec(args[0], args, os.Environ())
}

// A setting is where a program runs, and from where it is looked at.
type setting struct {
	name string
	// program and reader are what stands before their commands. In reader PID is the program's pid here.
	program, reader []string
	// alone says that the reader is given no pid: it is asked for the program that there is.
	alone bool
	// small says that the reader is the small command that is in the root of the program.
	small bool
}

func shell(script string) []string { return []string{"sh", "-c", script + `; exec "$@"`, "sh"} }

func unshared(flags, script string) []string {
	return append([]string{"unshare", flags}, shell(script)...)
}

// settings are the rows of the table. ROOT is a folder with the program and the small command alone: an image without a
// system.
func settings() []setting {
	const own = "mount -t proc proc /proc; mount -t tmpfs tmpfs /dev/shm; ip link set lo up 2>/dev/null"
	container := unshared("-mpfiun", own)
	bare := func(script string) []string {
		return []string{"unshare", "-mpf", "sh", "-c", script + `; exec chroot ROOT "/${1##*/}"`, "sh"}
	}
	inside := []string{"nsenter", "-t", "PID", "-m", "-p", "-i", "-n", "-u", "-r"}
	beside := append([]string{"nsenter", "-t", "PID", "-p", "unshare", "-m"},
		shell("mount -t proc proc /proc; mount -t tmpfs tmpfs /dev/shm")...)
	nobody := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	return []setting{
		{name: "as the reader does"},
		{name: "in a container, and the reader on its node (DaemonSet)", program: container},
		{name: "in a container, and the reader in another of the pod (sidecar, `kubectl debug`, Compose)",
			program: container, reader: beside, alone: true},
		{name: "in a container, with the reader in it (liveness probe)", program: container,
			reader: []string{"nsenter", "-t", "PID", "-m", "-p", "-i", "-n", "-u"}, alone: true},
		{name: "in a network namespace of its own", program: unshared("-n", "ip link set lo up 2>/dev/null")},
		{name: "with 64 MB of /dev/shm", program: unshared("-m", "mount -t tmpfs -o size=64m tmpfs /dev/shm")},
		{name: "without /dev/shm", program: unshared("-m", "mount -t tmpfs -o ro tmpfs /dev/shm")},
		{name: "in an image without a system (distroless): no /proc, no /dev/shm", program: bare(":")},
		{name: "the same with a read-only root",
			program: bare("mount --bind ROOT ROOT; mount -o remount,bind,ro ROOT")},
		{name: "the same with /proc, and the reader in it (liveness probe)",
			program: bare("mount -t proc proc ROOT/proc; mount -t tmpfs tmpfs ROOT/dev/shm"), reader: inside,
			alone: true, small: true},
		{name: "the same without /proc", program: bare("mount -t tmpfs tmpfs ROOT/dev/shm"), reader: inside,
			alone: true, small: true},
		{name: "as nobody, and the reader as root", program: nobody},
		{name: "as nobody, and the reader too", program: nobody, reader: nobody},
		{name: "as nobody, and the reader as somebody else", program: nobody,
			reader: []string{"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"}},
		{name: "as nobody, and the reader as somebody else with CAP_SYS_PTRACE", program: nobody,
			reader: []string{"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--inh-caps=+sys_ptrace",
				"--ambient-caps=+sys_ptrace"}},
		{name: "as the reader does, which may not trace (no `SYS_PTRACE`)",
			reader: []string{"env", untraced + "=1", "SELF"}},
	}
}

var columns = []string{"the program runs", "findings", "states and stacks", "connections", "`check`",
	"findings after `kill -9`"}

// TestContainers makes the table of docs/containers.md: what is told of a program, by where it runs and from where it
// is looked at.
func TestContainers(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command twice")
	}
	b := build(t)
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	table := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, " | "); len(cells) == len(columns) {
			table[strings.TrimPrefix(cells[0], "| ")] = strings.TrimSpace(line)
		}
	}
	var fresh []string
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			row := b.row(t, s)
			fresh = append(fresh, row)
			if table[s.name] != row && !*update {
				t.Errorf("%s says\n%s\nand it is\n%s", document, table[s.name], row)
			}
		})
	}
	t.Run("verbs", b.verbs)
	t.Run("overlay.Dockerfile", b.overlayDockerfile)
	if *update {
		renew(t, string(text), fresh)
	}
}

// renew writes the table into the document.
func renew(t *testing.T, text string, rows []string) {
	t.Helper()
	head := "| " + strings.Join(columns, " | ") + " |\n"
	before, rest, ok := strings.Cut(text, head)
	_, after, ok2 := strings.Cut(rest, "\n\n")
	if !ok || !ok2 || len(rows) != len(settings()) {
		t.Fatalf("%s has no table with the head %q, or not all rows could be made", document, head)
	}
	text = before + head + strings.Repeat("|---", len(columns)) + "|\n" + strings.Join(rows, "\n") + "\n\n" + after
	if err := os.WriteFile(document, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// A built is the commands of the test. The small one and the program run where there is no system.
type built struct{ command, small, program, dir string }

func build(t *testing.T) *built {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil { // for other users
			t.Fatal(err)
		}
	}
	b := &built{filepath.Join(dir, "awaittrace"), filepath.Join(dir, "small"), filepath.Join(dir, "program"), dir}
	for _, args := range [][]string{
		{"go", "build", "-ldflags=-s -w", "-o", b.command, "../cmd/awaittrace"},
		{"env", "CGO_ENABLED=0", "go", "build", "-tags", "lite", "-o", b.small, "../cmd/awaittrace"},
		{"env", "CGO_ENABLED=0", b.command, "build", "-o", b.program, "./testdata/program"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	return b
}

// image makes a folder that has the program, the small command, and nothing else.
func (b *built) image(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp(b.dir, "image") // whose name a shell can take
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"proc", "dev/shm", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(filepath.Join(root, "dev/shm"), 0o755)
	for from, to := range map[string]string{b.program: "program", b.small: "awaittrace"} {
		if err := os.Link(from, filepath.Join(root, to)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// row makes the row of a setting.
func (b *built) row(t *testing.T, s setting) string {
	root := b.image(t)
	fill := func(args []string, pid int) []string {
		args = slices.Clone(args)
		for i := range args {
			args[i] = strings.NewReplacer("ROOT", root, "PID", strconv.Itoa(pid), "SELF", os.Args[0]).Replace(args[i])
		}
		return args
	}
	pid, end := b.start(t, append(fill(s.program, 0), b.program))
	reader := func(verb string, flags ...string) (string, int) {
		command, of := b.command, []string{strconv.Itoa(pid)}
		if s.small {
			command = "/awaittrace"
		}
		if s.alone {
			of = nil
			if s.small && verb == "report" {
				of = []string{"1"} // the first of its namespace
			}
		}
		args := append(append(append(fill(s.reader, pid), command, verb), flags...), of...)
		cmd := exec.Command(args[0], args[1:]...)
		var out, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &stderr
		_ = cmd.Run() // the status says it
		if status := cmd.ProcessState.ExitCode(); status == 126 || status == 127 {
			t.Skipf("%q is not permitted here: %s", args, &stderr)
		}
		t.Logf("%s: status %d: %.300s", verb, cmd.ProcessState.ExitCode(), &stderr)
		return out.String(), cmd.ProcessState.ExitCode()
	}
	flags := []string{"-f", "json", "-after", "100ms"}
	if s.small {
		flags = append(flags, "-no-stop")
	}
	var live told
	out, _ := reader("report", flags...)
	_ = json.Unmarshal([]byte(out), &live) // nothing is told where it is none
	t.Logf("note: %s", live.Note)
	_, status := reader("check", "-after", "100ms")
	after := "-" // the reader is gone with the program
	if !slices.Contains(s.reader, "nsenter") {
		end()
		var dead told
		out, _ = reader("report", flags...)
		_ = json.Unmarshal([]byte(out), &dead)
		after = yes(dead.deadlock())
	}
	return "| " + strings.Join([]string{
		s.name, yes(live.deadlock()), yes(live.Note == "" && live.stacks()),
		yes(strings.Contains(remotes(live), "127.0.0.1")), fmt.Sprint(status), after,
	}, " | ") + " |"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// A told is what the table says of a report.
type told struct {
	Note       string
	Findings   []struct{ Kind string }
	Goroutines []struct {
		Stack   []struct{ Func string }
		WaitsOn *struct{ Remote string } `json:"waits_on"`
	}
}

func (r *told) deadlock() bool {
	return slices.ContainsFunc(r.Findings, func(f struct{ Kind string }) bool { return f.Kind == "deadlock" })
}

func (r *told) stacks() bool {
	for _, g := range r.Goroutines {
		if len(g.Stack) > 0 {
			return true
		}
	}
	return false
}

// remotes returns the other ends of the connections that goroutines wait for.
func remotes(r told) (remote string) {
	for _, g := range r.Goroutines {
		if g.WaitsOn != nil {
			remote += g.WaitsOn.Remote
		}
	}
	return remote
}

// start starts a program, waits until it is stuck, and returns its pid here, and what kills it.
func (b *built) start(t *testing.T, args []string) (pid int, end func()) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("%q: %v", args, err)
	}
	pid = cmd.Process.Pid
	end = func() {
		syscall.Kill(pid, syscall.SIGKILL)
		for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
			if st, err := procfs.ReadStat(pid); err != nil || !st.Alive() {
				break
			}
		}
	}
	t.Cleanup(func() {
		end()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		// The settings are those of programs that nobody has told where to keep their records.
		left, _ := filepath.Glob(fmt.Sprintf("/dev/shm/awaittrace-*/%d-*", pid))
		for _, name := range left {
			os.Remove(name)
			os.Remove(filepath.Dir(name)) // if there is nothing else in it
		}
	})
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Skipf("%q is not permitted here: %s", args, &stderr)
	}
	for args[0] == "unshare" && procfs.Child(pid) != 0 {
		pid = procfs.Child(pid)
	}
	return pid, end
}

// overlayDockerfile runs the steps of overlay.Dockerfile that build the program with a shell, on a module that make
// builds.
func (b *built) overlayDockerfile(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("takes make")
	}
	text, err := os.ReadFile("overlay.Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	src, probes := filepath.Join(dir, "src"), filepath.Join(dir, "probes.json")
	env := append(os.Environ(), "PATH="+b.dir+":"+os.Getenv("PATH"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"),
		"GOFLAGS=")
	if cache, err := exec.Command("go", "env", "GOCACHE").Output(); err == nil {
		env = append(env, "GOCACHE="+strings.TrimSpace(string(cache)))
	}
	steps := 0
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.ReplaceAll(rest, "/tmp/probes.json", probes)
		switch {
		case word == "ENV":
			env = append(env, rest)
		case line == "COPY . .\n":
			if err := os.CopyFS(src, os.DirFS("testdata/make")); err != nil {
				t.Fatal(err)
			}
		case word == "RUN" && !strings.HasPrefix(rest, "go "): // what is installed and downloaded is there
			cmd := exec.Command("sh", "-c", rest)
			cmd.Dir, cmd.Env = src, env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", rest, err, out)
			}
			steps++
		}
	}
	cmd := exec.Command(filepath.Join(src, "server"))
	cmd.Env = append(os.Environ(), "AWAITTRACE=log", "AWAITTRACE_DIR="+filepath.Join(dir, "records"))
	if out, err := cmd.CombinedOutput(); err != nil || steps != 2 ||
		!strings.Contains(string(out), "main.go:6:10 recv <-c reached") {
		t.Errorf("after %d steps the program has no probes: %v\n%s", steps, err, out)
	}
}
