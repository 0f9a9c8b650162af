package target

import "github.com/awaittrace/awaittrace/runtime"

// maxReasons and maxReasonLen bound the table of wait reasons. A larger one is not believed.
const (
	maxReasons   = 256
	maxReasonLen = 100
)

// readReasons reads the runtime's own table of wait reasons, so that we need no table of our own for every Go version.
// Without it goroutines have no reason.
func (s *session) readReasons() {
	v, err := s.global("runtime.waitReasonStrings")
	if err != nil || v.Len <= 0 || v.Len > maxReasons {
		return
	}
	size := uint64(s.bi.Arch.PtrSize())
	s.reasons = make([]string, v.Len)
	for i := range s.reasons {
		at := v.Addr + uint64(i)*2*size
		text, err1 := s.word(at)
		n, err2 := s.word(at + size)
		if err1 != nil || err2 != nil || n > maxReasonLen {
			continue
		}
		b := make([]byte, n)
		if readFull(s.mem, b, text) == nil {
			s.reasons[i] = string(b)
		}
	}
}

// reason returns why g waits, such as "chan receive", or "" if it does not wait.
func (s *session) reason(g *goroutine) string {
	waits := g.status == runtime.GWaiting || g.status == runtime.GLeaked
	if !waits || g.helps() || int(g.reason) >= len(s.reasons) {
		return ""
	}
	return s.reasons[g.reason]
}
