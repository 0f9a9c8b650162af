//go:build unix

package main

import (
	"os"
	"strings"

	"github.com/awaittrace/awaittrace/internal/testing/gobench"
	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// A corpus is the kernels in a temporary module, and the program that has them all.
type corpus struct {
	*script.Script
	options
	source, exe string
	kernels     []*gobench.Kernel
}

// newCorpus copies the kernels and builds the program with probes.
func newCorpus(s *script.Script, o options) (c *corpus, err error) {
	c = &corpus{Script: s, options: o, source: s.Path("src"), exe: s.Path("kernels")}
	if c.awaittrace == "" {
		if c.awaittrace, err = s.Awaittrace(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(c.source, 0o700); err != nil {
		return nil, err
	}
	if c.kernels, err = gobench.Copy(o.dir, c.source, o.names, gobench.UntilInput); err != nil {
		return nil, err
	}
	return c, s.Run(c.source, c.awaittrace, "build", "-o", c.exe, ".")
}

// test runs a kernel by awaittrace test, and returns what that prints.
func (c *corpus) test(k *gobench.Kernel) string {
	out, _ := c.Command(c.source, c.awaittrace, "test", "-after", c.after.String(), "-timeout", "5s", "-count", "1",
		"./test/"+k.Name).CombinedOutput()
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
