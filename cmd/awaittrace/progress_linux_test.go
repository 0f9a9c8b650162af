//go:build !lite

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/ptytest"
)

// What takes long is shown on a terminal, and the line is empty in the end.
func TestProgress(t *testing.T) {
	t.Setenv("TERM", "xterm")
	other, tty := ptytest.Open(t)
	bar := startProgress(tty, "idling", time.Nanosecond)
	bar.tell("working")
	got := make([]byte, 0, 100)
	for !bytes.Contains(got, []byte("0s")) {
		part := make([]byte, 100)
		n, err := other.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part[:n]...)
	}
	fmt.Fprint(bar.over(tty), "end")
	part := make([]byte, 100)
	for !bytes.Contains(got, []byte("end")) {
		n, err := other.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part[:n]...)
	}
	if text := string(got); !strings.Contains(text, "working … 0s") || !strings.HasSuffix(text, "\r\x1b[Kend") {
		t.Errorf("the terminal got %q", text)
	}
}

// Nothing is written to what is no terminal, and nothing to one before its time.
func TestProgressQuiet(t *testing.T) {
	t.Setenv("TERM", "xterm")
	name := t.TempDir() + "/file"
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	for _, bar := range []*progress{startProgress(f, "working", time.Nanosecond),
		startProgress(&b, "working", time.Nanosecond)} {
		bar.stop()
	}
	_, tty := ptytest.Open(t)
	startProgress(tty, "working", time.Hour).stop()
	if text, err := os.ReadFile(name); err != nil || len(text)+b.Len() > 0 {
		t.Errorf("%q, %q, %v", text, b.String(), err)
	}
}
