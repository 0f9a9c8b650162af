//go:build (linux || darwin) && (amd64 || arm64)

// Other systems have no record in which the order of locks could be read.

package runtime

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

// noteOrders makes probes note orders of locks during the test.
func noteOrders(t *testing.T) {
	table := make([]Order, MaxOrders)
	Loop(newSite(OpLoop, KindNone, "a record must be there"))
	setOrders(unsafe.Pointer(&table[0]), MaxOrders, 1)
	t.Cleanup(func() { setOrders(nil, 0, HeldLen) })
}

//go:norace
func setOrders(table unsafe.Pointer, n, room uint32) { orders, hdr.OrderCap, holdRoom = table, n, room }

//go:norace
func allOrders() (list []Order) {
	for i := uint32(0); i < hdr.OrderCap; i++ {
		if e := orderAt(i); e.First != 0 {
			list = append(list, *e)
		}
	}
	return list
}

var packageLocks [4]sync.Mutex

// TestOrders takes locks in all ways, and checks which orders are noted: "a b" is b taken while a is held, with r for a
// read lock.
func TestOrders(t *testing.T) {
	l, u, try := newSite(OpLock, KindMutex, "Lock"), newSite(OpUnlock, KindMutex, "Unlock"), newSite(OpTryLock, KindMutex, "TryLock")
	type locks struct {
		a, b, c sync.Mutex
		r, s    sync.RWMutex
	}
	for _, c := range []struct {
		name string
		do   func(m *locks)
		want string
	}{
		{"one", func(m *locks) { Lock(l, &m.a); Unlock(u, &m.a) }, ""},
		{"one after the other", func(m *locks) { Lock(l, &m.a); Unlock(u, &m.a); Lock(l, &m.b); Unlock(u, &m.b) }, ""},
		{"two", func(m *locks) { Lock(l, &m.a); Lock(l, &m.b); Unlock(u, &m.a); Unlock(u, &m.b) }, "a b"},
		{"three", func(m *locks) {
			Lock(l, &m.a)
			Lock(l, &m.b)
			Lock(l, &m.c)
			Unlock(u, &m.c)
			Unlock(u, &m.b)
			Unlock(u, &m.a)
		}, "a b, a c [b], b c [a]"},
		{"hand over hand", func(m *locks) {
			Lock(l, &m.a)
			Lock(l, &m.b)
			Unlock(u, &m.a)
			Lock(l, &m.c)
			Unlock(u, &m.b)
			Unlock(u, &m.c)
		}, "a b, b c"},
		{"a try waits for nothing", func(m *locks) { Lock(l, &m.a); TryLock(try, &m.b); Unlock(u, &m.b); Unlock(u, &m.a) }, ""},
		{"after a try", func(m *locks) { TryLock(try, &m.a); Lock(l, &m.b); Unlock(u, &m.b); Unlock(u, &m.a) }, "a b"},
		{"tries for reading and writing", func(m *locks) {
			Lock(l, &m.a)
			TryRLock(try, &m.r)
			RWTryLock(try, &m.s)
			RUnlock(u, &m.r)
			RWUnlock(u, &m.s)
			Unlock(u, &m.a)
		}, ""},
		{"for reading and writing", func(m *locks) { RLock(l, &m.r); RWLock(l, &m.s); RUnlock(u, &m.r); RWUnlock(u, &m.s) }, "r(r) s"},
		{"a gate for reading", func(m *locks) {
			RLock(l, &m.r)
			Lock(l, &m.a)
			Lock(l, &m.b)
			Unlock(u, &m.b)
			Unlock(u, &m.a)
			RUnlock(u, &m.r)
		}, "a b [r(r)], r(r) a, r(r) b [a]"},
		{"read again", func(m *locks) { RLock(l, &m.r); RLock(l, &m.r); RUnlock(u, &m.r); RUnlock(u, &m.r) }, "r(r) r(r)"},
		{"Locker", func(m *locks) {
			LockerLock(l, &m.a)
			LockerLock(l, m.r.RLocker())
			LockerUnlock(u, m.r.RLocker())
			LockerUnlock(u, &m.a)
		}, "a r(r)"},
		{"one that another goroutine has unlocked", func(m *locks) {
			Lock(l, &m.a)
			done := make(chan bool)
			go func() { Unlock(u, &m.a); close(done) }()
			<-done
			Lock(l, &m.b)
			Unlock(u, &m.b)
		}, ""},
		{"Wait of a Cond with another lock", func(m *locks) {
			cond := sync.NewCond(&m.a)
			Lock(l, &m.a)
			Lock(l, &m.b)
			done := make(chan bool)
			go func() {
				m.a.Lock()
				cond.Signal()
				m.a.Unlock()
				close(done)
			}()
			CondWait(newSite(OpCond, KindCond, "Wait"), cond)
			<-done
			Unlock(u, &m.b)
			Unlock(u, &m.a)
		}, "a b, b a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			noteOrders(t)
			m := new(locks)
			done := make(chan bool)
			go func() { c.do(m); close(done) }()
			<-done
			names := map[uint64]string{
				uint64(addr(&m.a)): "a", uint64(addr(&m.b)): "b", uint64(addr(&m.c)): "c", uint64(addr(&m.r)): "r", uint64(addr(&m.s)): "s",
			}
			read := func(read bool) string { return map[bool]string{true: "(r)"}[read] }
			var got []string
			for _, e := range allOrders() {
				s := names[e.First] + read(e.FirstSite&HoldRead != 0) + " " + names[e.Second] + read(e.SecondSite&HoldRead != 0)
				for _, g := range e.Gates {
					if g != 0 {
						s += " [" + names[g&^GateRead] + read(g&GateRead != 0) + "]"
					}
				}
				got = append(got, s)
				if e.Seq%2 != 0 || e.Goids[0] == 0 || e.Goids[1] != 0 || e.Cycles != 1 {
					t.Errorf("order %+v", e)
				}
			}
			slices.Sort(got)
			if got := strings.Join(got, ", "); got != c.want {
				t.Errorf("noted %q, want %q", got, c.want)
			}
		})
	}
}

