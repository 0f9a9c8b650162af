package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var kills = flag.Int("kills", 12, "how often TestKilled kills instrument -w and revert")

// Killed at any moment, instrument -w and revert leave a tree that revert brings back, and nothing else. (internal/tree
// kills the writing alone, more often.)
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	work, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		cmd := command(args...)
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(work, "cache"))
		return cmd
	}
	tree := filepath.Join(work, "tree")
	writeKilled(t, tree)
	was := contents(t, tree)
	r := rand.New(rand.NewPCG(1, 2))
	var usual [2]time.Duration
	half := map[string]int{}
	for i := range *kills {
		verb, args := 0, []string{"instrument", "-C", tree, "-w"}
		if i%2 == 1 {
			verb, args = 1, []string{"revert", tree}
			succeed(t, command("instrument", "-C", tree, "-w"))
		}
		if usual[verb] == 0 {
			start := time.Now()
			succeed(t, command(args...))
			usual[verb] = time.Since(start)
		} else {
			killed(t, time.Duration(r.Int64N(int64(usual[verb])*5/4)), command(args...))
		}
		if now := contents(t, tree); !maps.Equal(now, was) {
			half[args[0]]++
		}
		succeed(t, command("revert", tree))
		if now := contents(t, tree); !maps.Equal(now, was) {
			t.Fatalf("round %d, %s: the tree is\n%v\nand was\n%v", i, args[0], now, was)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(work, "cache", "awaittrace", "journal", "*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	t.Logf("%d rounds; probes in the tree after: %v", *kills, half)
}

// writeKilled writes a module of some packages.
func writeKilled(t *testing.T, dir string) {
	t.Helper()
	put := func(name, text string, mode fs.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	put("go.mod", "module example.com/killed\n\ngo 1.26\n", 0o644)
	for i := range 30 {
		text := fmt.Sprintf("package p%d\n\nfunc F%d(c chan int) int {\n\tc <- %d\n\treturn <-c\n}\n", i%6, i, i)
		if i%3 == 0 {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		put(fmt.Sprintf("p%d/f%d.go", i%6, i), text, []fs.FileMode{0o644, 0o444, 0o600}[i%3])
	}
}

// contents gives mode and hash of all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || entry.IsDir() {
			all[path] = "folder"
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = fmt.Sprintf("%v %x", info.Mode(), sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// command is a call of awaittrace: TestMain runs the command where the program has its name.
func command(args ...string) *exec.Cmd {
	return &exec.Cmd{Path: os.Args[0], Args: append([]string{"awaittrace"}, args...)}
}

// succeed runs a command, which must not fail.
func succeed(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// killed runs a command and kills it after a while.
func killed(t *testing.T, after time.Duration, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	cmd.Wait() // with an error if it was killed
	timer.Stop()
}
