package tree

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/lock"
	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// child is set in the environment of a process that TestKilled starts: the folder that it works in.
const child = "AWAITTRACE_TEST_TREE"

func TestMain(m *testing.M) {
	dir := os.Getenv(child)
	if dir == "" {
		os.Exit(m.Run())
	}
	fmt.Println("begins")
	for { // until it is killed
		if err := Write(sourceIn(filepath.Join(dir, "tree")), Journals{filepath.Join(dir, "journal")}); err != nil {
			fmt.Println("write:", err)
		}
		if _, err := Revert(filepath.Join(dir, "tree"), Journals{filepath.Join(dir, "journal")}); err != nil {
			fmt.Println("revert:", err)
		}
	}
}

// fileCount is how many files a test tree has; every third one has DOS line ends, and every fourth one is read-only.
const fileCount = 24

// newTree makes a tree and a place for journals.
func newTree(t *testing.T) (root string, journals Journals) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(dir, "tree")
	for i := range fileCount {
		text := fmt.Sprintf("package p\n\n// File %d.\nvar v%d = %q\n", i, i, strings.Repeat("x", 100*i))
		mode := fs.FileMode(0o644)
		if i%3 == 0 {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if i%4 == 0 {
			mode = 0o444
		}
		name := fileName(root, i)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return root, Journals{filepath.Join(dir, "journal")}
}

func fileName(root string, i int) string {
	return filepath.Join(root, "p"+strconv.Itoa(i%5), fmt.Sprintf("file%d.go", i))
}

// sourceIn is the tree of newTree with the import alone: that is a probe, too, to what is tested here. Files that have
// it are left out.
func sourceIn(root string) Source {
	src := Source{Root: root, Modules: []string{root}, Collector: filepath.Join(root, rewrite.CollectorFolder)}
	for i := range fileCount {
		text, err := os.ReadFile(fileName(root, i))
		if err == nil && !revert.Instrumented(text) {
			src.Files = append(src.Files, rewrite.File{Name: fileName(root, i), Text: instrumented(text),
				Original: sha256.Sum256(text)})
		}
	}
	return src
}

func instrumented(text []byte) []byte {
	return []byte(strings.Replace(string(text), "package p", `package p; import _at "m/awaittrace_runtime"`, 1) +
		"\n//awaittrace:sites _at\n\n//awaittrace:end\n")
}

// list lists what is in a folder, with mode and content.
func list(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", path, info.Mode())
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(text)
			b.WriteString(" " + hex.EncodeToString(sum[:4]))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func mustRevert(t *testing.T, dir string, journals Journals) *Reverted {
	t.Helper()
	r, err := Revert(dir, journals)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unchanged(t *testing.T, root, was string) {
	t.Helper()
	if now := list(t, root); now != was {
		t.Fatalf("the tree is\n%s\nand was\n%s", now, was)
	}
}

func TestWriteAndRevert(t *testing.T) {
	root, journals := newTree(t)
	was := list(t, root)
	if err := Write(sourceIn(root), journals); err != nil {
		t.Fatal(err)
	}
	if list(t, root) == was {
		t.Fatal("nothing was written")
	}
	if err := Write(Source{Root: root, Files: sourceIn(root).Files}, journals); err == nil {
		t.Error("written twice")
	}
	if r := mustRevert(t, root, journals); len(r.Restored) != fileCount || len(r.Edited) != 0 {
		t.Errorf("%d restored, %d edited", len(r.Restored), len(r.Edited))
	}
	unchanged(t, root, was)
	if r := mustRevert(t, root, journals); len(r.Restored)+len(r.Edited) > 0 {
		t.Errorf("reverted twice: %v", r)
	}
	if left, _ := os.ReadDir(journals.dir); len(left) > 0 {
		t.Errorf("%v is left of the journal", left)
	}
}

// However the journal was lost, the text is enough.
func TestRevertWithoutJournal(t *testing.T) {
	for name, lose := range map[string]func(*journal) error{
		"gone":  func(j *journal) error { return os.Remove(j.path) },
		"other": func(j *journal) error { j.Files[0].Text = []byte("package other\n"); return journals(j).write(j) },
	} {
		t.Run(name, func(t *testing.T) {
			root, journals := newTree(t)
			was := list(t, root)
			if err := Write(sourceIn(root), journals); err != nil {
				t.Fatal(err)
			}
			made, err := journals.read(root)
			if err != nil || made == nil {
				t.Fatal(made, err)
			}
			if err := lose(made); err != nil {
				t.Fatal(err)
			}
			mustRevert(t, root, journals)
			unchanged(t, root, was)
		})
	}
}

func journals(j *journal) Journals { return Journals{filepath.Dir(j.path)} }

// What happened to a file in between stays.
func TestRevertChanged(t *testing.T) {
	root, journals := newTree(t)
	originals := map[int]string{}
	for i := range fileCount {
		text, err := os.ReadFile(fileName(root, i))
		if err != nil {
			t.Fatal(err)
		}
		originals[i] = string(text)
	}
	if err := Write(sourceIn(root), journals); err != nil {
		t.Fatal(err)
	}
	put := func(i int, text string) {
		t.Helper()
		os.Remove(fileName(root, i))
		if err := os.WriteFile(fileName(root, i), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(1, originals[1])                                      // git checkout
	put(2, "package other\n")                                 // git checkout of another commit
	put(5, string(instrumented([]byte(originals[5])))+"//\n") // an edit
	os.Remove(fileName(root, 7))
	r := mustRevert(t, root, journals)
	if len(r.Restored) != fileCount-4 || len(r.Edited) != 1 {
		t.Errorf("%d restored, edited: %v", len(r.Restored), r.Edited)
	}
	for i, want := range map[int]string{0: originals[0], 1: originals[1], 2: "package other\n",
		5: originals[5] + "//\n"} {
		if got, err := os.ReadFile(fileName(root, i)); err != nil || string(got) != want {
			t.Errorf("file %d: %q, %v, want %q", i, got, err, want)
		}
	}
	if _, err := os.Lstat(fileName(root, 7)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file that was removed is there again")
	}
}

// One process at a time works on a tree.
func TestBusy(t *testing.T) {
	root, journals := newTree(t)
	src := sourceIn(root)
	if err := Write(src, journals); err != nil {
		t.Fatal(err)
	}
	was := list(t, root)
	unlock, err := journals.lock(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(src, journals); !errors.Is(err, lock.ErrBusy) {
		t.Errorf("write: error %v", err)
	}
	if _, err := Revert(root, journals); !errors.Is(err, lock.ErrBusy) {
		t.Errorf("revert: error %v", err)
	}
	unchanged(t, root, was)
	unlock()
	mustRevert(t, root, journals)
	if left, _ := os.ReadDir(journals.dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// Nothing is changed where not everything can be.
func TestWriteRefused(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(root string, src *Source) error
		want  string
	}{
		"link": {func(root string, src *Source) error {
			return errors.Join(os.Rename(fileName(root, 3), fileName(root, 3)+".real"),
				os.Symlink(fileName(root, 3)+".real", fileName(root, 3)))
		}, "is a symbolic link"},
		"changed": {func(root string, src *Source) error { src.Files[4].Original[0]++; return nil }, "changed while"},
		"gone":    {func(root string, src *Source) error { return os.Remove(fileName(root, 4)) }, "no such file"},
		"collector": {func(root string, src *Source) error { return os.MkdirAll(src.Collector+"/mine", 0o755) },
			"awaittrace did not write it"},
		"no room": {func(root string, src *Source) error {
			return os.MkdirAll(tempName(fileName(root, 9))+"/x",
				0o755)
		}, "not empty"},
	} {
		t.Run(name, func(t *testing.T) {
			root, journals := newTree(t)
			src := sourceIn(root)
			if err := test.spoil(root, &src); err != nil {
				t.Fatal(err)
			}
			was := list(t, root)
			if err := Write(src, journals); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if name == "no room" {
				os.RemoveAll(tempName(fileName(root, 9)))
				mustRevert(t, root, journals)
				if strings.Contains(list(t, root), ".awaittrace") {
					t.Error("something is left")
				}
				return
			}
			unchanged(t, root, was)
		})
	}
}

// Killed at any moment, Write and Revert leave a tree that Revert brings back.
func TestKilled(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 10
	}
	root, journals := newTree(t)
	was := list(t, root)
	half := 0
	for i := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), child+"="+filepath.Dir(root))
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(stdout)
		begins, _ := out.ReadString('\n')
		time.Sleep(time.Duration(i*37%89) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(out)
		cmd.Wait()
		if begins != "begins\n" || len(rest) > 0 {
			t.Fatalf("%s%s", begins, rest)
		}
		if list(t, root) != was {
			half++
		}
		if _, err := Revert(root, journals); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		unchanged(t, root, was)
	}
	t.Logf("killed %d times, %d of them half-way", rounds, half)
	if !testing.Short() && half == 0 {
		t.Error("was never killed half-way")
	}
}

// TestSymlinkedRoot writes and reverts a tree that is reached through a symbolic link.
func TestSymlinkedRoot(t *testing.T) {
	root, journals := newTree(t)
	was := list(t, root)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Skip(err)
	}
	for _, dir := range []string{link, root} {
		if err := Write(sourceIn(link), journals); err != nil {
			t.Fatal(err)
		}
		mustRevert(t, dir, journals)
		unchanged(t, root, was)
	}
	if left, _ := filepath.Glob(filepath.Join(journals.dir, "*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestAttributes: what is rewritten keeps its owner, mode, attributes, and when it is as before also its time.
func TestAttributes(t *testing.T) {
	root, journals := newTree(t)
	name := fileName(root, 1)
	then := time.Now().Add(-48 * time.Hour).Truncate(time.Second)
	if err := os.Chtimes(name, then, then); err != nil {
		t.Fatal(err)
	}
	os.Chmod(name, 0o640)
	owned := os.Geteuid() == 0 && os.Chown(name, 1234, 2345) == nil
	tagged := setAttribute(name, "user.awaittrace", "kept")
	check := func(when string, modified bool) {
		t.Helper()
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if uid, gid := ownerOf(info); info.Mode() != 0o640 || owned && (uid != 1234 || gid != 2345) {
			t.Errorf("%s: mode %v, owner %d:%d", when, info.Mode(), uid, gid)
		}
		if tagged && attribute(name, "user.awaittrace") != "kept" {
			t.Errorf("%s: the attribute is gone", when)
		}
		if info.ModTime().Equal(then) == modified {
			t.Errorf("%s: modified at %v", when, info.ModTime())
		}
	}
	if err := Write(sourceIn(root), journals); err != nil {
		t.Fatal(err)
	}
	check("written", true)
	mustRevert(t, root, journals)
	check("reverted", false)
}

// TestCopyInTheWay: nothing that Copy did not write is removed by it.
func TestCopyInTheWay(t *testing.T) {
	root, _ := newTree(t)
	to := filepath.Join(t.TempDir(), "copy")
	os.Symlink("p1", filepath.Join(root, "link"))
	os.MkdirAll(filepath.Join(root, "empty", "still", "empty"), 0o755)
	again := func() error {
		src := sourceIn(root)
		src.Go = func(string, ...string) ([]byte, error) { return []byte("{}"), nil }
		return Copy(src, to)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Fatalf("an unchanged copy is not replaced: %v", err)
	}
	for _, change := range []struct {
		name string
		do   func(path string) error
	}{
		{".git/HEAD", func(p string) error { os.MkdirAll(filepath.Dir(p), 0o755); return os.WriteFile(p, nil, 0o644) }},
		{"data.db", func(p string) error { return os.WriteFile(p, []byte("data"), 0o644) }},
		{"elsewhere", func(p string) error { return os.Symlink("/etc", p) }},
		{"p1/file1.go", func(p string) error { return os.WriteFile(p, []byte("package p // edited\n"), 0o644) }},
		{"link", func(p string) error { os.Remove(p); return os.Symlink("p2", p) }},
		{rewrite.CollectorFolder + "/mine.txt", func(p string) error { return os.WriteFile(p, nil, 0o644) }},
	} {
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		if err := again(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, change.name)
		if err := change.do(path); err != nil {
			t.Fatal(err)
		}
		was := list(t, to)
		err := again()
		if err == nil || !strings.Contains(err.Error(), strings.Split(change.name, "/")[0]) {
			t.Errorf("%s: %v", change.name, err)
		}
		unchanged(t, to, was)
	}
}
