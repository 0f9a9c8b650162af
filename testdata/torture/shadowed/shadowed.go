// Package shadowed declares at package level the names that the instrumented text might want to use.
package shadowed

import (
	gosync "sync"

	"awaittrace.test/torture/shadowed/universe"
)

func close(ch chan int) { ch <- int(cap(ch)) }

func make(v int) int { return v + 1 }

func len(ch chan int) int { return -1 }

type int = int32

// The identifiers of the collector's import, and of what it may declare.
var _at, _atS, _ats0 int = 1, 2, 3

type debug struct{ Recv int }

var sync struct{ Mutex }

// Mutex is no mutex of package sync.
type Mutex struct{ n int }

// Lock counts.
func (m *Mutex) Lock() { m.n++ }

// Values uses all of them.
func Values(real chan int32) []int {
	var mu gosync.Mutex
	mu.Lock()
	defer mu.Unlock()
	sync.Lock()
	sync.Mutex.Lock()
	d := debug{make(4)}
	close(real)
	v, ok := <-real
	if !ok {
		return nil
	}
	real <- v
	w := <-real
	select {
	case real <- w + 1:
	}
	var list []int
	for len(real) < 0 && cap(real) > 0 {
		list = append(list, <-real, sync.n, d.Recv, _at+_atS+_ats0)
		break
	}
	for x := range func() chan int { real <- 9; universe.Close(real); return real }() {
		list = append(list, x)
	}
	return list
}
