package reach

import "strings"

// A thread may be stopped between taking a goroutine out of a queue and making it runnable, so that nothing else leads
// to it any more. A thread sleeps where it can have nothing at hand only in these chains of calls, the innermost first;
// any other is taken to be busy.
var idleChains = []string{
	"runtime.futex runtime.futexsleep runtime.notesleep runtime.mPark",
	"runtime.futex runtime.futexsleep runtime.notesleep runtime.stopm",
	"runtime.futex runtime.futexsleep runtime.notesleep runtime.stoplockedm",
	"runtime.futex runtime.futexsleep runtime.notesleep runtime.templateThread",
	"runtime.futex runtime.futexsleep runtime.notetsleep_internal runtime.notetsleep runtime.sysmon",
	"runtime.usleep runtime.sysmon",
	"internal/runtime/syscall.Syscall6 internal/runtime/syscall.EpollWait runtime.netpoll runtime.findRunnable",
	"internal/runtime/syscall/linux.Syscall6 internal/runtime/syscall/linux.EpollWait runtime.netpoll " +
		"runtime.findRunnable",
	"runtime/internal/syscall.Syscall6 runtime/internal/syscall.EpollWait runtime.netpoll runtime.findRunnable",
	"internal/runtime/syscall.Syscall6 runtime.netpoll runtime.findRunnable",
	"internal/runtime/syscall/linux.Syscall6 runtime.netpoll runtime.findRunnable",
	"runtime/internal/syscall.Syscall6 runtime.netpoll runtime.findRunnable",
}

// maxChain is more than the longest of idleChains.
const maxChain = 12

// judgeThreads notes which threads are idle.
func (m *marker) judgeThreads() {
	for i := range m.native {
		ns := &m.native[i]
		if ns.thread < 0 || !ns.g0 {
			continue
		}
		var names []string
		m.unwind(ns, maxChain, func(f frame) bool {
			names = append(names, f.info.name)
			return true
		})
		chain := strings.Join(names, " ") + " "
		for _, c := range idleChains {
			if strings.HasPrefix(chain, c+" ") {
				m.threads[ns.thread].quiet = "idle"
				break
			}
		}
	}
}

// unwind calls f for the frames of a system stack that a thread stands on, from the innermost, until f returns false.
func (m *marker) unwind(ns *nativeStack, limit int, f func(frame) bool) {
	th := &m.threads[ns.thread]
	pc, sp, lr := th.PC, th.SP, th.LR
	word := func(addr uint64) uint64 {
		if addr < ns.lo || addr+8 > ns.hi {
			return 0
		}
		return le64(ns.data[addr-ns.lo:])
	}
	for n := 0; n < limit && sp >= ns.lo && sp < ns.hi; n++ {
		info := m.code.at(pc)
		fp := sp + info.delta + 8 - m.o.frameLR
		if !info.ok || fp > ns.hi || !f(frame{pc, sp, fp, info}) {
			return
		}
		switch {
		case m.o.frameLR == 0:
			pc = word(fp - 8)
		case n == 0 && fp == sp && lr != 0:
			pc = lr
		default:
			pc = word(sp)
		}
		sp = fp
	}
}

// maxSystemFrames bounds the walk of a system stack.
const maxSystemFrames = 200

// markThreads marks what busy threads have at hand.
func (m *marker) markThreads() {
	for i := range m.threads {
		th := &m.threads[i]
		if th.quiet != "" {
			continue
		}
		for _, r := range th.Regs {
			m.touch(r)
			m.markRoot(r, uint64(th.TID), rootRegister)
		}
	}
	for i := range m.native {
		ns := &m.native[i]
		if ns.thread >= 0 && m.threads[ns.thread].quiet != "" {
			continue
		}
		end := ns.hi
		if ns.thread >= 0 && ns.g0 {
			// Once a thread is in the scheduler's loop, what it did before is done.
			m.unwind(ns, maxSystemFrames, func(f frame) bool {
				if f.info.name == "runtime.schedule" || f.info.name == "runtime.mstart1" {
					end = f.fp
					return false
				}
				return true
			})
		}
		for a := ns.lo; a+8 <= end; a += 8 {
			w := le64(ns.data[a-ns.lo:])
			m.touch(w)
			m.markRoot(w, a, rootNative)
		}
	}
	// Goroutines that are between two things may have others at hand.
	for i := range m.gs {
		g := &m.gs[i]
		if !g.copied() || m.waits[i].candidate && !g.onThread || g.status == statusSyscall || g.waits() && !g.onThread {
			continue
		}
		for b := m.stack(g); len(b) >= 8; b = b[8:] {
			m.touch(le64(b))
		}
	}
}

// touch follows a word that a thread has at hand: into a goroutine or a sudog that it may be about to make runnable.
func (m *marker) touch(w uint64) {
	todo := []uint64{w}
	for len(todo) > 0 {
		si, idx, ok := m.heap.object(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		if !ok {
			continue
		}
		sp := &m.heap.spans[si]
		if id := sp.base + idx; !m.opaque.has(id) || m.touched[id] {
			continue
		} else {
			m.touched[id] = true
		}
		addr := sp.start + uint64(idx)*sp.elem
		i, ok := m.goroutineOf(addr)
		if !ok {
			i, ok = m.goroutineOf(addr + 8) // behind the header of its object
		}
		if ok {
			m.wake(i, causeAtHand)
			todo = append(todo, m.o.g.schedlink.get(m.words(&m.gs[i])))
			continue
		}
		b := m.view(addr, m.o.sudog.size)
		todo = append(todo, m.o.sudog.g.get(b), m.o.sudog.next.get(b), m.o.sudog.waitlink.get(b))
	}
}

// unknownRegisters reports whether a busy thread's registers are not known: then nobody can tell what it has at hand.
func (m *marker) unknownRegisters() bool {
	for i := range m.threads {
		if th := &m.threads[i]; th.quiet == "" && th.Regs == nil && !th.foreign {
			return true
		}
	}
	return false
}