// TestOrderAgain notes an order several times, from several goroutines and across garbage collections: it stays one
// entry, with what was true each time.
func TestOrderAgain(t *testing.T) {
	noteOrders(t)
	l, u := newSite(OpLock, KindMutex, "Lock"), newSite(OpUnlock, KindMutex, "Unlock")
	var heap = new([3]sync.Mutex)
	do := func(gate *sync.Mutex, pair []sync.Mutex) {
		done := make(chan bool)
		Spawn()
		go func() {
			Lock(l, gate)
			Lock(l, &pair[0])
			Lock(l, &pair[1])
			Unlock(u, &pair[1])
			Unlock(u, &pair[0])
			Unlock(u, gate)
			close(done)
		}()
		<-done
	}
	of := func(pair []sync.Mutex) *Order {
		for _, e := range allOrders() {
			if e.First == uint64(addr(&pair[0])) && e.Second == uint64(addr(&pair[1])) {
				return &e
			}
		}
		t.Fatal("the order is not noted")
		return nil
	}
	spawned := hdr.Spawned
	do(&packageLocks[2], packageLocks[:2])
	do(&heap[2], heap[:2])
	first := of(heap[:2])
	if first.Gates[0] != uint64(addr(&heap[2])) || first.Cycles != 1 || first.Begun != spawned+2 || first.Last != spawned+2 {
		t.Errorf("the first time %+v, with %d spawned", first, spawned)
	}
	if e := of(packageLocks[:2]); e.Cycles != 0 || e.Gates[0] == 0 {
		t.Errorf("package variables %+v", e)
	}
	goruntime.GC()
	goruntime.GC()
	do(&packageLocks[2], heap[:2])
	if e := of(heap[:2]); e.Gates[0] != 0 || e.Begun != first.Begun || e.Last != first.Last+1 || e.Cycle < first.Cycle+2 || e.Cycles != 1|1<<(e.Cycle-first.Cycle) ||
		e.Goids[0] != first.Goids[0] || e.Goids[1] == 0 {
		t.Errorf("again %+v, after %+v", e, first)
	}
}

