package terminal

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
func TestTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	other, tty := ptytest.Open(t)
	bar := Start(tty, "idling", time.Nanosecond)
	bar.Tell("working")
	got := make([]byte, 0, 100)
	for !bytes.Contains(got, []byte("0s")) {
		part := make([]byte, 100)
		n, err := other.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part[:n]...)
	}
	fmt.Fprint(bar.Over(tty), "end")
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
func TestQuiet(t *testing.T) {
	t.Setenv("TERM", "xterm")
	name := t.TempDir() + "/file"
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	for _, bar := range []*Bar{Start(f, "working", time.Nanosecond), Start(&b, "working", time.Nanosecond)} {
		bar.Stop()
	}
	_, tty := ptytest.Open(t)
	Start(tty, "working", time.Hour).Stop()
	if text, err := os.ReadFile(name); err != nil || len(text)+b.Len() > 0 {
		t.Errorf("%q, %q, %v", text, b.String(), err)
	}
}
