package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestExcuses judges what a test leaves by the file of the known leaks alone.
func TestExcuses(t *testing.T) {
	const (
		sender = `
object 0xa1 chan ch cap=0
  made 7 make/chan x_test.go:5 m.TestX "make(chan int)" 10s
goroutine 8 waiting
  wait send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 0xa1 11s cap=0
  step send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 11s
  test 3 TestX 7 10s
`
		receiver = `
goroutine 9 waiting
  wait recv/chan x_test.go:9 m.TestX.func2 <-ch 0xa1 11s cap=0
  step recv/chan x_test.go:9 m.TestX.func2 <-ch 11s
  test 3 TestX 7 10s
`
		passed = `
goroutine 9 waiting
  step send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 11s
  test 3 TestX 7 10s
`
		unseen = `
goroutine 9 waiting
  test 3 TestX 7 10s
`
		// A goroutine of the program has what the sender needs, and needs what it has.
		locks = `
goroutine 8 waiting
  wait lock/mutex m.go:17 m.use a.Lock() 0xb1 11s
  step lock/mutex m.go:17 m.use a.Lock() 11s
  hold lock/mutex m.go:16 m.use b.Lock() 0xb2 10s
  test 3 TestX 7 10s
goroutine 10 waiting
  wait lock/mutex m.go:7 m.serve b.Lock() 0xb2 11s
  step lock/mutex m.go:7 m.serve b.Lock() 11s
  hold lock/mutex m.go:6 m.serve a.Lock() 0xb1 10s
`
	)
	for _, test := range []struct {
		name, file, text string
		update, want     bool
	}{
		{"known", ".\tm.TestX.func1\tch <- 1\n", sender, false, true},
		{"another operation", ".\tm.TestX.func1\tch <- 2\n", sender, false, false},
		{"another package", "sub\tm.TestX.func1\tch <- 1\n", sender, false, false},
		{"no file", "", sender, false, false},
		{"the file is written anew", ".\tm.TestX.func1\tch <- 1\n", sender, true, false},
		{"one of two", ".\tm.TestX.func1\tch <- 1\n", sender + receiver, false, false},
		{"two of two", ".\tm.TestX.func1\tch <- 1\n.\tm.TestX.func2\t<-ch\n", sender + receiver, false, true},
		{"one that has passed the place", ".\tm.TestX.func1\tch <- 1\n", sender + passed, false, false},
		{"one that has reached no probe", ".\tm.TestX.func1\tch <- 1\n", sender + unseen, false, false},
		{"a deadlock with another goroutine", ".\tm.use\ta.Lock()\n", locks, false, false},
		{"a deadlock that is known", ".\tm.use\ta.Lock()\n.\tm.serve\tb.Lock()\n", locks, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, "known")
			if err := os.WriteFile(name, []byte(test.file), 0o666); err != nil {
				t.Fatal(err)
			}
			if test.file == "" {
				name = ""
			}
			known, err := openBaseline(name, test.update)
			if err != nil {
				t.Fatal(err)
			}
			s := snaptext.MustParse(ended + test.text)
			l := leftBy(s, 3)
			_, findings := (&testProcess{dir: dir}).leftBehind(s, l, time.Second)
			if len(findings) == 0 {
				t.Fatal("nothing is found")
			}
			if got := known.excuses(dir, s, l.ids, findings); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
