package main

import (
	"sync"

	"awaittrace.test/torture/embed"
)

func init() {
	add("lock", locks)
	add("lock-embedded", embeddedLocks)
	add("lock-interface", interfaceLocks)
	add("lock-defer-go", deferGoLocks)
	add("lock-values", lockValues)
	add("lock-wait", lockWaits)
	add("trylock", tryLocks)
}

// free says whether a lock is free, by taking it.
func free(mu interface{ TryLock() bool }) bool {
	if !mu.TryLock() {
		return false
	}
	mu.(sync.Locker).Unlock()
	return true
}

var packageMu sync.Mutex
var packageRW = new(sync.RWMutex)

type guarded struct {
	mu  sync.Mutex
	rw  sync.RWMutex
	ptr *sync.Mutex
	arr [2]sync.Mutex
	n   int
}

func (g *guarded) get() *sync.Mutex { return &g.mu }

func (g *guarded) add() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
	return g.n
}

func locks() {
	var mu sync.Mutex
	mu.Lock()
	say(free(&mu))
	mu.Unlock()
	(mu).Lock()
	(mu).Unlock()
	(&mu).Lock()
	(&mu).Unlock()
	p := &mu
	p.Lock()
	(*p).Unlock()
	pp := &p
	(*pp).Lock()
	(**pp).Unlock()
	say(free(&mu))
	packageMu.Lock()
	packageMu.Unlock()
	packageRW.RLock()
	packageRW.RLock()
	packageRW.RUnlock()
	packageRW.RUnlock()
	packageRW.Lock()
	say(free(packageRW))
	packageRW.Unlock()

	g := &guarded{ptr: p}
	g.mu.Lock()
	g.mu.Unlock()
	g.ptr.Lock()
	g.ptr.Unlock()
	(*g).rw.Lock()
	g.rw.Unlock()
	g.rw.RLock()
	(&g.rw).RUnlock()
	g.arr[n(1)].Lock()
	g.arr[n(1)].Unlock()
	g.get().Lock()
	g.get().Unlock()
	say(g.add(), g.add(), free(&g.mu))
	m := map[string]*guarded{"a": g}
	m[s("a")].mu.Lock()
	m[s("a")].mu.Unlock()
	mm := map[int]*sync.Mutex{1: p}
	mm[n(1)].Lock()
	mm[n(1)].Unlock()
	list := []sync.Mutex{{}, {}}
	list[n(0)].Lock()
	list[n(0)].Unlock()
	for i := range list {
		list[i].Lock()
		list[i].Unlock()
	}
	func() *sync.Mutex { say("in the literal"); return p }().Lock()
	func() *sync.Mutex {
		return p
	}().
		Unlock()
	g.
		mu.
		Lock()
	g.mu.
		Unlock()
	new(sync.Mutex).Lock()
	(&sync.Mutex{}).Lock()
	(&guarded{}).mu.Lock()
	var a struct {
		sync.Mutex
		n int
	}
	a.Lock()
	a.n++
	a.Unlock()
	if mu.Lock(); b(true) {
		mu.Unlock()
	}
	for mu.Lock(); b(false); mu.Lock() {
	}
	switch mu.Unlock(); {
	default:
		say("unlocked")
	}
	mu.Lock()
	mu.Unlock()
	goto end
end:
	mu.Lock()
	mu.Unlock()
	say(free(&mu), free(p), free(packageRW))
}

type counter struct {
	sync.Mutex
	n int
}

type rwCounter struct {
	*sync.RWMutex
	n int
}

type deep struct {
	*counter
	name string
}

type deeper struct {
	deep
	other struct{ rwCounter }
}

// own has a Lock of its own on top of an embedded one.
type own struct {
	sync.Mutex
	calls []string
}

func (o *own) Lock() { o.calls = append(o.calls, "own"); o.Mutex.Lock() }

type myMutex sync.Mutex
type aliasMutex = sync.Mutex
type structOfMutex struct{ aliasMutex }

