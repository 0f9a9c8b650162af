package gocmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSplitQuoted(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"  -a\t-b=c\n", []string{"-a", "-b=c"}},
		{`-a '-ldflags=-s -w' "x y"z`, []string{"-a", "-ldflags=-s -w", "x y", "z"}},
		{`a'b c'`, []string{"a'b", "c'"}}, // a quote counts at the front of a word alone
	}
	for _, test := range tests {
		if got, err := splitQuoted(test.in); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q is %q, %v, want %q", test.in, got, err, test.want)
		}
	}
	if got, err := splitQuoted("-a 'b"); err == nil {
		t.Errorf("an open quote is %q", got)
	}
}

func TestToolchain(t *testing.T) {
	env := append(os.Environ(), "GOFLAGS=-tags=a --trimpath -tags=b")
	tc, err := FindToolchain(t.TempDir(), env, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(tc.Version, "go1.") || !filepath.IsAbs(tc.GOROOT) || !filepath.IsAbs(tc.Go) {
		t.Errorf("%+v", tc)
	}
	for name, want := range map[string]string{"tags": "b", "trimpath": "true", "race": ""} {
		if got, ok := tc.flag(name); got != want || ok != (want != "") {
			t.Errorf("-%s of GOFLAGS is %q, want %q", name, got, want)
		}
	}
	if _, err := FindToolchain(t.TempDir(), append(os.Environ(), "GOFLAGS=nonsense"), nil); err != nil {
		t.Errorf("go env answers in spite of it, but: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("nonsense"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := FindToolchain(dir, append(os.Environ(), "GOTOOLCHAIN=nonsense"), nil); err == nil ||
		!strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got error %v, want what the go command says", err)
	}
}

// TestLinkedToolchain builds with a GOROOT in the module cache, where the go command puts toolchains that it downloads.
func TestLinkedToolchain(t *testing.T) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache := openTestCache(t)
	modcache := t.TempDir()
	real := filepath.Join(modcache, "golang.org", "toolchain@v0.0.1-go1.test")
	if err := os.MkdirAll(filepath.Dir(real), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(strings.TrimSpace(string(goroot)), real); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(real, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"))
	env := append(os.Environ(), "GOROOT="+real, "GOMODCACHE="+modcache, "GOTOOLCHAIN=local")
	tc, err := FindToolchain(t.TempDir(), env, cache)
	if err != nil {
		t.Fatal(err)
	}
	if within(tc.GOROOT, modcache) || !within(tc.Go, tc.GOROOT) || !slices.Contains(tc.Env, "GOROOT="+tc.GOROOT) {
		t.Errorf("the toolchain is still in the module cache: %s, %s", tc.GOROOT, tc.Go)
	}
	if again, err := FindToolchain(t.TempDir(), env, cache); err != nil || again.GOROOT != tc.GOROOT {
		t.Errorf("the second time it is %v, %v, want %s", again, err, tc.GOROOT)
	}
	overlay := Overlay{}
	if err := overlay.addCollector(tc.GOROOT, cache); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := overlay.write(file); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tc.Go, "list", "-overlay="+file, CollectorPath)
	cmd.Env = tc.Env
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != CollectorPath+"\n" {
		t.Errorf("go list: %v\n%s", err, out)
	}
}

func TestReadOverlay(t *testing.T) {
	dir := t.TempDir()
	text := `{"Replace": {"a.go": "b/c.go", "/x/y.go": "", "sub/../d.go": "/e.go"}}`
	if err := os.WriteFile(filepath.Join(dir, "o.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := ReadOverlay(dir, "o.json")
	want := Overlay{filepath.Join(dir, "a.go"): filepath.Join(dir, "b", "c.go"), "/x/y.go": "",
		filepath.Join(dir, "d.go"): "/e.go"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"", "[]", `{"Replace": 1}`} {
		if err := os.WriteFile(filepath.Join(dir, "bad.json"), []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadOverlay(dir, "bad.json"); err == nil || !strings.Contains(err.Error(), "bad.json") {
			t.Errorf("%q: got error %v", bad, err)
		}
	}
}

func TestForList(t *testing.T) {
	tc := &Toolchain{GOFLAGS: []string{"-mod=mod", "-cover", "-coverpkg=./...", "-modfile=/a b/alt.mod",
		"-ldflags=-X 'm.v=1'"}}
	env, flags := tc.forList([]string{"A=b"})
	if want := []string{"A=b", `GOFLAGS=-mod=mod "-ldflags=-X 'm.v=1'"`}; !slices.Equal(env, want) {
		t.Errorf("environment %q, want %q", env, want)
	}
	if want := []string{"-modfile=/a b/alt.mod"}; !slices.Equal(flags, want) {
		t.Errorf("flags %q, want %q", flags, want)
	}
}

func TestJoinQuoted(t *testing.T) {
	words := []string{"plain", "a b", "it's", `say "hi"`, ""}
	joined, err := joinQuoted(words)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := splitQuoted(joined); err != nil || !slices.Equal(back, words) {
		t.Errorf("%s is split into %q, %v", joined, back, err)
	}
	if _, err := joinQuoted([]string{`'"`}); err == nil {
		t.Error("both kinds of quotes: no error")
	}
}
