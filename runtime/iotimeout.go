package runtime

import (
	"sync"
	"time"
	"unsafe"
)

// With -io-timeout, reads and writes go through TimedReader, TimedWriter or TimedReadWriter:
//
//	conn.Read(b)            =>   TimedReader(d, conn).Read(b)
//	bufio.NewReader(conn)   =>   bufio.NewReader(TimedReader(d, conn))
//
// A connection gets a deadline for the time of one Read or Write, unless the program sets its deadlines itself
// (OwnDeadline). All else is returned unchanged, even files: the flag is about the network.

type reader interface{ Read([]byte) (int, error) }

type writer interface{ Write([]byte) (int, error) }

type readWriter interface {
	reader
	writer
}

type deadlineReader interface {
	reader
	SetReadDeadline(time.Time) error
}

type deadlineWriter interface {
	writer
	SetWriteDeadline(time.Time) error
}

// osFile has the methods that files have and connections lack.
type osFile interface {
	Fd() uintptr
	Name() string
}

// TimedReader returns a reader whose reads get a deadline of d if they have none. A read that takes longer fails with
// the connection's own error.
func TimedReader(d time.Duration, x reader) reader {
	if r, ok := x.(deadlineReader); ok && !isFile(x) {
		return timedReader{r, d}
	}
	return x
}

// TimedWriter returns a writer whose writes get a deadline of d if they have none.
func TimedWriter(d time.Duration, x writer) writer {
	if w, ok := x.(deadlineWriter); ok && !isFile(x) {
		return timedWriter{w, d}
	}
	return x
}

// TimedReadWriter does what TimedReader and TimedWriter do.
func TimedReadWriter(d time.Duration, x readWriter) readWriter {
	r, reads := x.(deadlineReader)
	w, writes := x.(deadlineWriter)
	if reads && writes && !isFile(x) {
		return struct {
			timedReader
			timedWriter
		}{timedReader{r, d}, timedWriter{w, d}}
	}
	return x
}

func isFile(x any) bool {
	_, ok := x.(osFile)
	return ok
}

// OwnDeadline notes that the program sets a deadline of x, which gets none of ours from then on. It returns x.
func OwnDeadline[T any](x T) T {
	deadlines.own(object1(unsafe.Pointer(&x), unsafe.Sizeof(x)))
	return x
}

type timedReader struct {
	conn  deadlineReader
	limit time.Duration
}

func (r timedReader) Read(b []byte) (int, error) {
	conn := object1(unsafe.Pointer(&r.conn), unsafe.Sizeof(r.conn))
	if !deadlines.begin(conn, reads, r.conn.SetReadDeadline, r.limit) {
		return r.conn.Read(b)
	}
	defer deadlines.end(conn, reads, r.conn.SetReadDeadline)
	return r.conn.Read(b)
}

type timedWriter struct {
	conn  deadlineWriter
	limit time.Duration
}

func (w timedWriter) Write(b []byte) (int, error) {
	conn := object1(unsafe.Pointer(&w.conn), unsafe.Sizeof(w.conn))
	if !deadlines.begin(conn, writes, w.conn.SetWriteDeadline, w.limit) {
		return w.conn.Write(b)
	}
	defer deadlines.end(conn, writes, w.conn.SetWriteDeadline)
	return w.conn.Write(b)
}

// The two directions of a connection. Each has its own deadline.
const (
	reads = iota
	writes
)

// A deadlineTable records who sets the deadlines of connections, by the connection's address.
type deadlineTable struct {
	mu    sync.Mutex
	conns map[uintptr]*deadlineOwner
}

// A deadlineOwner records who sets the deadlines of one connection.
type deadlineOwner struct {
	user   bool   // the program sets them itself
	active [2]int // operations with a deadline of ours, in each direction
}

// deadlines is used with -io-timeout only.
var deadlines deadlineTable

// own hands the deadlines of conn to the program.
func (t *deadlineTable) own(conn uintptr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of(conn).user = true
}

// begin sets a deadline for an operation, and reports whether it did.
func (t *deadlineTable) begin(conn uintptr, direction int, set func(time.Time) error, limit time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.of(conn)
	if o.user || set(time.Now().Add(limit)) != nil {
		t.drop(conn, o)
		return false
	}
	o.active[direction]++
	return true
}

// end removes the deadline of begin after the last operation in that direction, unless the program has set one since.
func (t *deadlineTable) end(conn uintptr, direction int, set func(time.Time) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.of(conn)
	o.active[direction]--
	if !o.user && o.active[direction] == 0 {
		_ = set(time.Time{}) // fails if the connection is closed
	}
	t.drop(conn, o)
}

func (t *deadlineTable) of(conn uintptr) *deadlineOwner {
	o := t.conns[conn]
	if o == nil {
		if t.conns == nil {
			t.conns = make(map[uintptr]*deadlineOwner)
		}
		o = new(deadlineOwner)
		t.conns[conn] = o
	}
	return o
}

// drop forgets a connection about which nothing is known.
func (t *deadlineTable) drop(conn uintptr, o *deadlineOwner) {
	if *o == (deadlineOwner{}) {
		delete(t.conns, conn)
	}
}
