package target

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

var update = flag.Bool("u", false, "renew the snapshots in testdata")

// TestParse reads the dumps in testdata.
func TestParse(t *testing.T) {
	snaptext.Golden(t, *update, func(t *testing.T, text string) []string {
		d, err := ParseDump([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		unix := snaptext.Format(d.Snapshot())
		if d, err = ParseDump([]byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil ||
			snaptext.Format(d.Snapshot()) != unix {
			t.Errorf("with the line ends of Windows it is another: %v\n%s", err, snaptext.Format(d.Snapshot()))
		}
		return []string{unix}
	})
}

func TestParseNone(t *testing.T) {
	for text, want := range map[string]error{
		"":                           ErrNoDump,
		"goroutine 7 is stuck:\n":    ErrNoDump,
		"goroutine 0 [idle]:\nf()\n": ErrNoDump,
		"goroutine profile: total 3\n2 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/src/main.go:3\n": errProfile,
	} {
		if d, err := ParseDump([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, %v, want %v", text, d, err, want)
		}
	}
}

// FuzzParse checks that any text gives a dump or an error, and that a dump is in order and cannot disturb a terminal.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(txtar.Parse(text).Files[0].Data))
	}
	f.Add([]byte("goroutine 1 [a]:\n\n\t\n(\n)\n:\ncreated by \n\t:1\ngoroutine 1 [a]:\nf()\n\tx:1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseDump(text)
		if err != nil {
			return
		}
		s := d.Snapshot()
		for i := range s.Goroutines {
			g := &s.Goroutines[i]
			if g.ID <= 0 || i > 0 && g.ID <= s.Goroutines[i-1].ID {
				t.Fatalf("goroutine %d is not in order", g.ID)
			}
			for _, fr := range g.Stack {
				if fr.Func == "" || strings.ContainsAny(fr.Func+fr.File, "\x1b\n\r") {
					t.Fatalf("frame %+q", fr.Func+" "+fr.File)
				}
			}
			if strings.ContainsAny(g.Reason, "\x1b\n\r") {
				t.Fatalf("reason %q", g.Reason)
			}
		}
	})
}