func embeddedLocks() {
	var cn counter
	cn.Lock()
	cn.n++
	cn.Unlock()
	cn.Mutex.Lock()
	cn.Mutex.Unlock()
	rw := rwCounter{RWMutex: new(sync.RWMutex)}
	rw.Lock()
	rw.Unlock()
	rw.RLock()
	rw.RUnlock()
	rwp := &rw
	rwp.RLock()
	rwp.RWMutex.RUnlock()
	d := deep{counter: &cn}
	d.Lock()
	d.Unlock()
	dd := &deeper{deep: d}
	dd.other.rwCounter = rw
	dd.Lock()
	dd.Unlock()
	dd.deep.Lock()
	dd.deep.counter.Unlock()
	dd.other.RLock()
	dd.other.RUnlock()
	ddp := &dd
	(*ddp).Lock()
	(**ddp).Unlock()
	deeps := map[string]deep{"x": d}
	deeps[s("x")].Lock()
	deeps["x"].Unlock()
	func() deep { return d }().Lock()
	d.Unlock()

	var o own
	o.Lock()
	o.Unlock()
	say(o.calls, free(&o.Mutex), free(&cn))
	mm := new(myMutex)
	(*sync.Mutex)(mm).Lock()
	(*sync.Mutex)(mm).Unlock()
	var al structOfMutex
	al.Lock()
	al.Unlock()
	var alias aliasMutex
	alias.Lock()
	alias.Unlock()

	var h embed.Hidden
	h.Lock()
	h.Unlock()
	v := embed.Visible{Name: "v"}
	v.Lock()
	v.Unlock()
	v.Hidden.Lock()
	v.Hidden.Unlock()
	say(v.Count(), h.Count())
	erw := embed.RW{RWMutex: new(sync.RWMutex)}
	erw.Lock()
	erw.Unlock()
	var eo embed.Own
	eo.Lock()
	eo.Unlock()
	var lo sync.Locker = &eo
	lo.Lock()
	lo.Unlock()
	say(eo.Calls)
}

type lockerWithMore interface {
	sync.Locker
	TryLock() bool
}

type rlocker interface {
	RLock()
	RUnlock()
}

type hasLocker struct {
	sync.Locker
	n int
}

type valueLocker struct{ log *[]string }

func (l valueLocker) Lock()   { *l.log = append(*l.log, "lock") }
func (l valueLocker) Unlock() { *l.log = append(*l.log, "unlock") }

func interfaceLocks() {
	mu, rw := new(sync.Mutex), new(sync.RWMutex)
	var l sync.Locker = mu
	l.Lock()
	say(free(mu))
	l.Unlock()
	l = rw
	l.Lock()
	l.Unlock()
	l = rw.RLocker()
	l.Lock()
	l.Lock()
	say(rw.TryRLock(), rw.TryLock())
	rw.RUnlock()
	l.Unlock()
	l.Unlock()
	rw.RLocker().Lock()
	rw.RLocker().Unlock()
	var more lockerWithMore = mu
	more.Lock()
	say(more.TryLock())
	more.Unlock()
	say(more.TryLock())
	more.Unlock()
	var rl rlocker = rw
	rl.RLock()
	rl.RUnlock()
	var anonymous interface {
		Lock()
		Unlock()
	} = mu
	anonymous.Lock()
	anonymous.Unlock()
	hl := hasLocker{Locker: mu}
	hl.Lock()
	hl.Unlock()
	hl.Locker.Lock()
	(&hl).Unlock()
	var log []string
	l = valueLocker{&log}
	l.Lock()
	l.Unlock()
	valueLocker{&log}.Lock()
	l.(valueLocker).Unlock()
	l = &own{}
	l.Lock()
	l.Unlock()
	say(log, l.(*own).calls)
	sync.Locker(mu).Lock()
	interface{}(mu).(sync.Locker).Unlock()
	lockers := map[string]sync.Locker{"a": mu}
	lockers[s("a")].Lock()
	lockers[s("a")].Unlock()
	locker(mu).Lock()
	locker(mu).Unlock()
	say(free(mu), free(rw))
}

func locker(mu *sync.Mutex) sync.Locker {
	say("locker")
	return mu
}

func deferGoLocks() {
	mu, rw := new(sync.Mutex), new(sync.RWMutex)
	g := &guarded{ptr: mu}
	func() {
		mu.Lock()
		defer mu.Unlock()
		say(free(mu))
	}()
	func() {
		g.rw.RLock()
		defer g.rw.RUnlock()
		rw.Lock()
		defer func() { rw.Unlock() }()
	}()
	func() {
		// The operand of defer is evaluated at the defer statement.
		l := sync.Locker(mu)
		l.Lock()
		defer l.Unlock()
		l = nil
		p := mu
		rw.RLock()
		defer rw.RUnlock()
		p, rw = nil, new(sync.RWMutex)
		_ = p
	}()
	func() {
		locker(mu).Lock()
		defer locker(mu).Unlock()
		say("between")
	}()
	for i := 0; i < 2; i++ {
		func() {
			g.arr[n(i)].Lock()
			defer g.arr[n(i)].Unlock()
		}()
	}
	mu.Lock()
	done := make(chan struct{})
	go mu.Unlock()
	mu.Lock()
	go func() {
		defer close(done)
		defer mu.Unlock()
	}()
	<-done
	say(free(mu), free(rw), free(&g.rw))
	go mu.Lock()
	for free(mu) {
	}
	mu.Unlock()
	var cn counter
	d := deep{counter: &cn}
	func() {
		d.Lock()
		defer d.Unlock()
		d = deep{}
	}()
	say(free(&cn))
	func() {
		defer func() { recover(); say("recovered", free(mu)) }()
		mu.Lock()
		defer mu.Unlock()
		panic("with the lock")
	}()
	var h embed.Visible
	func() {
		h.Lock()
		defer h.Unlock()
	}()
	say(h.Count())
}

