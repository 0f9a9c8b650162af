//go:build !lite

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// What run does is told once.
func TestTellFirst(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var first, second bytes.Buffer
	tellFirst(&first, 2*time.Second)
	tellFirst(&second, 2*time.Second)
	if !strings.Contains(first.String(), "longer than 2s") || second.Len() > 0 {
		t.Errorf("%q, then %q", first.String(), second.String())
	}
}
