package e2e

import (
	"go/version"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestOldGo builds with the oldest toolchain in the module cache. The program with every form of every operation must
// print the same with probes. `go run ./scripts/versions` fetches toolchains, and tries more.
func TestOldGo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library of another release")
	}
	goroot, minor := oldestToolchain(t)
	if goroot == "" {
		t.Skip("no older toolchain is in the module cache")
	}
	t.Parallel()
	env := []string{"PATH=" + filepath.Join(goroot, "bin") + ":/usr/bin:/bin", "GOTOOLCHAIN=local"}
	module := tortureModule(t, minor, false)
	dropNewer(module, "_std1", minor)
	dir := t.TempDir()
	must(t, "go build", command(t, module, env, filepath.Join(goroot, "bin", "go"), "build", "-o",
		filepath.Join(dir, "plain"), "."))
	must(t, "awaittrace build", command(t, module, env, awaittrace, "build", "-o", filepath.Join(dir, "probed"), "."))
	same(t, tortureOutput(t, filepath.Join(dir, "plain")), tortureOutput(t, filepath.Join(dir, "probed")))
}

// oldestToolchain returns GOROOT and the minor version of the oldest toolchain for this system in the module cache, if
// it is older than that of the tests.
func oldestToolchain(t *testing.T) (goroot string, minor int) {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	suffix := "." + runtime.GOOS + "-" + runtime.GOARCH
	oldest := version.Lang(runtime.Version())
	found, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(cache)), "golang.org",
		"toolchain@v0.0.1-*"+suffix))
	for _, dir := range found {
		v := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(dir), "toolchain@v0.0.1-"), suffix)
		if lang := version.Lang(v); version.Compare(lang, "go1.21") >= 0 && version.Compare(lang, oldest) < 0 {
			goroot, oldest = dir, lang
		}
	}
	minor, _ = strconv.Atoi(strings.TrimPrefix(oldest, "go1."))
	return goroot, minor
}
