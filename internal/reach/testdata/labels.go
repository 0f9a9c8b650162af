// Labels has goroutines with profiler labels. Each is named by its label "name", or has none that makes sense. It prints its argument, or ready.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
	"unsafe"
)

//go:linkname setLabel runtime/pprof.runtime_setProfLabel
func setLabel(unsafe.Pointer)

// A foreign is what another library keeps where profiler labels are.
type foreign struct {
	list  *int
	n, c  int
	other [4]uint64
}

func main() {
	var ready sync.WaitGroup
	wait := make(chan int)
	with := func(labels ...string) {
		ready.Add(1)
		go pprof.Do(context.Background(), pprof.Labels(labels...), func(context.Context) {
			ready.Done()
			<-wait
		})
	}
	with("name", "one")
	with("name", "three", "path", "/transfer", "trace_id", "4bf92f3577b34da6")
	with("name", "odd", "control", "a\x1b[31mb", "invalid", "a\xff", "empty", "", "key\xff", "left out")
	with("name", "long", "value", strings.Repeat("x", 5000))
	many := []string{"name", "many"}
	for i := range [20]int{} {
		many = append(many, fmt.Sprintf("key%02d", i), fmt.Sprint(i))
	}
	with(many...)
	for _, f := range []*foreign{
		{n: 7, c: 7}, {list: new(int), n: -1}, {n: 1 << 40, c: 1 << 40}, {list: (*int)(unsafe.Pointer(&ready)), n: 3, c: 3},
	} {
		ready.Add(1)
		go func(f *foreign) {
			setLabel(unsafe.Pointer(f))
			ready.Done()
			<-wait
		}(f)
	}
	ready.Wait()
	fmt.Println(append(os.Args[1:], "ready")[0])
	time.Sleep(time.Hour)
}
