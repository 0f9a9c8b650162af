package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	dap "github.com/google/go-dap"
)

// TestDAPBreakpointProof: what is proven of a program without probes that runs is proven at a breakpoint too, where a
// thread has registers that only Delve knows.
func TestDAPBreakpointProof(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("../../testdata/plain")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "healthy.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "p.n++")
	exe := filepath.Join(t.TempDir(), "plain")
	if out, err := exec.Command("go", "build", "-o", exe, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := startDAP(t)
	c.begin("launch", map[string]any{"mode": "exec", "program": exe})
	ask[*dap.SetBreakpointsResponse](c, "setBreakpoints", map[string]any{
		"source":      map[string]any{"path": file},
		"breakpoints": []map[string]any{{"line": strings.Count(before, "\n") + 1, "condition": "p.n > 300"}},
	})
	ask[*dap.ConfigurationDoneResponse](c, "configurationDone", nil)
	got := ""
	for range 8 { // of a thread that looks for work at the moment, without a goroutine, the protocol tells no registers
		stop := await[*dap.StoppedEvent](c, nil)
		frames := ask[*dap.StackTraceResponse](c, "stackTrace",
			map[string]any{"threadId": stop.Body.ThreadId}).Body.StackFrames
		if len(frames) == 0 {
			t.Fatal("no stack")
		}
		got = c.typed("awaittrace stuck", frames[0].Id)
		if !strings.Contains(got, "no proofs:") && strings.Contains(got, "proven:") && strings.Contains(got, "leak:") {
			ask[*dap.DisconnectResponse](c, "disconnect", map[string]any{"terminateDebuggee": true})
			return
		}
		c.send("continue", map[string]any{"threadId": stop.Body.ThreadId})
	}
	t.Errorf("awaittrace stuck at breakpoints:\n%s", got)
	ask[*dap.DisconnectResponse](c, "disconnect", map[string]any{"terminateDebuggee": true})
}
