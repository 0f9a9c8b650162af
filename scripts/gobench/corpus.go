//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/awaittrace/awaittrace/internal/testing/gobench"
)

// A corpus is the kernels in a temporary module, and the program that has them all.
type corpus struct {
	options
	work, exe string
	kernels   []*gobench.Kernel
}

// newCorpus copies the kernels and builds the program with probes.
func newCorpus(ctx context.Context, o options, work string) (*corpus, error) {
	c := &corpus{options: o, work: filepath.Join(work, "src"), exe: filepath.Join(work, "kernels")}
	if c.awaittrace == "" {
		c.awaittrace = filepath.Join(work, "awaittrace")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", c.awaittrace,
			"./cmd/awaittrace").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	if err := os.MkdirAll(c.work, 0o700); err != nil {
		return nil, err
	}
	var err error
	if c.kernels, err = gobench.Copy(o.dir, c.work, o.names, gobench.UntilInput); err != nil {
		return nil, err
	}
	return c, c.build(ctx)
}

func (c *corpus) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, c.awaittrace, "build", "-o", c.exe, ".")
	cmd.Dir = c.work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("awaittrace build: %w\n%s", err, out)
	}
	return nil
}

// test runs a kernel by awaittrace test, and returns what that prints.
func (c *corpus) test(ctx context.Context, k *gobench.Kernel) string {
	cmd := exec.CommandContext(ctx, c.awaittrace, "test", "-after", c.after.String(), "-timeout", "5s", "-count", "1",
		"./test/"+k.Name)
	cmd.Dir = c.work
	out, _ := cmd.CombinedOutput()
	text := string(out)
	if i := strings.Index(text, "\ngoroutine "); i > 0 { // the runtime's own dump after a timeout
		rest := text[i:]
		text = text[:i] + "\n[…]\n"
		if j := strings.LastIndex(rest, "awaittrace"); j > 0 {
			text += rest[max(j-200, 0):]
		}
	}
	return text
}
