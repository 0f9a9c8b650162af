package rewrite

import (
	"bufio"
	"bytes"
	"math/rand"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// A slow counts the calls that may wait.
type slow struct {
	bytes.Buffer
	calls int
}

func (s *slow) Read(p []byte) (int, error) {
	s.calls++
	return s.Buffer.Read(p[:min(len(p), 1+s.calls%11)])
}

func (s *slow) Write(p []byte) (int, error) {
	s.calls++
	return len(p), nil
}

// TestNeeds calls each method that a buffer may serve alone, in random order. If the buffer has as much as the method
// needs, the call neither reads nor writes.
func TestNeeds(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	p, text := make([]byte, 40), string(make([]byte, 40))
	var source, sink slow
	r, w := bufio.NewReaderSize(&source, 16), bufio.NewWriterSize(&sink, 16)
	for name, typ := range map[string]struct {
		has   func() int
		by    *slow
		calls map[string]func(n int)
	}{
		"bufio.Reader": {r.Buffered, &source, map[string]func(n int){
			"Discard": func(n int) { r.Discard(n) }, "Peek": func(n int) { r.Peek(n) },
			"Read": func(n int) { r.Read(p[:n]) }, "ReadByte": func(int) { r.ReadByte() },
			"ReadRune": func(int) { r.ReadRune() },
		}},
		"bufio.Writer": {w.Available, &sink, map[string]func(n int){
			"Write": func(n int) { w.Write(p[:n]) }, "WriteByte": func(int) { w.WriteByte('x') },
			"WriteRune":   func(n int) { w.WriteRune([]rune("xé世😀")[n%4]) },
			"WriteString": func(n int) { w.WriteString(text[:n]) },
		}},
	} {
		needs, served, waited := throughTypes[name].needs, map[string]bool{}, map[string]bool{}
		if len(typ.calls) != len(needs) {
			t.Errorf("the methods of %s are not those of this test", name)
		}
		for range 20_000 {
			source.WriteString("some text é世😀")
			for method, call := range typ.calls {
				n, did := rng.Intn(24), typ.by.calls
				need, err := strconv.Atoi(needs[method])
				if err != nil {
					need = n
				}
				enough := typ.has() >= need
				call(n)
				waits := typ.by.calls > did
				if waits && enough {
					t.Fatalf("%s.%s needs more than %d bytes", name, method, need)
				}
				served[method] = served[method] || enough
				waited[method] = waited[method] || waits
			}
			source.Truncate(min(source.Len(), 100))
		}
		for method := range typ.calls {
			if !served[method] || !waited[method] {
				t.Errorf("%s.%s: served %v, waited %v", name, method, served[method], waited[method])
			}
		}
	}
}

// TestInner checks that the standard library has a probe where package bufio reads or writes, and none where it calls a
// method of bufio, if bufio has probes, too. Without those, net/textproto keeps its own.
func TestInner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), []byte("module m\n\ngo 1.26\n"))
	write(t, filepath.Join(dir, "main.go"), []byte("package main\n\nimport (\n\t\"bufio\"\n\t\"net/textproto\"\n)\n\n"+
		"func main() {\n\tmine := new(bufio.Reader)\n\ttextproto.NewReader(mine).ReadLine()\n\tmine.ReadLine()\n}\n"))
	for deps, want := range map[string]map[string]bool{
		"bufio,net/textproto": {"b.ReadSlice(": false, "b.Flush(": false, "b.rd.Read(": true, "b.wr.Write(": true,
			"r.R.ReadLine(": false, "r.R.ReadByte(": false, "mine.ReadLine(": true},
		"net/textproto": {"r.R.ReadLine(": true, "r.R.ReadByte(": true, "mine.ReadLine(": true},
	} {
		_, r := mustInstrument(t, Config{Config: load.Config{Dir: dir, Env: offline(), Deps: []string{deps}}})
		for call, want := range want {
			found, probed := false, false
			for _, f := range r.Files {
				for line := range strings.Lines(string(f.Text)) {
					if strings.Contains(line, call) && !strings.Contains(line, `\t`) { // no text of a site
						found, probed = true, probed || strings.Contains(line, "_at.")
					}
				}
			}
			if !found || probed != want {
				t.Errorf("-deps %s: %s found %v, with a probe %v, want %v", deps, call, found, probed, want)
			}
		}
	}
}
