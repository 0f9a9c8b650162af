package runtime_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/runtime"
)

func TestCap(t *testing.T) {
	for _, test := range []struct{ limit, n, want int }{{4, 3, 3}, {4, 4, 4}, {4, 5, 4}, {4, 0, 0}, {4, -1, -1}} {
		if got := runtime.Cap(test.limit, test.n); got != test.want {
			t.Errorf("Cap(%d, %d) = %d, want %d", test.limit, test.n, got, test.want)
		}
	}
	if got := runtime.CapOf(1000, int8(127)); got != 127 {
		t.Errorf("CapOf(1000, int8(127)) = %d", got)
	}
	if got := runtime.CapOf(3, uint64(1)<<63); got != 3 {
		t.Errorf("CapOf(3, 1<<63) = %d", got)
	}
}

// pair returns the two ends of a connection.
func pair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func TestTimedReader(t *testing.T) {
	a, b := pair(t)
	buf := make([]byte, 8)
	if _, err := runtime.TimedReader(20*time.Millisecond, a).Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a read that nobody answers: %v, want a timeout", err)
	}
	// The deadline ends with the read.
	go func() {
		time.Sleep(50 * time.Millisecond)
		b.Write([]byte("x"))
	}()
	if n, err := a.Read(buf); n != 1 || err != nil {
		t.Fatalf("a plain read after it: %d, %v", n, err)
	}
}

func TestTimedWriter(t *testing.T) {
	a, _ := pair(t)
	w := runtime.TimedWriter(20*time.Millisecond, a)
	chunk := make([]byte, 1<<20)
	for range 100 {
		if _, err := w.Write(chunk); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("100 MB were written to a peer that reads nothing")
}

func TestOwnDeadline(t *testing.T) {
	a, b := pair(t)
	runtime.OwnDeadline(a).SetReadDeadline(time.Time{}) // the program wants to wait
	go func() {
		time.Sleep(100 * time.Millisecond)
		b.Write([]byte("x"))
	}()
	buf := make([]byte, 8)
	if n, err := runtime.TimedReader(10*time.Millisecond, a).Read(buf); n != 1 || err != nil {
		t.Fatalf("a read whose deadline is the program's own: %d, %v", n, err)
	}
}

// TestOwnDeadlineMeanwhile checks that a deadline that the program sets during a read, to end it, stays.
func TestOwnDeadlineMeanwhile(t *testing.T) {
	a, _ := pair(t)
	go func() {
		time.Sleep(20 * time.Millisecond)
		runtime.OwnDeadline(a).SetReadDeadline(time.Unix(1, 0))
	}()
	buf := make([]byte, 8)
	r := runtime.TimedReader(time.Minute, a)
	for range 2 {
		if _, err := r.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("got %v, want a timeout", err)
		}
	}
}

func TestUntimed(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if got := runtime.TimedReader(time.Second, r); got != io.Reader(r) {
		t.Errorf("a file becomes a %T", got)
	}
	buf := new(bytes.Buffer)
	if got := runtime.TimedReadWriter(time.Second, buf); got != io.ReadWriter(buf) {
		t.Errorf("a buffer becomes a %T", got)
	}
	if got := runtime.TimedReader(time.Second, nil); got != nil {
		t.Errorf("nil becomes a %T", got)
	}
}
