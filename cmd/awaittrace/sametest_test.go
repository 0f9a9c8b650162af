package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// sameTest [CLEANUP...] -- ARGS runs go test ARGS and awaittrace test ARGS, and fails unless they have the same
// standard output, exit status and messages, times and what awaittrace says of itself aside. The files CLEANUP must be
// there after each, and are removed.
func sameTest(ts *testscript.TestScript, neg bool, args []string) {
	var made []string
	for len(args) > 0 && args[0] != "--" {
		made, args = append(made, ts.MkAbs(args[0])), args[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: sametest [FILE...] -- ARGS")
	}
	output := filepath.Join(ts.Getenv("WORK"), ".output-")
	for _, command := range []string{"go", "awaittrace"} {
		ts.Check(os.WriteFile(output+command, []byte(testOutput(ts, made, command, args[1:])), 0o666))
	}
	if err := ts.Exec("diff", "-u", output+"go", output+"awaittrace"); err != nil {
		ts.Fatalf("awaittrace test %q differs:\n%s", args[1:], ts.ReadFile("stdout"))
	}
}

func testOutput(ts *testscript.TestScript, made []string, command string, args []string) string {
	err := ts.Exec(command, append([]string{"test"}, args...)...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	for _, name := range made {
		ts.Check(ts.Exec("test", "-s", name))
		ts.Check(ts.Exec("rm", name))
	}
	status := "exit status 0"
	if exit != nil {
		status = exit.String()
	}
	return normalTest(ts.ReadFile("stdout")) + "\nmessages:\n" + normalTest(ts.ReadFile("stderr")) + "\n" + status
}

// changing is what differs from run to run in the output of go test, and what stands for it.
var changing = []struct{ re, with string }{
	{`(?m)^(awaittrace: |.*: no probe on ).*\n`, ""},
	{`(?m)^(\{"Time":"[^"]*",.*"Output":")?fuzz: elapsed: .*\n`, ""},
	{`"Time":"[^"]*"`, `"Time":T`},
	{`"Elapsed":[0-9.e-]+`, `"Elapsed":T`},
	{`[0-9]+(\.[0-9]+)?(s|ms|µs|ns)\b`, "T"},
	{`\(cached\)`, "T"},
	{`[ \t]+[0-9.]+ (ns|B|allocs)/op`, " N $1/op"},
	{`0x[0-9a-f]+`, "ADDR"},
	{`go-build[0-9]+`, "go-buildN"},
}

func normalTest(text string) string {
	for _, c := range changing {
		text = regexp.MustCompile(c.re).ReplaceAllString(text, c.with)
	}
	return strings.TrimSpace(text)
}