// TestOrderRoom notes more orders than there is room for: those of package variables stay.
func TestOrderRoom(t *testing.T) {
	noteOrders(t)
	l, u := newSite(OpLock, KindMutex, "Lock"), newSite(OpUnlock, KindMutex, "Unlock")
	pair := func(a, b *sync.Mutex) { Lock(l, a); Lock(l, b); Unlock(u, b); Unlock(u, a) }
	pair(&packageLocks[0], &packageLocks[1])
	dropped := hdr.DroppedOrders
	locks := make([]sync.Mutex, 2*MaxOrders)
	for i := range locks[1:] {
		pair(&locks[i], &locks[i+1])
	}
	list := allOrders()
	kept := slices.ContainsFunc(list, func(e Order) bool { return e.First == uint64(addr(&packageLocks[0])) })
	if n := hdr.DroppedOrders - dropped; !kept || len(list) > MaxOrders || int(n) != len(locks)-len(list) {
		t.Errorf("%d noted, %d dropped, of %d; package variables %v", len(list), n, len(locks), kept)
	}
}

func TestOrderRoomAsked(t *testing.T) {
	for env, want := range map[string]uint32{"": 0, "off": 0, "0": 0, "1": MaxOrders, "ON": MaxOrders, "much": 0} {
		t.Setenv("AWAITTRACE_LOCK_ORDER", env)
		if got := orderRoom(); got != want {
			t.Errorf("AWAITTRACE_LOCK_ORDER=%q: room for %d, want %d", env, got, want)
		}
	}
}

func TestPackageOf(t *testing.T) {
	for name, want := range map[string]string{
		"main.main": "main", "example.com/a.b/c.(*T).M": "example.com/a.b/c", "a/b.F[...].func1": "a/b", "gopkg.in/yaml%2ev3.f": "gopkg.in/yaml%2ev3", "f": "f", "": "",
	} {
		if got := packageOf(name); got != want {
			t.Errorf("packageOf(%q) = %q, want %q", name, got, want)
		}
	}
}

func BenchmarkLockOrder(b *testing.B) {
	l, u := newSite(OpLock, KindMutex, "Lock"), newSite(OpUnlock, KindMutex, "Unlock")
	locks := new([2]sync.Mutex)
	run := func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			Lock(l, &locks[0])
			Lock(l, &locks[1])
			Unlock(u, &locks[1])
			Unlock(u, &locks[0])
		}
	}
	Loop(l)
	for _, asked := range []bool{false, true} {
		b.Run(fmt.Sprintf("asked=%v", asked), func(b *testing.B) {
			if asked {
				table := make([]Order, MaxOrders)
				setOrders(unsafe.Pointer(&table[0]), MaxOrders, 1)
				defer setOrders(nil, 0, HeldLen)
			}
			run(b)
		})
	}
}

// TestOrderOfGroups checks that Go counts as a go statement, and that a goroutine that has waited for a WaitGroup
// begins anew.
func TestOrderOfGroups(t *testing.T) {
	noteOrders(t)
	s, wg, before, begun := newSite(OpWait, KindWaitGroup, "wg"), newWaitGroup(), hdr.Spawned, uint32(0)
	Loop(s)
	started := BeginGo(s, wg)
	if hdr.Spawned != before+1 {
		t.Errorf("%d spawned before Go, %d in it", before, hdr.Spawned)
	}
	started.Go(func() {
		Loop(s)
		begun = own().Begun
	})
	WgWait(s, wg)
	if sl := mine(t); begun != before+1 || sl.Begun != before+2 || hdr.Spawned != before+2 {
		t.Errorf("%d spawned before, %d after; the goroutine began at %d, and this one at %d", before, hdr.Spawned,
			begun, sl.Begun)
	}
}
