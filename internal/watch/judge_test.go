package watch

import (
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// ended is the goroutine of test 3. Each case is judged at the end of that test.
const ended = `taken 60s
states
goroutine 7 running
  step make/chan x_test.go:5 m.TestX "make(chan int)" 10s
  test 3 TestX 7 10s
`

// TestLeftBehind judges what a test leaves, and compares the kinds of the findings that fail it.
func TestLeftBehind(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"a sender without receiver", `
object 0xa1 chan ch cap=0
  made 7 make/chan x_test.go:5 m.TestX "make(chan int)" 10s
goroutine 8 waiting
  wait send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 0xa1 11s cap=0
  step send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 11s
  test 3 TestX 7 10s
`, "leak"},
		{"workers that the test has fed", `
object 0xa1 chan jobs cap=0
  made 7 make/chan x_test.go:5 m.TestX "make(chan int)" 10s
  sent 7 send/chan x_test.go:9 m.TestX "jobs <- 1" 20s
goroutine 8 waiting
  wait range/chan x_test.go:7 m.TestX.func1 "range jobs" 0xa1 21s cap=0
  step range/chan x_test.go:7 m.TestX.func1 "range jobs" 21s
  test 3 TestX 7 10s
`, "leak"},
		{"a worker whom another goroutine feeds", `
object 0xa1 chan jobs cap=0
  made 7 make/chan x_test.go:5 m.TestX "make(chan int)" 10s
  sent 2 send/chan x_test.go:9 m.feed "jobs <- 1" 20s
goroutine 2 running
  step send/chan x_test.go:9 m.feed "jobs <- 1" 20s
goroutine 8 waiting
  wait range/chan x_test.go:7 m.TestX.func1 "range jobs" 0xa1 21s cap=0
  step range/chan x_test.go:7 m.TestX.func1 "range jobs" 21s
  test 3 TestX 7 10s
`, ""},
		{"workers of the whole program", `
object 0xa1 chan jobs cap=0 of=program
  made 7 make/chan x_test.go:5 m.TestX "make(chan int)" 10s
  sent 7 send/chan x_test.go:9 m.TestX "jobs <- 1" 20s
goroutine 8 waiting
  wait range/chan x_test.go:7 m.TestX.func1 "range jobs" 0xa1 21s cap=0
  step range/chan x_test.go:7 m.TestX.func1 "range jobs" 21s
  test 3 TestX 7 10s
`, ""},
		{"one that waits for what others of the test may do", `
object 0xa1 chan stop cap=0
  made 7 make/chan x_test.go:5 m.TestX "make(chan int)" 10s
goroutine 8 waiting
  wait recv/chan x_test.go:7 m.TestX.func1 <-stop 0xa1 21s cap=0
  step recv/chan x_test.go:7 m.TestX.func1 <-stop 21s
  test 3 TestX 7 10s
goroutine 9 waiting
  wait sleep x_test.go:8 m.TestX.func2 time.Sleep(d) - 21s
  step sleep x_test.go:8 m.TestX.func2 time.Sleep(d) 21s
  test 3 TestX 7 10s
`, ""},
		{"the same beside another test, which sleeps", `
object 0xa1 chan stop cap=0
  made 7 make/chan x_test.go:5 m.TestX "make(chan int)" 10s
goroutine 8 waiting
  wait recv/chan x_test.go:7 m.TestX.func1 <-stop 0xa1 21s cap=0
  step recv/chan x_test.go:7 m.TestX.func1 <-stop 21s
  test 3 TestX 7 10s
goroutine 9 waiting
  wait sleep x_test.go:8 m.TestY time.Sleep(d) - 21s
  step sleep x_test.go:8 m.TestY time.Sleep(d) 21s
  test 4 TestY 9 10s running
`, "leak"},
		{"a sender on a channel of the test around", `
object 0xa1 chan ch cap=0
  made 2 make/chan x_test.go:5 m.Test "make(chan int)" 10s
goroutine 2 waiting
  step make/chan x_test.go:5 m.Test "make(chan int)" 10s
  test 1 Test 2 1s running
goroutine 8 waiting
  wait send/chan x_test.go:7 m.Test.func1 "ch <- 1" 0xa1 11s cap=0
  step send/chan x_test.go:7 m.Test.func1 "ch <- 1" 11s
  test 3 TestX 7 10s
`, ""},
		{"a server", `
goroutine 8 waiting
  wait io/listener/serve x_test.go:7 m.serve l.Accept() 0xa1 11s
  step io/listener/serve x_test.go:7 m.serve l.Accept() 11s
  test 3 TestX 7 10s
`, ""},
		{"a reader of a connection", `
goroutine 8 waiting
  wait io/conn x_test.go:7 m.read c.Read(b) 0xa1 11s
  step io/conn x_test.go:7 m.read c.Read(b) 11s
  test 3 TestX 7 10s
`, ""},
		{"one that computes", `
goroutine 8 running
  step send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 11s
  test 3 TestX 7 10s
`, ""},
		{"what another test left", `
object 0xa1 chan ch cap=0
  made 6 make/chan x_test.go:5 m.TestW "make(chan int)" 1s exited
goroutine 5 waiting
  wait send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 0xa1 11s cap=0
  step send/chan x_test.go:7 m.TestX.func1 "ch <- 1" 11s
  test 2 TestW 6 1s
goroutine 8 running
  test 3 TestX 7 10s
`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := snaptext.MustParse(ended + test.text)
			p := &testProcess{dir: "/"}
			r, findings := p.leftBehind(s, leftBy(s, 3), time.Second)
			var kinds []string
			for _, f := range findings {
				kinds = append(kinds, string(f.Kind))
			}
			if got := strings.Join(kinds, " "); got != test.want {
				t.Errorf("got %q, want %q\n%s", got, test.want, sentence(r, findings))
			}
		})
	}
}
