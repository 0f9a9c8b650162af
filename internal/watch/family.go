package watch

import (
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

const (
	familyInterval = 500 * time.Millisecond // how often the processes of the system are looked through for children
	familyPatience = 10 * time.Second       // how long a process has to make a record, before it is taken for one without probes
)

// A family is the processes that a program has started, and those that they have: each that keeps a record is watched as the program itself is.
type family struct {
	parent  *watcher
	opt     Options
	members map[int]*member
	next    time.Time
}

type member struct {
	ticks   uint64 // when it was started, with its pid it names it
	watcher *watcher
	seen    time.Time
}

func newFamily(w *watcher, o Options) *family {
	return &family{parent: w, opt: o, members: make(map[int]*member)}
}

// tick watches the members, and looks for new ones.
func (f *family) tick(now time.Time) {
	for pid, m := range f.members {
		if m.watcher == nil {
			continue
		}
		if _, live := procfs.Is(pid, m.ticks); !live {
			m.watcher.end(nil)
			m.watcher = nil
			continue
		}
		// One that has no record by now has no probes: asking for it again and again is not for nothing only with its parent.
		if m.watcher.rec != nil || now.Sub(m.seen) < familyPatience {
			m.watcher.tick(now)
		}
	}
	if now.Before(f.next) {
		return
	}
	f.look(now)
	f.next = now.Add(familyInterval)
}

// look finds the descendants of the program among the processes of the system, and forgets those that are no more.
func (f *family) look(now time.Time) {
	children := make(map[int][]procfs.Stat)
	there := make(map[int]uint64)
	for _, pid := range procfs.Pids() {
		if st, err := procfs.ReadStat(pid); err == nil && st.Alive() {
			children[st.Parent] = append(children[st.Parent], st)
			there[pid] = st.StartTicks
		}
	}
	for pid, m := range f.members {
		if there[pid] != m.ticks && m.watcher == nil {
			delete(f.members, pid)
		}
	}
	parents := []int{f.parent.pid}
	for pid := range f.members { // whoever was one stays one when its own parent ends
		parents = append(parents, pid)
	}
	done := make(map[int]bool)
	for len(parents) > 0 {
		pid := parents[0]
		parents = parents[1:]
		if done[pid] {
			continue
		}
		done[pid] = true
		for _, st := range children[pid] {
			parents = append(parents, st.Pid)
			if m := f.members[st.Pid]; m == nil || m.ticks != st.StartTicks {
				age, _ := st.Age() // unknown: from now on
				w := newWatcher(f.opt, time.Now().Add(-age))
				w.pid, w.child = st.Pid, true
				f.members[st.Pid] = &member{ticks: st.StartTicks, watcher: w, seen: now}
			}
		}
	}
}

// close ends the watch when the program has ended. Members that ended with it are reported on; those that live on are left alone.
func (f *family) close() {
	for pid, m := range f.members {
		if m.watcher == nil {
			continue
		}
		if _, live := procfs.Is(pid, m.ticks); !live {
			m.watcher.end(nil)
		} else if m.watcher.rec != nil {
			m.watcher.rec.Close()
		}
	}
}