func lockValues() {
	mu, rw := new(sync.Mutex), new(sync.RWMutex)
	lock, unlock := mu.Lock, mu.Unlock
	lock()
	say(free(mu))
	unlock()
	try := mu.TryLock
	say(try(), try())
	defer func(f func()) { f(); say(free(mu)) }(mu.Unlock)
	(*sync.Mutex).Lock(new(sync.Mutex))
	f := (*sync.RWMutex).RLock
	f(rw)
	(*sync.RWMutex).RUnlock(rw)
	t := (*sync.RWMutex).TryLock
	say(t(rw))
	sync.Locker.Unlock(rw)
	lf := sync.Locker.Lock
	lf(rw)
	rw.Unlock()
	fs := []func(){rw.Lock, rw.Unlock, rw.RLock, rw.RUnlock}
	for _, f := range fs {
		f()
	}
	table := map[string]func(*sync.RWMutex){"lock": (*sync.RWMutex).Lock, "unlock": (*sync.RWMutex).Unlock}
	table[s("lock")](rw)
	table[s("unlock")](rw)
	var l sync.Locker = mu
	g := guarded{}
	call(g.mu.Lock, g.mu.Unlock)
	call((&g.mu).Lock, (*&g.mu).Unlock)
	call(g.rw.RLock, g.rw.RUnlock)
	lu := l.Unlock
	l = nil
	_ = lu
	var cn counter
	call(cn.Lock, cn.Unlock)
	call((&cn).Lock, cn.Mutex.Unlock)
	(*counter).Lock(&cn)
	(*counter).Unlock(&cn)
	d := deep{counter: &cn}
	deep.Lock(d)
	(*deep).Unlock(&d)
	dl := d.Lock
	d = deep{}
	dl()
	cn.Unlock()
	var h embed.Visible
	call(h.Lock, h.Unlock)
	var o own
	call(o.Lock, o.Unlock)
	say(o.calls, free(&cn))
	func() (func(), func()) { return g.mu.Lock, g.mu.Unlock }()
	locked(mu, mu.Lock, func() {})
	var once sync.Once
	once.Do(g.mu.Lock)
	g.mu.Unlock()
	do := once.Do
	do(func() { say("never") })
	var wg sync.WaitGroup
	plus, done, wait := wg.Add, wg.Done, wg.Wait
	plus(n(2))
	done()
	go wg.Done()
	wait()
	(*sync.WaitGroup).Add(&wg, 1)
	(*sync.WaitGroup).Done(&wg)
	w := (*sync.WaitGroup).Wait
	w(&wg)
	cond := sync.NewCond(mu)
	sig, bc := cond.Signal, cond.Broadcast
	sig()
	bc()
	(*sync.Cond).Signal(cond)
	var lf2 interface{} = mu.Lock
	_, isFunc := lf2.(func())
	say(isFunc)
	func() {
		u := mu.TryLock
		if !u() {
			mu.Unlock()
			mu.Lock()
		}
	}()
	lockLater(mu.Unlock)()
	mu.Lock()
}

func call(fs ...func()) {
	for _, f := range fs {
		f()
	}
}

func locked(mu *sync.Mutex, lock, f func()) {
	if free(mu) {
		lock()
		f()
		mu.Unlock()
	}
}

func lockLater(unlock func()) func() { return unlock }

func lockWaits() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	total, shared := 0, 0
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < 200; j++ {
				mu.Lock()
				total++
				mu.Unlock()
				rw.RLock()
				_ = shared
				rw.RUnlock()
				if j%50 == 0 {
					rw.Lock()
					shared++
					rw.Unlock()
				}
			}
		}()
	}
	wg.Wait()
	say(total, shared)
}

func tryLocks() {
	var mu sync.Mutex
	var rw sync.RWMutex
	say(mu.TryLock(), mu.TryLock())
	if !mu.TryLock() {
		mu.Unlock()
	}
	if ok := mu.TryLock(); ok {
		defer mu.Unlock()
	}
	say(rw.TryRLock(), rw.TryRLock(), rw.TryLock())
	rw.RUnlock()
	rw.RUnlock()
	say(rw.TryLock(), rw.TryRLock(), !rw.TryLock() && b(true))
	rw.Unlock()
	var cn counter
	for cn.TryLock() {
		say("once")
	}
	switch cn.TryLock() {
	case false:
		cn.Unlock()
	}
	mu.TryLock()
	_ = cn.TryLock()
	var d = deep{counter: &cn}
	x, y := d.TryLock(), (&d).TryLock()
	say(x, y)
	func() {
		defer mu.TryLock()
		go mu.TryLock()
	}()
}
