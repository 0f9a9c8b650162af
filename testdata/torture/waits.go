package main

import (
	"sync"
	"time"
)

func init() {
	add("waitgroup", waitGroups)
	add("cond", conds)
	add("once", onces)
	add("sleep", sleeps)
}

type group struct {
	sync.WaitGroup
	once sync.Once
	cond *sync.Cond
	*sync.Cond
}

var packageWG sync.WaitGroup

func waitGroups() {
	var wg sync.WaitGroup
	wg.Add(n(2))
	go func() {
		defer wg.Done()
	}()
	go wg.Done()
	wg.Wait()
	(&wg).Add(1)
	func() { defer wg.Add(-1) }()
	defer wg.Wait()
	p := &wg
	p.Add(1)
	(*p).Done()
	p.Wait()
	g := &group{}
	g.Add(1)
	g.WaitGroup.Done()
	g.Wait2()
	packageWG.Add(1)
	go func() { packageWG.Done() }()
	packageWG.Wait()
	m := map[int]*sync.WaitGroup{1: p}
	m[n(1)].Add(n(1))
	m[n(1)].Done()
	m[1].Wait()
	done := make(chan struct{})
	wg.Add(1)
	go func() { wg.Wait(); close(done) }()
	wg.Done()
	<-done
	var results [3]int
	for i := range results {
		wg.Add(1)
		i := i
		go func(k int) {
			defer wg.Done()
			results[i] = k * k
		}(i)
	}
	wg.Wait()
	say(results)
	wg.
		Add(
			n(1),
		)
	wg.Done()
}

// Wait2 waits for the group; Wait alone is ambiguous between WaitGroup and Cond.
func (g *group) Wait2() { g.WaitGroup.Wait() }

func conds() {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	ready, woken := 0, make(chan int)
	for i := 0; i < 3; i++ {
		go func() {
			cond.L.Lock()
			defer cond.L.Unlock()
			for ready == 0 {
				cond.Wait()
			}
			woken <- 1
		}()
	}
	time.Sleep(2 * time.Millisecond)
	mu.Lock()
	ready = 1
	cond.Signal()
	mu.Unlock()
	<-woken
	cond.Broadcast()
	<-woken
	<-woken
	var rw sync.RWMutex
	g := &group{cond: sync.NewCond(rw.RLocker()), Cond: sync.NewCond(&rw)}
	hello := make(chan bool)
	go func() {
		g.cond.L.Lock()
		hello <- true
		g.cond.Wait()
		g.cond.L.Unlock()
		hello <- false
	}()
	<-hello
	rw.Lock()
	g.cond.Signal()
	rw.Unlock()
	say(<-hello)
	go func() {
		g.L.Lock()
		defer g.L.Unlock()
		defer func() { hello <- true }()
		hello <- false
		g.Cond.Wait()
	}()
	<-hello
	g.L.Lock()
	g.Signal()
	g.Broadcast()
	g.L.Unlock()
	say(<-hello)
	defer cond.Broadcast()
	go cond.Signal()
	(*cond).Signal()
}

func onces() {
	var once sync.Once
	for i := 0; i < 2; i++ {
		once.Do(func() { say("once", i) })
	}
	g := &group{}
	g.once.Do(func() { say("field") })
	(&g.once).Do(f0)
	defer g.once.Do(f0)
	var inner sync.Once
	g = &group{}
	g.once.Do(func() {
		inner.Do(f0)
	})
	new(sync.Once).Do(
		func() {
			say("over lines")
		},
	)
	try("once", func() { new(sync.Once).Do(func() { panic("in once") }) })
	var again sync.Once
	try("once", func() { again.Do(func() { panic("first") }) })
	again.Do(f0)
	var embedded struct{ sync.Once }
	embedded.Do(f0)
	go embedded.Do(f0)
	do := new(sync.Once).Do
	do(f0)
	(*sync.Once).Do(new(sync.Once), f0)
	pool := sync.Pool{New: func() interface{} { return 1 }}
	say(pool.Get())
	var m sync.Map
	m.Store(1, 2)
	say(m.Load(1))
}

func f0() { say("f0") }

const pause = time.Microsecond

func sleeps() {
	time.Sleep(1)
	time.Sleep(pause)
	time.Sleep(time.Duration(n(5)) * time.Microsecond)
	time.Sleep(-1)
	(time.Sleep)(0)
	defer time.Sleep(1)
	go time.Sleep(time.Duration(n(1)))
	f := time.Sleep
	f(1)
	for _, sleep := range []func(time.Duration){time.Sleep, func(d time.Duration) { say(d); time.Sleep(d) }} {
		sleep(2)
	}
	start := time.Now()
	time.Sleep(5 *
		time.Millisecond)
	say(time.Since(start) >= 5*time.Millisecond)
}
