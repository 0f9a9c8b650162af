package watch

import (
	"maps"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

const (
	familyInterval = 500 * time.Millisecond // between two searches for children among the processes of the system
	// familyPatience is how long a process may take to make a record. After that it is taken for one without probes.
	familyPatience = 10 * time.Second
)

// A family is the processes that a program has started, and the processes that these have started. Each that keeps a
// record is watched like the program itself. The search for them goes on during a long examination: a child that has
// come and gone meanwhile is reported when that is over.
type family struct {
	parent    *Watcher
	opt       Options
	end, over chan struct{} // closed to end the search, and when it has ended

	mu      sync.Mutex
	members map[identity]*member
}

// An identity is the pid and the start of a process: a later process may have the same pid.
type identity struct {
	pid   int
	ticks uint64
}

func (p identity) live() bool {
	_, live := procfs.Is(p.pid, p.ticks)
	return live
}

type member struct {
	watcher *Watcher
	seen    time.Time
}

func newFamily(w *Watcher, o Options) *family {
	f := &family{parent: w, opt: o, members: make(map[identity]*member), end: make(chan struct{}),
		over: make(chan struct{})}
	go f.search()
	return f
}

// search looks for new members until the family is closed.
func (f *family) search() {
	defer close(f.over)
	ticker := time.NewTicker(familyInterval)
	defer ticker.Stop()
	for {
		select {
		case <-f.end:
			return
		case now := <-ticker.C:
			f.look(now)
		}
	}
}

// look finds the descendants of the program among the processes of the system.
func (f *family) look(now time.Time) {
	children := procfs.Children()
	parents := []int{f.parent.pid}
	for p := range f.known() { // a descendant remains one when its own parent ends
		parents = append(parents, p.pid)
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
			f.add(identity{st.Pid, st.StartTicks}, now)
		}
	}
}

// add makes p a member, unless it is one or has ended. A process that has ended may have been reported since it was
// seen.
func (f *family) add(p identity, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	st, live := procfs.Is(p.pid, p.ticks)
	if f.members[p] != nil || !live {
		return
	}
	age, _ := st.Age() // unknown: from now on
	w := newWatcher(f.opt, time.Now().Add(-age))
	w.pid, w.child = p.pid, true
	f.members[p] = &member{watcher: w, seen: now}
}

// known returns the members that were found so far.
func (f *family) known() map[identity]*member {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.members)
}

// tick watches the members, and reports on those that have ended.
func (f *family) tick(now time.Time) {
	for p, m := range f.known() {
		if !p.live() {
			f.mu.Lock()
			delete(f.members, p)
			f.mu.Unlock()
			m.watcher.end(nil)
			continue
		}
		// A member without a record by now has no probes. Only its parent is worth asking for again and again.
		if m.watcher.rec != nil || now.Sub(m.seen) < familyPatience {
			m.watcher.tick(now)
		}
	}
}

// close ends the watch when the program has ended. It reports on members that ended with it, and leaves those that live
// on alone.
func (f *family) close() {
	close(f.end)
	<-f.over
	for p, m := range f.members {
		if !p.live() {
			m.watcher.end(nil)
		} else if m.watcher.rec != nil {
			m.watcher.rec.Close()
		}
	}
}
