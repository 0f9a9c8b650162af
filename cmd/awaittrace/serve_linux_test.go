package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// TestServe: what is stuck in a program that runs is in the metrics, in its report, in its profile, and in the answer
// of /livez, and a report is kept of it, which diff reads.
func TestServe(t *testing.T) {
	t.Parallel()
	exe, kept := buildOnce(t, bank(t)), filepath.Join(t.TempDir(), "kept")
	env := append(os.Environ(), "AWAITTRACE_DIR="+t.TempDir(), "AWAITTRACE_AFTER=1s")
	if err := os.Chmod(strings.TrimPrefix(env[len(env)-2], "AWAITTRACE_DIR="), 0o700); err != nil {
		t.Fatal(err)
	}
	program := exec.Command(exe)
	program.Env = env
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		program.Process.Kill()
		program.Wait()
	})
	get := startServer(t, env, "-keep", kept)
	const stuck = `awaittrace_stuck_goroutines{certainty="certain",container="",kind="deadlock",program="bank"} 3`
	for end := time.Now().Add(dapPatience); ; time.Sleep(100 * time.Millisecond) {
		if _, text := get("/metrics"); strings.Contains(text, stuck) {
			break
		} else if time.Now().After(end) {
			t.Fatalf("no %s in\n%s", stuck, text)
		}
	}
	if status, text := get("/livez?program=bank"); status != http.StatusServiceUnavailable ||
		!strings.HasPrefix(text, "deadlock: ") {
		t.Errorf("livez: %d %s", status, text)
	}
	if status, text := get("/livez?program=bank&kind=leak"); status != http.StatusOK {
		t.Errorf("livez of leaks: %d %s", status, text)
	}
	if status, text := get("/"); status != http.StatusOK || !strings.Contains(text, ">bank</a>") {
		t.Errorf("index: %d %s", status, text)
	}
	// The page has the lines around what waits, in which the source has a comment, unless -no-source leaves them out.
	const comment = "// so that it goes wrong each time"
	if status, text := get("/report/bank"); status != http.StatusOK || !strings.HasPrefix(text, "<!doctype html>") ||
		!strings.Contains(text, comment) {
		t.Errorf("page: %d %.200s", status, text)
	}
	bare := startServer(t, env, "-no-source")
	for end := time.Now().Add(dapPatience); ; time.Sleep(100 * time.Millisecond) {
		status, text := bare("/report/bank")
		if status == http.StatusNotFound && time.Now().Before(end) {
			continue // it has not looked yet
		}
		if status != http.StatusOK || !strings.Contains(text, "to.mu.Lock()") || strings.Contains(text, comment) {
			t.Errorf("page without source: %d %.200s", status, text)
		}
		break
	}
	if status, text := get("/report/bank?f=text"); status != http.StatusOK ||
		!strings.Contains(text, "wait for each other's locks") {
		t.Errorf("report as text: %d %s", status, text)
	}
	_, text := get("/debug/pprof/awaittrace?program=bank")
	if p, err := profile.ParseData([]byte(text)); err != nil || len(p.Sample) == 0 {
		t.Errorf("profile: %v", err)
	}
	var names []string
	for end := time.Now().Add(dapPatience); len(names) == 0 &&
		time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		names, _ = filepath.Glob(filepath.Join(kept, "*-bank-*.json.zst"))
	}
	if len(names) == 0 {
		t.Fatal("no report is kept")
	}
	var diff bytes.Buffer
	cmd := command("diff", names[0], names[0])
	cmd.Stdout, cmd.Stderr = &diff, &diff
	if err := cmd.Run(); err != nil || !strings.Contains(diff.String(), "1 finding as before") {
		t.Errorf("diff: %v\n%s", err, &diff)
	}
}

// startServer starts a server, and returns what gets a page of it, with the status.
func startServer(t *testing.T, env []string, flags ...string) func(path string) (int, string) {
	t.Helper()
	line := serves(t, env, append([]string{"-every", "1s"}, flags...)...)
	_, url, ok := strings.Cut(strings.TrimSpace(line), "serving ")
	if !ok {
		t.Fatalf("it says %q", line)
	}
	return func(path string) (int, string) {
		t.Helper()
		res, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
}

// serves starts a server, which is ended with the test, and returns the first line that it says.
func serves(t *testing.T, env []string, flags ...string) string {
	t.Helper()
	server := command(append([]string{"serve", "-listen", "127.0.0.1:0"}, flags...)...)
	server.Env = env
	out, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(os.Interrupt)
		ends(t, server)
	})
	in := bufio.NewReader(out)
	line, _ := in.ReadString('\n')
	go io.Copy(io.Discard, in)
	return line
}

// With -web-config only its file knows whether the address is one of http or https.
func TestServeWebConfig(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(file, []byte("http_server_config:\n  http2: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if line := serves(t, nil, "-web-config", file); !strings.HasPrefix(line, "awaittrace: serving on 127.0.0.1:") {
		t.Errorf("it says %q", line)
	}
}

// TestServeRefused refuses a wrong flag as wrong usage, and says that it serves only if it does.
func TestServeRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("none of this: form"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		flag, value string
		status      int
		want        string
	}{
		{"-listen", "9467", 2, "invalid -listen \"9467\": want HOST:PORT, or :PORT"},
		{"-listen", "localhost:http9", 2, "there is no port \"http9\""},
		{"-listen", ":99999", 2, "there is no port \"99999\""},
		{"-listen", "192.0.2.1:0", 1, "-listen: listen tcp 192.0.2.1:0"},
		{"-web-config", file, 1, "invalid -web-config"},
		{"-keep", file, 1, file},
	} {
		args := []string{"serve", "-listen", "127.0.0.1:0", tt.flag, tt.value}
		if tt.flag == "-listen" {
			args = []string{"serve", tt.flag, tt.value}
		}
		out, err := command(args...).CombinedOutput()
		exit, _ := err.(*exec.ExitError)
		if exit == nil || exit.ExitCode() != tt.status || !strings.Contains(string(out), tt.want) ||
			strings.Contains(string(out), "serving") {
			t.Errorf("%s %s: %v, want %d\n%s", tt.flag, tt.value, err, tt.status, out)
		}
	}
}
