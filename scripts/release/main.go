// Release builds the archives of a version: the command for Linux, macOS and Windows on amd64 and arm64, and the lite
// command for Linux, each with LICENSE and README.md, and a file of their checksums.
//
//	git tag v1.2.3 && go run ./scripts/release -o /tmp/release v1.2.3
//
// It builds a clone of the tag, so that nothing that is not committed gets in, and reads the version in every command
// that it has built. The same tag and the same Go give the same bytes.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// A target is what one archive is for.
type target struct {
	goos, goarch string
	lite         bool
}

var targets = []target{
	{goos: "linux", goarch: "amd64"}, {goos: "linux", goarch: "arm64"},
	{goos: "darwin", goarch: "amd64"}, {goos: "darwin", goarch: "arm64"},
	{goos: "windows", goarch: "amd64"}, {goos: "windows", goarch: "arm64"},
	{goos: "linux", goarch: "amd64", lite: true}, {goos: "linux", goarch: "arm64", lite: true},
}

// name is the name of the archive without what it ends with.
func (t target) name(version string) string {
	command := "awaittrace"
	if t.lite {
		command += "-lite"
	}
	return strings.Join([]string{command, strings.TrimPrefix(version, "v"), t.goos, t.goarch}, "_")
}

func main() {
	out := flag.String("o", "release", "write the archives to `DIR`")
	only := flag.String("only", "", "build only the archives whose names match `REGEXP`")
	script.Main("release", func(s *script.Script, args []string) error {
		if len(args) != 1 {
			return script.Usagef("want one TAG")
		}
		return release(s, ".", args[0], *out, *only)
	})
}

// tagged matches the tags that are versions of a module.
var tagged = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

// release builds the archives of a tag of the repository in root.
func release(s *script.Script, root, tag, out, only string) error {
	if !tagged.MatchString(tag) {
		return fmt.Errorf("invalid tag %q: want a version such as v1.2.3", tag)
	}
	match, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("invalid -only %q: %w", only, err)
	}
	if root, err = filepath.Abs(root); err != nil {
		return err
	}
	source := s.Path("source")
	if err := s.Run(root, "git", "-c", "advice.detachedHead=false", "clone", "--quiet", "--no-hardlinks",
		"--branch", tag, root, source); err != nil {
		return err
	}
	seconds, err := s.Output(source, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(seconds), 10, 64)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	var sums strings.Builder
	for _, t := range targets {
		name := t.name(tag)
		if !match.MatchString(name) {
			continue
		}
		exe, err := build(s, source, t)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := checkVersion(exe, tag); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		files := []string{exe, filepath.Join(source, "LICENSE"), filepath.Join(source, "README.md")}
		file, data, err := archive(t, name, files, time.Unix(n, 0).UTC())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, file), data, 0o666); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), file)
		fmt.Printf("%8.1f MB  %s\n", float64(len(data))/1e6, file)
	}
	if sums.Len() == 0 {
		return fmt.Errorf("invalid -only %q: no archive has such a name", only)
	}
	return os.WriteFile(filepath.Join(out, "checksums.txt"), []byte(sums.String()), 0o666)
}

// build builds the command for a target, and returns its file.
func build(s *script.Script, source string, t target) (string, error) {
	name := "awaittrace"
	if t.goos == "windows" {
		name += ".exe"
	}
	exe := s.Path(t.name("v0") + "/" + name)
	args := []string{"go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", exe}
	if t.lite {
		args = append(args, "-tags=lite")
	}
	s = s.With("GOOS="+t.goos, "GOARCH="+t.goarch, "CGO_ENABLED=0", "GOFLAGS=")
	return exe, s.Run(source, append(args, "./cmd/awaittrace")...)
}

// checkVersion reports an error if `awaittrace version` of a command, which goes by its build information, is not tag.
func checkVersion(exe, tag string) error {
	info, err := buildinfo.ReadFile(exe)
	if err != nil {
		return err
	}
	if got := info.Main.Version; got != tag {
		return fmt.Errorf("its version is %q, want %q", got, tag)
	}
	return nil
}
