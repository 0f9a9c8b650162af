package reach

import (
	"slices"
	"strings"
)

// FileUsers returns all goroutines that can reach the os.File, or the connection, of a descriptor. It returns nil if
// that was not found, or if something else can use it, such as a variable or a timer.
func (r *Result) FileUsers(fd int) []int64 {
	m := r.m
	if r.references() == nil {
		return nil
	}
	seen := make(map[uint32]bool)
	var queue []uint32
	for _, addr := range r.files(fd) {
		if id, ok := m.heap.id(addr); ok && !seen[id] {
			seen[id] = true
			queue = append(queue, id)
		}
	}
	var users []int64
	for i := 0; i < len(queue); i++ {
		refs := r.refs.of(queue[i])
		if i >= maxVisits || len(refs) > maxRefs {
			return nil
		}
		for _, by := range refs {
			if by&rootFlag == 0 {
				if _, timer := r.timerOf(by, queue[i]); timer {
					return nil
				}
				if !seen[by] {
					seen[by] = true
					queue = append(queue, by)
				}
				continue
			}
			switch root := m.roots.at(by &^ rootFlag); root.kind() {
			case rootStack:
				if g := &m.gs[root.g]; g.alive() && !slices.Contains(users, g.id) {
					users = append(users, g.id)
				}
			case rootSpecial:
				// which closes it when nobody can reach it
				if _, name, _ := r.special(&m.specials[root.addr]); !strings.HasPrefix(name, "os.") &&
					!strings.HasPrefix(name, "net.") {
					return nil
				}
			default:
				return nil
			}
		}
	}
	slices.Sort(users)
	return users
}

// files returns the addresses of what packages os and net have of an open file, which has a finalizer.
func (r *Result) files(fd int) (list []uint64) {
	for i := range r.m.specials {
		if a := r.m.specials[i].obj; r.isFile(a, fd) {
			list = append(list, a)
		}
	}
	return list
}

// isFile reports whether an os.file or a net.netFD lies at addr: a poll.FD with its locks, the descriptor, and the
// runtime's pollDesc, which has the descriptor, too. See GOROOT/src/internal/poll/fd_unix.go.
func (r *Result) isFile(addr uint64, fd int) bool {
	const sysfd, descriptor = 16, 8
	if addr%8 != 0 || r.m.u64(addr+sysfd) != uint64(fd) {
		return false
	}
	for _, off := range []uint64{32, 24} { // before Go 1.21 nothing is between
		if p := r.m.u64(addr + off); p >= minPointer && p < maxAddress && r.m.heap.spanAt(p) < 0 &&
			r.m.code.r.u64(p+descriptor) == uint64(fd) {
			return true
		}
	}
	return false
}
