package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-delve/delve/cmd/dlv/cmds"
	"github.com/rogpeppe/go-internal/goproxytest"
	"github.com/rogpeppe/go-internal/testscript"
)

// plainDelve is the name by which the test binary is Delve itself.
const plainDelve = "plaindlv"

func delve() {
	if cmds.New(false).Execute() != nil {
		os.Exit(1)
	}
}

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"awaittrace": main, plainDelve: delve})
}

// parallel is how many tests run at a time by default: most of them wait for what a program does.
const parallel = "8"

// A suite is the tests, where the program is not one of the commands that testscript.Main makes of it.
type suite struct{ *testing.M }

// tmp is a folder of the tests, with their caches and records, and what they build.
var tmp string

// Run runs the tests with caches and records of their own, except Go's.
func (s suite) Run() int {
	flag.Set("test.parallel", parallel) // before the command line, which may say otherwise
	flag.Parse()
	var err error
	if tmp, err = os.MkdirTemp("", "awaittrace-test-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(tmp)
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		panic(err)
	}
	records := filepath.Join(tmp, "records")
	if err := os.Mkdir(records, 0o700); err != nil {
		panic(err)
	}
	os.Setenv("GOCACHE", strings.TrimSpace(string(goCache))) // which would follow XDG_CACHE_HOME
	os.Setenv("XDG_CACHE_HOME", filepath.Join(tmp, "cache"))
	os.Setenv("AWAITTRACE_DIR", records)
	return s.M.Run()
}

// TestScript runs testdata/script: a script for each behaviour, named by what it is about. UPDATE_SCRIPTS=1 renews what
// they compare with.
func TestScript(t *testing.T) {
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	goCache, modCache, _ := strings.Cut(strings.TrimSpace(string(caches)), "\n")
	ours := os.Getenv("XDG_CACHE_HOME")
	proxy := goproxytest.NewTestServer(t, "testdata/mod", "") // the modules that scripts of deps need
	var once sync.Once
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GOCACHE", goCache)
			env.Setenv("GOMODCACHE", modCache)
			env.Setenv("GOPROXY", "off") // nothing but what the module cache has
			env.Setenv("TESTPROXY", proxy.URL)
			env.Setenv("GOSUMDB", "off")
			env.Setenv("GOFLAGS", scriptFlags)
			env.Setenv("GOTOOLCHAIN", "local")
			env.Setenv("XDG_CACHE_HOME", ours)
			env.Setenv("AWAITTRACE_DIR", filepath.Join(filepath.Dir(ours), "records-"+filepath.Base(env.WorkDir)))
			once.Do(func() { removeShared(t, filepath.Dir(env.WorkDir)) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"remember":  remember,
			"unchanged": unchanged,
			"waitfor":   waitFor,
			"until":     until,
			"sametest":  sameTest,
			"events":    events,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "tmpfs" { // a file system of one's own, with room for as much as a test likes
				return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", os.TempDir()).Run() == nil, nil
			}
			if cond == "portable" { // only the record of a program is read, as on macOS
				return scriptFlags != "", nil
			}
			if cond == "cgo" {
				out, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output()
				enabled, cc, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
				_, ccErr := exec.LookPath(cc)
				return enabled == "1" && ccErr == nil, err
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// removeShared removes, at the end of t, the folder that has the folder of each script. Testscript removes it only if
// all scripts run, and none has written into it. That fails the test: other scripts run beside it.
func removeShared(t *testing.T, dir string) {
	t.Cleanup(func() {
		if flag.Lookup("testwork").Value.String() == "true" {
			return
		}
		left, _ := filepath.Glob(filepath.Join(dir, "*"))
		if err := os.RemoveAll(dir); err != nil || len(left) > 0 {
			t.Errorf("scripts have left %q outside their folders, error %v", left, err)
		}
	})
}

// remember DIR notes everything that is in a folder.
func remember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: remember DIR")
	}
	ts.Check(os.WriteFile(ts.MkAbs(".remembered"), []byte(listTree(ts, args[0])), 0o666))
}

// unchanged DIR fails unless the folder is, bit for bit, as it was when remember was called.
func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unchanged DIR")
	}
	if now, was := listTree(ts, args[0]), ts.ReadFile(ts.MkAbs(".remembered")); now != was {
		ts.Fatalf("%s has changed:\n%s\nit was:\n%s", args[0], now, was)
	}
}

// listTree lists the files in a folder with mode, time and content.
func listTree(ts *testscript.TestScript, dir string) string {
	var b strings.Builder
	root := ts.MkAbs(dir)
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if rel == ".remembered" {
			return nil
		}
		if entry.IsDir() {
			fmt.Fprintf(&b, "%s %v\n", rel, info.Mode())
			return nil
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %v %v %x\n", rel, info.Mode(), info.ModTime(), sha256.Sum256(data))
		return err
	}))
	return b.String()
}

// events FILE writes what go test -json has written to the file as FILE.events: a line for each event but output, with
// action and test. It fails unless every line is an event.
func events(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: events FILE")
	}
	var b strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var e struct{ Action, Package, Test string }
		d := json.NewDecoder(strings.NewReader(line))
		if err := d.Decode(&e); err != nil || e.Action == "" || d.InputOffset() < int64(len(strings.TrimSpace(line))) {
			ts.Fatalf("%s: %v: %q is no event", args[0], err, line)
		}
		if e.Action != "output" {
			fmt.Fprintln(&b, strings.TrimSpace(e.Action+" "+e.Test))
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0])+".events", []byte(b.String()), 0o666))
}

// patience bounds the wait for what must come about, on a machine that may be very busy.
const patience = 5 * time.Minute

// waitFor FILE TEXT waits until the file holds the text.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	name := ts.MkAbs(args[0])
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), args[1]) {
			return
		}
	}
	data, err := os.ReadFile(name)
	ts.Fatalf("%s does not hold %q: %v\n%s", args[0], args[1], err, data)
}

// until PATTERN COMMAND... runs a command again and again until its standard output matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND [ARG...]")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		err = ts.Exec(args[1], args[2:]...)
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("the output of %q does not match %q: %v", args[1:], args[0], err)
}
