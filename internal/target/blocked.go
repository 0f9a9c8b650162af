package target

import (
	"go/constant"
	"strings"

	"github.com/go-delve/delve/pkg/proc"
)

// A fact is what an argument of a function on the stack says about the operating system's side of a wait.
type fact struct {
	prefix string // of the function's name
	expr   string // in the function's scope
	set    func(*Blocked, constant.Value)
}

// facts lists the facts to look for. They rest on the arguments of functions that the goroutine is in, never on a guess
// about memory. The first that yields a value wins over later ones for the same field.
var facts = []fact{
	{"internal/poll.(*FD).", "fd.Sysfd", setFD},
	{"internal/poll.runtime_pollWait", "pd.fd", setFD},
	{"os.(*File).", "f.file.name", setPath},
	{"syscall.Open", "path", setPath},
	{"os.openFileNolog", "name", setPath},
	{"os.OpenFile", "name", setPath},
	{"os.ReadFile", "name", setPath},
	{"os.(*Process).", "p.Pid", setPid},
	{"os/exec.(*Cmd).", "c.Process.Pid", setPid},
	{"os/exec.(*Cmd).", "c.Path", setPath},
	{"database/sql.(*DB).", "db.maxOpen", setLimit},
	{"net/http.(*Transport).", "t.MaxConnsPerHost", setLimit},
	{"net/http.(*persistConn).readLoop", "uintptr(pc.t)", setOwner},
	{"net/http.(*persistConn).readLoop", "uintptr(pc)", setConn},
	{"net/http.(*persistConn).roundTrip", "uintptr(pc)", setConn},
	{"net/http.(*conn).serve", "uintptr(c.server)", setOwner},
	{"net/http.(*http2serverConn).runHandler", "uintptr(sc.hs)", setOwner},
	{"google.golang.org/grpc.(*Server).handleStream", "uintptr(s)", setOwner},
	{"net/http.(*Server).Shutdown", "uintptr(s)", setEnds},
	{"net/http.(*Server).Shutdown", "uintptr(srv)", setEnds}, // before Go 1.24
	{"google.golang.org/grpc.(*Server).GracefulStop", "uintptr(s)", setEnds},
	{"google.golang.org/grpc.(*Server).stop", "uintptr(s)", setEnds}, // newer versions have GracefulStop call it
	{"golang.org/x/sync/semaphore.(*Weighted).Acquire", "s.size", setLimit},
}

// The setters of addresses.
var (
	setOwner = setAddress(func(b *Blocked) *uint64 { return &b.Owner })
	setEnds  = setAddress(func(b *Blocked) *uint64 { return &b.Ends })
	setConn  = setAddress(func(b *Blocked) *uint64 { return &b.Conn })
)

func setFD(b *Blocked, v constant.Value) {
	if n, ok := constant.Int64Val(v); ok && b.FD < 0 && n >= 0 && n < 1<<31 {
		b.FD = int(n)
	}
}

func setLimit(b *Blocked, v constant.Value) {
	if n, ok := constant.Int64Val(v); ok && b.Limit == 0 && n > 0 && n < 1<<31 {
		b.Limit = int(n)
	}
}

// setAddress returns a function that sets a field to an address.
func setAddress(field func(b *Blocked) *uint64) func(*Blocked, constant.Value) {
	return func(b *Blocked, v constant.Value) {
		if n, ok := constant.Uint64Val(v); ok && *field(b) == 0 {
			*field(b) = n
		}
	}
}

func setPid(b *Blocked, v constant.Value) {
	if n, ok := constant.Int64Val(v); ok && b.Pid == 0 && n > 0 && n < 1<<31 {
		b.Pid = int(n)
	}
}

func setPath(b *Blocked, v constant.Value) {
	if b.Path == "" {
		b.Path = constant.StringVal(v)
	}
}

// pollWait is where a goroutine waits for the network, for the deadline of a connection, or for a pipe. Its arguments
// are a runtime.pollDesc and whether it is to read ('r') or to write ('w').
const pollWait = "internal/poll.runtime_pollWait"

// setDeadline finds the deadline in the frame of pollWait, and reports whether it did: see runtime.pollDesc in
// GOROOT/src/runtime/netpoll.go.
func setDeadline(b *Blocked, eval func(string) (constant.Value, bool)) bool {
	mode, ok := eval("mode")
	if !ok {
		return false
	}
	expr := "pd.rd"
	if n, _ := constant.Int64Val(mode); n == 'w' {
		expr = "pd.wd"
	}
	v, ok := eval(expr)
	if !ok {
		return false
	}
	if n, ok := constant.Int64Val(v); ok && n >= 0 {
		b.Deadline = n
	}
	return true
}

// valueOf returns the value of an expression that could be read.
func valueOf(v *proc.Variable, err error) (constant.Value, bool) {
	if err != nil || v.Unreadable != nil || v.Value == nil {
		return nil, false
	}
	return v.Value, true
}

// maxPath is more than the length of any path.
const maxPath = 4096

// blocked finds in the frames of g what it waits for outside the program, and reports whether it found anything.
func (s *session) blocked(g *proc.G, frames []proc.Stackframe) (Blocked, bool) {
	b := Blocked{FD: -1, Deadline: -1}
	found := false
	for i := range frames {
		fn := frames[i].Call.Fn
		if fn == nil {
			continue
		}
		eval := func(expr string) (constant.Value, bool) {
			scope := proc.FrameToScope(s.tgt, s.tgt.Memory(), g, 0, frames[i:]...)
			v, err := scope.EvalExpression(expr, proc.LoadConfig{MaxStringLen: maxPath})
			// Optimized code may have dropped an argument; usually another frame has it then.
			return valueOf(v, err)
		}
		if fn.Name == pollWait {
			found = setDeadline(&b, eval) || found
		}
		for _, f := range facts {
			if !strings.HasPrefix(fn.Name, f.prefix) {
				continue
			}
			if v, ok := eval(f.expr); ok {
				f.set(&b, v)
				found = true
			}
		}
	}
	return b, found
}
