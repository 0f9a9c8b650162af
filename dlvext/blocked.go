package dlvext

import (
	"go/constant"
	"strings"

	"github.com/go-delve/delve/pkg/proc"
)

// A fact is something that an argument of a function on the stack says of the operating system's side of a wait.
type fact struct {
	prefix string // of the function's name
	expr   string // in the function's scope
	set    func(*Blocked, constant.Value)
}

// facts are those that we look for. They rest on the arguments of functions that the goroutine is in, never on a guess of what the memory
// at some address may be. The first that yields a value wins over later ones that say the same.
var facts = []fact{
	{"internal/poll.(*FD).", "fd.Sysfd", setFD},
	{"internal/poll.runtime_pollWait", "pd.fd", setFD},
	{"os.(*File).", "f.file.name", setPath},
	{"os.(*Process).", "p.Pid", setPid},
	{"os/exec.(*Cmd).", "c.Process.Pid", setPid},
	{"os/exec.(*Cmd).", "c.Path", setPath},
}

func setFD(b *Blocked, v constant.Value) {
	if n, ok := constant.Int64Val(v); ok && b.FD < 0 && n >= 0 && n < 1<<31 {
		b.FD = int(n)
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

// maxPath is more than the length of any path.
const maxPath = 4096

// blocked looks in the frames of g for what it waits for outside the program, and reports whether there is anything.
func (s *session) blocked(g *proc.G, frames []proc.Stackframe) (Blocked, bool) {
	b := Blocked{FD: -1}
	found := false
	for i := range frames {
		fn := frames[i].Call.Fn
		if fn == nil {
			continue
		}
		for _, f := range facts {
			if !strings.HasPrefix(fn.Name, f.prefix) {
				continue
			}
			scope := proc.FrameToScope(s.tgt, s.tgt.Memory(), g, 0, frames[i:]...)
			v, err := scope.EvalExpression(f.expr, proc.LoadConfig{MaxStringLen: maxPath})
			// Optimized code may have forgotten an argument; another frame has it then, more often than not.
			if err == nil && v.Unreadable == nil && v.Value != nil {
				f.set(&b, v.Value)
				found = true
			}
		}
	}
	return b, found
}
